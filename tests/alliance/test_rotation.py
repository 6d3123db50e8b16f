"""A rotation of the token epoch on a real broker: from the registrar's command to a member that makes both tokens, and
to the end of the overlap.
"""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta

import pytest

from alliance import kafka
from alliance.allowlist import AllowList
from alliance.errors import Refused
from alliance.joining import memberfile, newcomer, rotation, standing, taking
from alliance.joining.memberfile import MemberFile
from alliance.keys.encoding import encode
from alliance.keys.seals import BadSeal
from alliance.keys.store import generate
from alliance.membership import MemberSpec, enrol, load_keys, read_registry, save_token_keys, token_keys
from alliance.registrar import registrar_keys, signed
from alliance.registry import Registry
from alliance.roll import Roll
from schemas.epochs import EPOCHS_KEY, Epoch
from schemas.joining import ClockOrigin, EpochKey, KeyRequest, Welcome
from schemas.registry import Alliance, Member, Sector, Status
from schemas.topics import RULES, joining_topic
from streams.rules import load_rules
from tests.alliance.test_joining import Hall, hall

pytestmark = pytest.mark.services
__all__ = ["hall"]

NONE, LONG = timedelta(0), timedelta(days=97)


@pytest.fixture
def rotating(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hall]:
    """The registrar's desk, among the members that this test lets join; others get back what they had."""
    before = token_keys(hall.desk.data)

    def active(desk: object) -> list[Member]:
        return [
            member
            for member in read_registry(hall.desk.login)
            if member.member in hall.units and member.status is Status.ACTIVE
        ]

    monkeypatch.setattr(rotation, "_active", active)
    yield hall
    save_token_keys(hall.desk.data, before)
    with kafka.producer(hall.desk.login) as sender:
        sender.send(RULES.name, None, EPOCHS_KEY.encode()).get(10)


def test_a_member_takes_the_new_key_and_the_registrar_cuts_over_when_all_have(rotating: Hall) -> None:
    desk = rotating.desk
    held, late = rotating.join("bank-quick"), rotating.join("bank-late")
    assert [(view.epoch, view.leads) for view in rotation.views(desk)] == [("e1", True)]
    with pytest.raises(Refused, match="no epoch beside e1; rotate first"):
        rotation.cut_over(desk, NONE)

    told = rotation.rotate(desk).told
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
    # What began with the rotation goes on.
    assert rotation.cut_over(desk, LONG, early=True).told.epochs == told.epochs[1:]
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


