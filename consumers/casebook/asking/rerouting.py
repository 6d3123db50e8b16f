"""Requests that nobody could be asked: looked at again when the registry or its rulebook has changed; and calls that
wait for room at the desk.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, case, literal, select, update

from alliance.rulebook import asked_as
from consumers.casebook import ids
from consumers.casebook.asking import doubted, requests
from consumers.casebook.asking.desk import FULL
from consumers.casebook.asking.doubted import Asked
from consumers.casebook.asking.routing import AWAY, Route, permitted, to_holder, to_member, to_police
from consumers.casebook.asking.victims import DESK
from consumers.casebook.model import RANK
from consumers.casebook.rows import among, update_rows
from consumers.casebook.tables import LeadRow, RequestRow
from consumers.casebook.turn import Turn
from schemas.requests import AuthorityClass, Request, RequestStatus
from schemas.risk import Level

_NEED_OFFICER = AuthorityClass.POLICE_ORDER


def reroute(turn: Turn) -> list[str]:
    """Hand over what has a way now; what police must order waits for its officer. The targets that have a way."""
    elsewhere = [RequestRow.unroutable.is_distinct_from(why) for why in (FULL, AWAY)]
    rows = turn.db.execute(_unasked(*elsewhere).order_by(RequestRow.request_id)).all()
    return _hand_over(turn, rows)


def fill(turn: Turn, room: int) -> None:
    """Of the calls that wait for it as many as the desk has room for, the gravest first: they are of this day now."""
    at_risk = case({level.value: rank for level, rank in RANK.items()}, value=LeadRow.level)
    query = _unasked(RequestRow.unroutable == FULL, at_risk >= RANK[Level.MEDIUM])
    query = query.join(LeadRow, LeadRow.lead_id == RequestRow.lead_id)
    query = query.order_by(at_risk.desc(), RequestRow.drafted_at, RequestRow.request_id).limit(max(room, 0))
    rows = turn.db.execute(query).all()
    row, lasts = RequestRow, RequestRow.void_after - RequestRow.drafted_at
    anew = {"drafted_at": turn.now, "void_after": literal(turn.now, row.drafted_at.type) + lasts}
    turn.db.execute(update(row).where(among(row.request_id, [one.request_id for one in rows])).values(anew))
    _hand_over(turn, rows, anew=True)


def _unasked(*which: ColumnElement[bool]) -> Any:
    columns = (RequestRow.request_id, RequestRow.case_id, RequestRow.parent, RequestRow.asked, RequestRow.unroutable)
    nobody = RequestRow.member.is_(None) & (RequestRow.status == RequestStatus.DRAFTED.value)
    return select(*columns, RequestRow.body).where(nobody, *which)


def _hand_over(turn: Turn, rows: Sequence[Any], *, anew: bool = False) -> list[str]:
    """`anew`: what is handed over is as if it were drafted now."""
    changed, sent = [], []
    asked = [(row, requests.message(row.body, None)) for row in rows]
    needed = doubted.need_a_person(turn, [Asked(row.case_id, one.target, row.parent) for row, one in asked])
    for (row, request), doubt in zip(asked, needed, strict=True):
        route = _route(turn, row.asked, request)
        if route.to is None and route.unroutable == row.unroutable:
            continue
        new: dict[str, Any] = {"to": route.to} if route.to else {}
        if anew:
            new |= {"issued_at": turn.now, "void_after": turn.now + (request.void_after - request.issued_at)}
        routed = request.model_copy(update=new)
        waits = request.authority.authority is _NEED_OFFICER or doubt
        changed.append(_change(routed, route, waits=waits))
        if route.to and not waits:
            sent.append(routed)
    update_rows(turn.db, RequestRow, "request_id", changed)
    requests.hand_over(turn, sent)
    return [row["target"] for row in changed if row["member"]]


def _route(turn: Turn, asked: str, request: Request) -> Route:
    return permitted(_way(turn, asked, request), asked_as(request.action, request.authority.authority), turn.registry)


def _way(turn: Turn, asked: str, request: Request) -> Route:
    if asked == ids.HOLDER:
        return to_holder(request.target.holders, turn.registry)
    return to_police(turn.registry) if asked == DESK else to_member(asked.partition("/")[0], turn.registry)


def _change(request: Request, route: Route, *, waits: bool) -> dict[str, Any]:
    status = RequestStatus.AWAITING_AUTHORISATION if route.to and waits else RequestStatus.DRAFTED
    return {
        "request_id": request.request_id,
        "target": request.target.tokens[0],
        "member": route.to,
        "unroutable": route.unroutable,
        "status": status.value,
        "body": request.model_dump_json(),
    }
