"""Numbers that nobody uses, in each kind of place of a run and in each spelling, to see that the search finds them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
from kafka.admin import NewTopic

from alliance import kafka
from alliance.kafka import KafkaLogin
from tests.trust.finder import Value
from tests.trust.spellings import SPELLINGS

_NAME = "canary"
_FILLER = b"x" * 10_000
"""With it a row is long enough for PostgreSQL to pack it."""


@dataclass(slots=True)
class Canaries:
    """`at` says where each was put."""

    at: dict[Value, str] = field(default_factory=dict)
    pid: int = 0
    port: int = 0

    def some(self, place: str) -> Iterator[bytes]:
        """One in each spelling, for this place."""
        for spell in SPELLINGS.values():
            value = Value("number", f"1390351{len(self.at):04}")
            self.at[value] = place
            yield spell(value.text)


@contextmanager
def planted(data: Path, login: KafkaLogin, url: str) -> Iterator[Canaries]:
    """While the block runs they are there."""
    made = Canaries()
    file = data / "log" / f"{_NAME}.log"
    file.write_bytes(b"\n".join(made.some("log")))
    _publish(login, made)
    try:
        _insert(url, made)
        with _process(made):
            yield made
    finally:
        file.unlink()
        with kafka.admin(login) as admin:
            admin.delete_topics([_NAME])
        with psycopg.connect(url) as db:
            db.execute(f"drop table if exists {_NAME}")


def _publish(login: KafkaLogin, made: Canaries) -> None:
    """Once packed, and once so that the broker's files have them as they are."""
    with kafka.admin(login) as admin:
        admin.create_topics([NewTopic(_NAME, 1, 1)])
    for packing, place in (("gzip", f"topic {_NAME}"), (None, "kafka")):
        with kafka.producer(login, compression_type=packing) as producer:
            for value in made.some(place):
                producer.send(_NAME, value)


def _insert(url: str, made: Canaries) -> None:
    with psycopg.connect(url) as db:
        db.execute(f"create table {_NAME} (line bytea)")
        for place, filler in ((f"table afa.public.{_NAME}", _FILLER), ("postgres", b"")):
            rows: Iterable[tuple[bytes]] = [(filler + b"\n" + value,) for value in made.some(place)]
            db.cursor().executemany(f"insert into {_NAME} values (%s)", rows)


@contextmanager
def _process(made: Canaries) -> Iterator[None]:
    """A process that was told some, and shows others."""
    numbers = count()
    with TemporaryDirectory() as folder:
        Path(folder, "metrics").write_bytes(b"\n".join(made.some("metrics")))
        # No text that a process is told has a NUL.
        told = {f"{_NAME}_{next(numbers)}".encode(): value for value in made.some("process") if b"\0" not in value}
        made.at = {value: at for value, at in made.at.items() if at != "process" or _is_told(value, told.values())}
        command = [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", folder]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, stdout=pipe, stderr=subprocess.DEVNULL, env=told) as process:
            assert process.stdout is not None
            made.pid, made.port = process.pid, int(process.stdout.readline().split()[5])
            try:
                yield
            finally:
                process.kill()


def _is_told(value: Value, told: Iterable[bytes]) -> bool:
    return any(spell(value.text) in told for spell in SPELLINGS.values())
