"""How a release is drafted: of a member's measure by a request, of a police hold, be it of money or of a line, by
whoever the law lets lift it.

Pure. The profile says what is released at once, and a mandate may; else the unit that ordered the hold lifts it, by an
officer's hand.
"""

from __future__ import annotations

from uuid import UUID

from alliance.authority import allows
from alliance.profiles.values import ReleaseWay
from consumers.casebook.asking.drafting import Act, asked_before, draft
from consumers.casebook.asking.routing import AWAY, Route, to_keeper, to_member
from consumers.casebook.authority import cover
from consumers.casebook.model import BEGINS_HOLD, Case, Draft, Law
from schemas.requests import Action, Authority, Request, RequestStatus

MEASURES = frozenset({Action.DELAY, Action.WATCH, Action.TAKEDOWN})
"""What a member goes on doing until it is told to stop."""


def let_go(case: Case, request: Request, law: Law, reason: str, mandate_id: UUID | None) -> Draft | None:
    """The release of what a request led to, as the profile has it; None where nothing goes on because of it, where it
    was asked for already, or where the unit that ordered the hold must decide."""
    if request.action in MEASURES:
        if law.profile.release.member_measure.value is ReleaseWay.AT_ONCE:
            return by_request(case, request, law, reason, mandate_id)
        return by_its_unit(case, request, law, reason)
    if request.action not in BEGINS_HOLD:
        return None
    way = law.profile.release.mandate if mandate_id else law.profile.release.order
    if way.value is ReleaseWay.PROPOSED:
        return None
    proven = at_once(case, request, law, reason, mandate_id)
    return (
        by_request(case, request, law, reason, mandate_id) if not proven and way.value is ReleaseWay.AT_ONCE else proven
    )


def by_request(case: Case, request: Request, law: Law, reason: str, mandate_id: UUID | None = None) -> Draft | None:
    """Where the law itself lets go, and asks for nobody's hand; a member that sees it otherwise refuses."""
    return release(case, request, law, reason, cover.by_request(law), mandate_id)


def at_once(case: Case, stop: Request, law: Law, reason: str, mandate_id: UUID | None) -> Draft | None:
    """Under the stop's own mandate; None if that is no longer in force, leaves it to its unit, or it was asked."""
    for held in law.mandates:
        if held.mandate.mandate_id == mandate_id and held.mandate.release_at_once:
            return release(case, stop, law, reason, cover.by_mandate(held, None, law), mandate_id)
    return None


def by_its_unit(case: Case, stop: Request, law: Law, reason: str) -> Draft | None:
    """For an officer of the unit that ordered the stop; None if it was asked for already."""
    return release(case, stop, law, reason, _of_its_unit(stop, law), status=RequestStatus.AWAITING_AUTHORISATION)


def release(
    case: Case,
    request: Request,
    law: Law,
    reason: str,
    authority: Authority,
    mandate_id: UUID | None = None,
    status: RequestStatus = RequestStatus.DRAFTED,
) -> Draft | None:
    """Of what the request led to, under the authority; None if that can not let go, or it was asked for already. Of a
    holder out of the city its unit alone can ask it."""
    route = _route(request, law)
    if route.unroutable == AWAY:
        authority, mandate_id, status = _of_its_unit(request, law), None, RequestStatus.DRAFTED
    if not allows(law.profile, Action.RELEASE, authority.authority):
        return None
    act = Act(
        Action.RELEASE,
        request.target,
        route,
        asked=f"{request.to}/{request.action.value}",
        amount=request.amount,
        hop=request.hop,
        attempt=request.attempt,
        reasons=(reason,),
        parent=request.request_id,
        hold_id=request.hold_id,
    )
    return None if asked_before(case, act) else draft(case, act, law, authority, status, mandate_id)


def _route(request: Request, law: Law) -> Route:
    """A measure of police's own desk is no hold out of the city."""
    way = to_keeper if request.action in BEGINS_HOLD else to_member
    return way(request.to, law.registry)


def _of_its_unit(stop: Request, law: Law) -> Authority:
    return cover.by_officer(None, law).model_copy(update={"unit": stop.authority.unit})
