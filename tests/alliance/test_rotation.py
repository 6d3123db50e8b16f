"""A rotation of the token epoch on a real broker: from the registrar's command to a member that makes both tokens, and
to the end of the overlap.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from datetime import timedelta

import pytest

from alliance import kafka
from alliance.allowlist import AllowList
from alliance.errors import Refused
from alliance.joining import memberfile, rotation, taking
from alliance.joining.memberfile import MemberFile
from alliance.keys.encoding import encode
from alliance.keys.store import generate
from alliance.membership import read_registry, save_token_keys, token_keys
from alliance.registrar import registrar_keys
from alliance.registry import Registry
from alliance.roll import Roll
from schemas.epochs import EPOCHS_KEY
from schemas.joining import ClockOrigin, EpochKey, Welcome
from schemas.registry import Member
from schemas.topics import RULES
from tests.alliance.test_joining import Hall, hall

pytestmark = pytest.mark.services
__all__ = ["hall"]

NONE, LONG = timedelta(0), timedelta(days=97)


@pytest.fixture
def rotating(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hall]:
    """The registrar's desk, among the members that this test lets join; others get back what they had."""
    before = token_keys(hall.desk.data)

    def active(desk: object) -> list[Member]:
        return [member for member in read_registry(hall.desk.login) if member.member in hall.units]

    monkeypatch.setattr(rotation, "_active", active)
    yield hall
    save_token_keys(hall.desk.data, before)
    with kafka.producer(hall.desk.login) as sender:
        sender.send(RULES.name, None, EPOCHS_KEY.encode()).get(10)


def test_a_member_takes_the_new_key_and_the_registrar_cuts_over_when_all_have(rotating: Hall) -> None:
    desk = rotating.desk
    held, late = rotating.join("bank-quick"), rotating.join("bank-late")
    assert [(view.epoch, view.leads) for view in rotation.views(desk)] == [("e1", True)]

    told = rotation.rotate(desk)
    assert ([epoch.epoch for epoch in told.epochs], told.leading) == (["e1", "e2"], "e1")
    with pytest.raises(Refused, match="overlap"):
        rotation.rotate(desk)
    with pytest.raises(Refused, match="bank-late, bank-quick have not taken the key of e2"):
        rotation.cut_over(desk, NONE)

    took = taking.take(held)
    assert took.refused == []
    assert took.held.keys.tokens == token_keys(desk.data)
    assert memberfile.load(held.path).keys.tokens == took.held.keys.tokens
    assert stat.S_IMODE(held.path.stat().st_mode) == 0o600
    newer = rotation.views(desk)[-1]
    assert (newer.epoch, newer.leads, newer.taken, newer.missing) == ("e2", False, ["bank-quick"], ["bank-late"])
    with pytest.raises(Refused, match="bank-late have not taken"):
        rotation.cut_over(desk, NONE)

    taking.take(late)
    with pytest.raises(Refused, match="--early"):
        rotation.cut_over(desk, LONG)
    assert rotation.cut_over(desk, LONG, early=True).leading == "e2"
    assert list(token_keys(desk.data).epochs) == ["e2"]
    after = taking.take(took.held)
    assert after.held.keys.tokens == token_keys(desk.data)
    # Its mail has the overlap's letter too, which the cut-over's has followed.
    again = taking.take(after.held)
    assert (again.held.keys.tokens, len(again.refused)) == (token_keys(desk.data), 1)


def test_what_the_hub_is_told_is_signed_has_no_key_and_is_no_allow_list_entry(rotating: Hall) -> None:
    desk = rotating.desk
    rotation.rotate(desk)
    records = [record for record in kafka.whole(desk.login, RULES.name) if record.key == EPOCHS_KEY.encode()]
    assert Roll(registrar_keys(desk.data).public.verifier()).vouches(records[-1])
    assert not Roll(generate("another").public.verifier()).vouches(records[-1])
    listed = AllowList()
    listed.apply(EPOCHS_KEY, records[-1].value)
    assert not list(listed.filed(Registry()))
    path = desk.data.path / "members" / "tokens.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not [key for key in token_keys(desk.data).epochs.values() if key in records[-1].value]


def test_an_old_answer_of_the_registrar_brings_no_older_token_key_back(rotating: Hall) -> None:
    held = rotating.join("bank-shown-again")
    before = Welcome(token_keys=_entries(held), clock=ClockOrigin(origin_wall=0.0, origin_alliance=0.0, rate=1.0))
    rotation.rotate(rotating.desk)
    after = taking.take(held).held
    assert after.welcomed(before).keys.tokens == after.keys.tokens == token_keys(rotating.desk.data)


def _entries(held: MemberFile) -> list[EpochKey]:
    assert held.keys.tokens is not None
    return [EpochKey(epoch=epoch, key=encode(key)) for epoch, key in held.keys.tokens.epochs.items()]
