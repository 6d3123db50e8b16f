"""The spool's SQLite file: its schema, its version, its lock and its statements.

Held by one process, readable by its owner alone. What is accepted is decided in `producers.spool`, never here.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from pathlib import Path
from typing import TextIO

from alliance.errors import SetupError

_VERSION = 1
# `body` becomes null once the broker has the event; the rest stays, for withdrawals and for telling a repetition.
_SCHEMA = f"""
create table event (
  seq integer primary key,
  id blob not null unique,
  topic text not null,
  digest blob not null,
  identifiers blob not null,
  body blob,
  accepted_ms integer not null
);
create index waiting on event (topic, seq) where body is not null;
create table note (key text primary key, value text not null);
pragma user_version = {_VERSION};
"""

INSERT = "insert into event (id, topic, digest, identifiers, body, accepted_ms) values (?, ?, ?, ?, ?, ?)"
DIGEST = "select digest from event where id = ?"
KEPT = "select topic, identifiers from event where id = ?"
WAITING = "select seq, body from event where topic = ? and body is not null order by seq limit ?"
BACKLOG = "select count(*), coalesce(sum(length(body)), 0) from event where body is not null"
SENT = "update event set body = null where seq = ?"
OLDEST = "select accepted_ms from event order by seq limit 1"
FORGET = "delete from event where body is null and accepted_ms < ?"
NOTE = "insert into note (key, value) values (?, ?) on conflict do nothing"
RECALL = "select value from note where key = ?"


def lock(path: Path) -> TextIO:
    """Hold the spool until the returned file is closed. SetupError if another process does."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = path.with_name(path.name + ".lock").open("a+", encoding="utf-8")
    except OSError as error:
        raise SetupError(f"{path}: the spool can not be opened ({error.strerror}); check its folder") from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        holder = file.read().strip() or "unknown"
        file.close()
        raise SetupError(
            f"{path}: the spool is in use by process {holder}; stop that one first, or use another spool"
        ) from None
    file.truncate(0)
    file.write(f"{os.getpid()}\n")
    file.flush()
    return file


def connect(path: Path, *, synchronous: str) -> sqlite3.Connection:
    """A connection in autocommit mode, for one thread at a time. SetupError if the file is no spool of ours."""
    try:
        # Only a new one: to close a second handle would drop the locks that SQLite holds through the first.
        if not path.exists():
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    except (OSError, sqlite3.Error) as error:
        raise SetupError(f"{path}: the spool can not be opened ({error}); check its folder and the disk") from error
    try:
        connection.execute("pragma journal_mode = wal")
        connection.execute(f"pragma synchronous = {synchronous}")
        _prepare(path, connection)
    except sqlite3.Error as error:
        connection.close()
        raise SetupError(f"{path}: not a spool of ours, or damaged ({error}); put it aside and start anew") from error
    except SetupError:
        connection.close()
        raise
    return connection


def _prepare(path: Path, connection: sqlite3.Connection) -> None:
    (version,) = connection.execute("pragma user_version").fetchone()
    (tables,) = connection.execute("select count(*) from sqlite_master").fetchone()
    if version == 0 and tables == 0:
        connection.executescript(f"begin; {_SCHEMA} commit;")
    elif version != _VERSION:
        raise SetupError(
            f"{path}: a spool of version {version}, this program needs {_VERSION}; send what it holds with the program "
            "that wrote it, then put it aside"
        )
