"""How long a stream worker takes from its start to its first lead, with a million live identifiers to read back.

The state is written to the changelog as a worker would have left it. Cold is the first start, warm the start
after that.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kafka import TopicPartition

from afa.programs import Place, Program, hub
from alliance import kafka
from alliance.clock import wall_ms
from benchmarks.load import Town, bundles
from benchmarks.stack import BANKS, Stack, stack
from schemas.topics import CHANGELOG, LEADS, PARTITIONS
from streams.core import packing
from streams.core.alert import Class, Role
from streams.core.keys import key_of
from streams.core.partitioning import partition_of
from streams.core.state import Movement, Sighting, State

_PAGE = os.sysconf("SC_PAGE_SIZE")


def recovery(identifiers: int) -> dict[str, Any]:
    """`cold_s` and `warm_s` to the first lead; `bytes_per_identifier` of the worker's resident memory."""
    with stack(0) as up:
        print(f"the state of {identifiers} identifiers is written …", file=sys.stderr)
        _write_state(up, identifiers)
        cold_s, resident = _start_to_lead(up)
        warm_s, _ = _start_to_lead(up)
        return {
            "bench": "recovery",
            "cold_s": round(cold_s, 1),
            "warm_s": round(warm_s, 1),
            "bytes_per_identifier": round(resident / identifiers),
            "identifiers": identifiers,
        }


def _write_state(up: Stack, count: int) -> None:
    """One sighting an identifier, alternately as suspect and as victim, an hour old."""
    now = up.clock.now_ms() - 3_600_000
    for number in range(count):
        key = key_of("number", f"e1:{number:022d}")
        role = Role.SUSPECT if number % 2 else Role.VICTIM
        member, event, cls = BANKS[number % len(BANKS)], os.urandom(16), Class.PAYER
        sighting = Sighting(
            member, event, "bank", cls, role, now, now, 0.5, Movement.POSTED, (key_of("account", key[1:]),)
        )
        value = packing.pack(State([sighting]), waiting=False)
        up.producer.send(CHANGELOG.name, value, key.encode(), partition=partition_of(key, PARTITIONS))
    up.producer.flush()


def _start_to_lead(up: Stack) -> tuple[float, int]:
    """Seconds from a worker's start to the lead of a scam sent meanwhile, and its memory then, in bytes."""
    services = up.run.services
    place = Place(services.data, services.bootstrap, services.database_url)
    reader = kafka.consumer(services.admin, [], None)
    reader.assign([TopicPartition(LEADS.name, p) for p in range(PARTITIONS)])
    reader.seek_to_end()
    ends = [reader.position(tp) for tp in reader.assignment()]
    assert len(ends) == PARTITIONS
    for record in bundles(Town(up.keys, up.registry, up.clock.now(), seed=wall_ms()).scam(), up.keys, 1):
        up.producer.send(record.topic, key=record.member.encode(), value=record.value, headers=record.headers)
    up.producer.flush()
    begun = time.perf_counter()
    with _worker(hub(place, 1)[0], services.data.path / "log") as process:
        while not reader.poll(100):
            if process.poll() is not None:
                raise RuntimeError(f"the worker ended with {process.returncode}; see {services.data.path / 'log'}")
        took = time.perf_counter() - begun
        pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
    reader.close()
    return took, pages * _PAGE


@contextmanager
def _worker(program: Program, logs: Path) -> Iterator[subprocess.Popen[bytes]]:
    with (logs / "bench-worker.log").open("ab") as log:
        process = subprocess.Popen(program.command(), stdout=log, stderr=subprocess.STDOUT)
        try:
            yield process
        finally:
            process.terminate()
            process.wait(30)
