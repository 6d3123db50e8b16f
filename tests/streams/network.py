"""Engines of several partitions with queues between them, as the topic would be: no Kafka, but crashes and
redelivery."""

from __future__ import annotations

import random
from collections.abc import Sequence

from streams.core.alert import Alert, Retraction
from streams.core.engine import DEBOUNCE_MS, Engine
from streams.core.partitioning import Signal, destinations
from streams.core.rules import Rules
from streams.core.snapshots import Snapshot


class Network:
    """`publish` as intake would; `run` delivers everything in some order; `leads` are the last snapshots above none."""

    def __init__(self, partitions: int, rules: Rules) -> None:
        self.rules = rules
        self.now = 0
        self.engines = [Engine(p, partitions, rules) for p in range(partitions)]
        self.queues: list[list[Signal]] = [[] for _ in range(partitions)]
        self.last: dict[str, Snapshot] = {}
        self.conflicts: set[tuple[str, bytes]] = set()

    def publish(self, signal: Alert | Retraction) -> None:
        for partition in destinations(signal, len(self.queues)):
            self.queues[partition].append(signal)

    def step(self, partition: int, count: int, crash: bool = False) -> None:
        """One batch of one partition. A crash happens after all was computed and before anything was committed."""
        engine = self.engines[partition]
        before = dict(engine.store)
        batch = self.queues[partition][:count]
        engine.apply(batch)
        flush = engine.flush(self.now)
        if crash:
            self.engines[partition] = Engine(partition, len(self.queues), self.rules, before)
            return
        del self.queues[partition][:count]
        for target, signals in flush.signals.items():
            self.queues[target].extend(signals)
        for _, snapshot in flush.leads:
            self.last[snapshot["lead_id"]] = snapshot
        self.conflicts.update(flush.conflicts)

    def run(self, chance: random.Random) -> None:
        """Deliver all that is under way, in batches, partition order and crashes by `chance`; then let time pass."""
        while any(self.queues):
            waiting = [p for p, queue in enumerate(self.queues) if queue]
            self.now += chance.choice((0, 1, 400, DEBOUNCE_MS))
            self.step(chance.choice(waiting), chance.randint(1, 8), crash=chance.random() < 0.15)
        self.now += DEBOUNCE_MS
        for partition in range(len(self.queues)):
            self.step(partition, 0)

    def leads(self) -> dict[str, Snapshot]:
        return {lead: snapshot for lead, snapshot in self.last.items() if snapshot["level"] != "none"}


def deliver(
    signals: Sequence[Alert | Retraction], partitions: int, rules: Rules, seed: int, repeat: float = 0.2
) -> Network:
    """The network after all signals came in an order, with repetitions, batches and crashes that the seed decides."""
    chance = random.Random(seed)
    network = Network(partitions, rules)
    order = list(signals) + [signal for signal in signals if chance.random() < repeat]
    chance.shuffle(order)
    for signal in order:
        network.publish(signal)
        if chance.random() < 0.3:
            network.now += 10
            network.step(chance.randrange(partitions), chance.randint(1, 5))
    network.run(chance)
    return network
