"""What the police's vault opens and finds with: a unit's sealing keys and the token keys, and none that signs.

On one machine the file is written as the unit is admitted; else it may be the unit's own, of which no more is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from alliance.errors import SetupError
from alliance.files import read_private, write_atomically
from alliance.keys.encoding import decode, encode
from alliance.keys.seals import BadSeal, unseal
from alliance.keys.store import MemberKeys
from alliance.keys.tokens import TokenKeys, token
from schemas import strictjson

_KEPT = ("version", "member", "sealing", "tokens", "ended", "former")


@dataclass(frozen=True, slots=True)
class OpeningKeys:
    """`sealing`: the unit's present key first, then those from before it changed. `epochs`: the token keys, also of
    epochs that are over: what was named then is still revealed."""

    member: str
    sealing: tuple[X25519PrivateKey, ...] = field(repr=False)
    epochs: Mapping[str, bytes] = field(repr=False)

    def tokens(self, namespace: str, value: str) -> list[str]:
        """`<epoch>:<22 characters>` under each epoch, the oldest first."""
        return [f"{epoch}:{token(key, namespace, value)}" for epoch, key in self.epochs.items()]

    def open(self, sealed: str, info: bytes, aad: bytes) -> bytes:
        """The clear bytes of what was sealed to the unit. Raises BadSeal."""
        for key in self.sealing[:-1]:
            try:
                return unseal(key, sealed, info, aad)
            except BadSeal:
                continue
        return unseal(self.sealing[-1], sealed, info, aad)


def hand_over(keys: MemberKeys, path: Path) -> None:
    """Give the vault what it needs of a police unit's keys, in a file that its owner alone can read. It keeps the token
    keys that it had."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    kept = {name: value for name, value in keys.to_json().items() if name in _KEPT}
    present = {entry["epoch"] for entry in kept["tokens"]}
    before = load(path).epochs.items() if path.exists() else ()
    over = [{"epoch": epoch, "key": encode(key)} for epoch, key in before if epoch not in present]
    kept["tokens"] = [*over, *kept["tokens"]]
    write_atomically(path, orjson.dumps(kept, option=orjson.OPT_INDENT_2), mode=0o600)


def load(path: Path) -> OpeningKeys:
    """From what was handed over, a unit's key file or a member file. Raises SetupError if it is none of these."""
    data = read_private(path, "admit a police unit, or point AFA_VAULT_KEY_FILE at its member file")
    try:
        content: dict[str, Any] = strictjson.loads(data)
        return _from_json(content.get("keys", content))
    # The cause may quote what it could not read, and that may be a secret.
    except (ValueError, TypeError, KeyError, AttributeError):
        raise SetupError(f"{path}: no file of a police unit's keys; restore it from a copy") from None


def _from_json(content: dict[str, Any]) -> OpeningKeys:
    sealing = [X25519PrivateKey.from_private_bytes(decode(content["sealing"]))]
    sealing += [X25519PrivateKey.from_private_bytes(decode(key)) for key in content.get("former", ())]
    epochs = {entry["epoch"]: decode(entry["key"]) for entry in (*content.get("ended", ()), *content["tokens"])}
    for epoch, key in epochs.items():
        TokenKeys({epoch: key})
    return OpeningKeys(content["member"], tuple(sealing), epochs)
