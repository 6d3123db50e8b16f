"""The registrar's rulebook on a real broker: provided, changed, healed, and followed by a member's client."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from alliance import kafka
from alliance.broker.passwords import login_of
from alliance.clock import AllianceClock
from alliance.embedded.services import EmbeddedServices
from alliance.errors import InvalidAlert, SetupError
from alliance.kafka import KafkaLogin
from alliance.membership import MemberSpec, enrol, load_member, proven_registry, read_registry, token_keys
from alliance.provision import provision
from alliance.registrar import registrar_public
from alliance.rulebook import keeping, standard, written
from producers.clear import check_sender
from producers.registry import Followed
from schemas.registry import Alliance, Sector
from schemas.rulebook import RULEBOOK_KEY, Rulebook
from schemas.topics import MEMBERS

pytestmark = pytest.mark.services
CARRIERS = 'suspicious-number = ["carrier"]'
FEWER = 'suspicious-number = ["carrier@police-telecom"]'
CARRIER = MemberSpec("carrier-ruled", "Carrier", Sector.CARRIER, Alliance.COMPREHENSIVE)


@dataclass
class Registrar:
    services: EmbeddedServices
    login: KafkaLogin

    def provide(self) -> None:
        keeping.provide(self.services.data, self.login)

    def change(self, file: Path, text: str) -> Rulebook:
        file.write_text(text, encoding="utf-8")
        return keeping.change(self.services.data, self.login, file)

    def standing(self) -> Rulebook | None:
        return keeping.standing(self.services.data, self.login)

    def records(self) -> int:
        return sum(record.key == RULEBOOK_KEY.encode() for record in kafka.whole(self.login, MEMBERS.name))


@pytest.fixture
def registrar(services: EmbeddedServices, tmp_path: Path) -> Iterator[Registrar]:
    provision(services.admin, [], services.data.secret)
    made = Registrar(services, login_of("registrar", services.admin, services.data.secret))
    yield made
    made.change(tmp_path / "standard.toml", written(standard()))


def test_a_run_provides_what_ships_once_and_then_what_the_registrar_made_of_it(
    registrar: Registrar, tmp_path: Path
) -> None:
    registrar.provide()
    assert registrar.standing() == standard()
    before = registrar.records()
    registrar.provide()
    assert registrar.records() == before
    changed = registrar.change(tmp_path / "rules.toml", written(standard()).replace(CARRIERS, FEWER))
    registrar.provide()
    assert registrar.standing() == changed != standard()
    assert read_registry(registrar.login, registrar_public(registrar.services.data)).rulebook == changed


def test_what_somebody_wrote_over_it_does_not_take_its_place_at_the_next_start(
    registrar: Registrar, tmp_path: Path
) -> None:
    changed = registrar.change(tmp_path / "rules.toml", written(standard()).replace(CARRIERS, FEWER))
    with kafka.producer(registrar.login) as sender:
        sender.send(MEMBERS.name, standard().model_dump_json().encode(), RULEBOOK_KEY.encode()).get(10)
    public = registrar_public(registrar.services.data)
    assert proven_registry(registrar.login, public).rulebook == changed
    assert registrar.standing() is None
    registrar.provide()
    assert registrar.standing() == changed


def test_a_file_that_is_no_rulebook_changes_nothing(registrar: Registrar, tmp_path: Path) -> None:
    registrar.provide()
    before = registrar.records()
    with pytest.raises(SetupError, match=r"rules.toml is wrong at send.suspicious-nuber: is no kind here"):
        registrar.change(tmp_path / "rules.toml", written(standard()).replace("suspicious-number", "suspicious-nuber"))
    registrar.provide()
    assert (registrar.standing(), registrar.records()) == (standard(), before)


def test_a_client_that_runs_goes_by_another_rulebook_as_it_comes(registrar: Registrar, tmp_path: Path) -> None:
    data = registrar.services.data
    enrol(data, registrar.login, CARRIER, token_keys(data), AllianceClock(0.0, 0.0, 1.0))
    registrar.provide()
    with Followed(load_member(data, CARRIER.member)[1], registrar_public(data)) as registry:
        assert check_sender(registry, CARRIER.member, "suspicious-number").member == CARRIER.member
        registrar.change(tmp_path / "rules.toml", written(standard()).replace(CARRIERS, FEWER))

        def is_refused() -> bool:
            try:
                check_sender(registry, CARRIER.member, "suspicious-number")
            except InvalidAlert as error:
                return "sector carrier in comprehensive may not send suspicious-number" in str(error)
            return False

        kafka.until(is_refused, "the client does not go by the other rulebook")
