"""A small alliance for the producers' tests: who is who, a bank's alert in clear, and a broker that is not there."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from queue import Empty, SimpleQueue
from types import SimpleNamespace
from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from kafka.errors import KafkaConnectionError
from kafka.future import Future

from alliance.clock import AllianceClock
from alliance.kafka import KafkaLogin
from alliance.keys.store import MemberKeys
from alliance.keys.tokens import TokenKeys
from alliance.registry import Registry
from producers.client import MemberClient
from schemas.registry import Alliance, Member, Sector, SigningKey, Status

NOW = datetime(2026, 11, 10, 12, 0, tzinfo=UTC)
TOKENS = TokenKeys({"e1": bytes(range(32))})
NOWHERE = KafkaLogin("127.0.0.1:9", "m.bank-a", "unused")

BANK, OTHER_BANK, CARRIER, PLATFORM, POLICE = "bank-a", "bank-b", "carrier-c", "platform-chat", "police-tf"


def _keys(name: str) -> MemberKeys:
    """The same in every process, so that one can verify what another signed."""
    seed = hashlib.sha256(name.encode()).digest()
    return MemberKeys(
        name, "k1", Ed25519PrivateKey.from_private_bytes(seed), X25519PrivateKey.from_private_bytes(seed), TOKENS
    )


KEYS = {name: _keys(name) for name in (BANK, OTHER_BANK, CARRIER, PLATFORM, POLICE)}
_ROUTES = {
    BANK: "cnaps:102161000012",
    OTHER_BANK: "cnaps:104161000014",
    CARRIER: "carrier:cmcc-ty",
    PLATFORM: "platform:chat",
    POLICE: "police:tf",
}
_SECTORS = {
    BANK: Sector.BANK,
    OTHER_BANK: Sector.BANK,
    CARRIER: Sector.CARRIER,
    PLATFORM: Sector.PLATFORM,
    POLICE: Sector.POLICE,
}
OWN, THEIRS = _ROUTES[BANK], _ROUTES[OTHER_BANK]


def member(name: str, status: Status = Status.ACTIVE) -> Member:
    public = KEYS[name].public
    key = SigningKey(key_id=public.key_id, public=public.signing, valid_from=NOW - timedelta(days=365))
    return Member(
        member=name,
        name=name,
        sector=_SECTORS[name],
        alliance=Alliance.COMPREHENSIVE,
        status=status,
        routes=[_ROUTES[name]],
        keys=[key],
        seal_key=public.sealing,
    )


def registry() -> Registry:
    return Registry([member(name) for name in KEYS])


def clock(now: datetime = NOW) -> AllianceClock:
    """Stands at `now`."""
    return AllianceClock(0.0, now.timestamp(), 1.0, wall=lambda: 0.0)


def identifier(kind: str, value: str, *holders: str) -> dict[str, Any]:
    return {"kind": kind, "value": value, **({"holders": list(holders)} if holders else {})}


def transfer(number: int = 1, **over: Any) -> dict[str, Any]:
    """A payment out of a customer's account, to an account at the other bank."""
    data = {
        "kind": "suspicious-account",
        "serial": identifier("transfer-serial", f"T{number:08}"),
        "direction": "out",
        "amount": {"minor": 28697, "currency": "CNY"},
        "status": "posted",
        "reporting_side": "payer",
        "customer": {
            "account": identifier("account", "6217000000000780", OWN),
            "phones": [{"identifier": identifier("number", "139 1234 5679"), "role": "registered"}],
        },
        "counterparty": {"account": identifier("account", f"62170000{number:08}", THEIRS)},
        "score": 0.54,
    }
    return {"time": NOW.isoformat(), "data": {**data, **over}, "clear": {"payee_name": "张伟"}}


class FakeMail:
    """Stands in for a consumer of `to.<member>`: gives what is put into it, one letter at a time."""

    def __init__(self) -> None:
        self.letters: SimpleQueue[bytes] = SimpleQueue()

    def poll(self, timeout_ms: int) -> dict[str, list[Any]]:
        try:
            return {"": [SimpleNamespace(value=self.letters.get(timeout=timeout_ms / 1000))]}
        except Empty:
            return {}

    def close(self) -> None:
        """Nothing is under way."""


class FakeBroker:
    """Keeps what it acknowledges; while `up` is false it cannot be connected to. Stands in for a producer, too.

    `reply` makes of each event of a record what comes on the sender's own topic, if anything.
    """

    def __init__(
        self, *, up: bool = True, reply: Callable[[dict[str, Any]], bytes | None] = lambda event: None
    ) -> None:
        self.up, self.reply = up, reply
        self.mail = FakeMail()
        self.records: list[tuple[str, bytes, bytes, list[tuple[str, bytes]]]] = []

    def connect(self, login: KafkaLogin) -> FakeBroker:
        if not self.up:
            raise KafkaConnectionError("nobody there")
        return self

    def send(self, topic: str, value: bytes, key: bytes, headers: list[tuple[str, bytes]]) -> Any:
        if not self.up:
            return _Answer().failure(KafkaConnectionError("gone"))
        self.records.append((topic, value, key, headers))
        for letter in map(self.reply, orjson.loads(value)):
            if letter is not None:
                self.mail.letters.put(letter)
        return _Answer().success(None)

    def close(self, timeout: float | None = None) -> None:
        """Nothing is under way."""

    def events(self) -> list[dict[str, Any]]:
        """Every acknowledged event, as read."""
        return [event for _, value, _, _ in self.records for event in orjson.loads(value)]


class _Answer(Future):  # type: ignore[misc]
    def get(self, timeout: float | None = None) -> Any:
        if self.failed():
            raise self.exception
        return self.value


def client(spool: Path, broker: FakeBroker, name: str = BANK, **options: Any) -> MemberClient:
    connect: Callable[[KafkaLogin], Any] = broker.connect
    made = MemberClient(KEYS[name], NOWHERE, registry(), spool, clock(), connect=connect, **options)
    made.listen = lambda login, member: broker.mail
    return made
