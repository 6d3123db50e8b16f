"""Moves a historical file to now: one offset for every time in it, so that all that lies between two times stays.

Must never change anything but times.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

TIME_FIELDS = frozenset(
    {"time", "as_of", "account_opened_at", "first_seen", "last_seen", "incident_from", "incident_to", "until"}
)

_LONGEST_S = 10**9
"""What the contract takes for a call; what is longer, validation will name."""


def offset_to(now: datetime, events: Iterable[dict[str, Any]]) -> timedelta | None:
    """What brings the last event, with all that it tells of, to `now`, in whole seconds and never beyond it; None if no
    event has a time."""
    last = max((moment for event in events for moment in _moments(event)), default=None)
    return None if last is None else timedelta(seconds=(now - last) // timedelta(seconds=1))


def _moments(event: dict[str, Any]) -> Iterator[datetime]:
    """Its own time, and until when what it tells of went on (`alliance.reach`)."""
    begun, data = moment_of(event.get("time")), event.get("data")
    if begun is None:
        return
    yield begun
    if isinstance(data, dict):
        if isinstance(lasted := data.get("duration_s"), int) and 0 <= lasted <= _LONGEST_S:
            yield _later(begun, timedelta(seconds=lasted))
        if (seen := moment_of(data.get("last_seen"))) is not None:
            yield seen


def moment_of(value: object) -> datetime | None:
    """A time with an offset; None for anything else, which validation will name."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def shifted(node: Any, offset: timedelta) -> Any:
    """A copy of a clear event with every time moved; what is not a time stays as it is."""
    if isinstance(node, dict):
        return {key: _moved(key, child, offset) for key, child in node.items()}
    if isinstance(node, list):
        return [shifted(child, offset) for child in node]
    return node


def _moved(key: str, child: Any, offset: timedelta) -> Any:
    moment = moment_of(child) if key in TIME_FIELDS else None
    return shifted(child, offset) if moment is None else _later(moment, offset).isoformat()


def _later(moment: datetime, by: timedelta) -> datetime:
    """The same where the calendar ends before: validation will name it."""
    try:
        return moment + by
    except OverflowError:
        return moment
