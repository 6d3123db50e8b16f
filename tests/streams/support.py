"""What the stream's integration tests share: members with keys on a real broker, signed bundles, a real worker
process."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from alliance import kafka
from alliance.broker.passwords import login_of
from alliance.clock import load_or_create, wall_ms
from alliance.embedded.services import EmbeddedServices
from alliance.ids import IdSource
from alliance.keys.signatures import sign
from alliance.keys.store import MemberKeys, generate
from alliance.keys.tokens import TokenKeys
from alliance.provision import provision
from alliance.registrar import publish, registrar_keys
from schemas.envelope import Headers, event_type, source_of
from schemas.registry import Alliance, Member, Sector, SigningKey
from schemas.rulebook import Rulebook
from schemas.topics import BY_KIND, PARTITIONS

TOKENS = TokenKeys.generate()
IDS = IdSource(wall_ms, secrets.token_bytes)
NOW = datetime.now(UTC)
SECTORS = {
    "bank-a": Sector.BANK,
    "bank-b": Sector.BANK,
    "carrier-a": Sector.CARRIER,
    "carrier-b": Sector.CARRIER,
    "platform-a": Sector.PLATFORM,
    "police-a": Sector.POLICE,
}


def member_record(keys: MemberKeys, sector: Sector, **over: Any) -> Member:
    public = keys.public
    key = SigningKey(key_id=keys.key_id, public=public.signing, valid_from=NOW - timedelta(days=400))
    fields = {
        "member": keys.member,
        "name": keys.member,
        "sector": sector,
        "alliance": Alliance.COMPREHENSIVE,
        "keys": [key],
        "seal_key": public.sealing,
    }
    return Member(**{**fields, **over})


class World:
    """A provisioned broker with these members."""

    def __init__(self, services: EmbeddedServices, folder: Path) -> None:
        self.services, self.folder = services, folder
        provision(services.admin, SECTORS, services.data.secret, PARTITIONS + 1)
        self.keys = {name: generate(name, TOKENS) for name in SECTORS}
        self.clock_file = folder / "clock.json"
        load_or_create(self.clock_file, 1.0)
        self.producer: KafkaProducer = kafka.producer(services.admin)
        self.registrar = registrar_keys(services.data)
        self.register(*(member_record(self.keys[name], sector) for name, sector in SECTORS.items()))

    def register(self, *records: Member | Rulebook) -> None:
        publish(self.services.admin, self.registrar, records)

    def event(self, member: str, data: dict[str, Any], time: datetime | None = None, **over: Any) -> dict[str, Any]:
        moment = (time or datetime.now(UTC)).isoformat()
        fixed = {"specversion": "1.0", "id": str(IDS.next()), "source": source_of(member)}
        kind = {"type": event_type(data["kind"]), "time": moment, "datacontenttype": "application/json"}
        return {**fixed, **kind, "data": data, "seals": [], **over}

    def bundle(self, member: str, events: Sequence[dict[str, Any]]) -> tuple[bytes, str]:
        value = orjson.dumps(events)
        return value, sign(self.keys[member].signing, self.keys[member].kid, value)

    def send(self, member: str, *events: dict[str, Any]) -> None:
        value, jws = self.bundle(member, events)
        self.send_raw(member, BY_KIND[events[0]["data"]["kind"]].name, value, Headers(jws).pairs())

    def send_raw(self, member: str, topic: str, value: bytes, headers: list[tuple[str, bytes]]) -> None:
        self.producer.send(topic, key=member.encode(), value=value, headers=headers).get(10)

    def read_until(self, topic: str, found: Callable[[Any], bool], timeout_s: float = 40.0) -> list[Any]:
        """Records of `topic` from its beginning until one is `found`; fails the test after the timeout."""
        consumer: KafkaConsumer = kafka.consumer(self.services.admin, [], None)
        consumer.assign([TopicPartition(topic, p) for p in sorted(consumer.partitions_for_topic(topic))])
        consumer.seek_to_beginning()
        seen: list[Any] = []
        deadline = time.monotonic() + timeout_s
        try:
            while time.monotonic() < deadline:
                for records in consumer.poll(200).values():
                    for record in records:
                        seen.append(record)
                        if found(record):
                            return seen
        finally:
            consumer.close()
        raise AssertionError(f"nothing of {len(seen)} records of {topic} fits after {timeout_s} s")

    def environment(self, principal: str = "streams") -> dict[str, str]:
        login = login_of(principal, self.services.admin, self.services.data.secret)
        return {
            **os.environ,
            "AFA_KAFKA_BOOTSTRAP": login.bootstrap,
            "AFA_KAFKA_USERNAME": login.username,
            "AFA_KAFKA_PASSWORD_FILE": str(self.services.data.secret_file(principal)),
            "AFA_CLOCK_FILE": str(self.clock_file),
            "AFA_REGISTRAR": self.registrar.public.signing,
            "FAUST_DATADIR": str(self.folder / "faust"),
        }

    @contextmanager
    def worker(self, **over: str) -> Iterator[subprocess.Popen[bytes]]:
        """A stream worker in a process of its own; what it printed is shown if the test fails."""
        with (self.folder / f"worker-{IDS.next()}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "streams"],
                env=self.environment() | over,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
            try:
                yield process
            finally:
                process.terminate()
                process.wait(20)


def number(kind: str, value: str, **over: Any) -> dict[str, Any]:
    """An identifier as it travels, of a value that is unique to the test."""
    namespace = "number" if kind == "presented-number" else kind
    return {"kind": kind, "tokens": TOKENS.tokens(namespace, value), "basis": "observed", "holders": [], **over}


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
    return port


def unique(stem: str) -> str:
    return f"{stem}-{secrets.token_hex(6)}"
