"""What a process logs of a fault: where it was, and nothing of what the variables held."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import structlog

from alliance import logs


def fail() -> None:
    opened = "".join(["6222", "0205"])
    raise LookupError(opened)


def said(tell: Callable[[Exception], None], capsys: pytest.CaptureFixture[str]) -> str:
    password = "".join(["hunter", "2"])
    logs.to_stderr()
    try:
        fail()
    except LookupError as error:
        tell(error)
    finally:
        structlog.reset_defaults()
    out, err = capsys.readouterr()
    assert not out
    assert "it failed" in err and "LookupError" in err
    assert password not in err
    return err


def test_an_exception_is_logged_without_the_variables_of_its_frames(capsys: pytest.CaptureFixture[str]) -> None:
    assert "in fail" in said(lambda _: structlog.get_logger().exception("it failed"), capsys)


def test_a_fault_is_told_by_its_kind_and_its_place_alone(capsys: pytest.CaptureFixture[str]) -> None:
    err = said(lambda error: structlog.get_logger().error("it failed", **logs.fault(error)), capsys)
    assert "test_logs.py:" in err
    assert "62220205" not in err
