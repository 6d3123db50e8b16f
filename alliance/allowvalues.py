"""What a police unit allow-listed, in clear, so that its entries can be made anew when the token epoch is rotated.

In the unit's own folder, for its owner alone: entries themselves hold tokens and nothing else, and the hub has no key.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from uuid import UUID

import orjson

from alliance.errors import SetupError
from alliance.files import read_private, write_atomically
from alliance.keys.tokens import TokenKeys
from schemas import strictjson
from schemas.allowlist import AllowEntry
from schemas.canonical import canonical

_NAME = "allowed.json"


def keep(folder: Path, entry: AllowEntry, value: str) -> None:
    """The entry was made of this value."""
    values = {**_read(folder), str(entry.entry_id): value}
    write_atomically(folder / _NAME, orjson.dumps(values, option=orjson.OPT_INDENT_2), mode=0o600)


def value_of(folder: Path, entry_id: UUID) -> str | None:
    return _read(folder).get(str(entry_id))


def renewed(entry: AllowEntry, value: str, keys: TokenKeys, officer: str, now: datetime) -> AllowEntry:
    """The entry with a token under each present epoch, to be signed by an officer of its unit."""
    form = canonical(entry.kind.value, value)
    tokens = keys.tokens(form.namespace, form.value)
    return entry.model_copy(update={"tokens": tokens, "officer": officer, "at": now})


def knows(entry: AllowEntry, epoch: str) -> bool:
    """Whether the entry spares what members name under that epoch."""
    return any(token.startswith(f"{epoch}:") for token in entry.tokens)


def _read(folder: Path) -> dict[str, str]:
    path = folder / _NAME
    if not path.exists():
        return {}
    try:
        return {str(entry): str(value) for entry, value in strictjson.loads(read_private(path, "")).items()}
    # The cause may quote what it could not read.
    except (ValueError, AttributeError):
        raise SetupError(f"{path}: this is no list of allow-listed values; restore it from a copy.") from None
