"""How many alerts a second become leads and requests, from a backlog sent as fast as the broker takes it."""

from __future__ import annotations

import sys
import time
from typing import Any

from benchmarks.load import Town, bundles, mixed
from benchmarks.progress import requests, wait_until_done
from benchmarks.stack import stack


def throughput(alerts: int, bundle: int, workers: int) -> dict[str, Any]:
    """`alerts_per_s` over services, generator and workers on this machine."""
    with stack(workers) as up:
        town = Town(up.keys, up.registry, up.clock.now())
        print(f"{alerts} alerts are generated …", file=sys.stderr)
        made = list(mixed(town, alerts))
        packed = bundles(made, up.keys, bundle)
        _warm_up(up, town)
        before = requests(up)
        begun = time.perf_counter()
        for record in packed:
            up.producer.send(record.topic, key=record.member.encode(), value=record.value, headers=record.headers)
        up.producer.flush()
        sent = time.perf_counter()
        ended = wait_until_done(up, 600)
        return {
            "bench": "throughput",
            "alerts_per_s": round(alerts / (ended - begun)),
            "alerts": alerts,
            "requests": requests(up) - before,
            "bytes_per_alert": round(sum(len(record.value) for record in packed) / alerts),
            "sent_s": round(sent - begun, 2),
            "workers": workers,
        }


def _warm_up(up: Any, town: Town) -> None:
    """One scam through the whole chain, so that every process is at work before the clock starts."""
    for record in bundles(town.scam(), up.keys, 1):
        up.producer.send(record.topic, key=record.member.encode(), value=record.value, headers=record.headers)
    up.producer.flush()
    wait_until_done(up, 120)
