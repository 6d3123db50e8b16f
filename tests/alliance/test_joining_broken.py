"""Joining, new keys and restoring where a command is killed in the middle: the same command finishes it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import pytest

from alliance.clock import wall_now
from alliance.errors import Refused
from alliance.joining import desk as desks
from alliance.joining import newcomer, standing
from alliance.joining.desk import Desk
from alliance.kafka import probe
from schemas.topics import SUSPICIOUS_ACCOUNT
from tests.alliance.test_joining import Hall, hall

__all__ = ["hall"]
pytestmark = pytest.mark.services


def _dies(*_: object, **__: object) -> NoReturn:
    raise RuntimeError("killed here")


@contextmanager
def broken_at(step: str) -> Iterator[None]:
    """A command that is killed there."""
    owner, _, name = step.rpartition(".")
    with pytest.MonkeyPatch.context() as broken, pytest.raises(RuntimeError, match="killed here"):
        broken.setattr({"": desks, "Desk": Desk, "standing": standing}[owner], name, _dies)
        yield


@pytest.mark.parametrize("step", ["add_member", "Desk.welcome", "publish", "Desk._answer"])
def test_an_approval_that_broke_off_is_made_again(hall: Hall, step: str) -> None:
    unit = f"bank-{step.lower().replace('.', '-').replace('_', '')}"
    invite = hall.invite(unit)
    held = newcomer.ask(invite, hall.file(unit), wall_now())
    request = hall.desk.asked(unit)
    with broken_at(step):
        hall.desk.approve(request)
    assert hall.desk.asked(unit) == request
    assert [judged.answered for filed, judged in hall.desk.filed() if filed.spec.member == unit] == [False]
    hall.desk.approve(request)
    assert newcomer.wait(held, newcomer.invite_login(invite), 15).password is not None
    with pytest.raises(Refused, match="waits for approval"):
        hall.desk.asked(unit)


def test_an_answer_that_was_given_by_another_invite_answers_no_later_one(hall: Hall) -> None:
    """The unit asks by both with the keys that its file has."""
    for _ in range(2):
        invite = hall.invite("bank-slow")
        held = newcomer.ask(invite, hall.file("bank-slow"), wall_now())
        hall.desk.approve(hall.desk.asked("bank-slow"))
    assert newcomer.wait(held, newcomer.invite_login(invite), 15).password is not None


def test_an_invite_that_broke_off_hides_no_other(hall: Hall) -> None:
    """It was filed, and the broker knows no topic of it."""
    with broken_at("open_joining"):
        hall.invite("bank-nowhere")
    hall.invite("bank-somewhere")
    assert {"bank-nowhere", "bank-somewhere"} <= {filed.spec.member for filed, _ in hall.desk.filed()}
    with pytest.raises(Refused, match="nobody has used its invite yet"):
        hall.desk.asked("bank-nowhere")


def test_new_keys_whose_approval_broke_off_wait_until_they_are_answered(hall: Hall) -> None:
    """The registry had them, and the unit would never have known, until its former key ended."""
    held = hall.join("bank-changes")
    asking = newcomer.ask_for_change(held)
    request = hall.desk.asked("bank-changes")
    with broken_at("Desk._answer"):
        hall.desk.approve(request)
    newcomer.ask_for_change(asking)
    assert hall.desk.changes("bank-changes") == [request]
    hall.desk.approve(hall.desk.asked("bank-changes"))
    assert newcomer.wait(asking, held.login(), 15).keys.key_id == request.key_id
    assert not hall.desk.changes("bank-changes")


@pytest.mark.parametrize("step", ["standing.new_password", "Desk.welcome", "standing.add_member"])
def test_a_member_whose_restoring_broke_off_is_restored_by_the_same_command(hall: Hall, step: str) -> None:
    """Else the broker had a password that nobody was told, and the second command had nothing more to do."""
    unit = f"bank-back-{step.lower().partition('.')[2].replace('_', '-')}"
    held = hall.join(unit)
    standing.revoke(hall.desk, unit)
    with broken_at(step):
        hall.restore(unit)
    answer = hall.restore(unit)
    assert answer is not None
    restored = newcomer.taken(held, answer.decode())
    assert restored is not None
    probe(restored.login(), writes=[SUSPICIOUS_ACCOUNT.name])
