"""The alliance clock, by which windows, expiry and holds go, and the only reader of the wall clock.

Broker stamps and signatures are wall time; what a law or a rule counts is alliance time: the same in life, faster in a
demonstration. It also runs while nothing is up, as holds do.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from alliance.errors import SetupError
from alliance.files import write_atomically
from schemas import strictjson

_VERSION = 1


def wall_seconds_now() -> float:
    """Unix time in seconds."""
    return time.time()


def wall_ms() -> int:
    """Unix time in milliseconds, as brokers stamp."""
    return time.time_ns() // 1_000_000


def ticks_ms() -> int:
    """Milliseconds since some moment, by a clock that nobody sets: for waits and pauses."""
    return time.monotonic_ns() // 1_000_000


def wall_now() -> datetime:
    """Wall time, aware, UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class AllianceClock:
    """At Unix time `origin_wall` the alliance's was `origin_alliance`; since then it ran `rate` times as fast."""

    origin_wall: float
    origin_alliance: float
    rate: float
    wall: Callable[[], float] = field(default=wall_seconds_now, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not all(map(math.isfinite, (self.origin_wall, self.origin_alliance, self.rate))) or self.rate <= 0:
            raise ValueError("clock: origins must be finite and the rate above 0")

    def timestamp(self) -> float:
        """Alliance time in Unix seconds."""
        return self.origin_alliance + (self.wall() - self.origin_wall) * self.rate

    def now(self) -> datetime:
        """Alliance time, aware, UTC."""
        return datetime.fromtimestamp(self.timestamp(), UTC)

    def now_ms(self) -> int:
        """Alliance time in Unix milliseconds."""
        return int(self.timestamp() * 1000)

    def wall_seconds(self, alliance_seconds: float) -> float:
        """How long a span of alliance time takes on the wall, for timeouts."""
        return alliance_seconds / self.rate

    def at_rate(self, rate: float) -> AllianceClock:
        """The clock that goes on from this instant at another rate."""
        wall = self.wall()
        return AllianceClock(wall, self.origin_alliance + (wall - self.origin_wall) * self.rate, rate, self.wall)


def load_or_create(path: Path, rate: float, wall: Callable[[], float] = wall_seconds_now) -> AllianceClock:
    """The data folder's clock. A new one begins at wall time; an old one goes on, at `rate` from now on.

    For the one process that starts the others; these `load`. Raises SetupError.
    """
    if not path.exists():
        now = wall()
        if _save(path, clock := AllianceClock(now, now, rate, wall), replace=False):
            return clock
    clock = load(path, wall)
    if clock.rate != rate:
        clock = clock.at_rate(rate)
        _save(path, clock, replace=True)
    return clock


def load(path: Path, wall: Callable[[], float] = wall_seconds_now) -> AllianceClock:
    """The clock in `path`. Raises SetupError if it is absent or no clock of this version."""
    try:
        content = strictjson.loads(path.read_bytes())
        return _from_json(content, wall)
    except FileNotFoundError as error:
        raise SetupError(f"{path}: there is no clock; start the alliance once with `afa up`") from error
    except OSError as error:
        raise SetupError(f"{path}: the clock can not be read ({error.strerror}); check the data folder") from error
    except (ValueError, TypeError, KeyError) as error:
        raise SetupError(f"{path}: not a clock of version {_VERSION}; use another data folder") from error


def _save(path: Path, clock: AllianceClock, *, replace: bool) -> bool:
    content = {
        "version": _VERSION,
        "origin_wall": clock.origin_wall,
        "origin_alliance": clock.origin_alliance,
        "rate": clock.rate,
    }
    return write_atomically(path, strictjson.dumps(content), mode=0o644, replace=replace)


def _from_json(content: dict[str, Any], wall: Callable[[], float]) -> AllianceClock:
    if content["version"] != _VERSION:
        raise ValueError("another version")
    return AllianceClock(float(content["origin_wall"]), float(content["origin_alliance"]), float(content["rate"]), wall)
