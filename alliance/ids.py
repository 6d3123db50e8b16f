"""Event ids: UUIDv7 (RFC 9562), rising within one source even when its clock stands still or steps back.

Knows no clock and no randomness of its own: both are given.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Lock
from uuid import UUID

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_MS = (1 << 48) - 1
_TAIL_BITS = 74
_TAIL_MASK = (1 << _TAIL_BITS) - 1
_LOW_BITS = 62
_LOW_MASK = (1 << _LOW_BITS) - 1
_VERSION_AND_VARIANT = (0x7 << 76) | (0b10 << 62)


class IdSource:
    """Gives one id after the other, each greater than the last; safe to share between threads.

    `now_ms` gives Unix milliseconds, `random(n)` n unpredictable bytes (`os.urandom`).
    """

    def __init__(self, now_ms: Callable[[], int], random: Callable[[int], bytes]) -> None:
        self._now_ms = now_ms
        self._random = random
        self._lock = Lock()
        self._ms = -1
        self._tail = 0

    def next(self) -> UUID:
        with self._lock:
            ms = self._now_ms()
            if ms > self._ms:
                self._ms = ms
                # The top bit stays clear, so that there is room to count within the millisecond.
                self._tail = int.from_bytes(self._random(10), "big") & (_TAIL_MASK >> 1)
            else:
                # A random step keeps the next id hard to guess (RFC 9562, method 2).
                self._tail += 1 + int.from_bytes(self._random(4), "big")
                if self._tail > _TAIL_MASK:
                    self._ms += 1
                    self._tail &= _TAIL_MASK >> 1
            return _build(self._ms, self._tail)


def uuid7_time(value: UUID) -> datetime:
    """The millisecond in which a UUIDv7 was made. Raises ValueError for any other version, and for one that is after
    the year 9999, as whoever makes an id may say."""
    if value.version != 7:
        raise ValueError("not a UUIDv7")
    try:
        return _EPOCH + timedelta(milliseconds=value.int >> 80)
    except OverflowError:
        raise ValueError("a UUIDv7 of a time that can not be written") from None


def _build(ms: int, tail: int) -> UUID:
    if not 0 <= ms <= _MAX_MS:
        raise ValueError("a time that a UUIDv7 can not hold")
    return UUID(int=(ms << 80) | ((tail >> _LOW_BITS) << 64) | _VERSION_AND_VARIANT | (tail & _LOW_MASK))
