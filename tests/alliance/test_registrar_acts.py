"""What the registrar does beside the registry is on its topic before it is done, signed, and without a secret."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from alliance import kafka, membership
from alliance.clock import wall_now
from alliance.errors import Refused, SetupError
from alliance.joining import desk as desks
from alliance.joining import newcomer, rotation, standing, taking
from alliance.kafka import KafkaLogin
from alliance.membership import MemberSpec, enrol, token_keys
from alliance.registrar import registrar_keys
from alliance.roll import Roll
from schemas.joining import Invite
from schemas.registrar import (
    InviteWithdrawn,
    RateAgreed,
    RegistrarAct,
    TokenKeysGiven,
    TokenKeysTaken,
    UnitInvited,
    registrar_act,
)
from schemas.registry import Alliance, Sector
from schemas.topics import REGISTRAR_ACTS
from tests.alliance.test_joining import CLOCK, Hall, hall
from tests.alliance.test_rotation import NONE, _dies, rotating

pytestmark = pytest.mark.services
__all__ = ["hall", "rotating"]


def records(login: KafkaLogin, unit: str) -> list[Any]:
    return [record for record in kafka.whole(login, REGISTRAR_ACTS.name) if record.key == unit.encode()]


def said(login: KafkaLogin, unit: str) -> list[RegistrarAct]:
    return [act for record in records(login, unit) if (act := registrar_act(record.value))]


def spec(unit: str, rate: int | None = None) -> MemberSpec:
    return MemberSpec(unit, unit, Sector.BANK, Alliance.POLICE_BANK, (f"cnaps:{unit}",), rate=rate)


def invite(hall: Hall, unit: str, rate: int | None = None) -> Invite:
    hall.units.append(unit)
    return hall.desk.invite(spec(unit, rate), hall.broker, timedelta(hours=1))


def asked(hall: Hall, unit: str, rate: int | None = None) -> None:
    newcomer.ask(invite(hall, unit, rate), hall.file(unit), wall_now())


def enrolled(hall: Hall, unit: str, rate: int | None = None) -> None:
    enrol(hall.desk.data, hall.desk.login, spec(unit, rate), token_keys(hall.desk.data), CLOCK)


def rotated(hall: Hall, unit: str) -> None:
    held = hall.join(unit)
    rotation.rotate(hall.desk)
    taking.take(held)


def nothing(hall: Hall, unit: str) -> None:
    pass


Step = Callable[[Hall, str], object]
ACTS: dict[str, tuple[Step, Any, str, Step, type[Any]]] = {
    "invite": (nothing, desks, "open_joining", invite, UnitInvited),
    "uninvite": (invite, desks, "close_joining", lambda at, unit: at.desk.withdraw(unit), InviteWithdrawn),
    "rate": (Hall.join, standing, "agree_rate", lambda at, unit: standing.agree(at.desk, unit, 7), RateAgreed),
    "admit-rate": (lambda at, unit: asked(at, unit, 7), desks, "add_member",
                   lambda at, unit: at.desk.approve(at.desk.asked(unit)), RateAgreed),
    "admit-keys": (asked, desks, "publish", lambda at, unit: at.desk.approve(at.desk.asked(unit)), TokenKeysGiven),
    "enrol-rate": (nothing, membership, "add_member", lambda at, unit: enrolled(at, unit, 7), RateAgreed),
    "enrol-keys": (nothing, membership, "publish", enrolled, TokenKeysGiven),
    "restore": (enrolled, standing, "give_token_keys",
                lambda at, unit: at.restore(unit), TokenKeysGiven),
    "rotate": (Hall.join, rotation, "give_token_keys", lambda at, unit: rotation.rotate(at.desk), TokenKeysGiven),
    "cut-over": (rotated, rotation, "_put_in_force",
                 lambda at, unit: rotation.cut_over(at.desk, NONE), TokenKeysTaken),
}  # fmt: skip


@pytest.mark.parametrize("act", ACTS)
def test_a_command_that_breaks_off_has_said_what_it_was_about_to_do(
    rotating: Hall, kafka_login: KafkaLogin, monkeypatch: pytest.MonkeyPatch, act: str
) -> None:
    before, module, effect, command, kind = ACTS[act]
    unit = f"bank-acts-{act}"
    before(rotating, unit)
    known = sum(isinstance(each, kind) for each in said(kafka_login, unit))
    with monkeypatch.context() as broken, pytest.raises(RuntimeError):
        broken.setattr(module, effect, _dies)
        command(rotating, unit)
    assert sum(isinstance(each, kind) for each in said(kafka_login, unit)) == known + 1


def test_all_that_is_done_of_a_unit_is_said_in_its_order_and_nothing_secret(
    rotating: Hall, kafka_login: KafkaLogin
) -> None:
    desk, unit = rotating.desk, "bank-acts"
    made = invite(rotating, unit, 7)
    held = newcomer.ask(made, rotating.file(unit), wall_now())
    desk.approve(desk.asked(unit))
    joined = newcomer.wait(held, newcomer.invite_login(made), 15)
    assert standing.agree(desk, unit, 9) == 7
    rotation.rotate(desk)
    taking.take(joined)
    rotation.cut_over(desk, NONE)
    assert desk.withdraw(unit)
    assert not desk.withdraw(unit)

    first, *others = said(kafka_login, unit)
    assert isinstance(first, UnitInvited)
    assert (first.sector, first.alliance, first.routes) == (Sector.BANK, Alliance.POLICE_BANK, [f"cnaps:{unit}"])
    assert (first.invite_id, first.rate, first.expires) == (made.invite_id, 7, made.expires)
    kinds = [RateAgreed, TokenKeysGiven, RateAgreed, TokenKeysGiven, TokenKeysTaken, TokenKeysGiven, InviteWithdrawn]
    assert [type(each) for each in others] == kinds
    assert [each.rate for each in others if isinstance(each, RateAgreed)] == [7, 9]
    epochs = [each.epochs for each in others if isinstance(each, TokenKeysGiven | TokenKeysTaken)]
    assert epochs == [["e1"], ["e1", "e2"], ["e1", "e2"], ["e2"]]
    assert all(each.word for each in others if isinstance(each, TokenKeysTaken))
    roll = Roll(registrar_keys(desk.data).public.verifier())
    assert all(roll.vouches(record) for record in records(kafka_login, unit))
    password = joined.password
    assert password is not None
    assert not [one for one in records(kafka_login, unit) if made.code.encode() in one.value]
    assert not [one for one in records(kafka_login, unit) if password.encode() in one.value]


def test_what_is_refused_is_not_said(rotating: Hall, kafka_login: KafkaLogin) -> None:
    odd = MemberSpec("bank-acts-odd", "Odd", Sector.BANK, Alliance.POLICE_BANK, ("no code",))
    with pytest.raises(SetupError, match=r"bank-acts-odd can not be a member: routes\.0"):
        rotating.desk.invite(odd, rotating.broker, timedelta(hours=1))
    with pytest.raises(Refused, match="never admitted"):
        standing.agree(rotating.desk, "bank-acts-odd", 7)
    assert not rotating.desk.withdraw("bank-acts-odd")
    assert records(kafka_login, "bank-acts-odd") == []
