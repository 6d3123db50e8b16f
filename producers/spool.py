"""The durable spool: what `add` accepted outlives the process and a power cut, until the broker has it and beyond.

Many threads that add at once share one fsync: the first commits for all that queued while the disk was busy. At its
bound it refuses and loses nothing. Must never open an event: it stores bytes.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from threading import Condition, Lock
from typing import NamedTuple
from uuid import UUID

from alliance.errors import AfaError, SpoolFull, Stop
from producers import spool_file

KEPT_MS = 97 * 86_400_000
"""How long what was sent can be withdrawn: the longest window and the admission age."""
_PRUNE_EVERY = 10_000


class Acceptance(StrEnum):
    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    """The same id with the same content is there already."""
    CONFLICT = "conflict"
    """The id is there with other content; this one is not taken."""


class Entry(NamedTuple):
    """One protected event. `digest` is of its content before seals, which differ each time."""

    id: UUID
    topic: str
    body: bytes
    digest: bytes
    identifiers: bytes


class Waiting(NamedTuple):
    seq: int
    body: bytes


class Kept(NamedTuple):
    topic: str
    identifiers: bytes


@dataclass(frozen=True, slots=True)
class Capacity:
    """How much may wait for the broker."""

    rows: int = 2_000_000
    bytes: int = 4 * 1024**3


class _Ticket:
    """One caller's entries, on their way into a shared transaction."""

    def __init__(self, entries: Sequence[Entry], whole: bool) -> None:
        self.entries = entries
        self.whole = whole
        self.outcomes: list[Acceptance] = []
        self.error: AfaError | None = None
        self.settled = False


