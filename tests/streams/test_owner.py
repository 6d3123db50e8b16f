"""An owner of a partition with a producer that only notes what it is given: no Kafka."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from types import SimpleNamespace
from typing import Any

import msgspec
import orjson
import pytest

from alliance.kafka import KafkaLogin
from schemas.topics import LEADS
from streams import correlate
from streams.core.engine import Engine
from streams.core.rules import parse
from streams.correlate import Owner, Part
from streams.driver import Room
from streams.receipts import Receipts
from tests.producers.support import clock
from tests.strategies import HOUR, RULES
from tests.streams.stories import CALLER, NOON, PAYEE, PHONE, call, transfer

LOGIN = KafkaLogin("127.0.0.1:1", "streams", "password")


class Batch:
    def __init__(self) -> None:
        self.records: list[tuple[bytes | None, bytes | None]] = []

    def append(self, *, key: bytes | None, value: bytes | None, **_: Any) -> bool:
        self.records.append((key, value))
        return True

    def record_count(self) -> int:
        return len(self.records)


class Producer:
    """Committed are the records of a transaction by topic; `hold` is what sending waits for."""

    def __init__(self, **_: Any) -> None:
        self.hold: asyncio.Future[None] | None = None
        self.sending = asyncio.Event()
        self.open: list[tuple[str, Any]] = []
        self.committed: list[tuple[str, Any]] = []
        self.ended: list[str] = []

    async def start(self) -> None: ...

    async def stop(self) -> None:
        self.ended.append("stopped")

    async def send_offsets_to_transaction(self, *_: Any) -> None: ...

    async def begin_transaction(self) -> None:
        self.open = []

    async def commit_transaction(self) -> None:
        self.committed += self.open
        self.ended.append("committed")

    async def abort_transaction(self) -> None:
        self.ended.append("aborted")

    def create_batch(self) -> Batch:
        return Batch()

    async def send_batch(self, batch: Batch, topic: str, **_: Any) -> asyncio.Future[None]:
        self.open += [(topic, record) for record in batch.records]
        self.sending.set()
        if self.hold is not None:
            await self.hold
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done


def with_owner(
    monkeypatch: pytest.MonkeyPatch,
    store: dict[str, bytes],
    act: Callable[[Owner, Producer], Coroutine[Any, Any, None]],
) -> Producer:
    """The producer of an owner whose partition has that state, once `act` is over."""

    async def run() -> Producer:
        owner = Owner(Part(0, 1), "group", LOGIN, clock(), parse(RULES), Room(), Receipts())
        producer = owner._producer
        assert isinstance(producer, Producer)
        await act(owner, producer)
        return producer

    async def load(*_: Any) -> dict[str, bytes]:
        return store

    monkeypatch.setattr(correlate, "load", load)
    monkeypatch.setattr(correlate, "AIOKafkaProducer", Producer)
    return asyncio.run(run())


def waiting() -> dict[str, bytes]:
    """State whose snapshots were not published when their owner died."""
    engine = Engine(0, 1, parse(RULES))
    engine.apply([call(NOON - HOUR, NOON), transfer(NOON)])
    engine.flush(0, NOON)
    engine.apply([transfer(NOON + 1, 2)])
    engine.flush(1, NOON)
    assert engine.next_due() is not None
    return engine.store


async def published(producer: Producer) -> None:
    while "committed" not in producer.ended:
        await asyncio.sleep(0)


def test_what_waits_is_published_by_the_allow_list_that_is_known_and_not_the_former_owners(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def recover(owner: Owner, producer: Producer) -> None:
        await owner.start(None, {PAYEE: "entry"})
        await published(producer)
        await owner.stop()

    producer = with_owner(monkeypatch, waiting(), recover)
    told = {key: orjson.loads(value)["level"] for topic, (key, value) in producer.committed if topic == LEADS.name}
    assert told[PAYEE.encode()] == "none"
    assert told.keys() <= {PAYEE.encode(), CALLER.encode(), PHONE.encode()}


def test_an_owner_that_is_stopped_leaves_no_transaction_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who reads committed leads would wait for it until it times out."""

    async def stop_while_sending(owner: Owner, producer: Producer) -> None:
        producer.hold = asyncio.get_running_loop().create_future()
        await owner.start(None, {})
        await producer.sending.wait()
        await owner.stop()

    assert with_owner(monkeypatch, waiting(), stop_while_sending).ended == ["aborted", "stopped"]


def test_a_clock_that_is_set_back_keeps_no_lead_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """What may wait a second would else wait for as long as the clock was ahead."""
    read = time.time_ns

    async def set_back(owner: Owner, producer: Producer) -> None:
        await owner.start(None, {})
        for offset, alerts in enumerate([[call(NOON - HOUR, NOON), transfer(NOON)], [transfer(NOON + 1, 2)]]):
            producer.ended.clear()
            owner.put(event(offset, alerts))
            await published(producer)
        assert len(leads(producer)) == 1
        monkeypatch.setattr(time, "time_ns", lambda: read() - 10**9 * 86_400)
        owner.put(event(2, []))
        async with asyncio.timeout(20):
            while len(leads(producer)) == 1:
                await asyncio.sleep(0)
        await owner.stop()

    with_owner(monkeypatch, {}, set_back)


def leads(producer: Producer) -> list[bytes]:
    """The snapshots of the payee."""
    return [value for topic, (key, value) in producer.committed if topic == LEADS.name and key == PAYEE.encode()]


def event(offset: int, alerts: list[Any]) -> Any:
    message = SimpleNamespace(value=msgspec.msgpack.encode(alerts), offset=offset)
    return SimpleNamespace(message=message, ack=lambda: None)