@pytest.mark.parametrize("step", ["save_token_keys", "give_token_keys", "_deliver"])
def test_a_rotation_that_broke_off_at_any_step_is_finished(
    rotating: Hall, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    desk, unit = rotating.desk, f"bank-broken-{step.strip('_')[:4]}"
    held = rotating.join(unit)

    def finished(change: Callable[[], object]) -> MemberFile:
        with monkeypatch.context() as broken, pytest.raises(RuntimeError):
            broken.setattr(rotation, step, _dies)
            change()
        if step == "save_token_keys":
            change()
        else:
            assert unit in rotation.send(desk)[0]
        return taking.take(held).held

    held = finished(lambda: rotation.rotate(desk))
    assert (names(held), [view.epoch for view in rotation.views(desk)]) == (["e1", "e2"], ["e1", "e2"])
    held = finished(lambda: rotation.cut_over(desk, NONE))
    assert (names(held), [view.epoch for view in rotation.views(desk)]) == (["e2"], ["e2"])
    assert held.keys.tokens == token_keys(desk.data)
    assert rotation.send(desk) == ([], {})


def _dies(*given: object, **named: object) -> None:
    raise RuntimeError("the process ends here")


def names(held: MemberFile) -> list[str]:
    assert held.keys.tokens is not None
    return list(held.keys.tokens.epochs)


def test_a_member_to_whom_nothing_can_be_sealed_keeps_the_key_from_no_other(
    rotating: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, held = rotating.desk, rotating.join("bank-sealed")
    rotating.join("bank-bad")
    bad = {"bank-bad": {"seal_key": encode(bytes(32))}}
    active = rotation._active
    monkeypatch.setattr(
        rotation, "_active", lambda desk: [one.model_copy(update=bad.get(one.member)) for one in active(desk)]
    )
    assert list(rotation.rotate(desk).unsent) == ["bank-bad"]
    assert names(taking.take(held).held) == ["e1", "e2"]
    sent, unsent = rotation.send(desk)
    assert (sent, list(unsent)) == (["bank-bad"], ["bank-bad"])


def test_what_can_not_be_answered_is_not_in_the_registry(rotating: Hall) -> None:
    held = rotating.join("bank-answer")
    keys = held.keys.public
    request = KeyRequest(member="bank-answer", key_id="k2", signing=keys.signing, sealing=encode(bytes(32)))
    before = rotating.desk.registry().member("bank-answer")
    with pytest.raises(BadSeal):
        rotating.desk.approve(request)
    assert rotating.desk.registry().member("bank-answer") == before


def test_a_member_of_this_folder_that_is_revoked_gets_no_key_until_it_is_restored(
    rotating: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = rotating.desk
    for unit in ("bank-out", "bank-in"):
        rotating.units.append(unit)
        spec = MemberSpec(unit, unit, Sector.BANK, Alliance.POLICE_BANK)
        enrol(desk.data, desk.login, spec, token_keys(desk.data), desk.clock)
    standing.revoke(desk, "bank-out")

    def epochs() -> list[list[str]]:
        found = (load_keys(desk.data, unit).tokens for unit in ("bank-out", "bank-in"))
        return [list(tokens.epochs) for tokens in found if tokens]

    with monkeypatch.context() as broken, pytest.raises(RuntimeError):
        broken.setattr(rotation, "give_token_keys", _dies)
        rotation.rotate(desk)
    assert rotation.send(desk) == (["bank-in"], {})
    assert epochs() == [["e1"], ["e1", "e2"]]
    rotation.cut_over(desk, NONE)
    assert epochs() == [["e1"], ["e2"]]
    rotating.restore("bank-out")
    assert load_keys(desk.data, "bank-out").tokens == token_keys(desk.data)


def test_a_letter_that_is_sealed_to_keys_that_wait_for_their_answer_opens(rotating: Hall) -> None:
    """The registry has them from the approval on, and the unit's file once it has looked."""
    desk, held = rotating.desk, rotating.join("bank-between")
    asking = newcomer.ask_for_change(held)
    desk.approve(desk.asked("bank-between"))
    rotation.rotate(desk)
    took = taking.take(asking)
    assert took.refused == []
    assert took.held.keys.tokens == token_keys(desk.data)
    assert (took.held.keys.kid, took.held.keys.former) == (held.keys.kid, held.keys.former)
    changed = newcomer.wait(took.held, held.login(), 15)
    assert (changed.keys.tokens, changed.keys.key_id) == (token_keys(desk.data), asking.next and asking.next.key_id)


def test_what_a_member_said_is_kept_for_longer_than_an_overlap_lasts() -> None:
    assert joining_topic("m").retention_ms > load_rules().memory_ms()


def test_a_list_of_epochs_that_another_planted_or_put_back_changes_nothing_of_the_next(rotating: Hall) -> None:
    desk, held = rotating.desk, rotating.join("bank-list")
    first = rotation.rotate(desk).told
    taking.take(held)
    false = first.model_copy(update={"epochs": first.epochs[:1]})
    value = false.model_dump_json().encode()
    late = first.model_copy(update={"at": first.at + timedelta(days=1), "epochs": _since_long_ago(first.epochs)})
    forged = late.model_dump_json().encode()
    with kafka.producer(desk.login) as sender:
        for content, keys in ((value, registrar_keys(desk.data)), (forged, generate("registrar"))):
            sender.send(RULES.name, content, EPOCHS_KEY.encode(), headers=[signed(keys, content)]).get(10)
    assert [(view.epoch, view.since) for view in rotation.views(desk)] == [(e.epoch, e.since) for e in first.epochs]
    with pytest.raises(Refused, match="--early"):
        rotation.cut_over(desk, LONG)
    assert [epoch.epoch for epoch in rotation.cut_over(desk, NONE).told.epochs] == ["e2"]


def _since_long_ago(epochs: Iterable[Epoch]) -> list[Epoch]:
    return [epoch.model_copy(update={"since": epoch.since - 2 * LONG}) for epoch in epochs]


def test_an_old_answer_of_the_registrar_brings_no_older_token_key_back(rotating: Hall) -> None:
    held = rotating.join("bank-shown-again")
    before = Welcome(token_keys=_entries(held), clock=ClockOrigin(origin_wall=0.0, origin_alliance=0.0, rate=1.0))
    rotation.rotate(rotating.desk)
    after = taking.take(held).held
    assert after.welcomed(before).keys.tokens == after.keys.tokens == token_keys(rotating.desk.data)


def _entries(held: MemberFile) -> list[EpochKey]:
    assert held.keys.tokens is not None
    return [EpochKey(epoch=epoch, key=encode(key)) for epoch, key in held.keys.tokens.epochs.items()]
