"""One amount among several claims on it, to the minor unit: sums are exact, and no claim gets more than it claims.

Pure. Amounts are integers in the minor unit of one currency; must never round through a float.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TypeVar

from alliance.profiles.values import Share

K = TypeVar("K", bound=Hashable)


def share(available: int, claims: Mapping[K, int], rule: Share) -> dict[K, int]:
    """Each claim's part of what is there; together all of it, or all that is claimed if that is less.

    `claims` stand in the order of their reports, which alone decides under `first-come`.
    """
    if rule is Share.PRO_RATA:
        return apportion(min(available, sum(claims.values())), claims)
    shares = {}
    for claim, minor in claims.items():
        shares[claim] = min(available, minor)
        available -= shares[claim]
    return shares


def apportion(minor: int, weights: Mapping[K, int]) -> dict[K, int]:
    """`minor` in proportion to the weights by the largest remainder (Hamilton's method); the sum is exact.

    Each gets its exact quota rounded down or up, the odd units going to the greatest remainders and of equal ones to
    the first in `weights`. As long as `minor` is at most the sum of the weights, nobody gets more than its weight.
    """
    total = sum(weights.values())
    if not total:
        return dict.fromkeys(weights, 0)
    shares = {key: minor * weight // total for key, weight in weights.items()}
    odd = minor - sum(shares.values())
    for key in sorted(weights, key=lambda key: minor * weights[key] % total, reverse=True)[:odd]:
        shares[key] += 1
    return shares
