"""A member unit as a process of its own, on a real broker: killed after it acted, it answers the same and acts once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import orjson
import pytest
from kafka import KafkaConsumer, TopicPartition

from alliance import kafka
from alliance.broker.passwords import login_of
from alliance.clock import AllianceClock, load_or_create
from alliance.embedded.services import EmbeddedServices
from alliance.joining import standing
from alliance.joining.desk import Desk
from alliance.joining.memberfile import MemberFile
from alliance.keys.encoding import encode
from alliance.keys.signatures import sign_object
from alliance.membership import (
    MemberSpec,
    OfficerSpec,
    load_keys,
    load_member,
    load_officer,
    member_dir,
    register,
    token_keys,
)
from alliance.provision import provision
from alliance.registrar import registrar_public
from producers.reference.bank import Bank
from producers.reference.books import Books
from producers.reference.entries import AccountRef, Moved, Opened, Way
from schemas.base import Money
from schemas.envelope import EVENTS
from schemas.identifiers import IdentifierKind
from schemas.joining import Broker, ClockOrigin
from schemas.outcomes import AlertOutcome, Became, Outcome
from schemas.registry import Alliance, Sector
from schemas.requests import Action, Authority, AuthorityClass, Request
from schemas.topics import ANSWERS, member_topic
from tests.producers.reference.support import INDEX, MULE

BANK, POLICE, OFFICER = "bank-killed", "police-killed", "chen"
SPECS = (
    MemberSpec(
        POLICE, "police", Sector.POLICE, Alliance.GOVERNMENT_AFFAIRS, (), (OfficerSpec(OFFICER, "head"),), centre=True
    ),
    MemberSpec(BANK, "bank", Sector.BANK, Alliance.POLICE_BANK, ("cnaps:999161000012",)),
)
JOINED = MemberSpec("bank-joined", "bank", Sector.BANK, Alliance.POLICE_BANK, ("cnaps:999161000013",))


@contextmanager
def running(services: EmbeddedServices, clock_file: Path, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    told = {"AFA_DATA_DIR": str(services.data.path), "AFA_CLOCK_FILE": str(clock_file)}
    with started(["--as", BANK], told, log) as process:
        yield process


@contextmanager
def started(arguments: list[str], told: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    environment = {**os.environ, **told}
    command = [sys.executable, "-m", "producers.reference", *arguments]
    with log.open("ab") as out, subprocess.Popen(command, env=environment, stdout=out, stderr=out) as process:
        try:
            yield process
        finally:
            process.kill()


def account_of_a_mule(services: EmbeddedServices, clock: AllianceClock) -> None:
    books = Books(member_dir(services.data, BANK) / "reference" / "books.db", empty(services))
    now = clock.now() - timedelta(minutes=5)
    stolen = Moved("T00000012", Way.IN, MULE, 500_000, now, other=AccountRef("cnaps:1", "6217000000000780"))
    with books.batch():
        books.record([Opened(MULE, IdentifierKind.ACCOUNT, "", (), 0, now), stolen])
    books.close()


def empty(services: EmbeddedServices) -> Bank:
    keys = load_keys(services.data, BANK)
    assert keys.tokens is not None
    return Bank(BANK, "cnaps:999161000012", keys.tokens)


def order(services: EmbeddedServices, clock: AllianceClock) -> Request:
    target = empty(services).index.identifier(IdentifierKind.ACCOUNT, MULE)
    assert target is not None and INDEX.identifier(IdentifierKind.ACCOUNT, MULE) != target
    kid, key = load_officer(services.data, POLICE, OFFICER)
    draft = Request(
        request_id=UUID(int=77),
        case_id=UUID(int=78),
        lead_id=None,
        to=BANK,
        action=Action.STOP,
        authority=Authority(authority=AuthorityClass.POLICE_ORDER, unit=POLICE, officers=[OFFICER]),
        target=target,
        amount=Money(minor=300_000, currency="CNY"),
        void_after=clock.now() + timedelta(hours=1),
        issued_at=clock.now(),
    )
    signed = draft.authority.model_copy(update={"orders": [sign_object(key, kid, draft.order_text())]})
    return draft.model_copy(update={"authority": signed})


def answers_until(services: EmbeddedServices, count: int, bank: str = BANK) -> list[dict[str, object]]:
    """The bank's answers, once there are so many."""
    consumer: KafkaConsumer = kafka.consumer(services.admin, [], None)
    consumer.assign([TopicPartition(ANSWERS.name, p) for p in sorted(consumer.partitions_for_topic(ANSWERS.name))])
    consumer.seek_to_beginning()
    found: list[dict[str, object]] = []
    deadline = time.monotonic() + 60
    try:
        while len(found) < count and time.monotonic() < deadline:
            for records in consumer.poll(200).values():
                for record in records:
                    if record.key == bank.encode():
                        EVENTS.validate_json(record.value)
                        found += [event["data"] for event in orjson.loads(record.value)]
    finally:
        consumer.close()
    assert len(found) >= count, f"{len(found)} answers of {count} after a minute"
    return found


