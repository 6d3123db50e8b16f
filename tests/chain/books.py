"""The members' books: opened with what the scenes' requests will ask about, and read again at the end."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

from alliance.embedded.datadir import DataDir
from alliance.membership import load_keys, member_dir
from alliance.registry import Registry
from producers.reference.books import Books
from producers.reference.entries import Moved, Opened, Way
from producers.reference.stubs import stub_of
from producers.reference.subscribers import Subscribed
from producers.reference.users import Hosted
from schemas.answers import Answer
from schemas.identifiers import IdentifierKind
from tests.chain.cast import BANKS, CARRIER, PLATFORM
from tests.chain.day import CALLERS, HANDLES, MULES, NAME, VICTIMS, ClearScene, bank_of

REPORTED = 5_000_000
"""The payment that the scenes' victims report; each mule has had it once."""


def open_books(data: DataDir, registry: Registry, days: Iterable[ClearScene], at: datetime) -> None:
    by_member: dict[str, list[Any]] = defaultdict(list)
    for scene in days:
        for member, entry in _openings(scene, at):
            by_member[member].append(entry)
    for member, entries in by_member.items():
        known = registry.member(member)
        assert known is not None
        books = Books(_path(data, member), stub_of(known, load_keys(data, member)))
        with books.batch():
            books.record(entries)
        books.close()


def journal(data: DataDir, member: str) -> list[dict[str, Any]]:
    """Every entry, in its order."""
    return [orjson.loads(line) for (line,) in _rows(data, member, "select line from entry order by seq")]


def answered(data: DataDir, member: str) -> dict[UUID, Answer]:
    """The member's answer to each request that it has had."""
    rows = _rows(data, member, "select request_id, answer from answered")
    return {UUID(bytes=request_id): Answer.model_validate_json(answer) for request_id, answer in rows}


def _openings(scene: ClearScene, at: datetime) -> Iterable[tuple[str, Any]]:
    for index in range(MULES):
        mule = scene.named("account", "mule", index)["value"]
        opened = Opened(mule, IdentifierKind.ACCOUNT, "", (), 10 * REPORTED, at, NAME)
        came = Moved(f"M{mule}", Way.IN, mule, REPORTED, at)
        yield from ((bank_of(index), entry) for entry in (opened, came))
    for index in range(VICTIMS):
        phone = scene.named("number", "victim", index)["value"]
        yield CARRIER, Subscribed(phone, (("number", phone),), at)
        for bank in BANKS:
            savings = scene.named("account", f"savings-{bank}", index)["value"]
            yield bank, Opened(savings, IdentifierKind.ACCOUNT, "", (phone,), REPORTED, at)
    for index in range(CALLERS):
        line = scene.named("number", "caller", index)["value"]
        yield CARRIER, Subscribed(line, (("number", line),), at)
    for index in range(HANDLES):
        handle = scene.named("handle", "handle", index)["value"]
        yield PLATFORM, Hosted(handle, (("handle", handle),), at)


def _rows(data: DataDir, member: str, query: str) -> list[Any]:
    path = _path(data, member)
    if not path.exists():
        return []
    with closing(sqlite3.connect(path)) as disk:
        return disk.execute(query).fetchall()


def _path(data: DataDir, member: str) -> Path:
    return member_dir(data, member) / "reference" / "books.db"
