"""What leaves the command line: objects for scripts, tables a person can read, and nothing else on stdout."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from afa.output import WIDTH, Column, amount, amounts, follow, show, when
from schemas.base import Money

MONEY = [Money(minor=1234567, currency="CNY"), Money(minor=5, currency="CNY"), Money(minor=1234567, currency="JPY")]
COLUMNS = (
    Column[Money]("Amount", 20, amount, "right"),
    Column[Money]("Currency", 8, lambda m: m.currency),
)


def test_amounts_are_grouped_and_have_their_currencys_decimals() -> None:
    assert [amount(money) for money in MONEY] == ["12,345.67 CNY", "0.05 CNY", "1,234,567 JPY"]
    assert amount(None) == amounts([]) == "–"
    assert amounts(MONEY[:2]) == "12,345.67 CNY, 0.05 CNY"


def test_times_are_the_machines_own(monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    monkeypatch.setenv("TZ", "Asia/Shanghai")
    time.tzset()
    try:
        assert when(datetime(2026, 11, 10, 23, 59, 1, tzinfo=UTC)) == "11-11 07:59:01"
    finally:
        monkeypatch.undo()
        time.tzset()
    assert when(None) == "–"


def test_scripts_get_one_object_a_line_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    show([MONEY[:2], MONEY[2:]], COLUMNS, as_json=True, empty="none")
    out, err = capsys.readouterr()
    assert [Money(**json.loads(line)) for line in out.splitlines()] == MONEY
    assert err == ""


def test_that_there_is_nothing_is_said_on_stderr_alone(capsys: pytest.CaptureFixture[str]) -> None:
    show([[], [MONEY[0]]], COLUMNS, as_json=True, empty="There is none yet.")
    out, err = capsys.readouterr()
    assert (len(out.splitlines()), err) == (1, "There is none yet.\n")


def test_later_rows_stand_under_the_earlier_ones_without_another_heading(capsys: pytest.CaptureFixture[str]) -> None:
    show([MONEY[:1], MONEY[1:2]], COLUMNS, as_json=False, empty="")
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert lines[0].split() == ["Amount", "Currency"]
    assert len({line.index("CNY") for line in lines[1:]}) == 1
    assert max(map(len, lines)) <= WIDTH


def test_brackets_in_what_members_write_are_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    show([MONEY[:1]], [Column[Money]("Note", 30, lambda m: "[red]alarm[/red] [x]")], as_json=False, empty="")
    assert "[red]alarm[/red] [x]" in capsys.readouterr().out


def test_ctrl_c_while_a_batch_is_printed_ends_a_following_in_order_and_nothing_else() -> None:
    def struck(_: Money) -> str:
        raise KeyboardInterrupt

    columns = (Column[Money]("Amount", 20, struck),)
    follow([MONEY], columns, as_json=False, empty="", on=True)
    with pytest.raises(KeyboardInterrupt):
        follow([MONEY], columns, as_json=False, empty="", on=False)
