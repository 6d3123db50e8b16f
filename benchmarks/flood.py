"""How much longer others wait, from alert to request, while one member sends as fast as the broker lets it.

The member floods by its own login, from a process of its own, with good bundles of one, the same again and again.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from multiprocessing.sharedctypes import Synchronized
from typing import Any

from alliance import kafka
from alliance.broker.passwords import login_of
from alliance.kafka import KafkaLogin
from alliance.principals import member_principal
from alliance.provision import agree_rate
from benchmarks.latency import Reader, at_rate, send, wait_for
from benchmarks.load import Alert, Bundle, Town, bundles, quantile
from benchmarks.progress import wait_until_done
from benchmarks.stack import BANKS, Stack, stack

FLOODER = BANKS[0]
ROUNDS = 2
"""Without the flood and with it in turn: what is slower at first is so in either."""
_LOOKED_THROUGH = 4_000
_ON_THE_WAY = 5_000
"""Bundles that the flooder has sent and the broker has not taken. One more would only fill the sender's own memory."""


def flood(rate: int, agreed: int, seconds: int) -> dict[str, Any]:
    """`p99_ms` of the others, who send `rate` alerts a second, without the flood and during it."""
    quiet: list[float] = []
    flooded: list[float] = []
    taken, busy, half = 0, 0.0, seconds // ROUNDS
    with stack(1) as up:
        agree_rate(up.run.services.admin, FLOODER, agreed)
        town = Town(up.keys, up.registry, up.clock.now())
        print("Alerts are generated …", file=sys.stderr)
        own = [alert for alert in (town.benign() for _ in range(_LOOKED_THROUGH)) if alert.member == FLOODER]
        loads = [_load(up, town, rate * half) for _ in range(2 * ROUNDS)]
        login = login_of(member_principal(FLOODER), up.run.services.admin, up.run.services.data.secret)
        for without, during in zip(loads[::2], loads[1::2], strict=True):
            wait_until_done(up, 300)
            quiet += without.spans(up, rate)
            wait_until_done(up, 300)
            with _flooding(login, bundles(own, up.keys, 1)) as flooder:
                flooded += during.spans(up, rate)
                taken += flooder.taken()
                busy += flooder.cpu_s()
    quiet.sort()
    flooded.sort()
    return {
        "bench": "flood",
        "p50_ms": round(quantile(quiet, 0.5)),
        "p99_ms": round(quantile(quiet, 0.99)),
        "flooded_p50_ms": round(quantile(flooded, 0.5)),
        "flooded_p99_ms": round(quantile(flooded, 0.99)),
        "rate": rate,
        "agreed": agreed,
        "flood_per_s": round(taken / (half * ROUNDS)),
        "flooder_cpu": round(busy / (half * ROUNDS), 2),
        "answered": [len(quiet), len(flooded)],
    }


@dataclass(frozen=True, slots=True)
class _Load:
    """Alerts of all others, and of which suspects a request is waited for."""

    flow: list[Alert]
    packed: list[Bundle]
    suspects: set[str]

    def spans(self, up: Stack, rate: int) -> list[float]:
        """Milliseconds to each of the requests."""
        reader = Reader(up)
        reader.start()
        sent = at_rate(up, self.flow, self.packed, rate, self.suspects)
        wait_for(reader, set(sent))
        return [float(reader.seen[token] - at) for token, at in sent.items() if token in reader.seen]


def _load(up: Stack, town: Town, total: int) -> _Load:
    """So many alerts, one in twenty the last of a scam whose others are sent here and now: enough to tell a p99."""
    scams = [town.scam() for _ in range(total // 20)]
    send(up, bundles([alert for scam in scams for alert in scam[:2]], up.keys, 100))
    last = [scam[2] for scam in scams]
    flow = [*last, *(town.benign() for _ in range(total - len(last)))]
    town.chance.shuffle(flow)
    return _Load(flow, [bundles([alert], up.keys, 1)[0] for alert in flow], {alert.suspect for alert in last})


class _Flooder:
    """A process of its own that stands for another machine: it takes what the cores have left."""

    def __init__(self, login: KafkaLogin, records: list[Bundle]) -> None:
        spawn = multiprocessing.get_context("spawn")
        self._taken, self._cpu = spawn.Value("Q", 0), spawn.Value("d", 0.0)
        self._process = spawn.Process(target=_flood, args=(login, records, self._taken, self._cpu), daemon=True)
        self._process.start()

    def taken(self) -> int:
        """How many bundles the broker has taken."""
        return int(self._taken.value)

    def cpu_s(self) -> float:
        """Seconds of a core that it has used itself."""
        return float(self._cpu.value)

    def end(self) -> None:
        self._process.kill()
        self._process.join()


@contextmanager
def _flooding(login: KafkaLogin, records: list[Bundle]) -> Iterator[_Flooder]:
    """For as long as the block lasts."""
    flooder = _Flooder(login, records)
    try:
        yield flooder
    finally:
        flooder.end()


def _flood(login: KafkaLogin, records: list[Bundle], taken: Synchronized[int], cpu: Synchronized[float]) -> None:
    os.nice(19)
    room = threading.BoundedSemaphore(_ON_THE_WAY)

    def count(_: object) -> None:
        taken.value += 1
        cpu.value = time.process_time()
        room.release()

    with kafka.producer(login) as sender:
        for record in cycle(records):
            room.acquire()
            key = record.member.encode()
            sender.send(record.topic, key=key, value=record.value, headers=record.headers).add_callback(count)
