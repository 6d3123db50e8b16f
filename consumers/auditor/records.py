"""An entry as a row of the table `audit` and as a record of the topic, and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from consumers.auditor.chain import DIGEST, Act, Entry
from schemas.audit import AuditEntry


def entry_of(row: Any) -> Entry:
    """A row of the table."""
    return Entry(row.number, row.at, row.digests, row.previous, row.hash)


def act_of(stored: Sequence[str] | None) -> Act | None:
    """An element of the column `acts`; None if it was erased."""
    if stored is None:
        return None
    act, subject, content, salt = stored
    return Act(act, subject, bytes.fromhex(content), bytes.fromhex(salt))


def row_of(entry: Entry, acts: Sequence[Act]) -> dict[str, Any]:
    """The acts as JSON text."""
    stored = [(act.act, act.subject, act.content.hex(), act.salt.hex()) for act in acts]
    return {
        "number": entry.number,
        "at": entry.at,
        "acts": orjson.dumps(stored).decode(),
        "digests": entry.digests,
        "previous": entry.previous,
        "hash": entry.hash,
    }


def message_of(entry: Entry) -> AuditEntry:
    """What goes to the topic: no text of an act, and no salt."""
    digests = entry.digests
    return AuditEntry(
        number=entry.number,
        at=entry.at,
        digests=[digests[place : place + DIGEST].hex() for place in range(0, len(digests), DIGEST)],
        previous=entry.previous.hex(),
        hash=entry.hash.hex(),
    )


def told(message: AuditEntry) -> Entry:
    """The entry that a message on the topic tells of."""
    joined = bytes.fromhex("".join(message.digests))
    return Entry(message.number, message.at, joined, bytes.fromhex(message.previous), bytes.fromhex(message.hash))
