"""How one request is drafted: its route, its authority, its bounds. What is asked for is decided elsewhere.

Pure. The only place that gives a draft its authority, of a class that the profile lists for the action: a stop gets a
mandate that covers it, or waits for an officer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from alliance.authority import allows, missing
from alliance.rulebook import asked_as
from consumers.casebook import ids
from consumers.casebook.asking.routing import Route, permitted
from consumers.casebook.authority import cover
from consumers.casebook.lifecycle import FRUITLESS
from consumers.casebook.model import BEGINS_HOLD, Case, Draft, InForce, Known, Law
from consumers.casebook.objections.disclosing import disclosure
from schemas.base import Money, seconds
from schemas.identifiers import Identifier
from schemas.requests import Action, Authority, AuthorityClass, Match, RequestStatus

UNCOMPARED = "its holder could not compare all that must match: an officer decides"
"""The reason of a stop that no mandate covers, whatever it says."""


@dataclass(frozen=True, slots=True)
class Act:
    """What is asked: `asked` is the holder of the target, or the member that `route` names."""

    action: Action
    target: Identifier
    route: Route
    asked: str = ids.HOLDER
    amount: Money | None = None
    match: Match | None = None
    hop: int = 0
    attempt: int = 1
    reasons: Sequence[str] = ()
    parent: UUID | None = None
    hold_id: UUID | None = None
    duration_s: int | None = None
    """The profile's, unless said."""


def unplaced(target: Identifier) -> Identifier:
    """The target for a member that is not its holder: who is, others told."""
    return target.model_copy(update={"holders": []})


def ask(case: Case, act: Act, law: Law, kind: AuthorityClass = AuthorityClass.MEMBER_REQUEST) -> Draft | None:
    """A request (B) or an advisory (C); None if it was asked already, or nobody may ask it so."""
    act, known = _tried(case, _ruled(act, asked_as(act.action, kind), law))
    if _is_spared(act, law) or not allows(law.profile, act.action, kind):
        return None
    if known and not _may_amend(known, act, covered=False):
        return None
    return draft(case, act, law, cover.by_request(law, kind), RequestStatus.DRAFTED)


def stop(case: Case, act: Act, law: Law, covered_by: UUID | None) -> Draft | None:
    """A stop under a mandate that covers it, which the mandate's usage then counts; else for an officer to sign.

    None if it was drafted already, or as often as the law has it.
    """
    act, known = _tried(case, _ruled(act, act.action, law))
    if _is_spared(act, law) or is_exhausted(case, act, law):
        return None
    held = _mandate(case, act, law, covered_by)
    if known and not _may_amend(known, act, covered=held is not None):
        return None
    return _stop(case, act, law, covered_by, held)


def restate(case: Case, act: Act, law: Law, covered_by: UUID | None) -> Draft | None:
    """A stop that nobody has seen, with another amount; what an officer signed meanwhile is not what it says now."""
    if _is_spared(act, law):
        return None
    act = _ruled(act, act.action, law)
    return _stop(case, act, law, covered_by, _mandate(case, act, law, covered_by))


def _mandate(case: Case, act: Act, law: Law, covered_by: UUID | None) -> InForce | None:
    # What can be sent to nobody yet must not use a mandate up.
    if act.route.to is None or UNCOMPARED in act.reasons:
        return None
    return cover.mandate_for(law, Action.STOP, act.target.tokens[0], case.level, act.hop, act.amount, covered_by)


def _stop(case: Case, act: Act, law: Law, covered_by: UUID | None, held: InForce | None) -> Draft | None:
    account = act.target.tokens[0]
    if held is None or act.amount is None:
        return _for_officer(case, act, law, covered_by)
    law.usage.add(held.mandate.mandate_id, account, act.amount.minor)
    authority = cover.by_mandate(held, covered_by, law)
    bounded = replace(act, duration_s=min(law.profile.stop.duration_s.value, held.mandate.duration_s))
    return draft(case, bounded, law, authority, RequestStatus.DRAFTED, held.mandate.mandate_id)


def order(case: Case, act: Act, law: Law, covered_by: UUID | None) -> Draft | None:
    """A police order, for an officer to sign; None if it was drafted already."""
    act, known = _tried(case, _ruled(act, act.action, law))
    if _is_spared(act, law) or (known and not _may_amend(known, act, covered=False)):
        return None
    return _for_officer(case, act, law, covered_by)


