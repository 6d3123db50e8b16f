"""Moves a historical file to now: one offset for every time in it, so that all that lies between two times stays.

Must never change anything but times.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from producers.clear import MAX_AGE
from schemas.topics import VICTIM_REPORT

TIME_FIELDS = frozenset(
    {"time", "as_of", "account_opened_at", "first_seen", "last_seen", "incident_from", "incident_to", "until"}
)

_DAY, _EPOCH = timedelta(days=1), datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_S = 10**9
"""What the contract takes for a call; what is longer, validation will name."""


def offset_to(now: datetime, events: Iterable[dict[str, Any]]) -> timedelta | None:
    """What brings the last event, with all that it tells of, to `now`, in whole seconds and never beyond it; None if no
    event has a time."""
    last = max((moment for event in events for moment in _moments(event)), default=None)
    return None if last is None else timedelta(seconds=(now - last) // timedelta(seconds=1))


class Days:
    """How many events of a file are of which day, counted as they pass by; `kind` stands where an event names none.

    Only one that is last for a good reason may be what a file is moved to now by: all others move with it.
    """

    def __init__(self, kind: str | None = None) -> None:
        self._kind = kind
        self._of: dict[int, _Day] = {}

    def passing(self, rows: Iterable[tuple[int, dict[str, Any]]]) -> Iterator[dict[str, Any]]:
        """The events of these rows, which stand beside their lines."""
        for line, event in rows:
            if (last := max(_moments(event), default=None)) is not None:
                self._of.setdefault((last - _EPOCH) // _DAY, _Day(line, last)).count(_ages(event, self._kind))
            yield event

    def astray(self) -> str | None:
        """Why the last events are none to move the file to now by: they are few and lie apart, as by a wrong year, and
        the others would be too old."""
        later, old = 0, sum(day.ageing for day in self._of.values())
        ahead: tuple[int, _Day] | None = None
        for number, day in sorted(self._of.items(), reverse=True):
            if ahead is not None and ahead[0] - number > MAX_AGE // _DAY and later < old:
                line, time = ahead[1].line, ahead[1].time.isoformat()
                return (
                    f"line {line} is of {time}, and {old} rows are older by more than {MAX_AGE.days} days: with it "
                    "moved to now, they would be refused as too old; correct its time, or take it out"
                )
            later, old, ahead = later + day.events, old - day.ageing, (number, day)
        return None


@dataclass(slots=True)
class _Day:
    """`line` and `time` are its first event's; `ageing` are those that are not taken at any age."""

    line: int
    time: datetime
    events: int = 0
    ageing: int = 0

    def count(self, ages: bool) -> None:
        self.events += 1
        self.ageing += ages


def _ages(event: dict[str, Any], kind: str | None) -> bool:
    data = event.get("data")
    return (data.get("kind", kind) if isinstance(data, dict) else kind) != VICTIM_REPORT.name


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
