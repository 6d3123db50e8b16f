"""Admitting members: keys are made once and stay, the registry says what changed, and the hub learns no token key."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from alliance.broker.passwords import login_of
from alliance.clock import AllianceClock
from alliance.embedded.datadir import DataDir
from alliance.embedded.services import EmbeddedServices
from alliance.errors import Refused, SetupError
from alliance.joining import standing
from alliance.joining.desk import Desk
from alliance.kafka import KafkaLogin, probe
from alliance.keys.signatures import sign_object, verify_object
from alliance.membership import (
    MemberSpec,
    OfficerSpec,
    enrol,
    load_keys,
    load_member,
    load_officer,
    member_dir,
    members_of,
    read_registry,
    token_keys,
)
from alliance.provision import provision
from alliance.registrar import publish, registrar_keys
from schemas.registry import Alliance, Member, Sector, Status
from schemas.topics import MEMBERS, SUSPICIOUS_ACCOUNT, member_topic

pytestmark = pytest.mark.services

NOW = datetime(2026, 11, 10, 12, tzinfo=UTC)
BANK = MemberSpec("bank-enrol", "Bank", Sector.BANK, Alliance.POLICE_BANK, ("cnaps:000000000001",))
POLICE = MemberSpec(
    "police-enrol",
    "Police",
    Sector.POLICE,
    Alliance.GOVERNMENT_AFFAIRS,
    (),
    (OfficerSpec("zhao", "captain"),),
    "110",
    centre=True,
)


@pytest.fixture(scope="module", autouse=True)
def others_are_the_centre_again(services: EmbeddedServices) -> Iterator[None]:
    """The registry is also other tests'."""
    yield
    desk = Desk(services.data, login_of("registrar", services.admin, services.data.secret), clock())
    if desk.registry().member(POLICE.member):
        standing.revoke(desk, POLICE.member)


def clock(now: datetime = NOW) -> AllianceClock:
    return AllianceClock(0.0, now.timestamp(), 1.0, wall=lambda: 0.0)


@pytest.fixture
def data(services: EmbeddedServices) -> DataDir:
    return services.data


@pytest.fixture
def registrar(services: EmbeddedServices, data: DataDir) -> KafkaLogin:
    provision(services.admin, [], data.secret)
    return login_of("registrar", services.admin, data.secret)


def admit(data: DataDir, registrar: KafkaLogin, spec: MemberSpec, now: datetime = NOW) -> Member:
    return enrol(data, registrar, spec, token_keys(data), clock(now))


def test_a_member_admitted_by_the_registrar_can_publish_and_read_its_mail(data: DataDir, registrar: KafkaLogin) -> None:
    record = admit(data, registrar, BANK)
    keys, login = load_member(data, BANK.member)

    probe(login, reads=[member_topic(BANK.member).name, MEMBERS.name], writes=[SUSPICIOUS_ACCOUNT.name])
    found = read_registry(login).member(BANK.member)
    assert found == record
    assert found.keys[0].public == keys.public.signing
    assert found.seal_key == keys.public.sealing
    assert BANK.member in members_of(data)


def test_admitted_again_a_member_keeps_its_keys_and_only_what_differs_changes(
    data: DataDir, registrar: KafkaLogin
) -> None:
    first = admit(data, registrar, BANK)
    again = admit(data, registrar, BANK, now=NOW.replace(hour=20))
    assert again == first

    moved = MemberSpec(BANK.member, "Bank, renamed", BANK.sector, BANK.alliance, ("cnaps:000000000002",))
    changed = admit(data, registrar, moved)
    assert (changed.name, changed.routes, changed.keys) == ("Bank, renamed", ["cnaps:000000000002"], first.keys)
    assert read_registry(registrar).member(BANK.member) == changed


def test_a_suspension_is_not_lifted_by_admitting_again(data: DataDir, registrar: KafkaLogin) -> None:
    record = admit(data, registrar, BANK)
    publish(registrar, registrar_keys(data), [record.model_copy(update={"status": Status.SUSPENDED})])
    assert admit(data, registrar, BANK).status is Status.SUSPENDED
    publish(registrar, registrar_keys(data), [record])


def test_an_officer_signs_what_the_registry_can_verify(data: DataDir, registrar: KafkaLogin) -> None:
    admit(data, registrar, POLICE)
    kid, key = load_officer(data, POLICE.member, "zhao")
    registry = read_registry(registrar)
    assert kid == "police-enrol/zhao/k1"
    assert verify_object(sign_object(key, kid, {"a": 1}), lambda kid: registry.key(kid, NOW)) == (kid, {"a": 1})
    with pytest.raises(SetupError, match=r"no officer 'qian' here; it has zhao"):
        load_officer(data, POLICE.member, "qian")


def test_an_officer_who_was_dismissed_signs_nothing_also_when_the_unit_is_admitted_again(
    data: DataDir, registrar: KafkaLogin
) -> None:
    admit(data, registrar, POLICE)
    later = NOW.replace(hour=20)
    standing.dismiss(Desk(data, registrar, clock(later)), POLICE.member, "zhao")
    admit(data, registrar, POLICE, now=later)
    registry = read_registry(registrar)
    keys = [registry.key("police-enrol/zhao/k1", at) is not None for at in (NOW, later)]
    assert keys == [True, False]
    with pytest.raises(Refused, match="has no officer 'zhao' who may sign"):
        standing.dismiss(Desk(data, registrar, clock(later)), POLICE.member, "zhao")


def test_all_members_share_one_token_key_and_no_file_of_it_is_open_to_others(
    data: DataDir, registrar: KafkaLogin
) -> None:
    admit(data, registrar, BANK)
    admit(data, registrar, POLICE)
    bank, police = load_keys(data, BANK.member), load_keys(data, POLICE.member)
    assert bank.tokens is not None
    assert police.tokens is not None
    assert bank.tokens.tokens("number", "+8613912345679") == police.tokens.tokens("number", "+8613912345679")
    files = [data.path / "members" / "tokens.json", *member_dir(data, POLICE.member).rglob("*.json")]
    assert len(files) == 3
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert stat.S_IMODE((data.path / "members").stat().st_mode) == 0o700


def test_who_is_no_member_here_is_named_with_those_who_are(data: DataDir, registrar: KafkaLogin) -> None:
    admit(data, registrar, BANK)
    with pytest.raises(SetupError, match=r"no member 'bank-nowhere'.*bank-enrol.*--member-file"):
        load_member(data, "bank-nowhere")


@pytest.mark.parametrize("spec", [
    MemberSpec("bank-enrol", "", Sector.BANK, Alliance.POLICE_BANK),
    MemberSpec("bank-enrol", "Bank", Sector.BANK, Alliance.POLICE_BANK, ("no route",)),
    MemberSpec("Bank.X", "Bank", Sector.BANK, Alliance.POLICE_BANK),
])  # fmt: skip
def test_what_can_not_be_a_member_is_refused_in_one_sentence(
    data: DataDir, registrar: KafkaLogin, spec: MemberSpec
) -> None:
    with pytest.raises(SetupError) as caught:
        admit(data, registrar, spec)
    assert "\n" not in str(caught.value)
