"""When everything that was sent has become leads and requests: nothing left to read, nothing left to send,
nothing moves."""

from __future__ import annotations

import signal
import time

from sqlalchemy import text

from afa.lag import lags
from benchmarks.stack import Stack
from schemas.topics import PARTITIONS, SIGNALS

QUIET_S = 3.0
POLL_S = 0.25
_PROGRESS = text(
    "select (select coalesce(sum(next), 0) from consumer_offset), (select count(*) from request),"
    " (select count(*) from outbox)"
)


def wait_until_done(stack: Stack, timeout_s: float) -> float:
    """`time.perf_counter()` of the last progress, once nothing has moved for `QUIET_S` with nothing left to read."""
    begun = last = time.perf_counter()
    seen: object = None
    while time.perf_counter() - begun < timeout_s:
        behind, now = _behind(stack), _progress(stack)
        if (behind, now) != seen:
            seen, last = (behind, now), time.perf_counter()
        elif behind == 0 and time.perf_counter() - last > QUIET_S:
            return last
        signal.sigtimedwait([], POLL_S)
    raise TimeoutError(f"still at work after {timeout_s} s: {seen}")


def requests(stack: Stack) -> int:
    """How many requests the casebook has drafted."""
    with stack.database.connect() as connection:
        return int(connection.execute(text("select count(*) from request")).scalar_one())


def _behind(stack: Stack) -> int:
    """Records that the stream has still to read; the markers of its last transactions are none."""
    total = 0
    for topics in lags(stack.run.services.admin, {}).values():
        for topic, count in topics.items():
            total += max(0, count - PARTITIONS**2) if topic == SIGNALS.name else count
    return total


def _progress(stack: Stack) -> tuple[int, ...]:
    with stack.database.connect() as connection:
        return tuple(connection.execute(_PROGRESS).one())
