"""On a real broker: what was accepted arrives, whoever is killed; signed so that the hub can verify it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from uuid import UUID

import orjson
import pytest

from alliance import kafka
from alliance.broker.passwords import login_of
from alliance.embedded.datadir import HOST, DataDir
from alliance.embedded.kafka import EmbeddedKafka
from alliance.embedded.kafka_config import ADMIN
from alliance.embedded.services import EmbeddedServices
from alliance.errors import Retry
from alliance.kafka import KafkaLogin
from alliance.keys.signatures import verify
from alliance.principals import member_principal
from alliance.provision import provision
from alliance.settings import Settings
from producers.client import MemberClient
from schemas.envelope import EVENTS, SIGNATURE_HEADER
from schemas.topics import SUSPICIOUS_ACCOUNT
from tests.producers.support import BANK, KEYS, clock, registry, transfer

pytestmark = pytest.mark.services

ROOT = Path(__file__).parents[2]


def client(spool: Path, login: KafkaLogin) -> MemberClient:
    return MemberClient(KEYS[BANK], login, registry(), spool, clock())


def wait_for_ids(reader: KafkaLogin, wanted: Iterable[str]) -> list[str]:
    """Every id of this bank on the topic, read until all that are wanted were seen or nothing more comes."""
    missing, seen = set(wanted), []
    with kafka.consumer(reader, [SUSPICIOUS_ACCOUNT.name], None, consumer_timeout_ms=15_000) as records:
        for record in records:
            if record.key != BANK.encode():
                continue
            jws = dict(record.headers)[SIGNATURE_HEADER].decode()
            assert verify(jws, record.value, registry().key) == KEYS[BANK].kid
            EVENTS.validate_json(record.value)
            seen += [event["id"] for event in orjson.loads(record.value)]
            missing -= set(seen)
            if not missing:
                break
    assert not missing
    return seen


@pytest.fixture(scope="module")
def bank(services: EmbeddedServices) -> KafkaLogin:
    provision(services.admin, [BANK], services.data.secret)
    return login_of(member_principal(BANK), services.admin, services.data.secret)


@pytest.fixture
def own_broker(tmp_path: Path) -> Iterator[tuple[KafkaLogin, EmbeddedKafka]]:
    """A broker of this test alone, not started yet; its address and password are known already."""
    with DataDir(tmp_path / "data") as data:
        broker = EmbeddedKafka(data, Settings().cache_dir)
        yield KafkaLogin(f"{HOST}:{data.port('kafka')}", ADMIN, data.secret(ADMIN)), broker
        broker.stop()


def test_a_member_that_is_killed_loses_nothing(services: EmbeddedServices, bank: KafkaLogin, tmp_path: Path) -> None:
    spool, secret = tmp_path / "spool", services.data.secret_file(bank.username)
    command = [sys.executable, "-m", "tests.producers.child", str(spool), bank.bootstrap, bank.username, str(secret)]
    accepted: list[str] = []
    for lives in (50, 400, 7):
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            accepted += [next(child.stdout).strip() for _ in range(lives)]
            child.kill()
            # What it still said before it died was accepted as well.
            accepted += [line.strip() for line in child.stdout if line.endswith("\n")]

    with client(spool, bank) as successor:
        successor.flush(30)
    wait_for_ids(services.admin, accepted)


def test_each_event_is_sent_once_when_nothing_fails(
    services: EmbeddedServices, bank: KafkaLogin, tmp_path: Path
) -> None:
    with client(tmp_path / "spool", bank) as member:
        ids = [str(made) for made in member.publish_many(transfer(number) for number in range(1200))]
        member.flush(30)
        assert member.sent == 1200
    seen = [made for made in wait_for_ids(services.admin, ids) if made in set(ids)]
    assert sorted(seen) == sorted(ids)


def test_a_wrong_password_is_said_and_costs_nothing(
    services: EmbeddedServices, bank: KafkaLogin, tmp_path: Path
) -> None:
    with client(tmp_path / "spool", KafkaLogin(bank.bootstrap, bank.username, "wrong")) as member:
        made = member.publish(transfer())
        assert member.spool.wait(lambda: member.trouble is not None, 30)
        with pytest.raises(Retry, match=r"refuses 'm.bank-a': wrong password.*; 1 events wait"):
            member.flush(0)
    with client(tmp_path / "spool", bank) as member:
        member.flush(30)
    wait_for_ids(services.admin, [str(made)])


def test_a_broker_that_comes_late_and_dies_in_between(
    own_broker: tuple[KafkaLogin, EmbeddedKafka], tmp_path: Path
) -> None:
    login, broker = own_broker
    accepted: list[UUID] = []
    with client(tmp_path / "spool", login) as member:
        accepted += [member.publish(transfer(number)) for number in range(50)]
        broker.start()
        provision(login, [], lambda principal: f"password of {principal}")
        member.flush(60)

        broker.kill()
        accepted += [member.publish(transfer(number)) for number in range(50, 100)]
        broker.start()
        member.flush(60)
        wait_for_ids(login, map(str, accepted))
