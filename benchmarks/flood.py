"""How much longer others wait, from alert to request, while one member sends as fast as the broker lets it.

The member floods by its own login, from a process of its own, with good bundles of one, the same again and again.
"""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from multiprocessing.sharedctypes import Synchronized
from typing import Any

from alliance import kafka
from alliance.kafka import KafkaLogin
from alliance.principals import member_principal
from alliance.provision import agree_rate, login_of
from benchmarks.latency import Reader, at_rate, send, wait_for
from benchmarks.load import Alert, Bundle, Town, bundles, quantile
from benchmarks.progress import wait_until_done
from benchmarks.stack import BANKS, Stack, stack

FLOODER = BANKS[0]
_LOOKED_THROUGH = 4_000


def flood(rate: int, agreed: int, seconds: int) -> dict[str, Any]:
    """`p99_ms` of the others, who send `rate` alerts a second, without the flood and during it."""
    with stack(1) as up:
        agree_rate(up.run.services.admin, FLOODER, agreed)
        town = Town(up.keys, up.registry, up.clock.now())
        print("Alerts are generated …", file=sys.stderr)
        own = [alert for alert in (town.benign() for _ in range(_LOOKED_THROUGH)) if alert.member == FLOODER]
        first, second = _load(up, town, rate * seconds), _load(up, town, rate * seconds)
        wait_until_done(up, 300)
        quiet = first.spans(up, rate)
        wait_until_done(up, 300)
        login = login_of(member_principal(FLOODER), up.run.services.admin, up.run.services.data.secret)
        with _flooding(login, bundles(own, up.keys, 1)) as sent:
            flooded = second.spans(up, rate)
            taken = sent.value
    return {
        "bench": "flood",
        "p50_ms": round(quantile(quiet, 0.5)),
        "p99_ms": round(quantile(quiet, 0.99)),
        "flooded_p50_ms": round(quantile(flooded, 0.5)),
        "flooded_p99_ms": round(quantile(flooded, 0.99)),
        "rate": rate,
        "agreed": agreed,
        "flood_per_s": round(taken / seconds),
        "answered": [len(quiet), len(flooded)],
    }


@dataclass(frozen=True, slots=True)
class _Load:
    """Alerts of all others, and of which suspects a request is waited for."""

    flow: list[Alert]
    packed: list[Bundle]
    suspects: set[str]

    def spans(self, up: Stack, rate: int) -> list[float]:
        """Milliseconds to each of the requests, the shortest first."""
        reader = Reader(up)
        reader.start()
        sent = at_rate(up, self.flow, self.packed, rate, self.suspects)
        wait_for(reader, set(sent))
        return sorted(float(reader.seen[token] - at) for token, at in sent.items() if token in reader.seen)


def _load(up: Stack, town: Town, total: int) -> _Load:
    """So many alerts, some of them the last of a scam whose others are sent here and now."""
    scams = [town.scam() for _ in range(max(20, total // 150))]
    send(up, bundles([alert for scam in scams for alert in scam[:2]], up.keys, 100))
    last = [scam[2] for scam in scams]
    flow = [*last, *(town.benign() for _ in range(total - len(last)))]
    town.chance.shuffle(flow)
    return _Load(flow, [bundles([alert], up.keys, 1)[0] for alert in flow], {alert.suspect for alert in last})


@contextmanager
def _flooding(login: KafkaLogin, records: list[Bundle]) -> Iterator[Synchronized[int]]:
    """For as long as the block lasts; how many bundles the broker has taken."""
    spawn = multiprocessing.get_context("spawn")
    sent = spawn.Value("Q", 0)
    flooder = spawn.Process(target=_flood, args=(login, records, sent), daemon=True)
    flooder.start()
    try:
        yield sent
    finally:
        flooder.kill()
        flooder.join()


def _flood(login: KafkaLogin, records: list[Bundle], sent: Synchronized[int]) -> None:
    def count(_: object) -> None:
        sent.value += 1

    with kafka.producer(login) as sender:
        for record in cycle(records):
            key = record.member.encode()
            sender.send(record.topic, key=key, value=record.value, headers=record.headers).add_callback(count)
