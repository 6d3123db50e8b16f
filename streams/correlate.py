"""The second stage: one owner a partition, who moves state, outputs and offsets in one Kafka transaction.

The transactional id fences a stalled former owner: its next commit fails, and it ends. Nothing leaves an owner outside
a transaction.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import msgspec
import orjson
import structlog
from aiokafka import AIOKafkaProducer, TopicPartition
from faust.types import EventT

from alliance import metrics
from alliance.clock import AllianceClock, ticks_ms
from alliance.kafka import KafkaLogin
from schemas.epochs import FORMER_HEADER, RETIRED_HEADER
from schemas.topics import CHANGELOG, LEADS, QUARANTINE, SIGNALS
from streams import refusals, wire
from streams.batches import Batches
from streams.core.engine import Engine, Flush
from streams.core.keys import token_of
from streams.core.rules import Rules
from streams.driver import Room
from streams.receipts import Receipts
from streams.recovery import await_committed, beginning, client_options, is_usable, load
from streams.sending import BatchSender, Headers

TRANSACTION_TIMEOUT_MS = 10_000
ABORT_S = 5.0
"""How long an owner that stops waits for the broker to end its transaction."""
SWEEP_KEYS = 1_000
SWEEP_MS = 1_000
"""How many keys are looked at, at most once in that time, for what has expired."""
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Part:
    """Partition `number` of a state that has `of` partitions."""

    number: int
    of: int


class Owner:
    """Owns one partition from `start` until `stop`; `put` takes its signals in order."""

    def __init__(
        self,
        part: Part,
        group: str,
        login: KafkaLogin,
        clock: AllianceClock,
        rules: Rules,
        room: Room,
        receipts: Receipts,
    ) -> None:
        self.partition = part.number
        self._part = part
        self._group = group
        self._login = login
        self._clock = clock
        self._rules = rules
        self._receipts = receipts
        self._sweep: list[str] = []
        self._swept_at = 0
        self._batches = Batches(f"correlate-{part.number}", self._handle, room)
        self._producer = AIOKafkaProducer(
            transactional_id=f"{group}-correlate-{part.number}",
            transaction_timeout_ms=TRANSACTION_TIMEOUT_MS,
            max_batch_size=512 * 1024,
            max_request_size=2_000_000,
            linger_ms=0,
            **client_options(login),
        )

    async def start(self, leading: str | None, allowed: Mapping[str, str]) -> None:
        """Fence the former owner, then read its state: in this order, or it could still write after the reading. Leads
        come under the epoch `leading`, and of what is `allowed` there are none: what waits is published at once."""
        await self._producer.start()
        store = await load(self._login, self.partition)
        if not is_usable(store):
            await self._begin_anew(store)
            store = {}
        self._engine = Engine(self.partition, self._part.of, self._rules, store, leading)
        self._engine.allow(allowed)
        metrics.STATE_RECOVERED.inc(len(store))
        metrics.STATE_KEYS.labels(str(self.partition)).set(len(self._engine.store))
        log.info("partition recovered", partition=self.partition, keys=len(self._engine.store))
        self._batches.start(self._wake_after)

    async def stop(self) -> None:
        await self._batches.stop()
        await self._producer.stop()
        metrics.SATURATED.labels(str(self.partition)).set(0)

    def allow(self, entries: Mapping[str, str]) -> None:
        """The allow-list is now this one; what follows is published without waiting for signals."""
        self._engine.allow(entries)
        self._batches.wake()

    def lead_under(self, epoch: str | None) -> None:
        """Leads come under this epoch from now on; what follows is published without waiting for signals."""
        self._engine.lead_under(epoch)
        self._batches.wake()

    def put(self, event: EventT[bytes]) -> None:
        self._batches.put(event)

    async def _begin_anew(self, keys: Iterable[str]) -> None:
        """Give up state of another version and read the signals from their beginning: both in one transaction, so that
        a crash leaves the former generation whole or the next one at its start."""
        place = TopicPartition(SIGNALS.name, self.partition)
        first = await beginning(self._login, place)
        await self._producer.begin_transaction()
        sender = BatchSender(self._producer)
        await sender.send(CHANGELOG.name, self.partition, ((key.encode(), None) for key in keys))
        await sender.settle()
        await self._producer.send_offsets_to_transaction({place: first}, self._group)
        await self._producer.commit_transaction()
        # Faust seeks to what is committed once all owners have started.
        await await_committed(self._login, self._group, place, first)
        metrics.GENERATIONS.inc()
        log.warning("state of another version is rebuilt from the signals", partition=self.partition, offset=first)

    def _wake_after(self) -> float | None:
        due = self._engine.next_due()
        return None if due is None else max(0.0, (due - ticks_ms()) / 1000)

    async def _handle(self, batch: list[EventT[bytes]]) -> None:
        for event in batch:
            self._apply(event)
        if ticks_ms() - self._swept_at >= SWEEP_MS:
            self._engine.expire(self._next_swept(), self._clock.now_ms())
            self._swept_at = ticks_ms()
        flush = self._engine.flush(ticks_ms(), self._clock.now_ms())
        if batch or flush.changelog:
            await self._commit(flush, batch[-1].message.offset + 1 if batch else None)
        self._count(flush)

    def _apply(self, event: EventT[bytes]) -> None:
        """Only intake and owners may write signals; bytes that are none were written by a broken one, and are
        counted."""
        try:
            signals = wire.decode(event.message.value or b"")
        except msgspec.DecodeError as error:
            metrics.SIGNALS_UNREADABLE.inc()
            log.error("unreadable signals", partition=self.partition, offset=event.message.offset, error=str(error))
            return
        self._engine.apply(signals)

    async def _commit(self, flush: Flush, offset: int | None) -> None:
        await self._producer.begin_transaction()
        try:
            await self._move(flush, offset)
        except asyncio.CancelledError:
            # Else who reads committed leads waits for its end until it times out, if nobody fences it.
            async with asyncio.timeout(ABORT_S):
                await self._producer.abort_transaction()
            raise
        await self._producer.commit_transaction()

    async def _move(self, flush: Flush, offset: int | None) -> None:
        sender = BatchSender(self._producer)
        changes = ((key.encode(), value) for key, value in flush.changelog.items())
        await sender.send(CHANGELOG.name, self.partition, changes)
        for partition, signals in flush.signals.items():
            await sender.send(SIGNALS.name, partition, ((None, value) for value in wire.encode(signals)))
        leads = ((key.encode(), orjson.dumps(snapshot)) for key, snapshot in flush.leads)
        await sender.send(LEADS.name, self.partition, leads, _names(flush))
        await self._report(sender, flush)
        await sender.settle()
        if offset is not None:
            place = TopicPartition(SIGNALS.name, self.partition)
            await self._producer.send_offsets_to_transaction({place: offset}, self._group)

    async def _report(self, sender: BatchSender, flush: Flush) -> None:
        """An id with two contents counts for nothing, and its member is told."""
        for member, event in flush.conflicts:
            place, now = (SIGNALS.name, self.partition, 0), self._clock.now()
            refused = [refusals.conflict(event)]
            headers = refusals.note_headers(place, member, refused, now, [])
            await sender.send_one(QUARANTINE.name, b"", key=member.encode(), headers=headers)
            told = refusals.receipt(place, 0, refused, now)
            await self._receipts.send(self._producer, sender, member, told)

    def _next_swept(self) -> list[str]:
        """A few keys at a time, round and round."""
        if not self._sweep:
            self._sweep = list(self._engine.store)
        keys, self._sweep = self._sweep[:SWEEP_KEYS], self._sweep[SWEEP_KEYS:]
        return keys

    def _count(self, flush: Flush) -> None:
        metrics.LEADS_PUBLISHED.inc(len(flush.leads))
        metrics.STATE_KEYS.labels(str(self.partition)).set(len(self._engine.store))
        for name, count in self._engine.counts.items():
            metrics.CORRELATED.labels(name).inc(count)
        self._engine.counts.clear()
        metrics.SATURATED.labels(str(self.partition)).set(len(self._engine.saturated))
        for entry, count in self._engine.spared.items():
            metrics.SPARED.labels(entry).inc(count)
        self._engine.spared.clear()


def _names(flush: Flush) -> dict[bytes | None, Headers]:
    """What readers are told of leads whose subject has two names."""
    said: dict[bytes | None, Headers] = {
        key.encode(): [(FORMER_HEADER, token_of(former).encode())] for key, former in flush.formers.items()
    }
    return said | {key.encode(): [(RETIRED_HEADER, b"")] for key in flush.retired}