def find(case: Case, act: Act) -> Known | None:
    """The request for the same act, of this case or else of one that is one with it."""
    wanted = (act.action, act.target.tokens[0], act.attempt, act.asked)
    found = [known for known in case.known if (known.action, known.target, known.attempt, known.asked) == wanted]
    return min(found, key=lambda known: known.elsewhere, default=None)


def asked_before(case: Case, act: Act) -> bool:
    """Whether this very case has asked for it."""
    found = find(case, act)
    return found is not None and not found.elsewhere


def _tried(case: Case, act: Act) -> tuple[Act, Known | None]:
    """The act at its last attempt, and the request for it; the next attempt, after a spent one, on new evidence."""
    known = find(case, act)
    while known and known.spent:
        following = replace(act, attempt=act.attempt + 1)
        if not case.renewed and not find(case, following):
            break
        act, known = following, find(case, following)
    return act, known


def _ruled(act: Act, what: str, law: Law) -> Act:
    """The act, to nobody where the rulebook lets the member be sent no such thing."""
    route = permitted(act.route, what, law.registry)
    return act if route is act.route else replace(act, route=route)


def _is_spared(act: Act, law: Law) -> bool:
    return not law.spared.isdisjoint(act.target.tokens)


def is_exhausted(case: Case, act: Act, law: Law) -> bool:
    """Whether the law has no further stop of the account in the case. Its other stops count that were carried out, or
    may yet be, and an extension as one; what came to nothing stopped nothing."""
    stops = sum(
        known.action in (Action.STOP, Action.EXTEND) and known.target == act.target.tokens[0]
        and known.status not in FRUITLESS and (known.action, known.attempt) != (act.action, act.attempt)
        for known in case.known
    )  # fmt: skip
    return stops >= law.profile.stop.most.value


def _may_amend(known: Known, act: Act, *, covered: bool) -> bool:
    """Only what nobody has seen: it has a route now, or a mandate. What another case asked is that case's."""
    if known.elsewhere:
        return False
    routed = known.unroutable and known.status is RequestStatus.DRAFTED and act.route.to is not None
    return routed or (known.status is RequestStatus.AWAITING_AUTHORISATION and covered)


def _for_officer(case: Case, act: Act, law: Law, covered_by: UUID | None) -> Draft | None:
    if not allows(law.profile, act.action, AuthorityClass.POLICE_ORDER):
        return None
    # An order names the member that it binds, so it can't be signed before there is one.
    status = RequestStatus.AWAITING_AUTHORISATION if act.route.to else RequestStatus.DRAFTED
    return draft(case, act, law, cover.by_officer(covered_by, law), status)


def draft(
    case: Case,
    act: Act,
    law: Law,
    authority: Authority,
    status: RequestStatus,
    mandate_id: UUID | None = None,
) -> Draft:
    """The act under an authority, whose class and bounds the caller has checked."""
    by_officer = authority.authority is AuthorityClass.POLICE_ORDER
    made = Draft(
        case_id=case.case_id,
        lead_id=case.lead_id,
        asked=act.asked,
        to=act.route.to,
        unroutable=act.route.unroutable,
        action=act.action,
        target=act.target,
        authority=authority,
        status=status,
        void_after=law.now + _void_after(law, authority.authority),
        issued_at=law.now,
        amount=act.amount,
        match=act.match,
        duration_s=act.duration_s or _duration_s(law, act.action),
        hop=act.hop,
        attempt=act.attempt,
        hold_id=act.hold_id,
        reasons=act.reasons,
        level=case.level,
        mandate_id=mandate_id,
        parent=act.parent,
        amends=asked_before(case, act),
        missing=missing(law.profile, act.action, act.amount, ()) if by_officer else None,
    )
    if act.action not in BEGINS_HOLD:
        return made
    return replace(made, disclosure=disclosure(ids.hold_id(made.request_id), act.action, law.profile))


def _duration_s(law: Law, action: Action) -> int | None:
    # An extension is the stop once more, and lasts as long.
    if action in (Action.STOP, Action.EXTEND):
        return law.profile.stop.duration_s.value
    if action is Action.SUSPEND:
        return law.profile.suspend.duration_s.value
    return law.profile.delay.duration_s.value if action is Action.DELAY else None


def _void_after(law: Law, kind: AuthorityClass) -> timedelta:
    times = law.profile.void_after
    if kind is AuthorityClass.ADVISORY:
        return seconds(times.advisory_s.value)
    if kind is AuthorityClass.MEMBER_REQUEST:
        return seconds(times.member_request_s.value)
    return seconds(times.authorised_s.value)
