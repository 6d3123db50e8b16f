"""The alliance with fifty members and no city, in a temporary folder, for as long as a benchmark runs."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kafka import KafkaProducer
from sqlalchemy import Engine

from afa.programs import hub
from afa.supervisor import Plan, Supervisor
from alliance import kafka
from alliance.clock import AllianceClock
from alliance.keys.store import MemberKeys
from alliance.membership import MemberSpec, OfficerSpec, load_keys, read_registry
from alliance.registry import Registry
from alliance.settings import Settings
from consumers.casebook.database import connect, migrate
from schemas.registry import Alliance, Sector

BANKS = tuple(f"bank-{n:02d}" for n in range(30))
CARRIERS = tuple(f"carrier-{n:02d}" for n in range(8))
PLATFORMS = tuple(f"platform-{n:02d}" for n in range(11))
POLICE = "police-00"


@dataclass
class Stack:
    """Everything up: `producer` may write any topic, `keys` are the members'."""

    run: Supervisor
    registry: Registry
    keys: dict[str, MemberKeys]
    producer: KafkaProducer
    database: Engine
    clock: AllianceClock


def members() -> list[MemberSpec]:
    """Fifty members: thirty banks, eight carriers, eleven platforms, one police centre."""
    banks = [_spec(name, Sector.BANK, f"cnaps:{name}") for name in BANKS]
    carriers = [_spec(name, Sector.CARRIER, f"carrier:{name}") for name in CARRIERS]
    platforms = [_spec(name, Sector.PLATFORM, f"platform:{name}") for name in PLATFORMS]
    officers = (OfficerSpec("officer-1", "county-head"),)
    police = MemberSpec(POLICE, POLICE, Sector.POLICE, Alliance.COMPREHENSIVE, ("police:00",), officers, "96110")
    return [*banks, *carriers, *platforms, police]


@contextmanager
def stack(workers: int) -> Iterator[Stack]:
    """Start all, and take it down at the end; without workers the services and members alone."""
    specs = members()
    settings = Settings()
    with tempfile.TemporaryDirectory(prefix="afa-bench-") as folder:
        plan = Plan(
            data_dir=Path(folder) / "data",
            cache_dir=settings.cache_dir,
            heap_mb=settings.kafka_heap_mb,
            rate=1.0,
            members=specs,
            migrate=lambda url: migrate(connect(url)),
            programs=lambda place: hub(place, workers) if workers else [],
        )
        with Supervisor(plan, lambda line: print(line, file=sys.stderr)) as run:
            assert run.clock is not None
            data, admin = run.services.data, run.services.admin
            keys = {spec.member: load_keys(data, spec.member) for spec in specs}
            producer = kafka.producer(admin, max_request_size=1_500_000)
            database = connect(run.services.database_url)
            try:
                yield Stack(run, read_registry(admin), keys, producer, database, run.clock)
            finally:
                producer.close()
                database.dispose()


def _spec(name: str, sector: Sector, route: str) -> MemberSpec:
    return MemberSpec(name, name, sector, Alliance.COMPREHENSIVE, (route,))
