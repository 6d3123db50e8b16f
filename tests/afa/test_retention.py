"""`afa retention`: what a run would erase is told before, and what it erased after; nothing else is touched."""

from __future__ import annotations

import time
from types import SimpleNamespace

import pytest

from afa import judging, retention
from consumers.casebook.retention.runs import Retention
from tests.afa.desk import Desk
from tests.consumers.archive import retain, rows, step
from tests.consumers.facts import account, lead
from tests.consumers.test_retention import LATER, suspicion

pytestmark = pytest.mark.services


@pytest.fixture
def turning(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk where the casebook erases while a command waits for it."""
    erasing = Retention(desk.office.profile)
    waits = SimpleNamespace(monotonic=time.monotonic, sleep=lambda _: step(desk.office, erasing))
    monkeypatch.setattr(judging, "time", waits)
    monkeypatch.setattr(retention, "_topics", lambda _: [])
    return desk


def test_what_is_past_is_shown_foretold_and_erased_as_it_was_foretold(turning: Desk) -> None:
    office = turning.office
    suspicion(office)
    office.pass_time(days=LATER.days)
    assert not retain(office, steps=1)
    office.suspect(lead(account()))
    code, shown, _ = turning.afa("retention", "show")
    past = {one["name"]: one["past"] for one in shown if one["past"]}
    assert (code, past["case"], past["lead"]) == (0, 1, 1)
    code, (foretold,), _ = turning.afa("retention", "run", "--dry-run")
    assert (code, foretold["run"], foretold["erased"]) == (0, None, past)
    assert rows(office, "case") == 2
    code, (done,), _ = turning.afa("retention", "run")
    # The acts are free once what they are about is gone.
    acts = done["erased"].pop("audit")
    assert (code, done["erased"], acts > 0) == (0, foretold["erased"], True)
    assert done["ended_at"] is not None
    assert rows(office, "case") == 1
    code, (again,), _ = turning.afa("retention", "run")
    assert (code, again["erased"], again["run"] > done["run"]) == (0, {}, True)


def test_where_no_casebook_runs_the_run_is_filed_and_says_so(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter(range(0, 1_000, 10))
    monkeypatch.setattr(judging, "time", SimpleNamespace(monotonic=lambda: next(moments), sleep=lambda _: None))
    code, out, told = desk.afa("retention", "run")
    assert (code, out, "is filed" in told) == (1, [], True)
    assert rows(desk.office, "retention_run", "begun_at is null") == 1
