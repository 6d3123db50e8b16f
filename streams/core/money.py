"""Amount at risk: transfers, each counted once, by serial where there is one."""

from __future__ import annotations

from collections.abc import Iterable

from schemas.base import MAX_MINOR
from streams.core.alert import Transfer
from streams.core.state import Id

SAME_MS = 86_400_000
"""Two tellings of one transfer without serial lie no further apart than this."""


def at_risk(told: Iterable[tuple[Id, Transfer]]) -> dict[str, int]:
    """Currency → minor units of the transfers told by alerts, each once; the greatest amount said of a serial
    stands. No more than a message can say, or one member's two absurd amounts would hide the lead from its readers."""
    serials: dict[tuple[str, str], int] = {}
    tellings: list[Transfer] = []
    loose: list[tuple[int, bytes, str, Transfer]] = []
    for (member, event), transfer in told:
        if not transfer.serial:
            loose.append((transfer.time, event, member, transfer))
            continue
        named = (transfer.currency, transfer.serial)
        serials[named] = max(transfer.minor, serials.get(named, 0))
        tellings.append(transfer)
    counted = [(currency, minor) for (currency, _), minor in serials.items()]
    for _, _, _, transfer in sorted(loose, key=lambda item: item[:3]):
        if not any(_same(transfer, other) for other in tellings):
            tellings.append(transfer)
            counted.append((transfer.currency, transfer.minor))
    sums: dict[str, int] = {}
    for currency, minor in counted:
        sums[currency] = sums.get(currency, 0) + minor
    return {currency: min(minor, MAX_MINOR) for currency, minor in sorted(sums.items())}


def _same(a: Transfer, b: Transfer) -> bool:
    return a.minor == b.minor and a.currency == b.currency and abs(a.time - b.time) <= SAME_MS
