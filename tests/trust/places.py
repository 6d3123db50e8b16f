"""Every place of the hub where a clear identifier could lie: files, topics, tables, processes, pages; all their bytes.

Left out of a run's data folder is what is not the hub's, and only stands beside it on one machine (`NOT_THE_HUBS`).
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from urllib.request import urlopen

import psutil
import psycopg
from psycopg import sql

from alliance import kafka
from alliance.kafka import KafkaLogin

NOT_THE_HUBS = {
    "members": "the simulated members' own: keys, books, spools",
    "city.json": "what the simulated city remembers of its scams",
    "vault": "police's own, apart from the hub",
}
_ZEROS = re.compile(rb"\0{16,}")
Place = tuple[str, bytes]


def files(data: Path) -> Iterator[Place]:
    """Each folder and file of the data folder, but for what is not the hub's."""
    for entry in sorted(data.iterdir()):
        if entry.name not in NOT_THE_HUBS:
            yield entry.name, content(entry)


def content(entry: Path) -> bytes:
    """Of a file, or of all the files in a folder."""
    inside = sorted(entry.rglob("*")) if entry.is_dir() else [entry]
    return b"\n".join(_content(path) for path in inside)


def topics(login: KafkaLogin) -> Iterator[Place]:
    """Each record of each topic as its readers see it, unpacked: key, value and headers."""
    with kafka.consumer(login, [], None) as reader:
        names = sorted(reader.topics())
    for name in names:
        parts: list[bytes] = []
        for record in kafka.whole(login, name):
            parts += [record.key or b"", record.value or b""]
            parts += [each for key, value in record.headers for each in (key.encode(), value or b"")]
        yield f"topic {name}", b"\n".join(parts)


def tables(url: str) -> Iterator[Place]:
    """Each table of each database as SQL sees it, unpacked, the catalogues with their statistics too."""
    with psycopg.connect(url) as db:
        names = [name for (name,) in db.execute("select datname from pg_database where datallowconn")]
    for name in names:
        with psycopg.connect(url, dbname=name) as db:
            found = db.execute(
                "select nspname, relname from pg_class join pg_namespace n on n.oid = relnamespace "
                "where relkind in ('r', 'm') order by 1, 2"
            ).fetchall()
            for table in found:
                query = sql.SQL("copy (select * from {}) to stdout").format(sql.Identifier(*table))
                with db.cursor().copy(query) as rows:
                    yield f"table {name}.{'.'.join(table)}", b"".join(rows)


def settle(url: str) -> None:
    """The database's files have what its memory had."""
    with psycopg.connect(url, autocommit=True) as db:
        db.execute("checkpoint")


def processes(pids: Iterable[int]) -> Iterator[Place]:
    """What each process, and each that it started, was told: its arguments and its environment."""
    for pid in pids:
        for process in (psutil.Process(pid), *psutil.Process(pid).children(recursive=True)):
            # One that has ended meanwhile is told nothing any more.
            with suppress(FileNotFoundError, ProcessLookupError):
                told = Path("/proc", str(process.pid))
                yield f"process {process.pid}", (told / "cmdline").read_bytes() + (told / "environ").read_bytes()


def pages(ports: Iterable[int]) -> Iterator[Place]:
    """What each process shows of itself."""
    for port in ports:
        with urlopen(f"http://127.0.0.1:{port}/metrics") as page:
            yield f"metrics on port {port}", page.read()


def _content(path: Path) -> bytes:
    """A file's bytes without its holes and most of its zeros: a broker's indexes and a database's pages are made of
    these for the most part."""
    parts: list[bytes] = []
    # A file that was taken away meanwhile lies nowhere.
    with suppress(FileNotFoundError):
        if stat.S_ISREG(path.lstat().st_mode):
            with path.open("rb") as file:
                end, at = os.fstat(file.fileno()).st_size, 0
                while at < end:
                    try:
                        at = os.lseek(file.fileno(), at, os.SEEK_DATA)
                    except OSError:
                        break
                    hole = os.lseek(file.fileno(), at, os.SEEK_HOLE)
                    file.seek(at)
                    parts.append(file.read(hole - at))
                    at = hole
    return _ZEROS.sub(b"\0", b"\0".join(parts))
