"""The outbox as dispatch sees it: rows are claimed in order, and removed with the note that their requests are sent.

Must never touch what it has not claimed: until then the casebook may take it back.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from consumers.casebook.lifecycle import REQUEST, RequestEvent

_LOCK = 7_204_002
_COLUMNS = "number, member, key, value, request_id"
_CLAIM = f"""
with claimed as (
  update outbox set claimed = true
  where number in (
    select number from outbox where not claimed and member <> all(%s) order by number limit %s)
  returning {_COLUMNS})
select {_COLUMNS} from claimed order by number"""
_LEFT = f"select {_COLUMNS} from outbox where claimed order by number"
# Requests are locked before the outbox, and in their order, as the casebook does.
_NOTE = """
update request set sent_at = coalesce(sent_at, %(now)s), status = coalesce(%(moves)s::jsonb ->> status, status)
where request_id in (select request_id from request where request_id = any(%(ids)s) order by request_id for update)"""
_REMOVE = "delete from outbox where number = any(%s)"
_DELIVER = RequestEvent.DELIVER
_MOVES = Jsonb({status.value: moves[_DELIVER].value for status, moves in REQUEST.items() if _DELIVER in moves})


@dataclass(frozen=True, slots=True)
class Row:
    """One record to send to `to.<member>`; receipts are of no request."""

    number: int
    member: str
    key: str
    value: str
    request_id: UUID | None


class Outbox:
    """On a connection in autocommit mode, which this dispatcher alone may use."""

    def __init__(self, db: psycopg.Connection[object]) -> None:
        self._db = db

    def take_over(self, timeout_s: int) -> bool:
        """Become the one dispatcher, as soon as a former one's connection is gone; False if it stays."""
        self._db.execute(f"set lock_timeout = '{timeout_s}s'")
        try:
            self._db.execute("select pg_advisory_lock(%s)", [_LOCK])
        except psycopg.errors.LockNotAvailable:
            return False
        self._db.execute("set lock_timeout = 0")
        self._db.execute("listen outbox")
        return True

    def left(self) -> list[Row]:
        """What a former dispatcher had claimed, and may have sent or not."""
        return self._rows(_LEFT, [])

    def claim(self, limit: int, without: Collection[str]) -> list[Row]:
        """The oldest rows that nobody has claimed, but for these members'."""
        return self._rows(_CLAIM, [list(without), limit])

    def sent(self, rows: Sequence[Row], now: datetime) -> None:
        """The broker has them."""
        ids = [row.request_id for row in rows if row.request_id]
        with self._db.transaction():
            if ids:
                self._db.execute(_NOTE, {"now": now, "moves": _MOVES, "ids": ids})
            self._db.execute(_REMOVE, [[row.number for row in rows]])

    def is_called(self) -> bool:
        """Whether something was written since this was asked last."""
        return bool(list(self._db.notifies(timeout=0)))

    def fileno(self) -> int:
        """Becomes readable when something is written."""
        return self._db.fileno()

    def _rows(self, query: str, parameters: list[object]) -> list[Row]:
        with self._db.cursor(row_factory=class_row(Row)) as cursor:
            return cursor.execute(query.encode(), parameters).fetchall()
