"""What is done about an open return when something about it has changed, or its clock has struck: drafted, put off or
closed.

Decided anew from the rows each time, so that no moment must be met awake. What nobody has seen and is no longer right
is taken back first; while a request is with its member nothing else is drafted.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, update

from consumers.casebook.asking import requests
from consumers.casebook.asking.routing import Route, to_keeper
from consumers.casebook.lifecycle import FRUITLESS, HOLD, HOLD_ENDS, UNSENT, HoldEvent
from consumers.casebook.money.known import claim_key
from consumers.casebook.money.owed import now_due
from consumers.casebook.money.returns import Claim, Notice, Objections, Plan
from consumers.casebook.returning import bounds, payments, settling
from consumers.casebook.tables import (
    HoldRow,
    RequestRow,
    ReturnClaim,
    ReturnNotice,
    ReturnObjection,
    ReturnPaymentRow,
    Withdrawn,
)
from consumers.casebook.turn import Turn
from schemas.base import Money
from schemas.requests import HoldStatus
from schemas.returns import MAX_PAYMENTS, PaymentStatus, Stays

RETURNABLE = tuple(status for status, moves in HOLD.items() if HoldEvent.RETURN in moves)
CLOCK = (
    select(func.min(ReturnNotice.until)).where(ReturnNotice.closed_at.is_(None), ~ReturnNotice.ended).scalar_subquery()
)
"""When the next notice is over."""

_CHANGED = "what is to be returned has changed since it was drafted"
_DONE = "all that is claimed and can be returned is returned"
_NO_CLAIM = "no claim is left"
_ENDED = "the hold is {}"


@dataclass(frozen=True, slots=True)
class _Paying:
    """The return's payments by claim: made, of unclear fate, and drafted by the request `request_id` of `status`."""

    paid: Counter[str]
    unclear: Counter[str]
    drafted: Counter[str]
    request_id: UUID | None
    status: str | None


def go_on(turn: Turn) -> None:
    """With every open return that wants it."""
    query = select(ReturnNotice).join(HoldRow, HoldRow.hold_id == ReturnNotice.hold_id)
    wants = query.where(ReturnNotice.closed_at.is_(None), _wants(turn.now)).order_by(ReturnNotice.return_id)
    for notice in turn.db.execute(wants).mappings().all():
        _go_on(turn, notice)


def _wants(now: datetime) -> ColumnElement[bool]:
    row, claim = ReturnPaymentRow, ReturnClaim
    changed = or_(HoldRow.status != ReturnNotice.held_status, HoldRow.minor != ReturnNotice.held_minor)
    over = exists().where(
        row.return_id == ReturnNotice.return_id,
        row.status == PaymentStatus.DRAFTED.value,
        RequestRow.request_id == row.request_id,
        RequestRow.status.in_(FRUITLESS),
    )
    fell = exists().where(claim.return_id == ReturnNotice.return_id, ~claim.annulled, _annulled())
    return or_(ReturnNotice.look, changed, and_(~ReturnNotice.ended, ReturnNotice.until <= now), over, fell)


def _annulled() -> ColumnElement[bool]:
    gone = and_(Withdrawn.member == ReturnClaim.member, Withdrawn.event_id == ReturnClaim.event_id)
    return exists().where(gone, Withdrawn.by_police).correlate(ReturnClaim)


def _go_on(turn: Turn, notice: Any) -> None:
    return_id = notice["return_id"]
    hold = turn.db.execute(select(*HoldRow.__table__.c).where(HoldRow.hold_id == notice["hold_id"])).one()
    mine = ReturnClaim.return_id == return_id
    turn.db.execute(update(ReturnClaim).where(mine, ~ReturnClaim.annulled, _annulled()).values(annulled=True))
    paying = _paying(turn, return_id)
    plan = _plan(turn, notice, hold, paying)
    if paying.status in UNSENT and _due(plan) != paying.drafted and paying.request_id:
        requests.cancel(turn, [paying.request_id], _CHANGED)
        paying = _paying(turn, return_id)
        plan = _plan(turn, notice, hold, paying)
    route = to_keeper(hold.member, turn.registry)
    stays = _stays(plan, paying, route)
    if plan.payments and paying.request_id is None and not route.is_closed:
        payments.put(turn, return_id, hold, route, plan.payments)
    closed_for = _closed_for(turn, return_id, hold, plan, paying)
    values = {
        "stays": stays, "look": route.is_closed, "ended": turn.now >= notice["until"], "held_status": hold.status,
        "held_minor": hold.minor, "closed_for": closed_for, "closed_at": turn.now if closed_for else None,
    }  # fmt: skip
    turn.db.execute(update(ReturnNotice).where(ReturnNotice.return_id == return_id).values(values))
    if closed_for:
        turn.trail.note("return closed", return_id, closed_for.encode())


