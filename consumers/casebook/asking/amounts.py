"""How much is at risk: what a stop may ask for, and no more. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from alliance.profiles import Profile
from consumers.casebook.model import Paid, Reported
from schemas.base import Money
from schemas.leads import Lead


def to_stop(lead: Lead, reports: Sequence[Reported], profile: Profile) -> Money | None:
    """What a stop of the lead's account asks for. Where the law holds amounts only, it is what victims claim; what
    alerts show beside it is nobody's claim yet."""
    currency = profile.currency
    if profile.amount_only.value:
        claimed = _chosen(_reported(reports), currency)
        return claimed or at_risk(lead, reports, currency)
    return at_risk(lead, reports, currency)


def at_risk(lead: Lead, reports: Sequence[Reported], currency: str) -> Money | None:
    """In the profile's currency if anything is, else in the first; None where nobody named an amount.

    What victims reported counts where it is more than the members' alerts show so far.
    """
    sums = {money.currency: money.minor for money in lead.amount_at_risk if money.minor}
    for name, minor in _reported(reports).items():
        sums[name] = max(sums.get(name, 0), minor)
    return _chosen(sums, currency)


def paid(reports: Sequence[Reported], currency: str) -> Iterator[tuple[Reported, Paid, Money]]:
    """The payments that the reports name; one that is named twice by its serial counts for the first."""
    serials: set[str] = set()
    for report, each in ((one, each) for one in reports for each in one.payments):
        amount, serial = each.transfer.amount, each.transfer.serial
        if amount is None or amount.currency != currency:
            continue
        if amount.minor and (serial is None or serial.tokens[0] not in serials):
            yield report, each, amount
        if serial is not None:
            serials.add(serial.tokens[0])


def _reported(reports: Sequence[Reported]) -> dict[str, int]:
    """What victims say they paid, by currency."""
    amounts = (each.transfer.amount for report in reports for each in report.payments)
    named = {amount.currency for amount in amounts if amount}
    sums = {currency: sum(amount.minor for _, _, amount in paid(reports, currency)) for currency in named}
    return {currency: minor for currency, minor in sums.items() if minor}


def _chosen(sums: Mapping[str, int], currency: str) -> Money | None:
    if not sums:
        return None
    chosen = currency if currency in sums else min(sums)
    return Money(minor=sums[chosen], currency=chosen)
