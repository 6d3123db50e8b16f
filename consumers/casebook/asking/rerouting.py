"""Requests that nobody could be asked: looked at again when the registry or its rulebook has changed."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from alliance.rulebook import asked_as
from consumers.casebook import ids
from consumers.casebook.asking import doubted, requests
from consumers.casebook.asking.desk import FULL
from consumers.casebook.asking.doubted import Asked
from consumers.casebook.asking.routing import Route, permitted, to_holder, to_member, to_police
from consumers.casebook.asking.victims import DESK
from consumers.casebook.rows import update_rows
from consumers.casebook.tables import RequestRow
from consumers.casebook.turn import Turn
from schemas.requests import AuthorityClass, Request, RequestStatus

_NEED_OFFICER = AuthorityClass.POLICE_ORDER


def reroute(turn: Turn) -> list[str]:
    """Hand over what has a way now; what police must order waits for its officer. The targets that have a way."""
    columns = (RequestRow.request_id, RequestRow.case_id, RequestRow.parent, RequestRow.asked, RequestRow.unroutable)
    query = select(*columns, RequestRow.body).where(
        RequestRow.member.is_(None),
        RequestRow.status == RequestStatus.DRAFTED.value,
        RequestRow.unroutable.is_distinct_from(FULL),
    )
    rows = turn.db.execute(query.order_by(RequestRow.request_id)).all()
    changed, sent = [], []
    asked = [(row, requests.message(row.body, None)) for row in rows]
    needed = doubted.need_a_person(turn, [Asked(row.case_id, one.target, row.parent) for row, one in asked])
    for (row, request), doubt in zip(asked, needed, strict=True):
        route = _route(turn, row.asked, request)
        if route.to is None and route.unroutable == row.unroutable:
            continue
        routed = request.model_copy(update={"to": route.to}) if route.to else request
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
