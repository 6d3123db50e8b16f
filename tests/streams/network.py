"""Engines of several partitions with queues between them, as the topic would be: no Kafka, but crashes and
redelivery."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

from streams.core.alert import Alert, Retraction
from streams.core.engine import DEBOUNCE_MS, Engine
from streams.core.partitioning import Signal, destinations
from streams.core.rules import Rules
from streams.core.snapshots import Snapshot

T = TypeVar("T")


class Network:
    """`publish` as intake would; `run` delivers everything in some order; `leads` are the last snapshots above none."""

    def __init__(self, partitions: int, rules: Rules) -> None:
        self.rules = rules
        self.now = 0
        self.engines = [Engine(p, partitions, rules) for p in range(partitions)]
        self.queues: list[list[Signal]] = [[] for _ in range(partitions)]
        self.last: dict[str, Snapshot] = {}
        self.conflicts: set[tuple[str, bytes]] = set()
        self.allowed: frozenset[str] = frozenset()
        self.leading: str | None = None
        self.formers: dict[str, str] = {}

    def publish(self, signal: Alert | Retraction) -> None:
        for partition in destinations(signal, len(self.queues)):
            self.queues[partition].append(signal)

    def learn(self, partition: int) -> None:
        """The partition's owner reads the allow-list as it is now, and which epoch leads."""
        self.engines[partition].lead_under(self.leading)
        self.engines[partition].allow({key: f"entry of {key}" for key in self.allowed})

    def hand_over(self, partition: int, committed: dict[str, bytes] | None = None) -> None:
        """The partition gets another owner, who finds what is committed and reads the allow-list."""
        store = self.engines[partition].store if committed is None else committed
        self.engines[partition] = Engine(partition, len(self.queues), self.rules, store, self.leading)
        self.learn(partition)

    def change_list(self, keys: frozenset[str], chance: random.Random) -> None:
        """Another allow-list, of which some owners learn now and others when they are told of the next."""
        self.allowed = keys
        self._tell(chance)

    def turn_to(self, epoch: str, chance: random.Random) -> None:
        """Leads come under another epoch, which owners learn as they do the allow-list."""
        self.leading = epoch
        self._tell(chance)

    def _tell(self, chance: random.Random) -> None:
        for partition in range(len(self.queues)):
            chance.choice((self.learn, self.hand_over, lambda _: None))(partition)

    def step(self, partition: int, count: int, crash: bool = False) -> None:
        """One batch of one partition. A crash happens after all was computed and before anything was committed."""
        engine = self.engines[partition]
        before = dict(engine.store)
        batch = self.queues[partition][:count]
        engine.apply(batch)
        flush = engine.flush(self.now, self.now)
        if crash:
            self.hand_over(partition, before)
            return
        del self.queues[partition][:count]
        for target, signals in flush.signals.items():
            self.queues[target].extend(signals)
        for _, snapshot in flush.leads:
            self.last[snapshot["lead_id"]] = snapshot
        self.conflicts.update(flush.conflicts)
        self.formers.update(flush.formers)

    def run(self, chance: random.Random) -> None:
        """Deliver all that is under way, in batches, partition order and crashes by `chance`; then let time pass."""
        while any(self.queues):
            waiting = [p for p, queue in enumerate(self.queues) if queue]
            self.now += chance.choice((0, 1, 400, DEBOUNCE_MS))
            self.step(chance.choice(waiting), chance.randint(1, 8), crash=chance.random() < 0.15)
        self.now += DEBOUNCE_MS
        for partition in range(len(self.queues)):
            self.learn(partition)
            self.step(partition, 0)
            while self.engines[partition].next_due() is not None:
                self.now += DEBOUNCE_MS
                self.step(partition, 0)

    def leads(self) -> dict[str, Snapshot]:
        return {lead: snapshot for lead, snapshot in self.last.items() if snapshot["level"] != "none"}


def deliver(
    signals: Sequence[Alert | Retraction],
    partitions: int,
    rules: Rules,
    seed: int,
    repeat: float = 0.2,
    lists: Sequence[frozenset[str]] = (),
    epochs: Sequence[str] = (),
) -> Network:
    """The network after all signals came in an order, with repetitions, batches and crashes that the seed decides; so
    it does when each of the allow-lists and of the leading epochs takes the place of the one before, under way or at
    rest."""
    chance = random.Random(seed)
    network = Network(partitions, rules)
    order = list(signals) + [signal for signal in signals if chance.random() < repeat]
    chance.shuffle(order)
    changes = _moments(lists, len(order), chance)
    turns = _moments(epochs, len(order), chance)
    for index, signal in enumerate(order):
        if index in changes:
            network.change_list(changes[index], chance)
        if index in turns:
            network.turn_to(turns[index], chance)
        network.publish(signal)
        if chance.random() < 0.3:
            network.now += 10
            network.step(chance.randrange(partitions), chance.randint(1, 5))
    network.run(chance)
    if len(order) in changes:
        network.change_list(changes[len(order)], chance)
        network.run(chance)
    if len(order) in turns:
        network.turn_to(turns[len(order)], chance)
        network.run(chance)
    return network


def _moments(values: Sequence[T], most: int, chance: random.Random) -> dict[int, T]:
    """Before which signal each takes the place of the one before; of two at one moment the later."""
    return dict(zip(sorted(chance.choices(range(most + 1), k=len(values))), values, strict=True))
