"""Chains of acts for tests, and what an attacker does to them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from consumers.auditor.chain import DIGEST, Act, Entry, Head, follow
from consumers.auditor.copy import Copy
from consumers.auditor.verifying import verify
from schemas.audit import AuditReport, Checkpoint

BEGIN = datetime(2026, 11, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Row:
    """An entry of the database with its acts."""

    entry: Entry
    acts: tuple[Act | None, ...]


def act(name: str, seed: int) -> Act:
    salt = hashlib.sha256(f"salt {seed}".encode()).digest()
    return Act(name, f"subject {seed}", salt, salt[:16])


def chain(length: int, acts: int = 2) -> list[Row]:
    """As the casebook writes it."""
    done = [tuple(act("drafted stop", number * acts + place) for place in range(acts)) for number in range(length)]
    return chained((BEGIN + timedelta(seconds=number), some) for number, some in enumerate(done))


def chained(contents: Iterable[tuple[datetime, tuple[Act | None, ...]]], after: Head = Head()) -> list[Row]:  # noqa: B008
    """Entries with these contents, numbered and hashed anew: what the database's owner can do."""
    rows = []
    for at, acts in contents:
        entry = follow(after, at, [one.digest for one in acts if one])
        rows.append(Row(entry, acts))
        after = entry.head
    return rows


def rechained(rows: Sequence[Row]) -> list[Row]:
    """The same contents in this order, as a chain that holds by itself."""
    return chained((row.entry.at, row.acts) for row in rows)


def checkpoint(row: Row) -> Checkpoint:
    return Checkpoint(number=row.entry.number, hash=row.entry.hash.hex(), at=row.entry.at)


def verified(stored: Sequence[Row], told: Sequence[Row] = (), signed: Sequence[Checkpoint] = ()) -> AuditReport:
    copy = Copy()
    for row in told:
        copy.take(row.entry)
    return verify(copy, signed, [(row.entry, row.acts) for row in stored])


def edited(row: Row, seed: int) -> Row:
    """Another first act, with the entry's digests to match; its hash is left as it was."""
    other = act("drafted delay", seed)
    digests = other.digest + row.entry.digests[DIGEST:]
    return Row(row.entry._replace(digests=digests), (other, *row.acts[1:]))
