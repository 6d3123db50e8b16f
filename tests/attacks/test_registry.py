"""Attacks on the registry and its rulebook: records that the registrar did not sign, or signed as something else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import permutations

import orjson
import pytest
from prometheus_client import REGISTRY

from alliance import kafka
from alliance.broker.passwords import login_of
from alliance.clock import AllianceClock
from alliance.embedded.services import EmbeddedServices
from alliance.joining import standing
from alliance.joining.desk import Desk
from alliance.keys.signatures import sign
from alliance.keys.store import MemberKeys, generate
from alliance.membership import MemberSpec, OfficerSpec, enrol, proven_registry, token_keys
from alliance.provision import provision
from alliance.registrar import key_of, registrar_keys
from alliance.roll import Roll
from alliance.rulebook import standard
from consumers.casebook.audit import Trail
from schemas.envelope import SIGNATURE_HEADER
from schemas.registry import Alliance, Member, Officer, Sector, SigningKey, Status
from schemas.rulebook import RULEBOOK_KEY, Rulebook
from schemas.topics import MEMBERS
from tests.consumers.facts import member

REGISTRAR, HUB, OWN = generate("registrar"), generate("hub"), generate("bank-one")
KNOWN = member("bank-one", status=Status.SUSPENDED)
FREED = KNOWN.model_copy(update={"status": Status.ACTIVE})
POLICE = member("police-one")
OFFSETS = iter(range(10_000))


@dataclass
class Record:
    """As a consumer gives it."""

    key: bytes
    value: bytes | None
    headers: list[tuple[str, bytes]]
    topic: str = MEMBERS.name
    offset: int = field(default_factory=lambda: next(OFFSETS))


def signed(entry: Member | Rulebook, by: MemberKeys = REGISTRAR, key: str | None = None) -> Record:
    value, name = entry.model_dump_json().encode(), key or key_of(entry)
    return Record(name.encode(), value, [(SIGNATURE_HEADER, sign(by.signing, by.kid, value).encode())])


def refused() -> float:
    return REGISTRY.get_sample_value("afa_registry_refused_total") or 0.0


@pytest.fixture
def roll() -> Roll:
    made = Roll(REGISTRAR.public.verifier())
    assert made.take([signed(KNOWN), signed(POLICE)])
    return made


def is_not_believed(roll: Roll, record: Record) -> None:
    """It changes nothing, and is counted once however often it is read."""
    before, count = {one.member: one for one in roll.registry}, refused()
    book = roll.registry.rulebook
    assert not roll.proves(record)
    assert not roll.take([record])
    assert not roll.take([record])
    assert ({one.member: one for one in roll.registry}, roll.registry.rulebook) == (before, book)
    assert refused() == count + 1


@pytest.mark.parametrize("by", [HUB, OWN], ids=["the hub", "the member itself"])
def test_a_record_that_another_than_the_registrar_signed(roll: Roll, by: MemberKeys) -> None:
    is_not_believed(roll, signed(FREED, by))
    assert roll.take([signed(FREED)])
    assert roll.registry.member("bank-one") == FREED


def test_what_is_read_again_undoes_nothing(roll: Roll) -> None:
    known, freed = signed(KNOWN), signed(FREED)
    assert roll.take([known, freed])
    assert not roll.take([known])
    assert roll.registry.member("bank-one") == FREED


def test_a_record_that_nobody_signed(roll: Roll) -> None:
    is_not_believed(roll, Record(b"bank-one", FREED.model_dump_json().encode(), []))


def test_a_bit_flip_at_every_byte_of_a_record(roll: Roll) -> None:
    genuine = signed(FREED)
    assert genuine.value is not None
    for index in range(len(genuine.value)):
        flipped = bytearray(genuine.value)
        flipped[index] ^= 1
        assert not roll.proves(Record(genuine.key, bytes(flipped), genuine.headers))
    assert roll.proves(genuine)


def test_a_signed_record_under_another_name(roll: Roll) -> None:
    """A bank that would be police: its own record, which the registrar did sign, under the police's key."""
    is_not_believed(roll, signed(FREED, key="police-one"))
    is_not_believed(roll, signed(FREED, key=RULEBOOK_KEY))
    is_not_believed(roll, signed(standard(), key="police-one"))
    is_not_believed(roll, Record(b"\xff", signed(FREED).value, signed(FREED).headers))


