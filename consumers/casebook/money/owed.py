"""The claims that a return of a hold names, and what is to be paid now beside what was paid and is under way.

Pure. Traced where the ledgers show that a victim's money is in the account, and by the reports where they can't be
followed. A hold is its own case's; so are the claims on it, since no two holds are on the same money.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from alliance.profiles import Profile
from consumers.casebook.money import claims
from consumers.casebook.money.flow import Flow
from consumers.casebook.money.known import Held, Told, key_of
from consumers.casebook.money.returns import Claim, Notice, Objections, Payment, Plan, plan
from schemas.base import MAX_MINOR, Money
from schemas.returns import Stays

TRIMMED = (Stays.OBJECTION, Stays.NOTICE_RUNNING, Stays.NOTICE_MISSING, Stays.NO_CLAIM)


def owed(case_id: UUID, told: Told, flow: Flow | None, account: str, held: Held, profile: Profile) -> list[Claim]:
    """What each victim has still to get of the account, less what other holds there have for it; the earliest report
    first."""
    currency = held.money.currency
    reports = {key_of(each): each for of in told.reports.values() for each in of}
    here = claims.there(account, told, flow, profile, currency)
    gone = claims.returned(account, told, here, profile, currency)
    for (hold_id, claim), minor in claims.shares(told, flow, profile).items():
        if hold_id != held.hold_id and _is_at(hold_id, account, told):
            gone[claim] += minor
    traced = flow is not None and profile.returns is not None and profile.returns.traceable_first.value
    left = {name: minor - gone[name] for name, minor in here.items()}
    return [
        Claim(name, reports[name].event_id, case_id, Money(minor=min(minor, MAX_MINOR), currency=currency), traced)
        for name, minor in left.items()
        if minor > 0
    ]


def now_due(  # noqa: PLR0913, PLR0917 — all that decides
    held: Money,
    named: Sequence[Claim],
    paid: Mapping[str, int],
    pending: Mapping[str, int],
    notice: Notice,
    objections: Objections,
    now: datetime,
    profile: Profile,
) -> Plan:
    """What is to be paid now. `held` is what is left; `paid` by this return and `pending` by claim, in minor units.

    The shares are of all that this return ever had, so that who had to wait for a decision gets what it would have got.
    """
    assert profile.returns is not None
    whole = Money(minor=held.minor + sum(paid.values()), currency=held.currency)
    made = plan(whole, named, notice, objections, now, rest=profile.returns.rest.value)
    left = held.minor - sum(pending.values())
    payments: list[Payment] = []
    for each in made.payments:
        minor = min(left, each.money.minor - paid.get(each.claim, 0) - pending.get(each.claim, 0))
        if minor > 0:
            left -= minor
            payments.append(Payment(each.claim, each.report, each.case_id, Money(minor=minor, currency=held.currency)))
    return Plan(tuple(payments), _trimmed(made.stays, left))


def _trimmed(stays: Mapping[Stays, int], left: int) -> dict[Stays, int]:
    """What was paid of a claim that waits now stays no more."""
    trimmed, excess = dict(stays), sum(stays.values()) - left
    for reason in TRIMMED:
        less = min(excess, trimmed.get(reason, 0))
        trimmed[reason] = trimmed.get(reason, 0) - less
        excess -= less
    return {reason: minor for reason, minor in trimmed.items() if minor}


def _is_at(hold_id: UUID, account: str, told: Told) -> bool:
    return any(stop.held and stop.held.hold_id == hold_id and told.account(stop) == account for stop in told.stops)
