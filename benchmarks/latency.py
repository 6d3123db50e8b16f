"""How long from an alert to the request that it causes, while fifty members send at a steady rate.

Measured from just before the last alert of a scam is handed to the broker until a reader of `to.<member>` has the
request that names its suspect.
"""

from __future__ import annotations

import signal
import sys
import threading
import time
from typing import Any

from kafka import TopicPartition

from alliance import kafka
from alliance.clock import wall_ms
from benchmarks.hops import TOKEN, hops
from benchmarks.load import Alert, Bundle, Town, bundles, quantile
from benchmarks.progress import wait_until_done
from benchmarks.stack import Stack, stack
from schemas.topics import member_topic


class Reader(threading.Thread):
    """Reads every member's topic and remembers when a suspect was first asked about."""

    def __init__(self, up: Stack) -> None:
        super().__init__(daemon=True)
        self.seen: dict[str, int] = {}
        self.done = threading.Event()
        self._consumer = kafka.consumer(up.run.services.admin, [], None)
        places = [TopicPartition(member_topic(name).name, 0) for name in up.keys]
        self._consumer.assign(places)
        self._consumer.seek_to_end()

    def run(self) -> None:
        while not self.done.is_set():
            for records in self._consumer.poll(500).values():
                now = wall_ms()
                for record in records:
                    for token in TOKEN.findall(record.value):
                        self.seen.setdefault(token.decode(), now)
        self._consumer.close()


def latency(rate: int, seconds: int, workers: int) -> dict[str, Any]:
    """`p50_ms` and `p99_ms` over the scams that were completed while `rate` alerts a second flowed."""
    with stack(workers) as up:
        town = Town(up.keys, up.registry, up.clock.now())
        total = rate * seconds
        print(f"{total} alerts are generated …", file=sys.stderr)
        scams = [town.scam() for _ in range(max(20, total // 150))]
        first = [alert for scam in scams for alert in scam[:2]]
        send(up, bundles(first, up.keys, 100))
        wait_until_done(up, 300)
        last = [scam[2] for scam in scams]
        flow = [*last, *(town.benign() for _ in range(total - len(last)))]
        town.chance.shuffle(flow)
        packed = [bundles([alert], up.keys, 1)[0] for alert in flow]
        reader = Reader(up)
        reader.start()
        begun = wall_ms()
        sent = at_rate(up, flow, packed, rate, {alert.suspect for alert in last})
        wait_for(reader, set(sent))
        spans = sorted(float(reader.seen[token] - at) for token, at in sent.items() if token in reader.seen)
        return {
            "bench": "latency",
            "p50_ms": round(quantile(spans, 0.5)),
            "p99_ms": round(quantile(spans, 0.99)),
            "rate": rate,
            "scams": len(sent),
            "answered": len(spans),
            "workers": workers,
            "hops_ms": hops(up, sent, reader.seen, begun),
        }


def at_rate(up: Stack, flow: list[Alert], packed: list[Bundle], rate: int, watched: set[str]) -> dict[str, int]:
    """Send one alert after the other on the beat of `rate`; when each watched one was sent."""
    sent: dict[str, int] = {}
    begun = time.perf_counter()
    for index, (alert, record) in enumerate(zip(flow, packed, strict=True)):
        if (ahead := begun + index / rate - time.perf_counter()) > 0.002:
            signal.sigtimedwait([], ahead)
        if alert.suspect in watched:
            sent[alert.suspect] = wall_ms()
        up.producer.send(record.topic, key=record.member.encode(), value=record.value, headers=record.headers)
    up.producer.flush()
    return sent


def wait_for(reader: Reader, tokens: set[str], timeout_s: float = 60.0) -> None:
    deadline = time.perf_counter() + timeout_s
    while not tokens <= reader.seen.keys() and time.perf_counter() < deadline:
        signal.sigtimedwait([], 0.1)
    reader.done.set()
    reader.join()


def send(up: Stack, packed: list[Bundle]) -> None:
    for record in packed:
        up.producer.send(record.topic, key=record.member.encode(), value=record.value, headers=record.headers)
    up.producer.flush()
