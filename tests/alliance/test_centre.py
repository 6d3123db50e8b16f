"""The police centre is the first active police unit by name: members seal to it, and its vault alone opens that."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from alliance.broker.passwords import login_of
from alliance.clock import wall_now
from alliance.embedded.services import EmbeddedServices
from alliance.errors import Refused
from alliance.joining import newcomer, standing
from alliance.membership import MemberSpec, enrol, proven_registry, token_keys
from alliance.registrar import publish, registrar_keys
from schemas.registry import Alliance, Member, Sector, Status
from tests.alliance.test_joining import CLOCK, Hall, hall

__all__ = ["hall"]
pytestmark = pytest.mark.services


def unit(name: str) -> MemberSpec:
    return MemberSpec(name, "Police", Sector.POLICE, Alliance.COMPREHENSIVE)


@pytest.fixture
def no_other_police(services: EmbeddedServices) -> Iterator[None]:
    """The registry is also others': their police are away meanwhile, and what a test has admitted is after it."""
    login, keys = login_of("registrar", services.admin, services.data.secret), registrar_keys(services.data)

    def active() -> list[Member]:
        known = proven_registry(login, keys.public.verifier())
        return [one for one in known if one.sector is Sector.POLICE and one.status is Status.ACTIVE]

    def away(units: list[Member]) -> None:
        publish(login, keys, [one.model_copy(update={"status": Status.SUSPENDED}) for one in units])

    others = active()
    away(others)
    yield
    away(active())
    publish(login, keys, others)


@pytest.fixture
def police(hall: Hall, no_other_police: None) -> Hall:
    return hall


def admit(hall: Hall, spec: MemberSpec) -> None:
    enrol(hall.desk.data, hall.desk.login, spec, token_keys(hall.desk.data), CLOCK)


def centre(hall: Hall) -> str | None:
    found = hall.desk.registry().police()
    return found.member if found else None


def test_no_police_unit_takes_the_centres_place_by_its_name(police: Hall) -> None:
    """Members would seal to it from then on, and the present one open nothing of that."""
    invited = police.invite_as(unit("police-0"))
    newcomer.ask(invited, police.file("police-0"), wall_now())
    admit(police, unit("police-1"))
    for let_in in (
        lambda: admit(police, unit("police-0")),
        lambda: police.desk.approve(police.desk.asked("police-0")),
        lambda: police.invite_as(unit("police-0")),
    ):
        with pytest.raises(Refused, match=r"police-0 would take the place of police-1 as the police centre.*--centre"):
            let_in()
    assert police.desk.registry().member("police-0") is None
    admit(police, replace(unit("police-1"), name="Renamed"))
    admit(police, unit("police-2"))
    assert centre(police) == "police-1"


def test_who_was_the_centre_comes_back_to_it_where_the_registrar_says_so(police: Hall) -> None:
    admit(police, unit("police-3"))
    admit(police, unit("police-4"))
    standing.suspend(police.desk, "police-3")
    admit(police, replace(unit("police-3"), name="Renamed"))
    with pytest.raises(Refused, match="police-3 would take the place of police-4"):
        police.restore("police-3")
    assert centre(police) == "police-4"
    standing.restore(police.desk, "police-3", list[bytes]().append, centre=True)
    assert centre(police) == "police-3"


def test_a_police_unit_that_is_to_be_the_centre_may_be_let_in_as_that(police: Hall) -> None:
    admit(police, unit("police-6"))
    newcomer.ask(police.invite_as(replace(unit("police-5"), centre=True)), police.file("police-5"), wall_now())
    police.desk.approve(police.desk.asked("police-5"))
    assert centre(police) == "police-5"
