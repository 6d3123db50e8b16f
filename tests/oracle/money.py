"""Amount at risk: each transfer once, whoever speaks of it. Must never add up two currencies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from streams.core.alert import Alert, Transfer

DAY_MS = 86_400_000


@dataclass(frozen=True)
class Said:
    """A transfer as one alert speaks of it."""

    alert: Alert
    transfer: Transfer


def amount_at_risk(said: Sequence[Said]) -> tuple[tuple[str, int], ...]:
    return tuple((currency, in_currency(said, currency)) for currency in sorted({s.transfer.currency for s in said}))


def in_currency(said: Sequence[Said], currency: str) -> int:
    of_currency = [s for s in said if s.transfer.currency == currency]
    with_serial = [s.transfer for s in of_currency if s.transfer.serial]
    without = [s for s in of_currency if not s.transfer.serial]
    greatest = [max(t.minor for t in with_serial if t.serial == serial) for serial in {t.serial for t in with_serial}]
    counted: list[Transfer] = []
    for s in sorted(without, key=lambda s: (s.transfer.time, s.alert.event)):
        if not any(perhaps_the_same(s.transfer, other) for other in [*with_serial, *counted]):
            counted.append(s.transfer)
    return min(sum(greatest) + sum(t.minor for t in counted), 10**15)


def perhaps_the_same(a: Transfer, b: Transfer) -> bool:
    return a.minor == b.minor and abs(a.time - b.time) <= DAY_MS
