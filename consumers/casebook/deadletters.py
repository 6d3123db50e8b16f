"""What no turn can take is set aside, so that one record or one officer's word keeps nothing else from its end.

Nothing is lost: a record stays in the database as it came, and each start of the casebook tries it again, as a later
version may take it, unless a later snapshot of the same lead was taken; who filed a word is told that it was not taken,
and may file it anew. Must never quote what was in it: of an error kind and place are kept, its message is not.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, insert, select, text, update
from sqlalchemy.exc import OperationalError

from alliance import logs
from alliance.errors import Stop
from consumers.casebook.agenda import WORDS
from consumers.casebook.rows import update_rows
from consumers.casebook.tables import DeadLetter, InquiryRow

_REFUSAL = (
    "The casebook failed at it ({fault}) and has changed nothing; whoever runs the hub must know, then file it anew."
)
_WORDS = (*WORDS, InquiryRow)
_BEYOND_A_LIMIT = "54"
"""The class of PostgreSQL's errors at what is too long or too deep for it: always the same."""
_AT_ONCE = text("set constraints all immediate")


@dataclass(frozen=True, slots=True)
class Record:
    """As the Kafka client has it: where it stood, and what was in it."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]


@dataclass(frozen=True, slots=True)
class Word:
    """A row of a table in which words are filed."""

    table: Any
    number: int

    @property
    def place(self) -> str:
        return f"{self.table.__tablename__}/{self.number}"


def is_its_own(error: Exception) -> bool:
    """Whether a record or a word may be to blame for it, and not the database's absence or another casebook."""
    if isinstance(error, OperationalError):
        return (getattr(error.orig, "sqlstate", None) or "").startswith(_BEYOND_A_LIMIT)
    return not isinstance(error, (Stop, MemoryError))


def fault(error: Exception) -> str:
    """What was raised and where, without what it says."""
    told = logs.fault(error)
    return f"{told['error']} at {told['at']}"


def put(db: Connection, record: Any, error: Exception, now: datetime) -> int:
    """Keep a record as it came; its number."""
    row = {
        "topic": record.topic, "partition": record.partition, "place": record.offset, "key": record.key,
        "value": record.value, "fault": fault(error), "taken_at": now,
        # A name may have what no JSON in a database has, and a header no content.
        "headers": [[_text(name.encode()), _text(content)] for name, content in record.headers or ()],
    }  # fmt: skip
    return db.execute(insert(DeadLetter).values(row).returning(DeadLetter.number)).scalar_one()


def waiting(db: Connection) -> list[tuple[int, Record]]:
    """What was set aside and not carried out since, by its number, as it came."""
    query = select(*DeadLetter.__table__.c).where(DeadLetter.carried_out_at.is_(None)).order_by(DeadLetter.number)
    return [(row.number, _record(row)) for row in db.execute(query)]


def carried_out(db: Connection, number: int, now: datetime) -> None:
    """It waits no more."""
    update_rows(db, DeadLetter, "number", [{"number": number, "carried_out_at": now}])


def count(db: Connection) -> int:
    """How many records wait for a version that takes them."""
    return db.scalar(select(func.count()).where(DeadLetter.carried_out_at.is_(None))) or 0


def failing(db: Connection, take: Callable[[], object]) -> Iterator[tuple[Word, Exception]]:
    """The filed words at which `take` fails, each tried beside those that it does not fail at, in a transaction that is
    undone. Raises what `take` raises without any word, or for want of database or memory."""
    with db.begin():
        filed = [Word(table, number) for table in _WORDS for number in db.scalars(_waiting(table))]
    if filed:
        _try(db, take, [])
        yield from _failing(db, take, [], filed)


def _failing(
    db: Connection, take: Callable[[], object], good: list[Word], words: Sequence[Word]
) -> Iterator[tuple[Word, Exception]]:
    """Half by half, as hundreds may wait; `good` gets the others."""
    try:
        _try(db, take, [*good, *words])
    except Exception as error:
        if not is_its_own(error):
            raise
        if len(words) == 1:
            yield words[0], error
        else:
            yield from _failing(db, take, good, words[: len(words) // 2])
            yield from _failing(db, take, good, words[len(words) // 2 :])
    else:
        good += words


def _try(db: Connection, take: Callable[[], object], words: Sequence[Word]) -> None:
    """Whether it fails at these words, as if no others were filed."""
    with db.begin() as undone:
        for table in _WORDS:
            tried = [word.number for word in words if word.table is table]
            others = table.judged_at.is_(None) & table.number.not_in(tried)
            db.execute(update(table).where(others).values(judged_at=func.now(), refusal="not yet"))
        take()
        # What is checked at the end would not be.
        db.execute(_AT_ONCE)
        undone.rollback()


def refuse(db: Connection, word: Word, error: Exception, now: datetime) -> None:
    """Tell who filed it; what it was about stands as it was."""
    refusal = _REFUSAL.format(fault=fault(error))
    update_rows(db, word.table, "number", [{"number": word.number, "judged_at": now, "refusal": refusal}])


def _waiting(table: Any) -> Select[Any]:
    return select(table.number).where(table.judged_at.is_(None)).order_by(table.number)


def _record(row: Any) -> Record:
    headers = [
        (base64.b64decode(name).decode(), None if content is None else base64.b64decode(content))
        for name, content in row.headers
    ]
    return Record(row.topic, row.partition, row.place, row.key, row.value, headers)


def _text(content: bytes | None) -> str | None:
    return None if content is None else base64.b64encode(content).decode()
