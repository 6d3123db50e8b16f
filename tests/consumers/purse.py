"""The reference for taint: every minor unit is a coin with a label. Shares no code with what it judges.

Slow on purpose: where a pile must be divided in proportion, all ways to divide it are tried, and the one nearest to the
proportion is taken.
"""

from __future__ import annotations

from collections import Counter
from itertools import product

CLEAN = ""


class Purse:
    """An account as piles of coins. A payment makes a pile of its own, but under pro-rata all lies on one."""

    def __init__(self, rule: str, opening: int) -> None:
        self.rule = rule
        self.piles: list[list[str]] = [[CLEAN] * opening]
        self.locked: list[list[str]] = [[]]

    def put(self, coins: list[str]) -> None:
        if self.rule == "pro-rata":
            self.piles[0] += coins
        else:
            self.piles.append(list(coins))
            self.locked.append([])

    def take(self, count: int) -> list[str]:
        taken: list[str] = []
        order = range(len(self.piles))
        for index in reversed(order) if self.rule == "lifo" else order:
            pile = self.piles[index]
            for coin in nearest(pile, min(count - len(taken), len(pile))):
                pile.remove(coin)
                taken.append(coin)
        return taken

    def lock(self, label: str) -> None:
        for pile, locked in zip(self.piles, self.locked, strict=True):
            locked += [coin for coin in pile if coin == label]
            pile[:] = [coin for coin in pile if coin != label]

    def unlock(self, label: str) -> None:
        for pile, locked in zip(self.piles, self.locked, strict=True):
            pile += [coin for coin in locked if coin == label]
            locked[:] = [coin for coin in locked if coin != label]

    def free(self) -> int:
        return sum(map(len, self.piles))

    def there(self) -> dict[str, int]:
        return labelled([coin for pile in self.piles + self.locked for coin in pile])

    def held(self) -> dict[str, int]:
        return labelled([coin for pile in self.locked for coin in pile])


def labelled(coins: list[str]) -> dict[str, int]:
    """How many of each claim."""
    return {label: count for label, count in Counter(coins).items() if label != CLEAN}


def nearest(pile: list[str], count: int) -> list[str]:
    """So many coins whose labels are as near as can be to the pile's; of equally near choices the one that has more of
    what is clean, then of the first claim."""
    have = sorted(Counter(pile).items())
    ways = (way for way in product(*(range(number + 1) for _, number in have)) if sum(way) == count)
    best = min(
        ways,
        key=lambda way: (
            sum((part * len(pile) - count * number) ** 2 for part, (_, number) in zip(way, have, strict=True)),
            [-part for part in way],
        ),
    )
    return [label for (label, _), part in zip(have, best, strict=True) for _ in range(part)]