@pytest.mark.services
def test_a_killed_member_answers_again_and_acts_once(services: EmbeddedServices, tmp_path: Path) -> None:
    clock_file, log = tmp_path / "clock.json", tmp_path / "member.log"
    clock = load_or_create(clock_file, 1.0)
    provision(services.admin, [spec.member for spec in SPECS], services.data.secret)
    register(services.data, services.admin, SPECS, token_keys(services.data), clock)
    account_of_a_mule(services, clock)
    asked = order(services, clock).model_dump_json().encode()
    became = AlertOutcome(event_id=UUID(int=79), became=Became.LEAD)
    told = Outcome(to=BANK, alerts=[became], at=clock.now()).model_dump_json().encode()
    with kafka.producer(services.admin) as sender:
        for letter in (told, b'{"kind": "not-known-yet"}', asked):
            sender.send(member_topic(BANK).name, letter).get(10)
        with running(services, clock_file, log) as process:
            answers_until(services, 1)
            process.send_signal(signal.SIGKILL)
            process.wait(10)
        sender.send(member_topic(BANK).name, asked).get(10)
    with running(services, clock_file, log) as process:
        first, *again = answers_until(services, 2)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0, log.read_text(encoding="utf-8")

    said = log.read_text(encoding="utf-8")
    assert "mail of an unknown kind" in said
    assert "mail unreadable" not in said
    assert first["status"] == "executed"
    assert all(answer == first for answer in again)
    registrar = login_of("registrar", services.admin, services.data.secret)
    standing.revoke(Desk(services.data, registrar, clock), POLICE)
    stub = empty(services)
    Books(member_dir(services.data, BANK) / "reference" / "books.db", stub).close()
    assert [hold.amount for hold in stub.ledger.holds.values()] == [300_000]


@pytest.mark.services
def test_a_unit_that_joined_answers_by_its_own_file_alone(services: EmbeddedServices, tmp_path: Path) -> None:
    clock = load_or_create(tmp_path / "clock.json", 1.0)
    provision(services.admin, [JOINED.member], services.data.secret)
    register(services.data, services.admin, [JOINED], token_keys(services.data), clock)
    keys, login = load_member(services.data, JOINED.member)
    registrar = encode(registrar_public(services.data).public_bytes_raw())
    origin = ClockOrigin(origin_wall=clock.origin_wall, origin_alliance=clock.origin_alliance, rate=clock.rate)
    broker = Broker(bootstrap=login.bootstrap, security_protocol=login.security_protocol)
    held = MemberFile(tmp_path / "own" / "unit.member", keys, broker, registrar, login.password, origin)
    held.path.parent.mkdir()
    held.save()
    asked = order(services, clock).model_copy(update={"to": JOINED.member})
    with kafka.producer(services.admin) as sender:
        sender.send(member_topic(JOINED.member).name, asked.model_dump_json().encode()).get(10)
    elsewhere = {"AFA_DATA_DIR": str(tmp_path / "nothing")}
    with started(["--member-file", str(held.path)], elsewhere, log := tmp_path / "member.log") as process:
        [answer] = answers_until(services, 1, JOINED.member)
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0, log.read_text(encoding="utf-8")
    assert (answer["status"], answer["request_id"]) == ("refused", str(asked.request_id))
    assert {path.name for path in (tmp_path / "own").iterdir()} == {"unit.member", "unit.member.reference"}
    assert not (tmp_path / "nothing").exists()
