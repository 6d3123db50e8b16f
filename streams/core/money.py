"""Amount at risk: transfers, each counted once, by serial where there is one."""

from __future__ import annotations

from collections.abc import Iterable

from streams.core.alert import Transfer
from streams.core.state import Id

SAME_MS = 86_400_000
"""Two tellings of one transfer without serial lie no further apart than this."""


def at_risk(told: Iterable[tuple[Id, Transfer]]) -> dict[str, int]:
    """Currency → minor units of the transfers told by alerts, each once; the greatest amount said of a serial
    stands."""
    serials: dict[tuple[str, str], Transfer] = {}
    loose: list[tuple[int, bytes, str, Transfer]] = []
    for (member, event), transfer in told:
        if not transfer.serial:
            loose.append((transfer.time, event, member, transfer))
            continue
        named = (transfer.currency, transfer.serial)
        known = serials.get(named)
        if known is None or _size(transfer) > _size(known):
            serials[named] = transfer
    counted = list(serials.values())
    for _, _, _, transfer in sorted(loose, key=lambda item: item[:3]):
        if not any(_same(transfer, other) for other in counted):
            counted.append(transfer)
    sums: dict[str, int] = {}
    for transfer in counted:
        sums[transfer.currency] = sums.get(transfer.currency, 0) + transfer.minor
    return dict(sorted(sums.items()))


def _size(transfer: Transfer) -> tuple[int, int]:
    return (transfer.minor, transfer.time)


def _same(a: Transfer, b: Transfer) -> bool:
    return a.minor == b.minor and a.currency == b.currency and abs(a.time - b.time) <= SAME_MS
