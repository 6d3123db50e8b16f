"""Many rows in one statement: a batch costs as many statements as it touches tables, not rows.

The rows travel as one JSON text, which `json_to_recordset` turns into rows again: several times faster than an array
for each column, let alone a statement for each row.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import (
    JSON,
    Column,
    ColumnElement,
    Connection,
    FromClause,
    Row,
    Select,
    Table,
    any_,
    bindparam,
    cast,
    column,
    func,
    literal,
    select,
    update,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, Insert, insert
from sqlalchemy.types import LargeBinary, Text

Rows = Sequence[Mapping[str, Any]]


def table_of(model: Any) -> Table:
    """The table of a mapped class."""
    table = model.__table__
    assert isinstance(table, Table)
    return table


def insert_rows(
    db: Connection, model: Any, rows: Rows, *, ignore: bool = False, returning: Sequence[str] = ()
) -> Sequence[Row[Any]]:
    """Insert all rows, which name the same columns; with `ignore`, those that conflict are left out.

    What goes into a column of JSON is given as JSON text.
    """
    if not rows:
        return ()
    statement, parameters = inserting(model, rows)
    if ignore:
        statement = statement.on_conflict_do_nothing()
    if not returning:
        db.execute(statement, parameters)
        return ()
    table = table_of(model)
    return db.execute(statement.returning(*(table.c[name] for name in returning)), parameters).all()


def inserting(model: Any, rows: Rows) -> tuple[Insert, dict[str, Any]]:
    """The statement alone, for a conflict clause of its own."""
    table = table_of(model)
    given = _given([table.c[name] for name in rows[0]])
    statement = insert(table).from_select(list(rows[0]), select(*(given.c[name] for name in rows[0])))
    return statement, _parameters(table, rows)


def update_rows(db: Connection, model: Any, key: str, rows: Rows) -> int:
    """Set every other column of each row where `key` is the row's; how many there were."""
    if not rows:
        return 0
    table = table_of(model)
    given = _given([table.c[name] for name in rows[0]])
    values = {name: given.c[name] for name in rows[0] if name != key}
    statement = update(table).where(table.c[key] == given.c[key]).values(values)
    return db.execute(statement, _parameters(table, rows)).rowcount


def among(which: Any, values: Iterable[Any]) -> ColumnElement[bool]:
    """`which in values`, as one parameter however many there are, so that the statement stays the same."""
    return which == any_(literal(list(values), ARRAY(which.type)))  # type: ignore[no-any-return]


def literal_sql(query: Select[*tuple[Any, ...]]) -> str:
    """The query as text without a parameter. PostgreSQL plans it once a connection, and sees which partial indexes its
    conditions are; of values that come as parameters it may make a plan each time."""
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    return str(query.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))


def _given(columns: Sequence[Column[Any]]) -> FromClause:
    source = func.json_to_recordset(cast(bindparam("rows", type_=Text()), JSON))
    typed = source.table_valued(*(column(c.name, c.type) for c in columns))
    return typed.render_derived("given", with_types=True)


def _parameters(table: Table, rows: Rows) -> dict[str, Any]:
    encoders = {name: _ENCODERS[type(table.c[name].type)] for name in rows[0] if type(table.c[name].type) in _ENCODERS}
    if encoders:
        rows = [{**row, **{name: encode(row[name]) for name, encode in encoders.items()}} for row in rows]
    return {"rows": orjson.dumps(rows).decode()}


def _json(text: str | None) -> orjson.Fragment | None:
    return None if text is None else orjson.Fragment(text)


def _hex(value: bytes | None) -> str | None:
    return None if value is None else f"\\x{value.hex()}"


_ENCODERS: dict[type, Any] = {JSONB: _json, LargeBinary: _hex}
