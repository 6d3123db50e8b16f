"""Where one case's money went by all that its holders have told so far: each victim's claim, account by account.

Pure. What the order of the answers is, or how often one came, changes nothing. A case follows what was paid to the
accounts that it began with; what victims paid to an account further on is that account's own case.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from alliance.profiles import Profile
from consumers.casebook.money import ledgers
from consumers.casebook.money.known import Stop, Told, key_of
from consumers.casebook.money.outflows import transfers_of
from consumers.casebook.money.payments import claimed
from consumers.casebook.money.trace import Trace, Transfer, trace
from schemas.alerts import ReportedTransfer
from schemas.answers import Outflow
from schemas.base import Money, seconds

UNREPORTED = "unreported"
"""The claim to what a case's first stop asks for beyond the reports: alerts show it, its victim has not come yet."""
_EVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Grounds:
    """What of a case's grounds is left. `cut`: accounts whose money, and what left them, is nobody's claim any more;
    `alone`: accounts further on of which nothing stands but what reports say was paid to themselves."""

    cut: frozenset[str] = frozenset()
    alone: frozenset[str] = frozenset()


WHOLE = Grounds()


@dataclass(frozen=True, slots=True)
class Onward:
    """An outflow as its payer's holder told it first, and the transfer that it is."""

    stop: Stop
    outflow: Outflow
    transfer: Transfer


@dataclass(frozen=True, slots=True)
class Flow:
    """`paid`: what the victims' claims came in with, by account; amounts in minor units of `currency`."""

    currency: str
    traced: Trace
    onward: Mapping[str, Onward]
    paid: Mapping[str, int]

    def tainted(self, serial: str) -> int:
        """How much of a transfer is victims' money."""
        return sum(self.traced.moved.get(serial, {}).values())

    def into(self, account: str) -> list[Onward]:
        """The onward transfers that brought victims' money to it, the greatest first."""
        found = [each for each in self.onward.values() if each.transfer.payee == account]
        bringing = [each for each in found if self.tainted(each.transfer.serial)]
        return sorted(bringing, key=lambda each: (-self.tainted(each.transfer.serial), each.transfer.serial))

    def arrived(self, account: str) -> int:
        """All of the victims' money that ever came there; of a ring the same money more than once."""
        brought = sum(self.tainted(each.transfer.serial) for each in self.into(account))
        return brought + self.paid.get(account, 0)

    def there(self, account: str) -> int:
        """What of it is there now."""
        return sum(self.traced.there.get(account, {}).values())


def flow(told: Told, profile: Profile, grounds: Grounds = WHOLE) -> Flow | None:
    """None where the case never said how much is in question. InvalidLedger where what was told contradicts itself."""
    asked = [stop.request.amount for stop in told.stops if stop.request.hop == 0]
    currency = next((amount.currency for amount in asked if amount is not None), None)
    if currency is None:
        return None
    entries = sorted({*told.entries(), *grounds.alone} - grounds.cut)
    payments = [each for entry in entries for each in _payments(entry, told, profile, currency)]
    # Another currency is another ledger.
    onward = [each for each in outflows_told(told) if each.outflow.amount.currency == currency]
    transfers = [*payments, *(_grounded(each.transfer, grounds.cut) for each in onward)]
    openings = {
        account: ledgers.opening(account, told, transfers, currency)
        for account in {told.account(stop) for stop in told.stops}
    }
    claims = frozenset(claim for payment in payments for claim in payment.claims)
    traced = trace(openings, transfers, profile.taint.rule.value, currency, ledgers.measures(told, claims))
    paid: Counter[str] = Counter()
    for payment in payments:
        paid[payment.payee or ""] += sum(payment.claims.values())
    return Flow(currency, traced, {each.transfer.serial: each for each in onward}, paid)


def outflows_told(told: Told) -> list[Onward]:
    """Every outflow that was told, of one told twice the earlier last."""
    found = []
    for stop in told.stops:
        account = told.account(stop)
        for said in stop.said:
            outflows = said.answer.outflows
            for outflow, transfer in zip(outflows, transfers_of(account, outflows), strict=True):
                payee = told.accounts.of(transfer.payee) if transfer.payee else None
                found.append(Onward(stop, outflow, replace(transfer, payee=payee)))
    return sorted(found, key=_told_first, reverse=True)


def _grounded(transfer: Transfer, cut: frozenset[str]) -> Transfer:
    """What leaves an account that is cut off comes clean, whatever came there."""
    return replace(transfer, payer=None) if transfer.payer in cut else transfer


def _payments(entry: str, told: Told, profile: Profile, currency: str) -> Iterator[Transfer]:
    """What the victims paid to an account, each payment with its claim."""
    asked = (stop.request.amount for stop in told.stops if stop.request.hop == 0 and told.account(stop) == entry)
    # Of a report that was annulled nothing is left, and what was asked for because of it is nobody's.
    ever = sum(each.money.minor for each in claimed(told.ever.get(entry, ()), profile, currency))
    rest = max((amount.minor for amount in asked if amount and amount.currency == currency), default=0) - ever
    for each in claimed(told.reports.get(entry, ()), profile, currency):
        claim, at = key_of(each.report), _came(each.paid.transfer, profile)
        yield Transfer(f"{claim} {each.paid.number} {entry}", at, each.money, None, entry, {claim: each.money.minor})
    if rest > 0:
        money = Money(minor=rest, currency=currency)
        yield Transfer(f"{UNREPORTED} {entry}", _EVER, money, None, entry, {UNREPORTED: rest})


def _came(transfer: ReportedTransfer, profile: Profile) -> datetime:
    """As early as it can have come: what left after it must not pass for having left before."""
    if transfer.time is None:
        return _EVER
    times = profile.stop
    tolerance = times.approximate_tolerance_s if transfer.time_approximate else times.tolerance_s
    # Of the first year there may be nothing before it.
    return max(transfer.time, _EVER + seconds(tolerance.value)) - seconds(tolerance.value)


def _told_first(each: Onward) -> tuple[datetime, int, int, str]:
    request = each.stop.request
    return each.transfer.at, request.hop, request.attempt, str(request.request_id)
