"""What a worker's parts owe each other when it starts, fails and is stopped: no Kafka."""

from __future__ import annotations

import asyncio
import os
from typing import Any

import pytest

from alliance.keys.store import generate
from alliance.principals import TABLE
from alliance.roll import Roll
from streams.__main__ import READS, WRITES
from streams.app import Worker
from streams.batches import Batches
from streams.driver import Room
from streams.ending import ends_the_process
from streams.rules import load_rules
from tests.producers.support import clock
from tests.streams.test_owner import LOGIN


class Message:
    value = b"x" * 900


class Event:
    message = Message()

    def __init__(self) -> None:
        self.acked = False

    def ack(self) -> None:
        self.acked = True


def worker() -> Worker:
    return Worker(LOGIN, Roll(generate("registrar").signing.public_key()), clock(), load_rules(), 2)


def test_a_batch_that_is_stopped_gives_back_its_room_and_acknowledges_nothing() -> None:
    """Where nothing is assigned any more, Faust does not wait until all is handled."""
    room, handled, waiting = Room(), Event(), Event()

    async def run() -> None:
        begun = asyncio.Event()

        async def handle(_: Any) -> None:
            begun.set()
            await asyncio.Event().wait()

        batches = Batches("test", handle, room)
        batches.start()
        batches.put(handled)
        await begun.wait()
        batches.put(waiting)
        assert room.used == 2_000
        await batches.stop()

    asyncio.run(run())
    assert room.used == 0
    assert (handled.acked, waiting.acked) == (False, False)


def test_what_nobody_can_handle_ends_the_process_and_being_stopped_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[int] = []
    monkeypatch.setattr(os, "_exit", ended.append)

    def fail(error: BaseException) -> None:
        with ends_the_process("test"):
            raise error

    with pytest.raises(asyncio.CancelledError):
        fail(asyncio.CancelledError())
    assert ended == []
    fail(KeyError(3))
    assert ended == [1]


def test_two_workers_of_one_process_do_not_share_their_room() -> None:
    one, other = worker(), worker()
    rooms = [made.app.transport.Consumer.room for made in (one, other)]
    assert rooms == [one._room, other._room]
    assert rooms[0] is not rooms[1]


def test_a_worker_that_is_stopped_stops_its_owners_and_its_intake() -> None:
    stopped: list[str] = []

    class Part:
        def __init__(self, name: str) -> None:
            self.name = name

        async def stop(self) -> None:
            stopped.append(self.name)

    async def run() -> None:
        made = worker()
        made._owners[0] = Part("owner")  # type: ignore[assignment]
        made._entrance = Part("batches"), Part("producer")  # type: ignore[assignment]
        await made.app.on_before_shutdown.send()

    asyncio.run(run())
    assert stopped == ["batches", "producer", "owner"]


def test_a_worker_asks_at_its_start_for_each_topic_that_it_is_granted() -> None:
    granted: dict[str, set[str]] = {"READ": set(), "WRITE": set()}
    for grant in TABLE:
        if grant.principal == "streams" and grant.resource == "TOPIC" and not grant.prefix:
            for operation in grant.operations:
                granted[operation] |= set(grant.names)
    assert {"READ": {t.name for t in READS}, "WRITE": {t.name for t in WRITES}} == granted
