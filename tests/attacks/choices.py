"""What a fuzzer's bytes choose: one input is always the same row of choices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Choices:
    """Reads choices from bytes; once these are used up, each is the first."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def number(self, below: int) -> int:
        """0 ≤ n < `below`, of two bytes."""
        pair = self._data[self._at : self._at + 2]
        self._at += 2
        return int.from_bytes(pair, "big") % below

    def one(self, of: Sequence[T]) -> T:
        return of[self.number(len(of))]

    def yes(self, times: int, of: int) -> bool:
        return of - self.number(of) <= times
