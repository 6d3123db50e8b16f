"""What the hub's compacted topics say, kept current: who is a member, what is allow-listed, which epoch leads.

Nothing of `members` is believed without the registrar's signature, nor is the list of epochs; no entry without a police
officer's. Must never be what a batch of alerts waits for, but at the start.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition

from alliance import metrics
from alliance.clock import AllianceClock
from alliance.kafka import KafkaLogin
from alliance.roll import Roll
from schemas.epochs import EPOCHS_KEY
from schemas.topics import MEMBERS, RULES
from streams.allowing import Allowed, Allowing
from streams.leading import EpochList
from streams.recovery import client_options

_POLL_MS = 500
"""Also how late an entry may end."""
log = structlog.get_logger()


class Following:
    """Follows both topics from the first `ready` on; `changed` is given each allow-list that takes another's place,
    `turned` each epoch that leads come under after another."""

    def __init__(
        self,
        login: KafkaLogin,
        roll: Roll,
        clock: AllianceClock,
        changed: Callable[[Allowed], None],
        turned: Callable[[str | None], None],
    ) -> None:
        self._login, self._roll, self.registry = login, roll, roll.registry
        self._allowing = Allowing(roll.registry, clock, changed)
        self._epochs = EpochList(turned)
        self._ready = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def allowed(self) -> Allowed:
        return self._allowing.allowed

    @property
    def leading(self) -> str | None:
        return self._epochs.leading

    @property
    def in_force(self) -> tuple[str, ...]:
        """How tokens of the listed epochs begin."""
        return self._epochs.in_force

    async def ready(self) -> None:
        """Return once all that the topics held at first is known."""
        if self._task is None:
            self._task = asyncio.create_task(self._follow(), name="following")
            self._task.add_done_callback(_end_if_failed)
        await self._ready.wait()

    async def _follow(self) -> None:
        consumer = AIOKafkaConsumer(group_id=None, enable_auto_commit=False, **client_options(self._login))
        await consumer.start()
        try:
            places = [TopicPartition(topic.name, 0) for topic in (MEMBERS, RULES)]
            consumer.assign(places)
            await consumer.seek_to_beginning(*places)
            ends = await consumer.end_offsets(places)
            while any([await consumer.position(place) < ends[place] for place in places]):
                await self._take(consumer)
            self._allowing.judge()
            self._ready.set()
            while True:
                if await self._take(consumer):
                    self._allowing.judge()
                self._allowing.enforce()
        finally:
            await consumer.stop()

    async def _take(self, consumer: AIOKafkaConsumer) -> bool:
        """What has come within the poll's time; whether anything has."""
        batches = await consumer.getmany(timeout_ms=_POLL_MS)
        for place, records in batches.items():
            if place.topic == MEMBERS.name:
                self._roll.take(records)
                continue
            for record in records:
                self._rule(record)
        return bool(batches)

    def _rule(self, record: Any) -> None:
        key = (record.key or b"").decode(errors="replace")
        if key != EPOCHS_KEY:
            self._allowing.take(key, record.value)
        elif not self._roll.vouches(record):
            metrics.REGISTRY_REFUSED.inc()
            log.error("the list of token epochs is not the registrar's, and not believed", offset=record.offset)
        else:
            self._epochs.take(record.value)


def _end_if_failed(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        log.critical("the registry can't be followed any more; the worker ends", error=str(task.exception()))
        os._exit(1)
