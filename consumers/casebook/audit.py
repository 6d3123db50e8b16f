"""The audit trail: what the casebook did, one entry a transaction in a chain where each hash covers the one before.

The number of an entry is a compare-and-set too: a casebook that missed another's writes repeats a number, and fails.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, text
from sqlalchemy.exc import IntegrityError

from alliance.errors import Stop
from alliance.roll import Roll
from consumers.auditor.chain import SALT, Act, Head, follow
from consumers.auditor.copy import Copy
from consumers.auditor.records import act_of, entry_of, row_of
from consumers.auditor.verifying import verify
from consumers.casebook.rows import insert_rows
from consumers.casebook.tables import Audit
from schemas.topics import RULES

_ERASE = text("""
update audit set acts = (
  select jsonb_agg(case when act ->> 1 = any(:subjects) then 'null'::jsonb else act end order by place)
  from jsonb_array_elements(acts) with ordinality as each(act, place))
where exists (select from jsonb_array_elements(acts) as each(act) where act ->> 1 = any(:subjects))""")


@dataclass(slots=True)
class Trail:
    """The acts of one transaction, gathered in order."""

    acts: list[Act] = field(default_factory=list)

    def note_changes(self, records: Iterable[Any], roll: Roll) -> None:
        """What others have written of the registry and of the allow-list, by whom it is about."""
        for record in records:
            key = (record.key or b"").decode(errors="replace")
            if record.topic == RULES.name:
                act = "allow-list entry" if record.value else "allow-list entry removed"
            else:
                act = "registry record" if roll.proves(record) else "registry record not believed"
            self.note(act, key, record.value or b"")

    def note(self, act: str, subject: object, content: bytes = b"") -> None:
        """`content` is what was decided or received; only its digest is kept."""
        digest, salt = hashlib.sha256(content).digest(), secrets.token_bytes(SALT)
        self.acts.append(Act(act, str(subject), digest, salt))


def head(db: Connection) -> Head:
    """Where the chain ends now."""
    row = db.execute(select(Audit.number, Audit.hash).order_by(Audit.number.desc()).limit(1)).first()
    return Head(row.number, row.hash) if row else Head()


def append(db: Connection, trail: Trail, after: Head, at: datetime) -> Head:
    """Write the acts, if there are any, as one entry behind `after`. Raises Stop if something else stands there."""
    if not trail.acts:
        return after
    entry = follow(after, at, [act.digest for act in trail.acts])
    try:
        insert_rows(db, Audit, [row_of(entry, trail.acts)])
    except IntegrityError as error:
        raise Stop("Another casebook writes to this database; this one ends with nothing acknowledged.") from error
    return entry.head


def erase(db: Connection, subjects: Iterable[str]) -> int:
    """Erase the text and the salt of all acts about these; in how many entries. What the entries cover stands."""
    return db.execute(_ERASE, {"subjects": list(subjects)}).rowcount


def is_unbroken(db: Connection) -> bool:
    """Whether the chain is one by itself; only the topic and the checkpoints tell whether it is what was written."""
    rows = db.execute(select(*Audit.__table__.c).order_by(Audit.number))
    stored = ((entry_of(row), [act_of(act) for act in row.acts]) for row in rows)
    return not verify(Copy(), (), stored).faults
