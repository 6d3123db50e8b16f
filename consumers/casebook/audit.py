"""The audit trail: what the casebook did, in a chain where each entry's hash covers the one before.

The number of an entry is a compare-and-set too: a casebook that missed another's writes repeats a number, and fails.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, select
from sqlalchemy.exc import IntegrityError

from alliance.errors import Stop
from consumers.casebook.rows import insert_rows
from consumers.casebook.tables import Audit

START = bytes(32)


@dataclass(frozen=True, slots=True)
class Head:
    """The newest entry's number and hash."""

    number: int = 0
    hash: bytes = START


@dataclass(slots=True)
class Trail:
    """Entries of one transaction, gathered in order."""

    entries: list[tuple[str, str, bytes]] = field(default_factory=list)

    def note(self, act: str, subject: object, content: bytes = b"") -> None:
        """`content` is what was decided or received; only its digest is kept."""
        self.entries.append((act, str(subject), hashlib.sha256(content).digest()))


def head(db: Connection) -> Head:
    """Where the chain ends now."""
    row = db.execute(select(Audit.number, Audit.hash).order_by(Audit.number.desc()).limit(1)).first()
    return Head(row.number, row.hash) if row else Head()


def append(db: Connection, trail: Trail, after: Head, at: datetime) -> Head:
    """Write the entries behind `after`. Raises Stop if something else stands there by now."""
    rows, number, previous = [], after.number, after.hash
    for act, subject, digest in trail.entries:
        number += 1
        link = chained(number, at, act, subject, digest, previous)
        rows.append(
            {"number": number, "at": at, "act": act, "subject": subject, "digest": digest, "previous": previous,
             "hash": link}
        )  # fmt: skip
        previous = link
    try:
        insert_rows(db, Audit, rows)
    except IntegrityError as error:
        raise Stop("Another casebook writes to this database; this one ends with nothing acknowledged.") from error
    return Head(number, previous)


def chained(number: int, at: datetime, act: str, subject: str, digest: bytes, previous: bytes) -> bytes:
    """The hash of an entry."""
    text = f"{number}\0{round(at.timestamp() * 1_000_000)}\0{act}\0{subject}\0"
    return hashlib.sha256(text.encode() + digest + previous).digest()


def is_unbroken(db: Connection) -> bool:
    """Whether the whole chain is what was written."""
    previous = START
    for number, row in enumerate(db.execute(select(Audit).order_by(Audit.number)).mappings(), start=1):
        link = chained(number, row["at"], row["act"], row["subject"], row["digest"], previous)
        if (row["number"], row["previous"], row["hash"]) != (number, previous, link):
            return False
        previous = link
    return True
