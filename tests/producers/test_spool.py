"""The spool under crashes, at its bound and with many threads: what was accepted is sent or waiting, always."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alliance.errors import SetupError, SpoolFull, Stop
from producers.spool import KEPT_MS, Acceptance, Capacity, Entry, Spool

TOPIC = "suspicious-account"


def entry(number: int, content: bytes = b"one", size: int = 100) -> Entry:
    return Entry(UUID(int=number), TOPIC, number.to_bytes(4, "big").ljust(size, b"."), content, b"[]")


def opened(path: Path, now: int = 0, limits: Capacity | None = None) -> Spool:
    return Spool(path, lambda: now, limits)


def waiting(spool: Spool) -> list[int]:
    return [int.from_bytes(row.body[:4], "big") for row in spool.waiting(TOPIC, 10_000)]


def send(spool: Spool, count: int) -> list[int]:
    rows = spool.waiting(TOPIC, count)
    spool.mark_sent(rows)
    return [int.from_bytes(row.body[:4], "big") for row in rows]


ADDS = st.lists(st.integers(0, 40), min_size=1, max_size=6)
SENDS = st.integers(1, 5)


@settings(max_examples=60)
@given(steps=st.lists(st.one_of(ADDS, SENDS), max_size=12), crash_at=st.integers(0, 60))
def test_a_crash_at_any_statement_loses_nothing(steps: list[list[int] | int], crash_at: int) -> None:
    """The files as they lie on the disk at some statement are what a process finds that begins after `kill -9`."""
    with tempfile.TemporaryDirectory() as folder:
        live, crashed = Path(folder, "live"), Path(folder, "crashed")
        crashed.mkdir()
        spool = opened(live / "spool")
        promised: set[int] = set()
        offered: set[int] = set()
        acknowledged: set[int] = set()
        image: list[tuple[set[int], set[int], set[int]]] = []
        statements = 0

        def crash() -> None:
            for file in live.glob("spool*"):
                if not file.name.endswith(("-shm", ".lock")):
                    shutil.copy(file, crashed)
            image.append((set(promised), set(offered), set(acknowledged)))

        def count(_: str) -> None:
            nonlocal statements
            if statements == crash_at:
                crash()
            statements += 1

        for connection in (spool._writer, spool._marker):
            connection.set_trace_callback(count)
        for value in steps:
            if isinstance(value, list):
                offered.update(value)
                spool.add([entry(number) for number in value])
                promised.update(value)
            else:
                rows = spool.waiting(TOPIC, value)
                acknowledged.update(int.from_bytes(row.body[:4], "big") for row in rows)
                spool.mark_sent(rows)
        if not image:
            crash()
        spool.close()

        after = opened(crashed / "spool")
        [(promised_then, offered_then, acknowledged_then)] = image
        left = set(waiting(after))
        known = {number for number in range(41) if after.digest(UUID(int=number)) is not None}
        assert promised_then <= known <= offered_then
        assert promised_then <= left | acknowledged_then
        assert known - left <= acknowledged_then
        assert after.waiting_rows == len(left)
        after.close()


def test_the_same_id_again(tmp_path: Path) -> None:
    spool = opened(tmp_path / "spool")
    assert spool.add([entry(1), entry(1), entry(1, b"other")]) == [
        Acceptance.ACCEPTED,
        Acceptance.DUPLICATE,
        Acceptance.CONFLICT,
    ]
    send(spool, 1)
    assert spool.add([entry(1)]) == [Acceptance.DUPLICATE]
    assert waiting(spool) == []
    spool.close()


def test_a_whole_group_is_not_taken_if_one_is_in_conflict(tmp_path: Path) -> None:
    spool = opened(tmp_path / "spool")
    spool.add([entry(1)])
    assert Acceptance.CONFLICT in spool.add([entry(2), entry(1, b"other")], whole=True)
    assert waiting(spool) == [1]
    spool.close()


@pytest.mark.parametrize("limits", [Capacity(rows=3), Capacity(bytes=300)])
def test_a_full_spool_refuses_and_loses_nothing(tmp_path: Path, limits: Capacity) -> None:
    spool = opened(tmp_path / "spool", limits=limits)
    spool.add([entry(1), entry(2)])
    with pytest.raises(SpoolFull, match="2 events"):
        spool.add([entry(3), entry(4)])
    spool.add([entry(5)])
    assert waiting(spool) == [1, 2, 5]

    send(spool, 2)
    spool.add([entry(3), entry(4)])
    assert waiting(spool) == [5, 3, 4]
    spool.close()


def test_a_full_disk_is_said_and_loses_nothing(tmp_path: Path) -> None:
    spool = opened(tmp_path / "spool")
    spool.add([entry(1)])
    spool._writer.execute("pragma max_page_count = 1")
    with pytest.raises(SpoolFull, match="disk is full"):
        spool.add([entry(2, size=1_000_000)])
    assert waiting(spool) == [1]
    spool.close()


def test_many_threads_share_the_disk(tmp_path: Path) -> None:
    spool = opened(tmp_path / "spool")
    commits: list[str] = []
    spool._writer.set_trace_callback(lambda sql: commits.append(sql) if sql == "commit" else None)
    with ThreadPoolExecutor(16) as pool:
        with spool._write_lock:
            added = [pool.submit(spool.add, [entry(number)]) for number in range(16)]
            while len(spool._queue) < 16:
                pass
        outcomes = [each.result() for each in added]
    spool._writer.set_trace_callback(None)

    assert outcomes == [[Acceptance.ACCEPTED]] * 16
    assert sorted(waiting(spool)) == list(range(16))
    assert spool.waiting_rows == 16
    assert commits == ["commit"]
    spool.close()


def test_a_thread_that_is_refused_does_not_spoil_the_others(tmp_path: Path) -> None:
    spool = opened(tmp_path / "spool", limits=Capacity(rows=100))

    def offer(number: int) -> bool:
        try:
            spool.add([entry(number)])
        except SpoolFull:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        taken = list(pool.map(offer, range(200)))
    assert sum(taken) == 100
    assert sorted(waiting(spool)) == [number for number, accepted in enumerate(taken) if accepted]
    spool.close()


def test_threads_that_come_as_it_is_closed_are_told_that_nothing_was_accepted(tmp_path: Path) -> None:
    spool = opened(tmp_path / "spool")

    def offer(number: int) -> str:
        try:
            return str(spool.add([entry(number)]))
        except Stop as error:
            return str(error)

    with ThreadPoolExecutor(8) as pool:
        with spool._write_lock:
            offers = [pool.submit(offer, number) for number in range(8)]
            while len(spool._queue) < 8:
                pass
            spool._writer.close()
        said = [each.result() for each in offers]
    assert all("nothing of this was accepted" in each for each in said)
    spool.close()
    later = opened(tmp_path / "spool")
    assert waiting(later) == []
    later.close()


def test_one_process_at_a_time(tmp_path: Path) -> None:
    spool = opened(tmp_path / "spool")
    with pytest.raises(SetupError, match="in use by process"):
        opened(tmp_path / "spool")
    spool.close()
    opened(tmp_path / "spool").close()


def _text(path: Path) -> None:
    path.write_bytes(b"not a database, but long enough to be looked at as one" * 20)


def _newer(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.executescript("create table later (x); pragma user_version = 9;")
    connection.close()


@pytest.mark.parametrize("make", [_text, _newer])
def test_a_file_that_is_no_spool_of_ours(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "spool")
    with pytest.raises(SetupError, match="spool"):
        opened(tmp_path / "spool")


def test_a_broken_file_is_said(tmp_path: Path) -> None:
    spool = opened(tmp_path / "spool")
    spool._writer.execute("drop table event")
    with pytest.raises(Stop, match="can not be written"):
        spool.add([entry(1)])
    spool.close()


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    spool = opened(tmp_path / "spool")
    spool.add([entry(1)])
    assert {file.stat().st_mode & 0o077 for file in tmp_path.glob("spool*") if file.suffix != ".lock"} == {0}
    spool.close()


def test_what_was_sent_is_forgotten_after_97_days_and_what_waits_never(tmp_path: Path) -> None:
    spool = opened(tmp_path / "spool")
    spool.add([entry(1), entry(2)])
    send(spool, 1)
    spool.close()

    late = opened(tmp_path / "spool", now=KEPT_MS)
    assert late.kept(UUID(int=1)) is not None
    late.close()
    later = opened(tmp_path / "spool", now=KEPT_MS + 1)
    assert later.kept(UUID(int=1)) is None
    assert waiting(later) == [2]
    later.close()


def test_what_was_accepted_is_accepted_also_if_nothing_old_can_be_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("producers.spool._PRUNE_EVERY", 1)
    spool = opened(tmp_path / "spool")
    spool.add([entry(1)])
    send(spool, 1)
    with sqlite3.connect(tmp_path / "spool") as other:
        other.execute("create trigger full before delete on event begin select raise(abort, 'full'); end")
    other.close()
    spool._now_ms = lambda: KEPT_MS + 1
    assert spool.add([entry(2)]) == [Acceptance.ACCEPTED]
    assert waiting(spool) == [2]
    spool.close()

    later = opened(tmp_path / "spool", now=KEPT_MS + 1)
    assert send(later, 1) == [2]
    later.close()


def test_a_note_that_a_full_disk_does_not_take_is_said(tmp_path: Path) -> None:
    spool = opened(tmp_path / "spool")
    spool._writer.execute("pragma max_page_count = 1")
    with pytest.raises(SpoolFull, match="disk is full"):
        spool.note("rebase/a", "1" * 1_000_000)
    spool.close()


def test_a_note_stands_once_written(tmp_path: Path) -> None:
    spool = opened(tmp_path / "spool")
    assert [spool.note("rebase/a", value) for value in ("1", "2")] == ["1", "1"]
    spool.close()
