"""What the driver mends of Faust's: no record is passed over that nobody has acknowledged."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from aiokafka import TopicPartition

from streams.driver import _CommittedThread

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
