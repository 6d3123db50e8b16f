"""What was done to one order of entries to make another of it, each entry known by its body: no two are alike.

Pure. Names as few entries as it can: where one was moved, those that only gave way to it are not named.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Bodies = Mapping[int, bytes]
"""Number → body."""


@dataclass(frozen=True, slots=True)
class Differences:
    """By number; `moved` from the number in the original to the one that it has now."""

    edited: list[int]
    deleted: list[int]
    inserted: list[int]
    moved: list[tuple[int, int]]


def differences(original: Bodies, present: Bodies) -> Differences:
    """Of the numbers where the two differ; what is at none of them is taken to be the same in both."""
    place = {body: number for number, body in original.items()}
    kept: dict[int, int] = {}
    fresh = []
    for number, body in sorted(present.items()):
        # Taken out, so that a second copy of an entry is one too many.
        if (origin := place.pop(body, None)) is None:
            fresh.append(number)
        else:
            kept[number] = origin
    gone = set(place.values())
    edited = [number for number in fresh if number in gone]
    return Differences(
        edited,
        deleted=sorted(gone.difference(edited)),
        inserted=sorted(set(fresh).difference(edited)),
        moved=_moved(kept, original.keys() | present.keys()),
    )


def _moved(kept: Mapping[int, int], touched: set[int]) -> list[tuple[int, int]]:
    """Those that are out of order, with those between them that stand where they stood as the measure."""
    if not kept:
        return []
    first, last = min(*kept, *kept.values()), max(*kept, *kept.values())
    row = [
        (kept.get(number, number), number)
        for number in range(first, last + 1)
        if number in kept or number not in touched
    ]
    steady = _longest_rising([origin for origin, _ in row])
    return [(origin, number) for origin, number in row if origin not in steady]


def _longest_rising(values: Sequence[int]) -> set[int]:
    """The longest rising part of values that are all different."""
    tops: list[int] = []
    before: dict[int, int | None] = {}
    for value in values:
        place = bisect_left(tops, value)
        before[value] = tops[place - 1] if place else None
        tops[place : place + 1] = [value]
    rising: set[int] = set()
    step = tops[-1] if tops else None
    while step is not None:
        rising.add(step)
        step = before[step]
    return rising
