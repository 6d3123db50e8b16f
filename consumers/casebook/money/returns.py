"""Return of funds: who of the victims gets how much of what is held on an account, and what stays, with its reason.

Pure. Source: rules on the return of frozen funds in new-type telecom crime (2016): what is traced to its victim is paid
first; else in proportion among victims, after a public notice with objections; the rest stays frozen. Must never pay
more than is claimed, nor more than is held.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from alliance.errors import InvalidLedger
from alliance.profiles.values import Share
from consumers.casebook.money.sharing import share
from consumers.casebook.money.taint import amount_in
from schemas.base import Money
from schemas.returns import Stays


@dataclass(frozen=True, slots=True)
class Claim:
    """What a victim is still owed of this account. `traced`: the ledger shows that this very money is in the account.

    Where it shows that of a part only, the parts are two claims.
    """

    claim: str
    report: UUID
    case_id: UUID
    money: Money
    traced: bool


@dataclass(frozen=True, slots=True)
class Notice:
    """The public notice that names these claims; a victim found after it needs another."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Objections:
    """Those that nobody has decided yet: against single claims, or against the whole return."""

    claims: frozenset[str] = frozenset()
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Payment:
    claim: str
    report: UUID
    case_id: UUID
    money: Money


@dataclass(frozen=True, slots=True)
class Plan:
    """Payments and what stays, in the minor unit of what is held, make up all that is held; neither has zeros."""

    payments: tuple[Payment, ...]
    stays: Mapping[Stays, int]


def plan(
    held: Money,
    claims: Sequence[Claim],
    notice: Notice | None,
    objections: Objections,
    now: datetime,
    *,
    rest: Share = Share.PRO_RATA,
) -> Plan:
    """What is to be paid now; `claims` in the order of their reports, to the first of which an odd minor unit goes.
    `rest`: how what is not traced is shared.

    What is due to a claim that must wait is set aside for it, and goes to no other. InvalidLedger where a claim is
    named twice or in another currency.
    """
    due = _due(held, claims, rest)
    notified = _notified(notice, now)
    # Traced claims of more than is held contradict each other: they too can only be paid in proportion.
    in_proportion = sum(claim.money.minor for claim in claims if claim.traced) > held.minor
    payments: list[Payment] = []
    stays = dict.fromkeys(Stays, 0)
    stays[Stays.OBJECTION if objections.whole else Stays.NO_CLAIM] = held.minor - sum(due.values())
    for claim in claims:
        minor = due[claim.claim]
        if objections.whole or claim.claim in objections.claims:
            stays[Stays.OBJECTION] += minor
        elif notified is not None and (in_proportion or not claim.traced):
            stays[notified] += minor
        elif minor:
            money = Money(minor=minor, currency=held.currency)
            payments.append(Payment(claim.claim, claim.report, claim.case_id, money))
    return Plan(tuple(payments), {reason: minor for reason, minor in stays.items() if minor})


def _due(held: Money, claims: Sequence[Claim], rest: Share) -> dict[str, int]:
    """Each claim's part of what is held, whether or not it can be paid yet."""
    amounts: tuple[dict[str, int], dict[str, int]] = {}, {}
    for claim in claims:
        if any(claim.claim in named for named in amounts):
            raise InvalidLedger(f"claim {claim.claim}", "it is named twice; name it once")
        amounts[not claim.traced][claim.claim] = amount_in(held.currency, claim.money, f"claim {claim.claim}")
    traced = share(held.minor, amounts[0], Share.PRO_RATA)
    return traced | share(held.minor - sum(traced.values()), amounts[1], rest)


def _notified(notice: Notice | None, now: datetime) -> Stays | None:
    """What the notice keeps from being paid in proportion; None once its period is over."""
    if notice is None or now < notice.since:
        return Stays.NOTICE_MISSING
    return Stays.NOTICE_RUNNING if now < notice.until else None
