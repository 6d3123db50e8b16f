"""Joining on a real broker: one command each side, one file, and nothing of the member's on the hub's disk."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from kafka.errors import KafkaError, TopicAuthorizationFailedError

from alliance import kafka
from alliance.broker.passwords import login_of
from alliance.clock import AllianceClock, wall_now
from alliance.embedded.services import EmbeddedServices
from alliance.errors import Refused, SetupError
from alliance.joining import memberfile, newcomer, standing, wire
from alliance.joining.desk import Desk
from alliance.joining.memberfile import MemberFile
from alliance.kafka import probe
from alliance.keys.seals import seal
from alliance.membership import MemberSpec, barred, enrol, load_member, read_registry, token_keys
from schemas.joining import Broker, Invite
from schemas.registry import Alliance, Sector, Status
from schemas.topics import LEADS, MEMBERS, SUSPICIOUS_ACCOUNT, joining_topic, member_topic

pytestmark = pytest.mark.services

CLOCK = AllianceClock(0.0, 0.0, 1.0)


@dataclass
class Hall:
    """The registrar's desk and a machine of a unit's own."""

    desk: Desk
    broker: Broker
    home: Path
    units: list[str] = field(default_factory=list)

    def invite(self, unit: str, hours: float = 1, route: str | None = None) -> Invite:
        spec = MemberSpec(unit, unit, Sector.BANK, Alliance.POLICE_BANK, (route or f"cnaps:{unit}",))
        return self.invite_as(spec, hours)

    def invite_as(self, spec: MemberSpec, hours: float = 1) -> Invite:
        self.units.append(spec.member)
        return self.desk.invite(spec, self.broker, timedelta(hours=hours))

    def file(self, unit: str) -> Path:
        return self.home / f"{unit}.member"

    def join(self, unit: str) -> MemberFile:
        invite = self.invite(unit)
        held = newcomer.ask(invite, self.file(unit), wall_now())
        self.desk.approve(self.desk.asked(unit))
        return newcomer.wait(held, newcomer.invite_login(invite), 15)

    def restore(self, unit: str) -> bytes | None:
        """What is to be handed over to the unit, if anything is."""
        given: list[bytes] = []
        standing.restore(self.desk, unit, given.append)
        return given[0] if given else None


@pytest.fixture
def hall(services: EmbeddedServices, tmp_path: Path) -> Iterator[Hall]:
    registrar = login_of("registrar", services.admin, services.data.secret)
    broker = Broker(bootstrap=services.bootstrap, security_protocol="SASL_PLAINTEXT")
    made = Hall(Desk(services.data, registrar, CLOCK), broker, tmp_path)
    yield made
    for unit in made.units:
        made.desk.withdraw(unit)


def test_a_unit_joins_and_holds_one_file_that_is_all_it_needs(hall: Hall) -> None:
    invite = hall.invite("bank-joins")
    held = newcomer.ask(invite, hall.file("bank-joins"), wall_now())
    assert hall.desk.asked("bank-joins") == wire.requested(wire.joining(held.keys, invite).decode())

    hall.desk.approve(hall.desk.asked("bank-joins"))
    newcomer.wait(held, newcomer.invite_login(invite), 15)

    assert [path.name for path in hall.home.iterdir()] == ["bank-joins.member"]
    assert stat.S_IMODE(hall.file("bank-joins").stat().st_mode) == 0o600
    joined = memberfile.load(hall.file("bank-joins"))
    assert joined.keys.tokens == token_keys(hall.desk.data)
    assert joined.clock() == CLOCK
    own = member_topic("bank-joins").name
    probe(joined.login(), reads=[own, MEMBERS.name], writes=[SUSPICIOUS_ACCOUNT.name])
    record = read_registry(joined.login(), joined.trusted).member("bank-joins")
    assert record is not None
    assert (record.keys[0].public, record.seal_key) == (joined.keys.public.signing, joined.keys.public.sealing)


def test_no_secret_of_the_member_is_on_the_hubs_disk(hall: Hall) -> None:
    held = hall.join("bank-secret")
    assert held.password is not None
    keys = held.keys.to_json()
    secrets = [held.password.encode(), keys["signing"].encode(), keys["sealing"].encode()]
    secrets += [held.keys.signing.private_bytes_raw(), held.keys.sealing.private_bytes_raw()]
    disk = b"\0".join(path.read_bytes() for path in hall.desk.data.path.rglob("*") if _holds_data(path))
    assert held.keys.public.signing.encode() in disk
    assert not [secret for secret in secrets if secret in disk]


def _holds_data(path: Path) -> bool:
    """Kafka makes room in its indexes that is never written, and that would take long to read."""
    return path.is_file() and "postgres" not in path.parts and path.stat().st_blocks > 0


def test_a_routing_code_is_one_units_until_that_is_revoked(hall: Hall) -> None:
    """A slip in an invite would have another bank asked about the accounts of the first."""
    early = hall.invite("bank-early", route="cnaps:bank-route")
    hall.join("bank-route")
    newcomer.ask(early, hall.file("bank-early"), wall_now())
    with pytest.raises(Refused, match="The routing code cnaps:bank-route is bank-route's; correct it"):
        hall.desk.approve(hall.desk.asked("bank-early"))
    with pytest.raises(Refused, match="is bank-route's"):
        hall.invite("bank-late", route="cnaps:bank-route")
    own = MemberSpec("bank-own", "Own", Sector.BANK, Alliance.POLICE_BANK, ("cnaps:bank-route",))
    with pytest.raises(Refused, match="is bank-route's"):
        enrol(hall.desk.data, hall.desk.login, own, token_keys(hall.desk.data), CLOCK)
    standing.revoke(hall.desk, "bank-route")
    hall.desk.approve(hall.desk.asked("bank-early"))
    for come_back in (hall.restore, partial(standing.suspend, hall.desk)):
        with pytest.raises(Refused, match="is bank-early's"):
            come_back("bank-route")
    assert standing.revoke(hall.desk, "bank-route").status is Status.REVOKED


def test_an_invite_opens_one_topic_and_nothing_else(hall: Hall) -> None:
    login = newcomer.invite_login(hall.invite("bank-curious"))
    probe(login, reads=[joining_topic("bank-curious").name], writes=[joining_topic("bank-curious").name])
    hall.invite("bank-other")
    for forbidden in (MEMBERS.name, LEADS.name, SUSPICIOUS_ACCOUNT.name, joining_topic("bank-other").name):
        with pytest.raises(Refused, match=forbidden):
            probe(login, reads=[forbidden])
        with pytest.raises(Refused, match=forbidden):
            probe(login, writes=[forbidden])


def test_a_used_invite_is_refused_with_who_used_it_and_makes_no_file(hall: Hall) -> None:
    invite = hall.invite("bank-twice")
    first = newcomer.ask(invite, hall.file("first"), wall_now())
    used = rf"used already.*{wire.fingerprint(first.keys.public)}"
    with pytest.raises(Refused, match=used):
        newcomer.ask(invite, hall.file("second"), wall_now())
    hall.desk.approve(hall.desk.asked("bank-twice"))
    with pytest.raises(Refused, match=used):
        newcomer.ask(invite, hall.file("second"), wall_now())
    assert not hall.file("second").exists()
    assert newcomer.wait(first, newcomer.invite_login(invite), 15).password is not None


def test_who_lost_the_connection_goes_on_with_the_same_keys(hall: Hall) -> None:
    invite = hall.invite("bank-again")
    first = newcomer.ask(invite, hall.file("bank-again"), wall_now())
    again = newcomer.ask(invite, hall.file("bank-again"), invite.expires + timedelta(hours=1))
    assert again.keys.public == first.keys.public
    hall.desk.approve(hall.desk.asked("bank-again"))
    newcomer.wait(again, newcomer.invite_login(invite), 15)
    with pytest.raises(SetupError, match="has joined already"):
        newcomer.ask(invite, hall.file("bank-again"), wall_now())


@pytest.mark.parametrize("end", ["replaced", "withdrawn", "expired"])
def test_an_invite_that_is_over_opens_nothing(hall: Hall, end: str) -> None:
    invite = hall.invite(f"bank-{end}", hours=-1 if end == "expired" else 1)
    if end == "replaced":
        hall.invite("bank-replaced")
    elif end == "withdrawn":
        assert hall.desk.withdraw("bank-withdrawn")
    else:
        assert "bank-expired" not in {filed.spec.member for filed, _ in hall.desk.filed()}
    with pytest.raises(Refused, match="does not take this invite's code"):
        newcomer.ask(invite, hall.file("late"), invite.expires - timedelta(seconds=1))


def refuses(held: MemberFile) -> Callable[[], bool]:
    """Whether the broker refuses what is sent on a connection that is open before."""
    sender = kafka.producer(held.login(), max_block_ms=5_000)
    sender.send(SUSPICIOUS_ACCOUNT.name, b"[]").get(10)

    def ask() -> bool:
        try:
            sender.send(SUSPICIOUS_ACCOUNT.name, b"[]").get(10)
        except TopicAuthorizationFailedError:
            sender.close(timeout=1)
            return True
        except KafkaError as error:
            raise AssertionError(f"refused otherwise: {error!r}") from error
        return False

    return ask


def status_of(hall: Hall, unit: str) -> Status:
    record = read_registry(hall.desk.login).member(unit)
    assert record is not None
    return record.status


def test_a_suspended_member_can_do_nothing_on_the_connections_it_has_and_goes_on_after(hall: Hall) -> None:
    held = hall.join("bank-suspended")
    refused = refuses(held)
    standing.suspend(hall.desk, "bank-suspended")
    kafka.until(refused, "the broker takes what a suspended member sends")
    assert status_of(hall, "bank-suspended") is Status.SUSPENDED
    with pytest.raises(Refused, match="suspended"):
        hall.invite("bank-suspended")

    assert hall.restore("bank-suspended") is None
    probe(held.login(), reads=[MEMBERS.name], writes=[SUSPICIOUS_ACCOUNT.name])
    assert status_of(hall, "bank-suspended") is Status.ACTIVE


def test_a_revoked_member_has_no_login_until_it_takes_a_new_one(hall: Hall) -> None:
    held = hall.join("bank-revoked")
    refused = refuses(held)
    standing.revoke(hall.desk, "bank-revoked")
    kafka.until(refused, "the broker takes what a revoked member sends")
    with pytest.raises(Refused, match="wrong password"):
        probe(held.login())

    answer = hall.restore("bank-revoked")
    assert answer is not None
    restored = newcomer.taken(held, answer.decode())
    assert restored is not None
    probe(restored.login(), writes=[SUSPICIOUS_ACCOUNT.name])
    assert memberfile.load(held.path).password == restored.password != held.password


def test_neither_another_start_nor_admitting_again_lifts_a_suspension(hall: Hall) -> None:
    data, login = hall.desk.data, hall.desk.login
    spec = MemberSpec("bank-here", "Bank", Sector.BANK, Alliance.POLICE_BANK)
    enrol(data, login, spec, token_keys(data), CLOCK)
    standing.suspend(hall.desk, "bank-here")
    assert "bank-here" in barred(data, login)
    enrol(data, login, spec, token_keys(data), CLOCK)
    with pytest.raises(Refused):
        probe(load_member(data, "bank-here")[1], reads=[MEMBERS.name])
    hall.restore("bank-here")
    probe(load_member(data, "bank-here")[1], reads=[MEMBERS.name])
    assert "bank-here" not in barred(data, login)


def test_a_member_changes_its_keys_and_opens_what_was_sealed_to_the_former(hall: Hall) -> None:
    held = hall.join("bank-rotates")
    sealed = seal(held.keys.public.sealing_bytes(), b"for me", b"test", b"1")
    asking = newcomer.ask_for_change(held)
    assert memberfile.load(held.path).keys.kid == held.keys.kid
    hall.desk.approve(hall.desk.asked("bank-rotates"))
    changed = newcomer.wait(asking, held.login(), 15)

    assert changed.keys.kid != held.keys.kid
    registry = read_registry(hall.desk.login)
    assert registry.key(held.keys.kid, CLOCK.now()) is not None
    assert registry.key(changed.keys.kid, CLOCK.now()) is not None
    assert memberfile.load(held.path).keys.open(sealed, b"test", b"1") == b"for me"
    assert not hall.desk.changes("bank-rotates")


def test_a_registry_record_that_the_registrar_did_not_sign_is_not_believed(hall: Hall) -> None:
    held = hall.join("bank-careful")
    record = read_registry(held.login(), held.trusted).member("bank-careful")
    assert record is not None
    with kafka.producer(hall.desk.login) as sender:
        sender.send(MEMBERS.name, record.model_dump_json().encode(), b"bank-careful").get(10)
    with pytest.raises(Refused, match="bank-careful is not signed by the registrar"):
        read_registry(held.login(), held.trusted)
    hall.restore("bank-careful")
    assert read_registry(held.login(), held.trusted).member("bank-careful") == record