class Spool:
    """SetupError if the file is in use or not ours. `now_ms` is alliance time in Unix milliseconds."""

    def __init__(self, path: Path, now_ms: Callable[[], int], limits: Capacity | None = None) -> None:
        self.path = path
        self._now_ms = now_ms
        self._limits = limits or Capacity()
        self._lock_file = spool_file.lock(path)
        try:
            self._writer = spool_file.connect(path, synchronous="full")
            # A forgotten "was sent" only sends twice, so that this side need not wait for the disk.
            self._marker = spool_file.connect(path, synchronous="normal")
        except BaseException:
            self._lock_file.close()
            raise
        self._write_lock = Lock()
        self._queue_lock = Lock()
        self._queue: list[_Ticket] = []
        self._backlog = Condition()
        self._rows: int
        self._bytes: int
        self._rows, self._bytes = self._writer.execute(spool_file.BACKLOG).fetchone()
        self._until_prune = _PRUNE_EVERY
        # A full disk keeps nobody from sending what waits.
        with suppress(sqlite3.Error):
            self._prune()

    @property
    def waiting_rows(self) -> int:
        """Events that the broker has not acknowledged."""
        return self._rows

    def add(self, entries: Sequence[Entry], *, whole: bool = False) -> list[Acceptance]:
        """Take these events; durable on return. With `whole` all are taken, or none if one is in conflict.

        Raises SpoolFull, after which none of these was taken.
        """
        ticket = _Ticket(entries, whole)
        with self._queue_lock:
            self._queue.append(ticket)
        with self._write_lock:
            if not ticket.settled:
                with self._queue_lock:
                    batch, self._queue = self._queue, []
                self._commit(batch)
        if ticket.error is not None:
            raise ticket.error
        return ticket.outcomes

    def digest(self, event_id: UUID) -> bytes | None:
        """Of the event's content, if it was accepted in the last 97 days."""
        with self._write_lock:
            row = self._writer.execute(spool_file.DIGEST, (event_id.bytes,)).fetchone()
        return None if row is None else row[0]

    def kept(self, event_id: UUID) -> Kept | None:
        """What a withdrawal of that event must repeat."""
        with self._write_lock:
            row = self._writer.execute(spool_file.KEPT, (event_id.bytes,)).fetchone()
        return None if row is None else Kept(*row)

    def noted(self, key: str) -> str | None:
        """What is remembered under `key`."""
        with self._write_lock:
            row = self._writer.execute(spool_file.RECALL, (key,)).fetchone()
        return None if row is None else str(row[0])

    def note(self, key: str, value: str) -> str:
        """Remember `value` under `key`, unless there is one already; what stands is returned. Raises SpoolFull for a
        full disk."""
        try:
            with self._write_lock:
                self._writer.execute(spool_file.NOTE, (key, value))
                (standing,) = self._writer.execute(spool_file.RECALL, (key,)).fetchone()
        except sqlite3.Error as error:
            raise self._explain(error) from error
        return str(standing)

    def waiting(self, topic: str, limit: int) -> list[Waiting]:
        """The oldest events of a topic that the broker has not acknowledged. For the one thread that sends."""
        return [Waiting(*row) for row in self._marker.execute(spool_file.WAITING, (topic, limit))]

    def mark_sent(self, sent: Sequence[Waiting]) -> None:
        """The broker has these. For the one thread that sends."""
        with self._write_lock:
            self._marker.execute("begin immediate")
            try:
                self._marker.executemany(spool_file.SENT, [(entry.seq,) for entry in sent])
                self._marker.execute("commit")
            except BaseException:
                _roll_back(self._marker)
                raise
        self._count(-len(sent), -sum(len(entry.body) for entry in sent))

    def wait(self, condition: Callable[[], bool], timeout: float | None = None) -> bool:
        """Until `condition` holds; it is looked at whenever the backlog changes, or `wake` is called."""
        with self._backlog:
            return self._backlog.wait_for(condition, timeout)

    def wake(self) -> None:
        with self._backlog:
            self._backlog.notify_all()

    def close(self) -> None:
        with self._write_lock:
            self._marker.close()
            self._writer.close()
            self._lock_file.close()

    def _commit(self, batch: Sequence[_Ticket]) -> None:
        rows = size = 0
        try:
            self._writer.execute("begin immediate")
            for ticket in batch:
                added = self._take(ticket, rows, size)
                rows, size = rows + added[0], size + added[1]
            self._writer.execute("commit")
            self._until_prune -= rows
        except sqlite3.Error as error:
            # Said first: whatever comes of the rollback, nobody may take it for accepted.
            for ticket in batch:
                ticket.error = self._explain(error)
            rows = size = 0
            with suppress(sqlite3.Error):
                _roll_back(self._writer)
        except BaseException:
            for ticket in batch:
                ticket.error = Stop(f"{self.path}: the spool was interrupted; nothing of this was accepted")
            _roll_back(self._writer)
            raise
        finally:
            for ticket in batch:
                ticket.settled = True
        self._count(rows, size)
        if self._until_prune <= 0:
            # What was accepted is accepted, whatever comes of this; the next one tries again.
            with suppress(sqlite3.Error):
                self._prune()

    def _take(self, ticket: _Ticket, rows: int, size: int) -> tuple[int, int]:
        """Insert what is new; how many rows and bytes that were. `rows` and `size` are the transaction's so far."""
        outcomes, new = self._judge(ticket.entries)
        if ticket.whole and Acceptance.CONFLICT in outcomes:
            new = []
        new_size = sum(len(entry.body) for entry in new)
        if self._rows + rows + len(new) > self._limits.rows or self._bytes + size + new_size > self._limits.bytes:
            ticket.error = self._full()
            return 0, 0
        now = self._now_ms()
        self._writer.executemany(
            spool_file.INSERT, [(e.id.bytes, e.topic, e.digest, e.identifiers, e.body, now) for e in new]
        )
        ticket.outcomes = outcomes
        return len(new), new_size

    def _judge(self, entries: Sequence[Entry]) -> tuple[list[Acceptance], list[Entry]]:
        outcomes: list[Acceptance] = []
        new: dict[UUID, Entry] = {}
        for entry in entries:
            row = self._writer.execute(spool_file.DIGEST, (entry.id.bytes,)).fetchone()
            standing = new[entry.id].digest if entry.id in new else row and row[0]
            if standing is None:
                new[entry.id] = entry
                outcomes.append(Acceptance.ACCEPTED)
            else:
                outcomes.append(Acceptance.DUPLICATE if standing == entry.digest else Acceptance.CONFLICT)
        return outcomes, list(new.values())

    def _prune(self) -> None:
        self._until_prune = _PRUNE_EVERY
        horizon = self._now_ms() - KEPT_MS
        oldest = self._writer.execute(spool_file.OLDEST).fetchone()
        if oldest is not None and oldest[0] < horizon:
            self._writer.execute(spool_file.FORGET, (horizon,))

    def _count(self, rows: int, size: int) -> None:
        with self._backlog:
            self._rows += rows
            self._bytes += size
            self._backlog.notify_all()

    def _full(self) -> SpoolFull:
        return SpoolFull(
            f"{self.path}: the spool is full ({self._rows} events, {self._bytes // 1024**2} MB wait for the broker); "
            "nothing of this was accepted: try again once Kafka can be reached, or raise the limit"
        )

    def _explain(self, error: sqlite3.Error) -> AfaError:
        # What Python itself says, as of a file that was closed, has no code.
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
            return SpoolFull(f"{self.path}: the disk is full; nothing of this was accepted: free some space")
        return Stop(f"{self.path}: the spool can not be written ({error}); nothing of this was accepted")


def _roll_back(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:
        connection.execute("rollback")
