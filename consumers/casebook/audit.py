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
from consumers.casebook import changes
from consumers.casebook.rows import insert_rows
from consumers.casebook.tables import Audit

_PAGE = 10
"""Entries: one may have a thousand acts, and a casebook at work waits for all of them."""
_ERASE = text("""
with page as materialized (
  select number, place, act, act <> 'null' and act_is_past(at, act) as past
  from audit, jsonb_array_elements(acts) with ordinality as each(act, place)
  where number > :behind and number <= :behind + :page and at <= (select long_ago('suspicion'))),
changed as (
  select number, jsonb_agg(case when past then 'null'::jsonb else act end order by place) as acts
  from page group by number having bool_or(past)),
written as (
  update audit set acts = changed.acts from changed where audit.number = changed.number)
select max(number) as last, count(distinct number) as looked_at, count(*) filter (where past) as erased from page""")


@dataclass(slots=True)
class Trail:
    """The acts of one transaction, gathered in order."""

    acts: list[Act] = field(default_factory=list)

    def note_changes(self, records: Iterable[Any], roll: Roll) -> None:
        """What others have written of the registry, of the allow-list and of the epochs, and what the registrar did
        beside them."""
        for record in records:
            self.note(*changes.told(record, roll), record.value or b"")

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


def erase_past(db: Connection, behind: int) -> tuple[int, int | None]:
    """Erase the text and the salt of acts about what was erased, in some entries behind that number: of how many acts,
    and behind which entry to go on. What the entries cover stands; the database refuses any other change."""
    row = db.execute(_ERASE, {"behind": behind, "page": _PAGE}).one()
    return int(row.erased), row.last if row.looked_at == _PAGE else None


def is_unbroken(db: Connection) -> bool:
    """Whether the chain is one by itself; only the topic and the checkpoints tell whether it is what was written."""
    rows = db.execute(select(*Audit.__table__.c).order_by(Audit.number))
    stored = ((entry_of(row), [act_of(act) for act in row.acts]) for row in rows)
    return not verify(Copy(), (), stored).faults
