"""A member's books on disk: a journal of entries, and the answers given, in one SQLite file.

An act and its answer are one transaction: whoever is killed between the two finds both, or neither. Nothing that was
written is ever changed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from threading import RLock
from typing import Any
from uuid import UUID

import msgspec

from alliance.errors import SetupError, Stop
from producers.reference.decision import Decided, Stub
from schemas.answers import Answer
from schemas.requests import Request

_VERSION = 1
_SCHEMA = f"""
create table entry (seq integer primary key, line blob not null);
create table answered (request_id blob primary key, action text not null, answer blob not null);
pragma user_version = {_VERSION};
"""


class Books:
    """The one way to change `stub`. Hold `lock` around what reads the stub and records what follows from it."""

    def __init__(self, path: Path, stub: Stub) -> None:
        self.path = path
        self.stub = stub
        self.lock = RLock()
        self._disk = _connect(path)
        self._last = 0
        for seq, line in self._disk.execute("select seq, line from entry order by seq"):
            stub.apply(stub.decode(line))
            self._last = seq

    @contextmanager
    def batch(self) -> Iterator[None]:
        """All that is recorded inside is one transaction. Raises Stop if the disk does not take it, or another process
        has written there: then this one must end, since stub and disk are apart."""
        with self.lock:
            try:
                self._disk.execute("begin immediate")
                (last,) = self._disk.execute("select coalesce(max(seq), 0) from entry").fetchone()
                if last != self._last:
                    raise Stop(f"{self.path}: another process has these books, too; stop one, start the other anew")
                yield
                self._disk.execute("commit")
            except sqlite3.Error as error:
                raise Stop(f"{self.path}: the books can not be written ({error}); check the disk") from error
            finally:
                if self._disk.in_transaction:
                    self._disk.execute("rollback")

    def record(self, entries: Iterable[Any]) -> None:
        """Inside a `batch`: what happened, on its way to the disk, and in the stub at once."""
        for entry in entries:
            written = self._disk.execute("insert into entry (line) values (?)", (msgspec.json.encode(entry),))
            assert written.lastrowid is not None
            self._last = written.lastrowid
            self.stub.apply(entry)

    def answer_once(self, request: Request, decide: Callable[[], Decided]) -> tuple[Answer, bool]:
        """The answer to a request, and whether it is a new one: decided and acted upon at its first arrival only."""
        with self.lock:
            known = self.answered(request.request_id)
            if known is not None:
                return known, False
            decision = decide()
            row = (request.request_id.bytes, request.action.value, decision.answer.model_dump_json().encode())
            with self.batch():
                self._disk.execute("insert into answered values (?, ?, ?)", row)
                self.record(decision.entries)
            return decision.answer, True

    def turns(self, now: datetime) -> Sequence[Decided]:
        """Give waiting orders their turns, in their order; the further answers that are still to be given. Record an
        answer's entries once it is under way: until then it is given again."""
        with self.lock:
            while (entry := self.stub.turn(now)) is not None:
                with self.batch():
                    self.record([entry])
            return self.stub.untold(now)

    def answered(self, request_id: UUID) -> Answer | None:
        """What was answered to a request before."""
        with self.lock:
            row = self._disk.execute("select answer from answered where request_id = ?", (request_id.bytes,)).fetchone()
        return None if row is None else Answer.model_validate_json(row[0])

    def close(self) -> None:
        with self.lock:
            self._disk.close()


def _connect(path: Path) -> sqlite3.Connection:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        disk = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        if path.exists():
            # Customers' names and balances are for its owner alone.
            path.chmod(0o600)
        disk.execute("pragma journal_mode = wal")
        disk.execute("pragma synchronous = full")
        (version,) = disk.execute("pragma user_version").fetchone()
        if version == 0:
            disk.executescript(f"begin; {_SCHEMA} commit;")
    except (OSError, sqlite3.Error) as error:
        raise SetupError(f"{path}: the books can not be opened ({error}); check its folder and the disk") from error
    if version not in (0, _VERSION):
        disk.close()
        raise SetupError(f"{path}: books of version {version}, this program needs {_VERSION}; put the file aside")
    return disk
