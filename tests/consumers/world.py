"""A provisioned broker with members who have keys, and the casebook and dispatch as real processes."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from sqlalchemy import Connection, Engine

from alliance import kafka, profiles
from alliance.broker.passwords import login_of
from alliance.clock import load_or_create, wall_ms
from alliance.embedded.services import EmbeddedServices
from alliance.ids import IdSource
from alliance.keys.encoding import encode
from alliance.keys.signatures import sign, sign_object
from alliance.keys.store import generate
from alliance.membership import read_registry
from alliance.provision import provision
from alliance.registrar import publish, registrar_keys
from consumers.casebook import database
from consumers.casebook.authority.mandates import add_mandate
from schemas.answers import Answer, AnswerStatus
from schemas.envelope import Headers, event_type, source_of
from schemas.leads import Lead
from schemas.receipts import TO_MEMBER
from schemas.registry import Member, Officer, SigningKey
from schemas.requests import Mandate, Request
from schemas.topics import BY_KIND, LEADS, member_topic
from tests.consumers import facts

IDS = IdSource(wall_ms, secrets.token_bytes)
OFFICER = "p100"


def now() -> datetime:
    return datetime.now(UTC)


class World:
    """Members `bank-one`, `bank-two`, `carrier-one`, `platform-one` and `police-one` with the officer `p100`."""

    def __init__(self, services: EmbeddedServices, folder: Path) -> None:
        self.services, self.folder = services, folder
        provision(services.admin, facts.SECTORS, services.data.secret)
        self.keys = {name: generate(name, facts.TOKENS) for name in facts.SECTORS}
        self.officer_key = Ed25519PrivateKey.generate()
        self.officer_kid = f"police-one/{OFFICER}/k1"
        self.clock_file = folder / "clock.json"
        load_or_create(self.clock_file, 1.0)
        self.producer: KafkaProducer = kafka.producer(services.admin)
        self.registrar = registrar_keys(services.data)
        publish(services.admin, self.registrar, [self.record(name) for name in facts.SECTORS])

    def register(self, name: str, **over: Any) -> None:
        publish(self.services.admin, self.registrar, [self.record(name, **over)])

    def record(self, name: str, **over: Any) -> Member:
        since = now() - timedelta(days=400)
        key = SigningKey(key_id="k1", public=self.keys[name].public.signing, valid_from=since)
        officers = []
        if name == "police-one":
            public = encode(self.officer_key.public_key().public_bytes_raw())
            officers = [
                Officer(officer=OFFICER, rank="r1", key=SigningKey(key_id="k1", public=public, valid_from=since))
            ]
        sealing = self.keys[name].public.sealing
        return facts.member(name, **{"keys": [key], "officers": officers, "seal_key": sealing, **over})

    def put(self, topic: str, value: bytes, key: str, headers: list[tuple[str, bytes]] | None = None) -> None:
        self.producer.send(topic, key=key.encode(), value=value, headers=headers or []).get(10)

    def publish(self, *leads: Lead) -> None:
        sent = [
            self.producer.send(LEADS.name, key=lead.subject.token.encode(), value=lead.model_dump_json().encode())
            for lead in leads
        ]
        for future in sent:
            future.get(10)

    def send(self, name: str, data: dict[str, Any], at: datetime | None = None, event_id: UUID | None = None) -> UUID:
        """One event of a member in a signed bundle; its id."""
        event: dict[str, Any] = {
            "specversion": "1.0", "id": str(event_id or IDS.next()), "source": source_of(name),
            "type": event_type(data["kind"]), "time": (at or now()).isoformat(),
            "datacontenttype": "application/json", "data": data, "seals": [],
        }  # fmt: skip
        value = orjson.dumps([event])
        jws = sign(self.keys[name].signing, self.keys[name].kid, value)
        self.put(BY_KIND[data["kind"]].name, value, name, Headers(jws).pairs())
        return UUID(event["id"])

    def answer(self, request: Request, status: AnswerStatus, by: str | None = None, **fields: Any) -> UUID:
        """`by` answers, or the member that was asked; `id` and `at` are the event's."""
        at, event_id = fields.pop("at", None), fields.pop("id", None)
        said = Answer(request_id=request.request_id, status=status, **fields)
        return self.send(by or request.to, said.model_dump(mode="json"), at, event_id)

    def sign_mandate(self, mandate: Mandate) -> str:
        return sign_object(self.officer_key, self.officer_kid, mandate.model_dump(mode="json"))

    def add_mandate(self, db: Connection, **over: Any) -> Mandate:
        validity = {"valid_from": now() - timedelta(days=1), "valid_to": now() + timedelta(days=1)}
        jws = self.sign_mandate(facts.mandate(**{**validity, **over}))
        return add_mandate(db, [jws], read_registry(self.services.admin), profiles.load("cn"), now())

    def environment(self, principal: str, database_url: str) -> dict[str, str]:
        login = login_of(principal, self.services.admin, self.services.data.secret)
        return {
            **os.environ,
            "AFA_KAFKA_BOOTSTRAP": login.bootstrap,
            "AFA_KAFKA_USERNAME": login.username,
            "AFA_KAFKA_PASSWORD_FILE": str(self.services.data.secret_file(principal)),
            "AFA_CLOCK_FILE": str(self.clock_file),
            "AFA_REGISTRAR": self.registrar.public.signing,
            "AFA_DATABASE_URL": database_url,
        }


