"""Until when an alert says that what it tells of went on. Nobody has seen what is still to come.

One alert of next year would outdate all evidence that others have of a suspect (`docs/correlation.md`), and is refused.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from schemas.alerts import SuspiciousHandle, SuspiciousNumber
from schemas.envelope import Event

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
"""Nothing that the alliance writes can name a time before the years begin, and no report is so old."""


class Reach(NamedTuple):
    """The field that says until when, the moment, and what to do where it is ahead."""

    field: str
    until: datetime
    remedy: str


def reach_of(event: Event) -> Reach | None:
    """None of what ends with the event's own time. Ask once that time is found good: beyond year 9999 there is none."""
    data = event.data
    if isinstance(data, SuspiciousNumber):
        until = event.time + timedelta(seconds=data.duration_s)
        return Reach("data.duration_s", until, "give seconds, and of an ongoing call those that have passed")
    if isinstance(data, SuspiciousHandle) and data.last_seen is not None:
        return Reach("data.last_seen", data.last_seen, "give when it was last seen")
    return None
