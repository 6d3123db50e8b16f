"""How long it takes to verify a record of so many entries, read from a real database and a real topic.

What is measured is what `afa audit verify` does, from its first read to its verdict.
"""

from __future__ import annotations

import secrets
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg

from alliance import kafka
from alliance.broker.passwords import login_of
from alliance.clock import wall_now
from alliance.embedded.services import EmbeddedServices
from alliance.keys.store import generate
from alliance.provision import provision
from alliance.settings import Settings
from consumers.auditor import checkpoints, reading
from consumers.auditor.chain import DIGEST, SALT, Act, Entry, Head, follow
from consumers.auditor.records import message_of, row_of
from consumers.auditor.topic import AuditTopic
from consumers.auditor.verifying import verify
from consumers.casebook.database import connect, migrate
from schemas.audit import Checkpoint
from schemas.topics import AUDIT

_BATCH = 5_000
_COLUMNS = ("number", "at", "acts", "digests", "previous", "hash")
Made = list[tuple[Entry, list[Act]]]


def audit(entries: int, acts: int) -> dict[str, Any]:
    """`seconds`, and `cpu_seconds` of the one process that verifies; `acts` in each entry."""
    with (
        tempfile.TemporaryDirectory() as folder,
        EmbeddedServices(Path(folder) / "data", Settings().cache_dir) as services,
    ):
        provision(services.admin, (), services.data.secret)
        login, keys = login_of("auditor", services.admin, services.data.secret), generate("auditor")
        print(f"{entries} entries are written …", file=sys.stderr)
        topic = AuditTopic(login)
        with _database(services.database_url) as db:
            for batch in _made(entries, acts):
                _store(db, batch)
                topic.write([message_of(entry) for entry, _ in batch])
                newest = batch[-1][0]
                said = Checkpoint(number=newest.number, hash=newest.hash.hex(), at=newest.at)
                topic.write([checkpoints.sign(keys, said)])
        topic.close()
        print("It is verified …", file=sys.stderr)
        evidence = reading.Evidence(keys.signing.public_key())
        begun, cpu = time.perf_counter(), time.process_time()
        evidence.take_topic((record.value for record in kafka.whole(login, AUDIT.name)), lambda: None)
        with reading.read_only(services.database_url) as db:
            report = verify(evidence.copy, evidence.signed, reading.stored(db, lambda: None))
        seconds, cpu = time.perf_counter() - begun, time.process_time() - cpu
    assert report.faults == evidence.faults == []
    assert (report.entries, report.told, report.signed_to) == (entries, entries, entries)
    return {
        "bench": "audit",
        "seconds": round(seconds, 1),
        "cpu_seconds": round(cpu, 1),
        "entries": entries,
        "acts": acts,
    }


def _made(entries: int, acts: int) -> Iterator[Made]:
    begun, head, batch = wall_now(), Head(), []
    for number in range(1, entries + 1):
        done = [Act("drafted stop", f"019a3d52-7c00-7000-{place:04}-{number:012}", *_random()) for place in range(acts)]
        entry = follow(head, begun + timedelta(seconds=number), [act.digest for act in done])
        head = entry.head
        batch.append((entry, done))
        if len(batch) == _BATCH or number == entries:
            yield batch
            batch = []


def _random() -> tuple[bytes, bytes]:
    both = secrets.token_bytes(DIGEST + SALT)
    return both[:DIGEST], both[DIGEST:]


def _database(url: str) -> psycopg.Connection[Any]:
    engine = connect(url)
    migrate(engine)
    engine.dispose()
    return psycopg.connect(url, autocommit=True)


def _store(db: psycopg.Connection[Any], batch: Made) -> None:
    with db.cursor() as cursor, cursor.copy(f"copy audit ({', '.join(_COLUMNS)}) from stdin".encode()) as copy:
        for entry, acts in batch:
            row = row_of(entry, acts)
            copy.write_row([row[name] for name in _COLUMNS])