def _plan(turn: Turn, notice: Any, hold: Any, paying: _Paying) -> Plan:
    """What is to be paid beside what is beyond recall: a draft that nobody has seen is planned anew."""
    pending = paying.unclear if paying.status in UNSENT else paying.unclear + paying.drafted
    held = Money(minor=hold.minor, currency=hold.currency)
    if hold.status not in RETURNABLE:
        return Plan((), {Stays.NOT_FROZEN: max(0, hold.minor - sum(pending.values()))})
    over = Notice(notice["announced_at"], notice["until"])
    claims, objections = _claims(turn, notice["return_id"], hold), _objections(turn, notice["return_id"])
    return now_due(held, claims, paying.paid, pending, over, objections, turn.now, turn.profile)


def _due(plan: Plan) -> Counter[str]:
    """What one request would have of it."""
    return Counter({each.claim: each.money.minor for each in plan.payments[:MAX_PAYMENTS]})


def _stays(plan: Plan, paying: _Paying, route: Route) -> dict[str, int]:
    found = {reason.value: minor for reason, minor in plan.stays.items() if minor}
    if unclear := sum(paying.unclear.values()):
        found[Stays.UNCLEAR.value] = unclear
    if route.is_closed and plan.payments:
        found[Stays.NOBODY_TO_ASK.value] = sum(each.money.minor for each in plan.payments)
    return found


def _closed_for(turn: Turn, return_id: UUID, hold: Any, plan: Plan, paying: _Paying) -> str | None:
    if HoldStatus(hold.status) in HOLD_ENDS:
        return _ENDED.format(hold.status)
    under_way = plan.payments or paying.drafted or paying.unclear or set(plan.stays) - {Stays.NO_CLAIM}
    if under_way or _objections(turn, return_id) != Objections():
        return None
    return _DONE if paying.paid else _NO_CLAIM


def _claims(turn: Turn, return_id: UUID, hold: Any) -> list[Claim]:
    row = ReturnClaim
    query = select(row.member, row.event_id, row.minor, row.traced).where(row.return_id == return_id, ~row.annulled)
    rows = turn.db.execute(query.order_by(row.taken_at, row.member, row.event_id)).all()
    most = bounds.most(turn, return_id, (each.event_id for each in rows), hold.currency)
    found = []
    for each in rows:
        name = claim_key(each.member, each.event_id)
        money = Money(minor=max(0, min(each.minor, most[name])), currency=hold.currency)
        found.append(Claim(name, each.event_id, hold.case_id, money, each.traced))
    return found


def _objections(turn: Turn, return_id: UUID) -> Objections:
    row = ReturnObjection
    query = select(row.member, row.event_id).where(row.return_id == return_id, row.upheld.is_(None))
    undecided = [(each.member, each.event_id) for each in turn.db.execute(query)]
    claims = frozenset(claim_key(member, event_id) for member, event_id in undecided if event_id)
    return Objections(claims, whole=any(event_id is None for _, event_id in undecided))


def _paying(turn: Turn, return_id: UUID) -> _Paying:
    """Those of requests that came to nothing are dropped first."""
    row = ReturnPaymentRow
    query = select(row.member, row.event_id, row.minor, row.status, row.request_id, RequestRow.status.label("asked"))
    query = query.join(RequestRow, RequestRow.request_id == row.request_id).where(row.return_id == return_id)
    found: dict[str, Counter[str]] = {status.value: Counter() for status in PaymentStatus}
    request_id, status, over = None, None, set()
    for each in turn.db.execute(query):
        if each.status == PaymentStatus.DRAFTED and each.asked in FRUITLESS:
            over.add(each.request_id)
            continue
        found[each.status][claim_key(each.member, each.event_id)] += each.minor
        if each.status == PaymentStatus.DRAFTED:
            request_id, status = each.request_id, each.asked
    settling.drop(turn, over)
    paid, unclear, drafted = (found[each.value] for each in (PaymentStatus.PAID, PaymentStatus.UNCLEAR,
                                                              PaymentStatus.DRAFTED))  # fmt: skip
    return _Paying(paid, unclear, drafted, request_id, status)
