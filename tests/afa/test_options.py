"""Before anything is signed a person at a terminal is asked once more."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest
import typer

from afa import options


@pytest.mark.parametrize(
    ("at_a_terminal", "yes", "asks"), [(True, False, True), (True, True, False), (False, False, False)]
)
def test_who_is_at_a_terminal_is_asked_and_no_script(
    monkeypatch: pytest.MonkeyPatch, at_a_terminal: bool, yes: bool, asks: bool
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(isatty=lambda: at_a_terminal))
    monkeypatch.setattr(typer, "confirm", lambda question, **_: asked.append(question))
    options.confirm("Sign this?", yes)
    assert asked == ["Sign this?"] * asks
