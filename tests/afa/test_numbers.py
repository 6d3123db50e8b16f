"""`afa scorecard` as a member, and `afa tasks`: what a member may see, and the deadlines that were missed."""

from __future__ import annotations

import pytest

from schemas.answers import AnswerStatus
from tests.afa.desk import Desk
from tests.consumers.facts import account, yuan
from tests.consumers.test_office import stopped

pytestmark = pytest.mark.services


def test_a_members_numbers_are_shown_to_none_but_who_has_its_keys(desk: Desk) -> None:
    code, shown, told = desk.afa("scorecard", "--as", "bank-one")
    assert (code, shown) == (1, [])
    assert "has no member 'bank-one'" in told


def test_a_missed_deadline_is_a_task_until_it_is_met(desk: Desk) -> None:
    office = desk.office
    assert desk.afa("tasks") == (0, [], "There is no task.\n")
    _, stop = stopped(office, account())
    office.deliver()
    office.pass_time(minutes=31)
    code, tasks, _ = desk.afa("tasks")
    mine = {task["kind"]: task for task in tasks if task["subject"] == str(stop.request_id)}
    assert (code, sorted(mine)) == (0, ["acknowledge", "final"])
    assert (mine["final"]["unit"], mine["final"]["why"]) == ("police-one", "bank-one has not answered the stop")
    assert (mine["final"]["case_id"], mine["final"]["told"]) == (str(stop.case_id), 0)
    assert mine["final"]["since"] > mine["acknowledge"]["since"]
    office.answer(stop, AnswerStatus.EXECUTED, amount=yuan(5_000_000))
    closed = [task for task in desk.afa("tasks")[1] if task["subject"] == str(stop.request_id)]
    assert len(closed) == 2
    assert all(task["closed_at"] for task in closed)
