"""One clock for the alliance, at its own rate, that goes on over restarts; and event ids that rise by it."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alliance import clock
from alliance.clock import AllianceClock
from alliance.errors import SetupError
from alliance.ids import IdSource, uuid7_time

START = 1_760_000_000.0


class Wall:
    """A wall clock that a test moves."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now


def test_alliance_time_runs_at_its_rate() -> None:
    wall = Wall()
    fast = AllianceClock(START, START, 60.0, wall)
    wall.now += 10
    assert fast.now() == datetime.fromtimestamp(START + 600, UTC)
    assert fast.now_ms() == int(START + 600) * 1000
    assert fast.wall_seconds(3600) == 60


def test_it_goes_on_after_a_restart_and_never_back_when_the_rate_changes(tmp_path: Path) -> None:
    path, wall = tmp_path / "clock.json", Wall()
    first = clock.load_or_create(path, 60.0, wall)
    wall.now += 100
    before = first.now()
    assert clock.load_or_create(path, 60.0, wall).now() == before
    assert clock.load(path, wall).now() == before

    slow = clock.load_or_create(path, 1.0, wall)
    assert slow.now() == before
    wall.now += 5
    assert clock.load(path, wall).timestamp() == pytest.approx(before.timestamp() + 5)


def test_a_new_alliance_begins_at_wall_time(tmp_path: Path) -> None:
    wall = Wall()
    assert clock.load_or_create(tmp_path / "clock.json", 3600.0, wall).timestamp() == START


def test_a_clock_that_is_none_is_named(tmp_path: Path) -> None:
    path = tmp_path / "clock.json"
    with pytest.raises(SetupError, match="afa up"):
        clock.load(path)
    good = b'{"version":1,"origin_wall":1.0,"origin_alliance":1.0,"rate":1.0}'
    for bad in (b"", b"[]", b"{}", good.replace(b"1,", b"2,", 1), good.replace(b'rate":1.0', b'rate":0')):
        path.write_bytes(bad)
        with pytest.raises(SetupError, match="not a clock"):
            clock.load_or_create(path, 1.0)


def test_the_wall_clock_is_read_in_three_units() -> None:
    assert clock.wall_now().tzinfo is UTC
    before = int(clock.wall_seconds_now() * 1000)
    assert before <= clock.wall_ms() <= clock.wall_now().timestamp() * 1000 + 1


@given(
    times=st.lists(st.integers(0, 2**48 - 1) | st.integers(1_000, 1_003), min_size=2, max_size=50),
    random_byte=st.integers(0, 255),
)
def test_ids_rise_and_differ_whatever_the_clock_does(times: list[int], random_byte: int) -> None:
    clock_reads = iter(times)
    ids = IdSource(lambda: next(clock_reads), lambda count: bytes([random_byte]) * count)
    made = [ids.next() for _ in times[:-1]]
    assert all(earlier < later for earlier, later in pairwise(made))
    assert all(event_id.version == 7 and event_id.variant == "specified in RFC 4122" for event_id in made)


def test_an_id_tells_its_millisecond() -> None:
    made = IdSource(lambda: 1_760_000_000_123, lambda count: b"\xff" * count).next()
    assert uuid7_time(made) == datetime(2025, 10, 9, 8, 53, 20, 123_000, tzinfo=UTC)
    # RFC 9562, appendix A.6.
    assert uuid7_time(UUID("017F22E2-79B0-7CC3-98C4-DC0C0C07398F")) == datetime(2022, 2, 22, 19, 22, 22, tzinfo=UTC)
    with pytest.raises(ValueError, match="UUIDv7"):
        uuid7_time(UUID("00000000-0000-4000-8000-000000000000"))


def test_more_ids_in_a_millisecond_than_fit_borrow_from_the_next() -> None:
    ids = IdSource(lambda: 5, lambda count: b"\xff" * count)
    first = ids.next()
    ids._tail = (1 << 74) - 2
    second, third = ids.next(), ids.next()
    assert first < second < third
    assert uuid7_time(second) > uuid7_time(first)
