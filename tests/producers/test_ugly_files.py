"""Files as they come: no bad row, bad byte or absurd number ends an import; nothing is guessed or counted twice."""

from __future__ import annotations

import os
import tracemalloc
from pathlib import Path
from typing import Any

import orjson
import pytest

from alliance.errors import SetupError
from producers.cells import Conversion, value_of
from producers.importer import import_file
from producers.mapping import Mapping, for_file
from producers.rows import BadRow, read_csv, read_jsonl
from tests.producers.support import FakeBroker, client, identifier, transfer
from tests.producers.test_importer import imported, rejected

TWO = Mapping.model_validate({"kind": "alias", "fields": {"data.x": "{a}", "data.y": "{b}"}})


def lines(folder: Path, *events: bytes) -> Path:
    path = folder / "alerts.jsonl"
    path.write_bytes(b"\n".join(events))
    return path


def test_an_integer_beyond_64_bits_is_a_bad_row_like_another(tmp_path: Path) -> None:
    huge = orjson.dumps(transfer(2)).replace(b"28697", b"1" * 30)
    first = huge.replace(b"0.54", b"0.55")
    path = lines(tmp_path, first, orjson.dumps(transfer(1)), huge)
    for rebase in (False, True):
        result = imported(tmp_path / f"spool-{rebase}", path, rebase=rebase)
        assert (result.accepted, result.bad) == (1, 2)
        assert [entry["line"] for entry in rejected(result)] == [1, 3]
        assert result.bad_rows.read_bytes().count(b"1" * 30) == 2


def test_an_id_that_is_null_is_none_and_the_row_counts_once(tmp_path: Path) -> None:
    path, broker = lines(tmp_path, orjson.dumps({"id": None, **transfer()})), FakeBroker()
    assert [imported(tmp_path / "spool", path, broker).accepted for _ in range(2)] == [1, 0]
    assert len(broker.events()) == 1


def test_times_at_the_ends_of_the_calendar_end_no_import(tmp_path: Path) -> None:
    absurd: list[dict[str, Any]] = [
        {**transfer(2), "time": "9999-12-31T23:59:59+00:00"},
        {**transfer(3), "time": "0001-01-01T00:00:00+08:00"},
        {**transfer(4, duration_s=10**9), "time": "9999-12-31T00:00:00Z"},
        {**transfer(5, duration_s=-(10**18))},
    ]
    result = imported(tmp_path / "spool", lines(tmp_path, *map(orjson.dumps, absurd)), rebase=True)
    assert result.accepted + result.bad == 4


def test_a_file_of_one_endless_line_is_not_read_into_memory(tmp_path: Path) -> None:
    path = lines(tmp_path, b"x" * 40_000_000, b"{}")
    tracemalloc.start()
    rows = list(read_jsonl(path))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [number for number, _ in rows] == [1, 2]
    assert isinstance(rows[0][1], BadRow)
    assert "too many" in rows[0][1].reason
    assert peak < 15_000_000


def test_bytes_of_a_wide_encoding_are_named_with_their_line(tmp_path: Path) -> None:
    path = tmp_path / "alerts.csv"
    path.write_bytes("a,b\n1,2\n".encode("utf-16") + b"\n")
    with pytest.raises(SetupError, match=r"alerts\.csv: from line \d on no utf-16"):
        list(read_csv(path, TWO.model_copy(update={"encoding": "utf-16"})))


def test_a_table_of_another_encoding_is_told_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "alerts.csv"
    path.write_bytes("流水号,时间\n".encode("gb18030"))
    with pytest.raises(SetupError, match=r"not UTF-8 \(byte 0\); name its encoding in a mapping"):
        for_file(path)


def test_a_spreadsheets_mark_is_no_part_of_the_first_columns_name(tmp_path: Path) -> None:
    path = tmp_path / "alerts.csv"
    path.write_bytes(b"\xef\xbb\xbfa,b\n1,2\n")
    named = Mapping.model_validate({**TWO.model_dump(by_alias=True), "encoding": "UTF-8"})
    assert list(read_csv(path, named)) == [(2, {"data": {"kind": "alias", "x": "1", "y": "2"}})]


@pytest.mark.parametrize("name", ["base64", "idna", "rot13"])
def test_what_is_no_encoding_of_a_file(name: str) -> None:
    with pytest.raises(ValueError, match="no text encoding"):
        Mapping.model_validate({"kind": "alias", "fields": {}, "encoding": name})


@pytest.mark.parametrize("text", ["2026-11-10", "20261110", "2026-W46-2"])
def test_a_day_is_no_time(text: str) -> None:
    cell = {"from": "{t}", "type": "time", "zone": "Asia/Shanghai"}
    with pytest.raises(ValueError, match="no time of day"):
        value_of(Conversion.model_validate(cell), {"t": text})
    meant = Conversion.model_validate({**cell, "format": "%Y-%m-%d"})
    assert value_of(meant, {"t": "2026-11-10"}) == "2026-11-10T00:00:00+08:00"


