"""How much is at risk: what a stop may ask for, and no more. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from alliance.profiles import Profile
from consumers.casebook.model import Reported
from consumers.casebook.money.payments import claimed
from schemas.base import MAX_MINOR, Money
from schemas.leads import Lead


def to_stop(lead: Lead, reports: Sequence[Reported], profile: Profile) -> Money | None:
    """What a stop of the lead's account asks for. Where the law holds amounts only, it is what victims claim; what
    alerts show beside it is nobody's claim yet."""
    if profile.amount_only.value:
        claims = _chosen(_reported(reports, profile), profile.currency)
        return claims or at_risk(lead, reports, profile)
    return at_risk(lead, reports, profile)


def at_risk(lead: Lead, reports: Sequence[Reported], profile: Profile) -> Money | None:
    """In the profile's currency if anything is, else in the first; None where nobody named an amount.

    What victims reported counts where it is more than the members' alerts show so far.
    """
    sums = {money.currency: money.minor for money in lead.amount_at_risk if money.minor}
    for name, minor in _reported(reports, profile).items():
        sums[name] = max(sums.get(name, 0), minor)
    return _chosen(sums, profile.currency)


def _reported(reports: Sequence[Reported], profile: Profile) -> dict[str, int]:
    """What victims say they paid, by currency."""
    amounts = (each.transfer.amount for report in reports for each in report.payments)
    named = {amount.currency for amount in amounts if amount}
    sums = {name: sum(each.money.minor for each in claimed(reports, profile, name)) for name in named}
    return {currency: minor for currency, minor in sums.items() if minor}


def _chosen(sums: Mapping[str, int], currency: str) -> Money | None:
    if not sums:
        return None
    chosen = currency if currency in sums else min(sums)
    # Several reports may say more together than one amount can be.
    return Money(minor=min(sums[chosen], MAX_MINOR), currency=chosen)
