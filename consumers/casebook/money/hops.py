"""Where the money went on: stops for what of the victims' money is at each account and was not asked for there yet.

Pure. Whatever cycles, merges and splits there are: in one case no more is asked for and held than the victims claim.
What comes to an account after a stop was drafted there is added to the stop while nobody has seen it; it waits while
one is with its member; then it is the next attempt within the law's number of stops, and after that a person's.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from uuid import UUID

from alliance.profiles import Profile
from consumers.casebook.asking.drafting import UNCOMPARED, Act, is_exhausted, restate, stop
from consumers.casebook.asking.matching import match_of_outflow, matches
from consumers.casebook.asking.routing import to_holder
from consumers.casebook.model import Case, Draft, Law
from consumers.casebook.money.flow import Flow, Onward
from consumers.casebook.money.known import Stop, Told
from consumers.casebook.money.outflows import payee_of
from consumers.casebook.money.places import REPEATED, Place, places
from schemas.base import MAX_MINOR, Money
from schemas.identifiers import Identifier
from schemas.requests import Action, Match, Request

_NOTHING_LEFT = "by what was told since, none of the victims' money is there; it need not be signed"
_TOO_OFTEN = (
    "{} {}, in minor units, of the victims' money came here beyond what was asked for, and the law has no further stop"
)


@dataclass(frozen=True, slots=True)
class Note:
    """What a person is to read beside a request."""

    request_id: UUID
    text: str


@dataclass(frozen=True, slots=True)
class _Payment:
    """What brought the money: by it the holder finds the money, and on its `covered_by` the stop rests."""

    target: Identifier
    match: Match | None
    parent: UUID
    covered_by: UUID | None


def next_stops(
    case: Case, told: Told, flow: Flow, law: Law, fallen: Container[UUID] = ()
) -> tuple[list[Draft], list[Note]]:
    """What is to be asked for now, nearest to the victims first; nothing that would follow from a `fallen` request."""
    drafts: list[Draft] = []
    notes: list[Note] = []
    found = places(case, told, flow)
    left = sum(flow.paid.values()) - sum(place.bound for place in found)
    for place in found:
        if place.hop > law.profile.hops.most.value or place.is_settled:
            continue
        more = min(place.more, left + place.waiting, MAX_MINOR)
        if more <= 0 and place.unseen is not None:
            notes.append(Note(place.unseen.request.request_id, _NOTHING_LEFT))
        payment = _payment(place, case, told, flow, law.profile, fallen)
        if more <= 0 or more == place.waiting or payment is None:
            continue
        act = _act(place, payment, Money(minor=more, currency=flow.currency), case, law)
        if is_exhausted(case, act, law):
            beside = place.seen[-1].request.request_id if place.seen else payment.parent
            notes.append(Note(beside, _TOO_OFTEN.format(more, flow.currency)))
            continue
        draft = (restate if place.unseen else stop)(case, act, law, payment.covered_by)
        if draft is not None:
            drafts.append(draft)
            left -= more - place.waiting
    return drafts, notes


def _act(place: Place, payment: _Payment, amount: Money, case: Case, law: Law) -> Act:
    where = f"onward transfer, hop {place.hop}" if place.hop else "the account that victims named"
    following = 1 + max(place.attempts, case.releases)
    more = ("more came since the stop before",) if place.compared else ()
    by_person = (UNCOMPARED,) if len(place.compared) < len(place.seen) else ()
    return Act(
        Action.STOP,
        payment.target,
        to_holder(payment.target.holders, law.registry),
        amount=amount,
        match=payment.match,
        hop=place.hop,
        attempt=place.unseen.request.attempt if place.unseen else following,
        reasons=(where, *more, *by_person),
        parent=payment.parent,
    )


def _payment(
    place: Place, case: Case, told: Told, flow: Flow, profile: Profile, fallen: Container[UUID]
) -> _Payment | None:
    """The greatest transfer that no stop has named yet; at an account that victims named else the newest report's
    greatest."""
    known = place.unseen or next(reversed(place.seen), None)
    named = [each.request.match for each in place.compared]
    payments = [
        (each.outflow, stop.request, match_of_outflow(each.stop.request.target, each.outflow, profile))
        for each in flow.into(place.account)
        if (stop := _payer(each, case, told, fallen)) is not None
    ]
    for outflow, payer, match in [each for each in payments if each[2] not in named] or payments:
        target = known.request.target if known else payee_of(outflow)
        assert target is not None
        return _Payment(target, match, payer.request_id, payer.authority.covered_by)
    if known is None or known.request.request_id in fallen:
        return None
    newest_first = reversed(told.reports.get(place.account, ()))
    paid = [(report, match) for report in newest_first for match in matches(report, profile)]
    for report, reported in [each for each in paid if each[1] not in named] or paid:
        return _Payment(known.request.target, reported, known.request.request_id, report.event_id)
    return None


def _payer(onward: Onward, case: Case, told: Told, fallen: Container[UUID]) -> Stop | None:
    """The payer's stop on which the next one rests: who told first, unless that was let go since and asked again."""
    account = told.account(onward.stop)
    asked = [each for each in told.stops if told.account(each) == account and each.said]
    standing = [each for each in asked if each.request.request_id not in fallen]
    unspent = [each for each in standing if not case.is_spent(each.request.request_id)]
    for stops in (unspent, standing):
        if stops:
            return onward.stop if onward.stop in stops else stops[-1]
    return None


def repeat(case: Case, request: Request, law: Law, covered_by: UUID | None) -> Draft | None:
    """The stop once more, where the law allows one: after the first ran out."""
    by_person = [reason for reason in request.reasons if reason == UNCOMPARED]
    once_more = request.model_copy(update={"attempt": request.attempt + 1, "reasons": [REPEATED, *by_person]})
    return again(case, once_more, law, covered_by, request.request_id)


def by_person(case: Case, request: Request, law: Law) -> Draft | None:
    """The stop once more, for an officer, where its holder could not compare all that must match."""
    reasons = [*request.reasons, UNCOMPARED]
    once_more = request.model_copy(update={"attempt": request.attempt + 1, "reasons": reasons})
    return again(case, once_more, law, request.authority.covered_by, request.request_id)


def again(case: Case, request: Request, law: Law, covered_by: UUID | None, parent: UUID | None) -> Draft | None:
    """The same stop, drafted now; None where it would only wait as it does already."""
    act = Act(
        Action.STOP,
        request.target,
        to_holder(request.target.holders, law.registry),
        amount=request.amount,
        match=request.match,
        hop=request.hop,
        attempt=request.attempt,
        reasons=request.reasons,
        parent=parent,
    )
    return stop(case, act, law, covered_by)
