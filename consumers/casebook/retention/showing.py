"""What is kept how long, how old the oldest of it is, and how much of it a run would erase. Reads only.

What hangs on a case that is to go is counted with it; what only becomes free by that, such as a report that no case
names any more, is not.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, text

from alliance.profiles import Profile
from consumers.casebook.retention import families
from consumers.casebook.retention.erasing import PASSES, Pass
from consumers.casebook.retention.periods import KEPT, seconds_of
from consumers.casebook.tables import RetentionRun
from schemas.retention import Held, RetentionReport, RetentionView

_ACTS = """select count(*) from audit, jsonb_array_elements(acts) as each(act)
where at <= long_ago('suspicion') and act_is_past(at, act)"""
_CASES = 'select case_id from "case" where merged_into is null and case_is_past(case_id)'


def tables(db: Connection, profile: Profile) -> list[RetentionView]:
    """Every table, by its name."""
    past = _past(db)
    return [
        RetentionView(
            kind=Held.TABLE,
            name=name,
            kept_s=seconds_of(profile, kept.period) if kept.period else None,
            why=kept.why,
            oldest=db.scalar(text(f'select min({kept.oldest}) from "{name}"')) if kept.oldest else None,
            past=past[name],
        )
        for name, kept in sorted(KEPT.items())
    ]


def would_erase(db: Connection, now: datetime) -> RetentionReport:
    """What a run would erase by the time of the newest entry of the audit."""
    erased = {table: count for table, count in sorted(_past(db).items()) if count}
    return RetentionReport(run=None, asked_at=now, ended_at=None, erased=erased)


def moved(db: Connection, number: int, steps: int) -> tuple[RetentionReport, int] | None:
    """How far a run has come and in how many steps; None if it has not moved since it had made so many."""
    row = db.execute(select(RetentionRun.__table__).where(RetentionRun.number == number)).one()
    return None if row.steps == steps and row.ended_at is None else (_report(row), row.steps)


def _report(row: Any) -> RetentionReport:
    erased = {table: count for table, count in sorted(row.erased.items()) if count}
    return RetentionReport(run=row.number, asked_at=row.asked_at, ended_at=row.ended_at, erased=erased)


def _past(db: Connection) -> Counter[str]:
    past = families.count(db, list(db.scalars(text(_CASES))))
    for each in PASSES:
        if each.table != "case":
            past[each.table] += db.scalar(text(_counted(each))) or 0
    past["audit"] += db.scalar(text(_ACTS)) or 0
    return past


def _counted(each: Pass) -> str:
    return f'select count(*) from "{each.table}" where {each.among} and {each.past}'
