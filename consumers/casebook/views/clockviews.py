"""What still runs in a case, as people are shown it: each clock, whom it concerns, and when it strikes. Reads only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, null, or_, select

from consumers.casebook.lifecycle import UNENDED, UNSENT
from consumers.casebook.rows import among
from consumers.casebook.tables import AppealRow, DisputeRow, Escalation, HoldRow, RequestRow, ReturnNotice
from schemas.cases import Clock, ClockView
from schemas.decisions import AppealStatus, DisputeStatus

_APPEALED = (AppealStatus.FILED.value, AppealStatus.OVERDUE.value)
_DISPUTED = (DisputeStatus.OPEN.value, DisputeStatus.OVERDUE.value)


def clocks(db: Connection, cases: Sequence[UUID], now: datetime) -> list[ClockView]:
    """Those of these cases, the next to strike first; a deadline that was missed stays until it is met."""
    found = [
        ClockView(clock=clock, about=about, unit=unit, at=at)
        for clock, query in _queries(cases, now)
        for about, unit, at in db.execute(query)
    ]
    return sorted(found, key=lambda each: (each.at, each.clock.value, str(each.about)))


def _queries(cases: Sequence[UUID], now: datetime) -> Iterator[tuple[Clock, Any]]:
    """What each is about, who must do something, and when."""
    yield from _of_requests(among(RequestRow.case_id, cases))
    yield from _of_holds(among(HoldRow.case_id, cases))
    asked = select(RequestRow.request_id).where(among(RequestRow.case_id, cases))
    of_case = or_(among(DisputeRow.case_id, cases), DisputeRow.request_id.in_(asked))
    disputes = select(DisputeRow.dispute_id, null(), DisputeRow.due_at).where(of_case)
    yield Clock.DISPUTE, disputes.where(DisputeRow.status.in_(_DISPUTED))
    row = ReturnNotice
    for clock, at in ((Clock.OBJECTIONS, row.objections_until), (Clock.NOTICE, row.until)):
        open_still = among(row.case_id, cases) & row.closed_at.is_(None) & (at > now)
        yield clock, select(row.return_id, row.unit, at).where(open_still)
    told = Escalation
    missed = among(told.case_id, cases) & told.closed_at.is_(None) & told.next_at.is_not(None)
    yield Clock.REMINDER, select(told.subject, told.unit, told.next_at).where(missed)


def _of_requests(mine: Any) -> Iterator[tuple[Clock, Any]]:
    row = RequestRow
    yield Clock.VOID, select(row.request_id, row.member, row.void_after).where(mine, row.status.in_(UNSENT))
    for clock, due in ((Clock.ACKNOWLEDGEMENT, row.acknowledge_due), (Clock.ANSWER, row.final_due)):
        yield clock, select(row.request_id, row.member, due).where(mine, due.is_not(None))
    yield Clock.CALL, select(row.request_id, row.member, row.again_at).where(mine, row.again_at.is_not(None))


def _of_holds(mine: Any) -> Iterator[tuple[Clock, Any]]:
    row = HoldRow
    lasts = mine & row.status.in_(UNENDED)
    yield Clock.HOLD, select(row.hold_id, row.member, row.until).where(lasts)
    yield Clock.RELEASE, select(row.hold_id, row.unit, row.decide_by).where(lasts, row.decide_by.is_not(None))
    appealed = select(AppealRow.appeal_id, row.unit, AppealRow.due_at).join(row, row.hold_id == AppealRow.hold_id)
    yield Clock.APPEAL, appealed.where(mine, AppealRow.status.in_(_APPEALED))
