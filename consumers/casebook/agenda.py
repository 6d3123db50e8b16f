"""What a turn has before it, in one question to the database: a clock that runs out, an officer's word that waits.

Most turns find none of it, and pay for one question instead of one a clock and a table. Must never decide anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, exists, func, or_, select, true

from consumers.casebook import escalations
from consumers.casebook.authority import inquiries, mandaterecord, mandates
from consumers.casebook.authority.mandates import Filed
from consumers.casebook.lifecycle import UNENDED, UNSENT
from consumers.casebook.objections import deadlines
from consumers.casebook.returning import goingon
from consumers.casebook.rows import literal_sql
from consumers.casebook.tables import (
    CaseActRow,
    Escalation,
    FiledAnswer,
    FiledOrder,
    FiledRuling,
    FiledStatement,
    HoldActRow,
    HoldDecision,
    HoldRow,
    OutcomeCursor,
    ReinjectionRow,
    RequestRow,
    ReturnNotice,
)
from consumers.casebook.views import outcomes

_CLOCKS = (
    select(func.min(HoldRow.until)).where(HoldRow.status.in_(UNENDED)).scalar_subquery(),
    select(func.min(HoldRow.decide_by)).scalar_subquery(),
    select(func.min(RequestRow.void_after)).where(RequestRow.status.in_(UNSENT)).scalar_subquery(),
    select(func.min(RequestRow.again_at)).scalar_subquery(),
    *escalations.CLOCKS,
    *deadlines.CLOCKS,
    goingon.CLOCK,
    mandates.CLOCK,
    outcomes.CLOCK,
)
WORDS = (
    FiledOrder, HoldActRow, HoldDecision, FiledAnswer, FiledRuling, CaseActRow, FiledStatement, ReinjectionRow,
)  # fmt: skip
_QUERY = literal_sql(
    select(
        func.least(*_CLOCKS).label("due"),
        or_(
            *(exists().where(words.judged_at.is_(None)) for words in WORDS), inquiries.WAITS, mandaterecord.WAITS
        ).label("words"),
        exists().where(Escalation.closed_at.is_(None)).label("tasks"),
        exists().where(ReturnNotice.closed_at.is_(None)).label("returns"),
        OutcomeCursor.at,
        *mandates.FILED.c,
    ).join_from(OutcomeCursor, mandates.FILED, true())
)


@dataclass(frozen=True, slots=True)
class Agenda:
    """`due` is when the next clock runs out. Whether `words` of officers wait, `tasks` and `returns` are open.
    `told_at`: when members were told last what became of their alerts. `mandates` changes whenever one is filed, signed
    or revoked."""

    due: datetime | None
    words: bool
    tasks: bool
    returns: bool
    told_at: datetime
    mandates: Filed

    def is_due(self, now: datetime) -> bool:
        return self.due is not None and self.due <= now


def look(db: Connection) -> Agenda:
    """What waits at this moment."""
    due, words, tasks, returns, told_at, *filed = db.exec_driver_sql(_QUERY).one()
    return Agenda(due, words, tasks, returns, told_at, tuple(filed))
