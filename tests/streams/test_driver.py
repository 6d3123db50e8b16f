"""What the driver mends of Faust's: no record is passed over that nobody has acknowledged."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiokafka import TopicPartition
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread
from faust.types import TP

from streams.driver import BoundedConsumer, _CommittedThread

READ, FRESH = TopicPartition("signals", 0), TopicPartition("signals", 1)


class Positions:
    """A consumer whose fetcher is ahead of what is committed on both partitions."""

    def __init__(self) -> None:
        self.at = {READ: 9, FRESH: 9}

    async def seek_to_committed(self) -> dict[TopicPartition, int | None]:
        self.at[READ] = 5
        return {READ: 5, FRESH: None}

    async def seek_to_beginning(self, *partitions: TopicPartition) -> None:
        self.at |= dict.fromkeys(partitions, 0)


class Thread(_CommittedThread):
    def __init__(self, consumer: Positions) -> None:
        self.positions = consumer

    def _ensure_consumer(self) -> Positions:
        return self.positions

    async def call_thread(self, call: Callable[..., Awaitable[Any]], *arguments: Any) -> Any:
        return await call(*arguments)


def test_a_partition_that_was_never_committed_is_read_from_its_beginning_again() -> None:
    consumer = Positions()
    assert asyncio.run(Thread(consumer).seek_to_committed()) == {READ: 5, FRESH: None}
    assert consumer.at == {READ: 5, FRESH: 0}


class Flow(BoundedConsumer):
    """As much of a consumer as waits for a message's callback."""

    def __init__(self, active: bool) -> None:
        self.flow_active = active
        self.suspend_flow = asyncio.Event()
        self._stopped, self._crashed, self.loop = asyncio.Event(), asyncio.Event(), asyncio.get_running_loop()

    async def callback(self) -> None:
        """Waits, as Faust's does, for a flow that goes on after the rebalance alone."""
        await asyncio.Event().wait()


def test_a_message_that_a_rebalance_overtakes_is_let_go_before_the_reading_is_set_back() -> None:
    async def one() -> None:
        flow = Flow(active=False)
        flow.suspend_flow.set()
        async with asyncio.timeout(5):
            await flow.wait_first(flow.callback(), flow.suspend_flow.wait())

    asyncio.run(one())


@pytest.mark.parametrize(("topic", "told"), [("signals", 0), ("alias", 1)])
def test_that_faust_commits_nothing_is_an_error_only_where_it_should(
    topic: str, told: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(
        AIOKafkaConsumerThread, "_log_slow_processing_commit", lambda self, msg, *args: said.append(msg)
    )
    consumer = BoundedConsumer.__new__(BoundedConsumer)
    consumer.transactional = frozenset({"signals"})
    thread = _CommittedThread.__new__(_CommittedThread)
    thread.consumer = consumer
    thread._log_slow_processing_commit("Has not committed", TP(topic, 1))
    assert len(said) == told