@pytest.mark.parametrize("value", ["6217000000018067.0", " 6217000000018067.00 "])
def test_digits_that_a_spreadsheet_made_a_decimal_number_of_are_nobody_elses_account(
    tmp_path: Path, value: str
) -> None:
    event = transfer(counterparty={"account": identifier("account", value)})
    result = imported(tmp_path / "spool", lines(tmp_path, orjson.dumps(event)))
    assert result.bad == 1
    assert rejected(result)[0]["reason"].startswith("data.counterparty.account.value: malformed: a decimal number")


def test_bad_rows_that_can_not_be_taken_away_are_said(tmp_path: Path) -> None:
    path = lines(tmp_path, orjson.dumps(transfer()))
    path.with_name("alerts.jsonl.rejected.jsonl").mkdir()
    with client(tmp_path / "spool", FakeBroker()) as bank, pytest.raises(SetupError, match="can not be taken away"):
        import_file(bank, path, progress=False)


def dated(number: int, time: str, **over: Any) -> bytes:
    return orjson.dumps({**transfer(number, **over), "time": time})


def test_a_row_with_a_wrong_year_is_named_before_a_file_is_moved_to_now_by_it(tmp_path: Path) -> None:
    """All others would be too old for ever: what was chosen for a file once is remembered."""
    times = [f"2020-01-0{day}T08:00:00+08:00" for day in (1, 2, 3)]
    good = [dated(number, time) for number, time in enumerate(times)]
    wrong = lines(tmp_path, *good[:2], dated(9, "2062-01-02T08:00:00+08:00"), good[2])
    broker = FakeBroker()
    with client(tmp_path / "spool", broker) as bank:
        with pytest.raises(SetupError, match=r"alerts\.jsonl: line 3 .*2062-01-02.* 3 rows .*correct its time"):
            import_file(bank, wrong, rebase=True, progress=False)
        assert bank.waiting == bank.sent == 0
    corrected = imported(tmp_path / "spool", lines(tmp_path, *good), broker, rebase=True)
    assert (corrected.accepted, corrected.bad) == (3, 0)
    longer = imported(tmp_path / "spool", lines(tmp_path, *good, dated(9, "2062-01-02T08:00:00+08:00")), rebase=True)
    assert (longer.duplicates, longer.bad) == (3, 1)


def test_a_long_or_sparse_file_is_moved_to_now_as_it_is(tmp_path: Path) -> None:
    month = [dated(day, f"2020-01-{day:02}T08:00:00+08:00") for day in range(1, 32)]
    assert imported(tmp_path / "month", lines(tmp_path, *month), rebase=True).accepted == 8
    lasting = dated(40, "2020-01-31T08:00:00+08:00") + b"\n" + dated(41, "2020-02-01T08:00:00+08:00")
    assert imported(tmp_path / "gap", lines(tmp_path, month[0], month[1], lasting), rebase=True).accepted == 2


@pytest.mark.parametrize("content", [b"keys that nobody can make again\n", b'{"id": 1}\n', orjson.dumps(transfer())])
def test_event_ids_are_written_over_no_file_but_such_a_one(tmp_path: Path, content: bytes) -> None:
    path, theirs = lines(tmp_path, orjson.dumps(transfer())), tmp_path / "bank-a.member"
    theirs.write_bytes(content)
    with (
        client(tmp_path / "spool", FakeBroker()) as bank,
        pytest.raises(SetupError, match="no event ids; name another"),
    ):
        import_file(bank, path, progress=False, ids_path=theirs)
    assert theirs.read_bytes() == content


def test_event_ids_may_go_into_a_file_that_was_made_for_them(tmp_path: Path) -> None:
    path, empty = lines(tmp_path, orjson.dumps(transfer())), tmp_path / "ids"
    empty.touch()
    imported(tmp_path / "spool", path, ids_path=empty)
    assert empty.read_bytes().startswith(b'{"line":1,"id":"')
    with (
        client(tmp_path / "spool", FakeBroker()) as bank,
        pytest.raises(SetupError, match="no event ids; name another"),
    ):
        import_file(bank, path, progress=False, ids_path=tmp_path)


def test_what_can_be_read_but_once_is_refused_and_not_taken_for_an_empty_file(tmp_path: Path) -> None:
    """As a shell gives `<(zcat alerts.jsonl.gz)`: counting its lines would leave nothing to publish."""
    read, write = os.pipe()
    os.write(write, orjson.dumps(transfer()) + b"\n")
    os.close(write)
    try:
        with client(tmp_path / "spool", FakeBroker()) as bank, pytest.raises(SetupError, match="save it in a file"):
            import_file(bank, Path(f"/dev/fd/{read}"), progress=False)
    finally:
        os.close(read)
