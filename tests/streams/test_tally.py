"""The members' alerts as counted by the hour: a record grows within its hour, and the next hour has one of its own."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta, timezone

import orjson

from streams.tally import Tally

NOW = datetime(2026, 11, 20, 3, 59, 59, tzinfo=UTC)


def test_a_record_is_written_anew_as_it_grows_and_the_next_hour_begins_with_nothing() -> None:
    tally, written = Tally("one"), {}
    batches = [(0, {"bank-a": 3}), (0, {"bank-a": 1, "carrier-a": 2}), (1, {"bank-a": 5}), (1, {"carrier-a": 0})]
    for later, counts in batches:
        key, value = tally.add(NOW + timedelta(seconds=later), Counter(counts))
        written[key] = orjson.loads(value)
    assert written == {
        b"2026-11-20T03/one": {"bank-a": 4, "carrier-a": 2},
        b"2026-11-20T04/one": {"bank-a": 5},
    }


def test_two_workers_never_overwrite_each_other_and_an_hour_is_the_same_in_every_zone() -> None:
    there = NOW.astimezone(timezone(timedelta(hours=8)))
    keys = {Tally(name).add(at, Counter(a=1))[0] for name in ("one", "two") for at in (NOW, there)}
    assert keys == {b"2026-11-20T03/one", b"2026-11-20T03/two"}
