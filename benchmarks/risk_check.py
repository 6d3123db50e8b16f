"""How long a bank waits for the answer to a risk-check, while a city's alerts flow beside.

Measured from just before the check is handed to the broker until a reader of `to.<member>` has the answer with its id.
"""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from kafka import TopicPartition

from alliance import kafka
from benchmarks.load import Bundle, Town, bundles, quantile
from benchmarks.progress import wait_until_done
from benchmarks.stack import BANKS, Stack, stack
from schemas.topics import member_topic

_WAIT_S = 30.0


@dataclass(frozen=True, slots=True)
class Check:
    """A check ready to be sent, and the id by which its answer is known."""

    check_id: str
    record: Bundle


class Reader(threading.Thread):
    """Reads every bank's topic and remembers when each check was answered, and how."""

    def __init__(self, up: Stack) -> None:
        super().__init__(daemon=True)
        self.seen: dict[str, float] = {}
        self.advice: Counter[str] = Counter()
        self.done = threading.Event()
        self._consumer = kafka.consumer(up.run.services.admin, [], None)
        places = [TopicPartition(member_topic(name).name, 0) for name in BANKS]
        self._consumer.assign(places)
        self._consumer.seek_to_end()
        for place in places:
            self._consumer.position(place)

    def run(self) -> None:
        while not self.done.is_set():
            for records in self._consumer.poll(200).values():
                now = time.perf_counter()
                for letter in (orjson.loads(record.value) for record in records):
                    if letter["kind"] == "risk-answer" and letter["check_id"] not in self.seen:
                        self.seen[letter["check_id"]] = now
                        self.advice[letter["advice"]] += 1
        self._consumer.close()


def risk_check(rate: int, alerts: int, seconds: int) -> dict[str, Any]:
    """`p50_ms` and `p99_ms` at `rate` checks a second beside `alerts` alerts a second. Every tenth payee is a mule."""
    with stack(1) as up:
        town = Town(up.keys, up.registry, up.clock.now())
        mules = [town.mule() for _ in range(20)]
        _send(up, bundles([alert for mule in mules for alert in town.scam(mule)], up.keys, 100))
        wait_until_done(up, 300)
        checks = [_check(up, town, mules[n % len(mules)] if n % 10 == 0 else None) for n in range(rate * seconds)]
        flow = [bundles([town.benign()], up.keys, 1)[0] for _ in range(alerts * seconds)]
        print(f"{len(checks)} checks and {len(flow)} alerts are sent …", file=sys.stderr)
        reader = Reader(up)
        reader.start()
        _warm_up(up, reader, town)
        sent = _at_rate(up, _merged(checks, flow), (rate + alerts))
        _wait_for(reader, set(sent))
        reader.done.set()
        reader.join()
        spans = sorted((reader.seen[one] - at) * 1000 for one, at in sent.items() if one in reader.seen)
        return {
            "bench": "risk-check",
            "p50_ms": round(quantile(spans, 0.5), 1),
            "p99_ms": round(quantile(spans, 0.99), 1),
            "worst_ms": round(quantile(spans, 1.0), 1),
            "rate": rate,
            "alerts_per_s": alerts,
            "checks": len(sent),
            "answered": len(spans),
            "advice": dict(sorted(reader.advice.items())),
        }


def _warm_up(up: Stack, reader: Reader, town: Town) -> None:
    """Some checks, so that every client knows its topics before the clock starts."""
    _wait_for(reader, set(_at_rate(up, [_check(up, town, None) for _ in range(50)], 50)))
    reader.advice.clear()


def _check(up: Stack, town: Town, mule: str | None) -> Check:
    alert = town.check(mule)
    return Check(orjson.loads(alert.wire)["id"], bundles([alert], up.keys, 1)[0])


def _merged(checks: list[Check], flow: list[Bundle]) -> list[Check | Bundle]:
    """Spread evenly among each other."""
    placed: list[tuple[float, Check | Bundle]] = [(n / len(checks), one) for n, one in enumerate(checks)]
    placed += [(n / len(flow), one) for n, one in enumerate(flow)]
    return [one for _, one in sorted(placed, key=lambda place: place[0])]


def _at_rate(up: Stack, flow: Sequence[Check | Bundle], rate: int) -> dict[str, float]:
    """Send one record after the other on the beat of `rate`; when each check was sent."""
    sent: dict[str, float] = {}
    begun = time.perf_counter()
    for index, one in enumerate(flow):
        if (ahead := begun + index / rate - time.perf_counter()) > 0.001:
            signal.sigtimedwait([], ahead)
        if isinstance(one, Check):
            sent[one.check_id] = time.perf_counter()
        record = one.record if isinstance(one, Check) else one
        up.producer.send(record.topic, key=record.member.encode(), value=record.value, headers=record.headers)
    up.producer.flush()
    return sent


def _wait_for(reader: Reader, checks: set[str]) -> None:
    deadline = time.perf_counter() + _WAIT_S
    while not checks <= reader.seen.keys() and time.perf_counter() < deadline:
        signal.sigtimedwait([], 0.1)


def _send(up: Stack, packed: list[Bundle]) -> None:
    for record in packed:
        up.producer.send(record.topic, key=record.member.encode(), value=record.value, headers=record.headers)
    up.producer.flush()
