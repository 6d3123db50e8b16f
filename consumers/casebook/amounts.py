"""How much is at risk: what a stop may ask for, and no more. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from consumers.casebook.model import Reported
from schemas.base import Money
from schemas.leads import Lead


def at_risk(lead: Lead, reports: Sequence[Reported], currency: str) -> Money | None:
    """In the profile's currency if anything is, else in the first; None where nobody named an amount.

    What victims reported counts where it is more than the members' alerts show so far.
    """
    sums = {money.currency: money.minor for money in lead.amount_at_risk if money.minor}
    told: dict[str, int] = {}
    for report in reports:
        if report.transfer and report.transfer.amount and report.transfer.amount.minor:
            amount = report.transfer.amount
            told[amount.currency] = told.get(amount.currency, 0) + amount.minor
    for name, minor in told.items():
        sums[name] = max(sums.get(name, 0), minor)
    if not sums:
        return None
    chosen = currency if currency in sums else min(sums)
    return Money(minor=sums[chosen], currency=chosen)
