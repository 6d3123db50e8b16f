"""What the hub's compacted topics say, kept current: who is a member, what is allow-listed, which epoch leads.

Nothing of `members` is believed without the registrar's signature, nor is the list of epochs; no entry without a police
officer's. Must never be what a batch of alerts waits for, but at the start.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition

from alliance import metrics
from alliance.allowlist import AllowList, Filed
from alliance.clock import AllianceClock
from alliance.kafka import KafkaLogin
from alliance.roll import Roll
from schemas.epochs import EPOCHS_KEY, Epochs, listed
from schemas.topics import MEMBERS, RULES
from streams.core.keys import key_of
from streams.recovery import client_options

Allowed = Mapping[str, str]
"""State key → id of the allow-list entry that spares it."""
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
        self._roll, self.registry = roll, roll.registry
        self.allowed: Allowed = {}
        self.leading: str | None = None
        self.in_force: tuple[str, ...] = ()
        """How tokens of the listed epochs begin."""
        self._listed: Epochs | None = None
        self._login, self._clock, self._changed, self._turned = login, clock, changed, turned
        self._list = AllowList()
        self._filed: list[Filed] = []
        self._ready = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

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
            self._judge()
            self._ready.set()
            while True:
                if await self._take(consumer):
                    self._judge()
                self._enforce()
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
        key = record.key.decode(errors="replace")
        if key != EPOCHS_KEY:
            self._list.apply(key, record.value)
        elif not self._roll.vouches(record):
            metrics.REGISTRY_REFUSED.inc()
            log.error("the list of token epochs is not the registrar's, and not believed", offset=record.offset)
        else:
            self._turn(record.value)

    def _turn(self, value: bytes) -> None:
        """Whoever has the broker may put back an older list, or what the registrar signed for another use."""
        told = listed(value)
        if told is None or (self._listed is not None and told.at < self._listed.at):
            metrics.REGISTRY_REFUSED.inc()
            log.error("a list of token epochs is older than the one before, or none, and is passed over")
            return
        self._listed = told
        self.in_force = tuple(f"{epoch.epoch}:" for epoch in told.epochs)
        if told.leading != self.leading:
            self.leading = told.leading
            self._turned(told.leading)

    def _judge(self) -> None:
        """Prove every record anew: a unit or an officer's key may have come or gone."""
        known = {(filed.key, filed.refused) for filed in self._filed}
        self._filed = list(self._list.filed(self.registry))
        refused = [filed for filed in self._filed if filed.refused]
        metrics.ALLOW_REFUSED.set(len(refused))
        for filed in refused:
            if (filed.key, filed.refused) not in known:
                log.error("an allow-list entry is not applied", key=filed.key, why=filed.refused)
        self._enforce()

    def _enforce(self) -> None:
        now = self._clock.now()
        entries = [filed.entry for filed in self._filed if filed.entry and filed.in_force(now)]
        allowed = {key_of(entry.kind, token): str(entry.entry_id) for entry in entries for token in entry.tokens}
        if allowed != self.allowed:
            self.allowed = allowed
            self._changed(allowed)


def _end_if_failed(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        log.critical("the registry can't be followed any more; the worker ends", error=str(task.exception()))
        os._exit(1)
