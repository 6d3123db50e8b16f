"""A hold is brought down to what of the victims' money still stands at its account, by the trace of each claim.

Under the mandate that the stop was under, if that releases at once; else by an officer of the unit that ordered it, to
whom it is proposed. A hold that keeps nothing is let go in the same way; the same thing is never asked for twice. What
waits for an officer and is no longer right is taken back, and asked for as it is now; never what an officer has filed.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import exists, select

from alliance.authority import allows
from alliance.profiles.values import ReleaseWay
from consumers.casebook.asking import requests
from consumers.casebook.asking.drafting import Act, draft
from consumers.casebook.asking.routing import AWAY, to_keeper
from consumers.casebook.authority import cover
from consumers.casebook.holding import holds
from consumers.casebook.ids import HOLDER
from consumers.casebook.lifecycle import REQUEST_ENDS, UNSENT
from consumers.casebook.model import Case, Draft, Known, Law
from consumers.casebook.money.excess import excess
from consumers.casebook.money.flow import Flow
from consumers.casebook.money.known import Told
from consumers.casebook.release import releasing
from consumers.casebook.rows import among
from consumers.casebook.tables import HoldActRow, HoldRow, RequestRow
from consumers.casebook.turn import Turn
from schemas.base import Money
from schemas.identifiers import Identifier
from schemas.requests import Action, Authority, AuthorityClass, RequestStatus

Asked = dict[tuple[UUID, Action], dict[int, RequestStatus]]
"""What was asked about a stop's hold since: by what it would keep, what became of it."""
_WHY = "no more of the victims' money is there"
_RESTATED = "what is to be kept has changed since this was drafted"
_NOTHING = "by what is known now, nothing of the victims' money is there"


def reduce(
    turn: Turn, case: Case, told: Told, flow: Flow | None, accounts: Collection[str], fell: Container[UUID]
) -> None:
    """The holds on these accounts of one case; of what `fell` nothing is kept anyway."""
    found = excess(told, flow, accounts, turn.profile)
    kept = [(stop, held, keep) for stop, held, keep in found if stop.request.request_id not in fell]
    if flow is not None and any(map(_waits, case.known)):
        _take_back(turn, told, {stop.request.request_id: keep for stop, _, keep in kept}, fell)
    keeps = {held.hold_id: keep for _, held, keep in kept}
    if not keeps:
        return
    rows = turn.db.execute(select(*HoldRow.__table__.c).where(among(HoldRow.hold_id, keeps)).order_by(HoldRow.hold_id))
    held, asked, law = rows.all(), _asked(turn, told), turn.law()
    _let_go(turn, [row for row in held if not keeps[row.hold_id]], told, asked, case, law)
    drafts: list[Draft] = []
    for row in held:
        keep, before = keeps[row.hold_id], asked.get((row.request_id, Action.REDUCE), {})
        # One act of a kind is under way on a hold at a time: the answer to it brings up the next.
        under_way = any(status not in REQUEST_ENDS for status in before.values())
        if keep and keep not in before and not under_way and (made := _draft(row, keep, case, law)):
            drafts.append(made)
    requests.put(turn, drafts)


def _waits(known: Known) -> bool:
    """For an officer: to sign it, or to take it over."""
    unsigned = known.status is RequestStatus.AWAITING_AUTHORISATION or known.unroutable
    return known.action is Action.REDUCE and known.status in UNSENT and unsigned


def _take_back(turn: Turn, told: Told, keeps: Mapping[UUID, int], fell: Container[UUID]) -> None:
    """What waits for an officer and is not to what its stop's hold is to keep by now. Of what fell it goes on: its unit
    may keep the hold, and then it is to be less all the same."""
    table = RequestRow
    filed = exists().where(HoldActRow.request_id == table.request_id)
    query = select(table.request_id, table.parent, table.minor).where(
        among(table.parent, [stop.request.request_id for stop in told.stops]),
        table.action == Action.REDUCE.value,
        (table.status == RequestStatus.AWAITING_AUTHORISATION.value) | (table.unroutable == AWAY),
        table.status.in_(UNSENT),
        ~filed,
    )
    waits = [row for row in turn.db.execute(query) if row.parent not in fell]
    stale = [row.request_id for row in waits if keeps.get(row.parent) != row.minor]
    requests.cancel(turn, stale, _RESTATED)


def _let_go(turn: Turn, rows: Sequence[Any], told: Told, asked: Asked, case: Case, law: Law) -> None:
    """At once where profile and mandate say so, else proposed to its unit, which may have declined it."""
    stops = {stop.request.request_id: stop.request for stop in told.stops}
    for row in rows:
        if (row.request_id, Action.RELEASE) in asked or (row.kept_at and row.cause == _NOTHING):
            continue
        mandate_id = None if holds.is_on_paper(row) else row.mandate_id
        made = releasing.let_go(case, stops[row.request_id], law, _NOTHING, mandate_id)
        if made is None:
            holds.propose_release(turn, [row.hold_id], _NOTHING)
        else:
            requests.put(turn, [made])


def _asked(turn: Turn, told: Told) -> Asked:
    table = RequestRow
    query = select(table.parent, table.action, table.minor, table.status).where(
        among(table.parent, [stop.request.request_id for stop in told.stops]),
        table.action.in_((Action.REDUCE.value, Action.RELEASE.value)),
        table.reason.is_distinct_from(_RESTATED),
    )
    found: Asked = {}
    for parent, action, minor, status in turn.db.execute(query):
        if parent is not None:
            found.setdefault((parent, Action(action)), {})[minor or 0] = RequestStatus(status)
    return found


def _draft(row: Any, keep: int, case: Case, law: Law) -> Draft | None:
    route = to_keeper(row.member, law.registry)
    found = _authority(row, law)
    if found is None or route.is_closed:
        return None
    authority, status, mandate_id = found
    if route.to is None:
        status = RequestStatus.DRAFTED
    wanted = (Action.REDUCE, row.target, HOLDER)
    same = [known.attempt for known in case.known if (known.action, known.target, known.asked) == wanted]
    act = Act(
        Action.REDUCE,
        Identifier.model_validate_json(orjson.dumps(row.identifier)),
        route,
        amount=Money(minor=keep, currency=row.currency),
        attempt=1 + max(same, default=0),
        reasons=(_WHY,),
        parent=row.request_id,
        hold_id=row.hold_id,
    )
    made = draft(case, act, law, authority, status, mandate_id)
    return replace(made, void_after=min(made.void_after, row.until))


def _authority(row: Any, law: Law) -> tuple[Authority, RequestStatus, UUID | None] | None:
    """What is frozen on paper is no longer the mandate's to change."""
    proposed = law.profile.release.mandate.value is ReleaseWay.PROPOSED or holds.is_on_paper(row)
    if not proposed and allows(law.profile, Action.REDUCE, AuthorityClass.MANDATE):
        for held in law.mandates:
            if held.mandate.mandate_id == row.mandate_id and held.mandate.release_at_once:
                return cover.by_mandate(held, None, law), RequestStatus.DRAFTED, row.mandate_id
    if not allows(law.profile, Action.REDUCE, AuthorityClass.POLICE_ORDER):
        return None
    authority = cover.by_officer(None, law)
    if row.unit is not None:
        authority = authority.model_copy(update={"unit": row.unit})
    return authority, RequestStatus.AWAITING_AUTHORISATION, None
