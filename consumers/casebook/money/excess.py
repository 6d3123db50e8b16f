"""What is held beyond the victims' money that is there: of which hold, and how much of it stays.

Pure. Of several holds on an account the first keeps what it can; must never let a hold grow.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from alliance.profiles import Profile
from consumers.casebook.lifecycle import IN_FORCE
from consumers.casebook.money.claims import returned
from consumers.casebook.money.flow import Flow
from consumers.casebook.money.known import Held, Stop, Told
from schemas.requests import Scope


def excess(
    told: Told, flow: Flow | None, accounts: Collection[str], profile: Profile
) -> Iterator[tuple[Stop, Held, int]]:
    """The stops on these accounts whose hold is to be less, with what it keeps in minor units.

    What went back to its victim is neither held any more nor there. Where the money can't be traced a hold keeps what
    it is; where the law holds amounts only, what its member holds beyond that is too much as well.
    """
    left: dict[str, int] = {}
    for stop in told.stops:
        account, held = told.account(stop), stop.held
        if held is None or account not in accounts or held.status not in IN_FORCE:
            continue
        holds = keep = held.money.minor - sum(held.returned.values())
        if flow is not None and flow.currency == held.money.currency:
            there = left[account] if account in left else _there(told, flow, account, profile)
            keep = min(there, holds)
            left[account] = there - keep
        if keep < holds or (profile.amount_only.value and _holds_more(stop, held)):
            yield stop, held, keep


def _there(told: Told, flow: Flow, account: str, profile: Profile) -> int:
    """What of the victims' money is there still: who has its money back has no part in what the others claim."""
    here = flow.traced.there.get(account, {})
    gone = returned(account, told, here, profile, flow.currency)
    return sum(max(0, minor - gone[claim]) for claim, minor in here.items())


def _holds_more(stop: Stop, held: Held) -> bool:
    """Whether the member said so: more than counts, or the whole account."""
    said = [each.answer.amount for each in stop.said if each.answer.amount is not None]
    more = any(amount.currency == held.money.currency and amount.minor > held.money.minor for amount in said)
    return more or held.scope is Scope.ACCOUNT
