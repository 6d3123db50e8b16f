"""What victims say that they paid to one account: each payment once, however many reports tell of it.

Pure. Two reports tell of one payment if its serial is the same, or if payer, amount and time agree and no serial
differs. What one report names twice was paid twice: together they never come to less than the report that says most.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from alliance.profiles import Profile
from consumers.casebook.model import Paid, Reported
from schemas.base import Money, seconds

_NEVER = datetime.max.replace(tzinfo=UTC)
_ALIKE = 64
"""Of so many payments of one payer and amount, the newest, one is looked for that another report tells of: as many as a
report can name. Without a bound the work grows with their square: 40 full reports of one payer, which any member can
send, would take ten seconds instead of a quarter, in the turn that all wait for. What came before these and is told
again counts twice, within what PostgreSQL lets each report get."""


@dataclass(frozen=True, slots=True)
class Telling:
    """A payment as one report tells of it."""

    report: Reported
    paid: Paid


@dataclass(frozen=True, slots=True)
class Claimed:
    """What a report claims of a payment: of one that an earlier report tells of, what it says beyond that."""

    report: Reported
    paid: Paid
    money: Money


Payment = list[Telling]
"""All that tell of it, the earliest report first."""


def claimed(reports: Iterable[Reported], profile: Profile, currency: str) -> Iterator[Claimed]:
    """In this currency. In whichever order reports are given, the one that was taken first claims first."""
    for payment in payments(reports, profile, currency):
        said = 0
        for each in payment:
            if each.paid.minor > said:
                yield Claimed(each.report, each.paid, Money(minor=each.paid.minor - said, currency=currency))
                said = each.paid.minor


def payments(reports: Iterable[Reported], profile: Profile, currency: str) -> list[Payment]:
    """Each once."""
    known = _Known(profile)
    for report in sorted(reports, key=lambda each: (each.taken_at, each.member, each.event_id)):
        mine = [Telling(report, paid) for paid in report.payments if _counts(paid, currency)]
        # What a serial tells apart must be no candidate for what has none.
        loose = [each for each in mine if not known.take_by_serial(each)]
        for each in sorted(loose, key=_in_time):
            known.take(each)
    return known.payments


class _Known:
    """The payments so far, found by serial, or by payer and amount."""

    def __init__(self, profile: Profile) -> None:
        self.payments: list[Payment] = []
        self._profile = profile
        self._by_serial: dict[str, Payment] = {}
        self._by_payer: dict[tuple[str | None, int], list[Payment]] = {}
        self._told: set[tuple[int, int]] = set()
        """Which payments which reports tell of."""
        self._listed: set[tuple[tuple[str | None, int], int]] = set()

    def take_by_serial(self, told: Telling) -> bool:
        """Whether it is one of a serial that is known, unless its report has that under another serial too."""
        serial = _serial(told.paid)
        for payment in [self._by_serial[token] for token in sorted(serial) if token in self._by_serial]:
            if all(serial & _serial(each.paid) for each in payment if each.report is told.report):
                self._add(told, payment)
                return True
        return False

    def take(self, told: Telling) -> None:
        """As one that another report tells of, if it agrees with it, else as one more."""
        if self.take_by_serial(told):
            return
        alike = self._by_payer.get((told.paid.payer, told.paid.minor), [])[-_ALIKE:] if told.paid.payer else []
        payment = next((each for each in alike if self._is_one(told, each)), None)
        if payment is None:
            payment = []
            self.payments.append(payment)
        self._add(told, payment)

    def _is_one(self, told: Telling, payment: Payment) -> bool:
        if (id(payment), id(told.report)) in self._told or any(_differ(told.paid, each.paid) for each in payment):
            return False
        return any(_agree(told.paid, each.paid, self._profile) for each in payment)

    def _add(self, told: Telling, payment: Payment) -> None:
        payment.append(told)
        self._told.add((id(payment), id(told.report)))
        for token in _serial(told.paid):
            self._by_serial.setdefault(token, payment)
        key = (told.paid.payer, told.paid.minor)
        if (key, id(payment)) not in self._listed:
            self._listed.add((key, id(payment)))
            self._by_payer.setdefault(key, []).append(payment)


def _agree(one: Paid, other: Paid, profile: Profile) -> bool:
    """Of whose payer nothing is known may be anybody's; when it was, the victim may not know."""
    if one.payer is None or (one.payer, one.minor) != (other.payer, other.minor):
        return False
    if one.transfer.time is None or other.transfer.time is None:
        return True
    approximate = one.transfer.time_approximate or other.transfer.time_approximate
    tolerance = profile.stop.approximate_tolerance_s if approximate else profile.stop.tolerance_s
    return abs(one.transfer.time - other.transfer.time) <= seconds(tolerance.value)


def _differ(one: Paid, other: Paid) -> bool:
    """Whether their serials do, under a token epoch that names both."""
    mine, its = _serial(one), _serial(other)
    return not mine & its and not _epochs(mine).isdisjoint(_epochs(its))


def _serial(paid: Paid) -> frozenset[str]:
    return frozenset(paid.transfer.serial.tokens if paid.transfer.serial else ())


def _epochs(tokens: Iterable[str]) -> set[str]:
    return {token.partition(":")[0] for token in tokens}


def _counts(paid: Paid, currency: str) -> bool:
    return paid.minor > 0 and paid.transfer.amount is not None and paid.transfer.amount.currency == currency


def _in_time(told: Telling) -> tuple[datetime, int]:
    return told.paid.transfer.time or _NEVER, told.paid.number
