"""Runs of the retention: asked for by a command or begun once a day, carried out step by step by the casebook alone.

A step is one transaction, on record by what it erased. A run that was interrupted begins anew and finds less to do.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import Connection, func, insert, select, text, update

from alliance.profiles import Profile
from consumers.casebook.audit import Trail
from consumers.casebook.retention.erasing import Place, erase_page
from consumers.casebook.retention.periods import Period, seconds_of
from consumers.casebook.tables import RetentionRun

EVERY = timedelta(days=1)
_DECLARE = text("""
insert into retention_period as known values (:name, :seconds)
on conflict (name) do update set seconds = excluded.seconds where known.seconds <> excluded.seconds""")


class Retention:
    """What this casebook knows of the run that is under way; all else is in the database."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._run: int | None = None
        self._place: Place | None = None
        self.forgot_names = False
        """Whether the last step erased what a subject was called, so that whoever knows the names reads them anew."""

    def step(self, db: Connection, now: datetime, trail: Trail) -> bool:
        """Do the next page of the oldest run that has not ended; whether there is more to do at once."""
        self.forgot_names = False
        row = _open(db)
        if row is None:
            newest = db.scalar(select(func.max(RetentionRun.asked_at)))
            if newest is not None and now < newest + EVERY:
                return False
            ask(db, now)
            return True
        if self._run != row.number or self._place is None:
            self._begin(db, row, now, trail)
            return True
        gone, self._place = erase_page(db, self._place)
        erased = Counter(row.erased) + gone
        self.forgot_names = gone["renamed"] > 0
        _note(db, row.number, steps=row.steps + 1, erased=erased)
        if sum(gone.values()):
            trail.note("retention", f"run {row.number}: {told(gone)}", orjson.dumps(gone))
        if self._place is None:
            _note(db, row.number, ended_at=now)
            trail.note("retention", f"run {row.number} ended: {told(erased)}", orjson.dumps(erased))
        return self._place is not None

    def _begin(self, db: Connection, row: Any, now: datetime, trail: Trail) -> None:
        """Put the run on record: by the time of that entry the database judges what is past."""
        for period in Period:
            length = seconds_of(self._profile, period)
            if db.execute(_DECLARE, {"name": period.value, "seconds": length}).rowcount:
                trail.note("retention period", f"{period.value}: {length} s")
        trail.note("retention", f"run {row.number} begun")
        _note(db, row.number, steps=row.steps + 1, begun_at=now)
        self._run, self._place = row.number, Place()


def ask(db: Connection, now: datetime) -> int:
    """File a run; its number. Whoever asks for one while another has not ended gets that."""
    if (waiting := _open(db)) is not None:
        return int(waiting.number)
    return db.execute(insert(RetentionRun).values(asked_at=now).returning(RetentionRun.number)).scalar_one()


def told(erased: Counter[str]) -> str:
    """`case 2, lead 5`: how many rows of what."""
    return ", ".join(f"{table} {count}" for table, count in sorted(erased.items()) if count) or "nothing"


def _open(db: Connection) -> Any:
    waiting = select(RetentionRun.__table__).where(RetentionRun.ended_at.is_(None))
    return db.execute(waiting.order_by(RetentionRun.number).limit(1)).first()


def _note(db: Connection, number: int, **values: Any) -> None:
    db.execute(update(RetentionRun).where(RetentionRun.number == number).values(values))