class Hub:
    """The casebook and dispatch on one database of their own."""

    def __init__(self, world: World, database_url: str) -> None:
        self.world, self.database_url = world, database_url
        self.engine: Engine = database.connect(database_url)
        self._started: list[subprocess.Popen[bytes]] = []
        database.migrate(self.engine)

    def start(self, name: str, module: str | None = None, *arguments: str) -> subprocess.Popen[bytes]:
        log = (self.world.folder / f"{name}-{IDS.next()}.log").open("wb")
        command = [sys.executable, "-m", module or f"consumers.{name}", *arguments]
        environment = self.world.environment(name, self.database_url)
        with log:
            self._started.append(subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT))
        return self._started[-1]

    def close(self) -> None:
        """Leave nothing running, however a test ended."""
        for process in self._started:
            if process.poll() is None:
                process.kill()
                process.wait()
        self.engine.dispose()

    @contextmanager
    def running(self, *names: str) -> Iterator[list[subprocess.Popen[bytes]]]:
        processes = [self.start(name) for name in names or ("casebook", "dispatch")]
        try:
            yield processes
        finally:
            for process in processes:
                process.send_signal(signal.SIGCONT)
                process.terminate()
                process.wait(20)

    def until(self, found: Callable[[Connection], Any], timeout_s: float = 120.0) -> Any:
        """What `found` gives once it is true; fails the test after the timeout."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            with self.engine.connect() as db:
                if result := found(db):
                    return result
            signal.sigtimedwait([], 0.02)
        raise AssertionError(f"it did not come true within {timeout_s} s")


class Mailbox:
    """`to.<member>`, read from where it ends now."""

    def __init__(self, world: World, member: str) -> None:
        self._consumer: KafkaConsumer = kafka.consumer(world.services.admin, [], None)
        place = TopicPartition(member_topic(member).name, 0)
        self._consumer.assign([place])
        self._consumer.seek_to_end(place)
        self._consumer.position(place)
        self.letters: list[Any] = []

    def close(self) -> None:
        self._consumer.close()

    def requests(self, case_of: Lead) -> list[Request]:
        return [one for one in self.letters if isinstance(one, Request) and one.lead_id == case_of.lead_id]

    def until(self, found: Callable[[Any], bool], timeout_s: float = 30.0) -> Any:
        """The first letter, old or new, that is `found`."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            for letter in self.letters:
                if found(letter):
                    return letter
            for records in self._consumer.poll(timeout_ms=200).values():
                self.letters += [TO_MEMBER.validate_json(record.value) for record in records]
        raise AssertionError(f"nothing among {len(self.letters)} letters fits after {timeout_s} s: {self.letters}")