def test_a_member_that_is_made_forgotten(roll: Roll) -> None:
    is_not_believed(roll, Record(b"police-one", None, []))
    empty = sign(REGISTRAR.signing, REGISTRAR.kid, b"").encode()
    is_not_believed(roll, Record(b"police-one", None, [(SIGNATURE_HEADER, empty)]))


def test_a_rulebook_that_the_registrar_did_not_sign(roll: Roll) -> None:
    raw = standard().model_dump(mode="json")
    raw["send"]["suspicious-account"] = ["carrier"]
    is_not_believed(roll, signed(Rulebook.model_validate_json(orjson.dumps(raw)), HUB))


def test_a_rulebook_that_bars_a_lawful_end_also_if_it_is_signed(roll: Roll) -> None:
    raw = standard().model_dump(mode="json")
    raw["send"]["answer"].remove("bank")
    is_not_believed(roll, signed(Rulebook.model_validate_json(orjson.dumps(raw))))


@pytest.mark.parametrize("order", list(permutations(("left", "came", "left again"))))
def test_a_unit_that_was_revoked_takes_no_routing_code_back_from_who_answers_for_it_now(
    roll: Roll, order: tuple[str, ...]
) -> None:
    """Whatever is written of it later: else nobody would be asked about what is now another's."""
    left = member("bank-one", routes=["cnaps:1", "cnaps:7"], status=Status.REVOKED)
    records = {"left": left, "came": member("bank-two", routes=["cnaps:1"]), "left again": left}
    roll.take([signed(records[each]) for each in order])
    answers = [roll.registry.holder_of(route) for route in ("cnaps:1", "cnaps:7")]
    assert [each and each.member for each in answers] == ["bank-two", "bank-one"]
    roll.take([signed(member("bank-two", routes=[]))])
    assert roll.registry.holder_of("cnaps:1") == left


def test_what_is_not_believed_is_on_record_as_that(roll: Roll) -> None:
    trail = Trail()
    trail.note_changes([signed(FREED), signed(FREED, HUB), signed(FREED, key="police-one"), signed(standard())], roll)
    assert [(act.act, act.subject) for act in trail.acts] == [
        ("registry record", "bank-one"),
        ("registry record not believed", "bank-one"),
        ("registry record not believed", "police-one"),
        ("registry record", RULEBOOK_KEY),
    ]


UNIT = MemberSpec(
    "police-forged",
    "Police",
    Sector.POLICE,
    Alliance.GOVERNMENT_AFFAIRS,
    (),
    (OfficerSpec("zhao", "head"),),
    centre=True,
)


@pytest.fixture
def desk(services: EmbeddedServices) -> Iterator[Desk]:
    provision(services.admin, [], services.data.secret)
    login = login_of("registrar", services.admin, services.data.secret)
    made = Desk(services.data, login, AllianceClock(0.0, 1.0, 1.0))
    yield made
    standing.revoke(made, UNIT.member)


@pytest.mark.services
def test_an_officer_planted_in_the_registry_is_not_signed_in_by_the_registrars_next_act(desk: Desk) -> None:
    """The registrar writes what it knows with a change: what it knows must be nothing but its own."""
    tokens = token_keys(desk.data)
    genuine = enrol(desk.data, desk.login, UNIT, tokens, desk.clock)
    thief = SigningKey(key_id="k1", public=HUB.public.signing, valid_from=datetime.now(UTC) - timedelta(days=9))
    planted = genuine.model_copy(update={"officers": [Officer(officer="thief", rank="head", key=thief)]})
    plant(desk, planted)
    standing.suspend(desk, UNIT.member)
    standing.restore(desk, UNIT.member, list[bytes]().append, centre=True)
    plant(desk, planted)
    enrol(desk.data, desk.login, replace(UNIT, name="Police, renamed"), tokens, desk.clock)

    known = proven_registry(desk.login, registrar_keys(desk.data).public.verifier()).member(UNIT.member)
    assert known == genuine.model_copy(update={"name": "Police, renamed"})
    assert officers(known) == ["zhao"]


def plant(desk: Desk, record: Member) -> None:
    with kafka.producer(desk.login) as sender:
        sender.send(MEMBERS.name, record.model_dump_json().encode(), UNIT.member.encode()).get(10)


def officers(known: Member | None) -> list[str]:
    return [one.officer for one in known.officers] if known else []
