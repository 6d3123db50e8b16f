"""The Faust Kafka driver as this worker needs it: reads committed records only, and no more while many bytes wait.

Faust hands every message to about four tasks, and lets buffers grow by count instead of bytes; both are mended here and
nowhere else. One fetch, and what an agent has not yet taken of it, comes on top. Must never acknowledge anything.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Iterator
from typing import Any

from aiokafka import AIOKafkaConsumer
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, Consumer, Transport
from mode.services import WaitResults

FETCH_WAIT_MS = 20
"""How long the broker may hold back an answer for want of records; Faust's own value is 1.5 s."""
MAX_BYTES_IN_FLIGHT = 32 * 1024 * 1024


class Room:
    """How many bytes are held between an agent and a finished batch; the driver fetches no more while it is full."""

    def __init__(self, limit: int = MAX_BYTES_IN_FLIGHT) -> None:
        self.limit = limit
        self.used = 0
        self._free = asyncio.Event()
        self._free.set()

    def take(self, size: int) -> None:
        self.used += size
        if self.used >= self.limit:
            self._free.clear()

    def give(self, size: int) -> None:
        self.used -= size
        if self.used < self.limit:
            self._free.set()

    async def wait(self) -> None:
        await self._free.wait()


class _CommittedThread(AIOKafkaConsumerThread):
    """What a transaction wrote is read only once it is committed."""

    def _create_worker_consumer(self, transport: Any) -> AIOKafkaConsumer:
        consumer = super()._create_worker_consumer(transport)
        consumer._isolation_level = "read_committed"
        consumer._fetch_max_wait_ms = FETCH_WAIT_MS
        return consumer

    async def seek_to_committed(self) -> Any:
        """Also where aiokafka would stay in place: nothing is committed yet, and what a rebalance made Faust fetch and
        drop would be passed over; or offset 0, where a new generation of the state begins."""
        return await self.call_thread(self._seek_back)

    async def _seek_back(self) -> Any:
        consumer = self._ensure_consumer()
        committed = await consumer.seek_to_committed()
        if fresh := [tp for tp, offset in committed.items() if not offset]:
            await consumer.seek_to_beginning(*fresh)
        return committed

    def _log_slow_processing_commit(self, msg: str, *args: Any) -> None:
        """Faust wonders that it commits nothing of what it is not to commit."""
        tp, consumer = args[0], self.consumer
        if not (isinstance(consumer, BoundedConsumer) and tp.topic in consumer.transactional):
            super()._log_slow_processing_commit(msg, *args)


class BoundedConsumer(Consumer):
    """Faust's consumer, which waits for `room` before it fetches."""

    room: Room
    transactional: frozenset[str] = frozenset()
    """Topics whose offsets move in their owners' transactions; Faust's own commit would set them back."""

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> Iterator[Any]:
        for tp in list(super()._filter_tps_with_pending_acks(topics)):
            if tp.topic in self.transactional:
                self._acked[tp].clear()
                self._acked_index[tp].clear()
            else:
                yield tp

    def _new_consumer_thread(self) -> AIOKafkaConsumerThread:
        return _CommittedThread(self, loop=self.loop, beacon=self.beacon)

    async def getmany(self, timeout: float) -> AsyncIterator[Any]:
        await self.room.wait()
        async for tp, message in super().getmany(timeout):
            yield tp, message

    async def wait_first(self, *coros: Any, timeout: Any = None) -> WaitResults:
        """For each message Faust waits for its callback or a suspension. While messages flow, the callback does not
        block, so it is awaited; a suspended one would end after the rebalance, and be taken for what was read since."""
        if self.flow_active and len(coros) == 2 and all(inspect.iscoroutine(coro) for coro in coros):
            callback, suspension = coros
            suspension.close()
            await callback
            return WaitResults([], [], False)
        return await super().wait_first(*coros, timeout=timeout)


def bounded(transport: Transport, waits_for: Room, moves: frozenset[str]) -> None:
    """Have this transport make such consumers. Faust makes one of a class: a class of its own, or all workers of a
    process would share what is set last."""

    class Consumer(BoundedConsumer):
        room = waits_for
        transactional = moves

    transport.Consumer = Consumer
