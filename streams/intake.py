"""The first stage: inbound bundles in; signals for the correlation, quarantined records and receipts out.

At least once and without state: a batch is acknowledged when all that it led to is on the broker.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from secrets import token_hex

from aiokafka import AIOKafkaProducer
from faust.types import EventT

from alliance import metrics
from alliance.admission import Admitted, Limits, Record, admit
from alliance.clock import AllianceClock
from alliance.registry import Registry
from schemas.registry import Sector
from schemas.topics import QUARANTINE, SIGNALS, TALLY
from streams import refusals, wire
from streams.core.extract import alerts_of, retraction_of
from streams.core.partitioning import Signal, destinations
from streams.core.rules import Rules
from streams.inforce import refuse_over
from streams.receipts import Receipts
from streams.sending import BatchSender
from streams.tally import Tally

Signals = dict[int, list[Signal]]


class Intake:
    """`handle` takes a batch of inbound records through `producer`, which is idempotent but in no transaction.

    `epochs` are those in force, as tokens begin; none before the alliance has rotated its token key.
    """

    def __init__(
        self,
        producer: AIOKafkaProducer,
        registry: Registry,
        clock: AllianceClock,
        rules: Rules,
        receipts: Receipts,
        partitions: int,
        epochs: Callable[[], tuple[str, ...]],
    ) -> None:
        self._producer = producer
        self._registry = registry
        self._clock = clock
        self._receipts = receipts
        self._partitions = partitions
        self._epochs = epochs
        self._tally = Tally(token_hex(8))
        self._limits = Limits(rules.admission.max_age_s, rules.admission.max_future_s)

    async def handle(self, batch: list[EventT[bytes]]) -> None:
        sender = BatchSender(self._producer)
        signals: Signals = defaultdict(list)
        let_in: Counter[str] = Counter()
        for event in batch:
            message = event.message
            headers = list(message.headers or ())
            record = Record(message.topic, message.value or b"", dict(headers), message.key)
            admitted = admit(record, self._registry, self._clock.now(), self._limits)
            alerts = collect(admitted, signals, self._partitions, self._epochs())
            if admitted.member is not None:
                let_in[admitted.member.member] += alerts
            metrics.INTAKE_BYTES.inc(len(record.value))
            if admitted.refusals:
                await self._refuse(sender, event, admitted, headers)
        for partition, gathered in signals.items():
            values = wire.encode(gathered)
            await sender.send(SIGNALS.name, partition, ((None, value) for value in values))
        if let_in.total():
            key, value = self._tally.add(self._clock.now(), let_in)
            await sender.send_one(TALLY.name, value, key=key)
        await sender.settle()

    async def _refuse(
        self, sender: BatchSender, event: EventT[bytes], admitted: Admitted, headers: refusals.Headers
    ) -> None:
        message = event.message
        place = (message.topic, message.partition, message.offset)
        name = admitted.member.member if admitted.member else None
        now = self._clock.now()
        noted = refusals.note_headers(place, name, admitted.refusals, now, headers)
        await sender.send_one(QUARANTINE.name, message.value, key=name.encode() if name else None, headers=noted)
        for refusal in admitted.refusals:
            metrics.QUARANTINED.labels(refusal.reason.value).inc()
        if name:
            told = refusals.receipt(place, len(admitted.accepted), admitted.refusals, now)
            await self._receipts.send(self._producer, sender, name, told)


def collect(admitted: Admitted, signals: Signals, partitions: int, epochs: tuple[str, ...] = ()) -> int:
    """Signals of the good events, each to every one of `partitions` that has a part in it; how many are alerts. Of
    `admitted` what none of `epochs` names, if there are any, becomes a refusal first."""
    member, alerts = admitted.member, 0
    if member is None:
        return 0
    made = [alerts_of(each.event, member.member, member.sector, each.digest) for each in admitted.accepted]
    if epochs:
        refuse_over(admitted, made, epochs)
    for accepted, told in zip(admitted.accepted, made, strict=True):
        alerts += bool(told)
        gone = None if told else retraction_of(accepted.event, member.member, member.sector is Sector.POLICE)
        for signal in told if gone is None else (gone,):
            for partition in destinations(signal, partitions):
                signals[partition].append(signal)
    for kind, count in Counter(accepted.event.data.kind for accepted in admitted.accepted).items():
        metrics.EVENTS_ACCEPTED.labels(kind).inc(count)
    return alerts
