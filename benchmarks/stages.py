"""What one alert costs in each step of the stream, without Kafka: CPU time of one process, in µs an alert.

Bundles are admitted as intake does it and correlated as the owners of all partitions do it, in batches, one step
after the other.
"""

from __future__ import annotations

import gc
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from itertools import chain, islice
from typing import Any, TypeVar

import orjson

from alliance.admission import LIMITS, Admitted, Record, admit
from alliance.clock import wall_now
from alliance.keys import store
from alliance.keys.signatures import verify
from alliance.keys.store import MemberKeys
from alliance.keys.tokens import TokenKeys
from alliance.membership import record_of, signing_key
from alliance.registry import Registry
from benchmarks.load import Bundle, Town, bundles, mixed
from benchmarks.stack import members
from schemas import strictjson
from schemas.envelope import EVENTS, SIGNATURE_HEADER
from schemas.topics import PARTITIONS
from streams import wire
from streams.core.engine import Engine, Flush
from streams.intake import Signals, collect
from streams.rules import load_rules

T = TypeVar("T")
BATCH = 10
"""Bundles in one batch of intake, and so in one of each owner."""


class Watch:
    """CPU time by step."""

    def __init__(self) -> None:
        self.ns: dict[str, int] = defaultdict(int)

    def time(self, step: str, work: Callable[[], T]) -> T:
        begun = time.process_time_ns()
        result = work()
        self.ns[step] += time.process_time_ns() - begun
        return result


class Stream:
    """Intake and the owners of all partitions in one process, with `watch` on each step."""

    def __init__(self, registry: Registry, now: datetime, watch: Watch) -> None:
        rules = load_rules()
        self._registry, self._now, self._watch = registry, now, watch
        self._engines = [Engine(number, PARTITIONS, rules) for number in range(PARTITIONS)]

    def take(self, batch: list[Bundle]) -> None:
        """One batch of intake, then of every owner, until no signal is left."""
        signals: Signals = defaultdict(list)
        for bundle in batch:
            self._parts(bundle)
            admitted = self._watch.time("admit", lambda bundle=bundle: self._admit(bundle))  # type: ignore[misc]
            assert not admitted.refusals
            self._watch.time("extract", lambda admitted=admitted: collect(admitted, signals, PARTITIONS))  # type: ignore[misc]
        while signals:
            records = self._watch.time("encode", lambda signals=signals: _encode(signals))  # type: ignore[misc]
            signals = defaultdict(list)
            for partition, values in records.items():
                for target, more in self._own(partition, values).signals.items():
                    signals[target] += more

    def _admit(self, bundle: Bundle) -> Admitted:
        record = Record(bundle.topic, bundle.value, dict(bundle.headers), bundle.member.encode())
        return admit(record, self._registry, self._now, LIMITS)

    def _parts(self, bundle: Bundle) -> None:
        """The dear parts of `admit`, once more by themselves."""
        jws = dict(bundle.headers)[SIGNATURE_HEADER].decode()
        self._watch.time("admit: signature", lambda: verify(jws, bundle.value, self._registry.key))
        self._watch.time("admit: strict JSON", lambda: strictjson.loads(bundle.value))
        self._watch.time("admit: pydantic", lambda: EVENTS.validate_json(bundle.value))

    def _own(self, partition: int, values: list[bytes]) -> Flush:
        engine = self._engines[partition]
        decoded = self._watch.time("decode", lambda: list(chain.from_iterable(map(wire.decode, values))))
        self._watch.time("correlate", lambda: engine.apply(decoded))
        flush = self._watch.time("judge and pack", lambda: engine.flush(0, 0))
        self._watch.time("leads as JSON", lambda: [orjson.dumps(snapshot) for _, snapshot in flush.leads])
        return flush


def stages(alerts: int, size: int) -> dict[str, Any]:
    """`us_per_alert` by step; `total` leaves out the parts of `admit`, which are measured a second time."""
    keys, registry, now = _alliance()
    print(f"{alerts} alerts are generated …", file=sys.stderr)
    packed = iter(bundles(list(mixed(Town(keys, registry, now), alerts)), keys, size))
    watch = Watch()
    stream = Stream(registry, now, watch)
    gc.freeze()
    gc.disable()
    while batch := list(islice(packed, BATCH)):
        stream.take(batch)
    gc.enable()
    cost = {step: round(ns / 1000 / alerts, 1) for step, ns in watch.ns.items()}
    total = sum(us for step, us in cost.items() if ":" not in step)
    return {"bench": "stages", "us_per_alert": {**cost, "total": round(total, 1)}, "alerts": alerts, "bundle": size}


def _encode(signals: Signals) -> dict[int, list[bytes]]:
    return {partition: list(wire.encode(gathered)) for partition, gathered in signals.items()}


def _alliance() -> tuple[dict[str, MemberKeys], Registry, datetime]:
    """The benchmark's members with keys, without a broker."""
    tokens, now = TokenKeys.generate(), wall_now()
    keys = {spec.member: store.generate(spec.member, tokens) for spec in members()}
    records = [record_of(s, keys[s.member], signing_key(keys[s.member], (), now)) for s in members()]
    return keys, Registry(records), now
