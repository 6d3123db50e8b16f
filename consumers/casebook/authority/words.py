"""What was signed and filed in a table of its own: judged once, in its order, and on record whatever came of it.

Whoever files writes the signature and no more. Must never act on a word itself: `take` is told what it says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, select

from alliance.errors import Refused
from consumers.casebook.rows import update_rows
from consumers.casebook.tables.base import Word
from consumers.casebook.turn import Turn

More = Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Judged:
    """`refusal`: why the word was not taken, if it was not."""

    refusal: str | None


def judgement(db: Connection, table: type[Word], number: int) -> Judged | None:
    """What became of a filed word; None while the casebook has not looked."""
    row = db.execute(select(table.refusal).where(table.number == number, table.judged_at.is_not(None))).first()
    return None if row is None else Judged(row.refusal)


def judge(
    turn: Turn,
    table: type[Word],
    what: str,
    about: str,
    take: Callable[[RowMapping], More],
    *only: ColumnElement[bool],
) -> None:
    """Have all that waits taken, or `only` some. `take` raises Refused with the reason, or returns further columns of
    the row; `about` is the column that says what the act on record is about."""
    waiting = select(*table.__table__.c).where(table.judged_at.is_(None), *only).order_by(table.number)
    for row in turn.db.execute(waiting).mappings().all():
        more, refusal = None, None
        try:
            more = take(row)
        except Refused as error:
            refusal = str(error)
        turn.trail.note(f"{what} {'refused' if refusal else 'verified'}", row[about], row["jws"].encode())
        values = {"number": row["number"], "judged_at": turn.now, "refusal": refusal, **(more or {})}
        update_rows(turn.db, table, "number", [values])
