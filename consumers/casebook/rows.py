"""Many rows in one statement: a batch costs as many statements as it touches tables, not rows.

A statement that most turns need is built once, and what it is about is given when it is executed: to build one costs
more than to execute it.
The rows travel as one JSON text, which `json_to_recordset` turns into rows again: several times faster than an array
for each column, let alone a statement for each row.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import orjson
from sqlalchemy import (
    JSON,
    ColumnElement,
    Connection,
    Executable,
    FromClause,
    Row,
    Select,
    Table,
    Update,
    any_,
    bindparam,
    cast,
    column,
    func,
    literal,
    literal_column,
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
    result = db.execute(_inserting(model, tuple(rows[0]), ignore, tuple(returning)), parameters(model, rows))
    return result.all() if returning else ()


@cache
def _inserting(model: Any, names: Sequence[str], ignore: bool, returning: Sequence[str]) -> Executable:
    statement = inserting(model, names)
    if ignore:
        statement = statement.on_conflict_do_nothing()
    table = table_of(model)
    return statement.returning(*(table.c[name] for name in returning)) if returning else statement


def inserting(model: Any, names: Sequence[str]) -> Insert:
    """The statement alone, for a conflict clause of its own; `parameters` are its rows, which name these columns."""
    table = table_of(model)
    rows = _rows_of(table, names)
    return insert(table).from_select(names, select(*(rows.c[name] for name in names)))


def update_rows(db: Connection, model: Any, key: str, rows: Rows) -> int:
    """Set every other column of each row where `key` is the row's; how many there were."""
    if not rows:
        return 0
    return db.execute(_updating(model, key, tuple(rows[0])), parameters(model, rows)).rowcount


@cache
def _updating(model: Any, key: str, names: Sequence[str]) -> Update:
    table = table_of(model)
    rows = _rows_of(table, names)
    values = {name: rows.c[name] for name in names if name != key}
    return update(table).where(table.c[key] == rows.c[key]).values(values)


def parameters(model: Any, rows: Rows) -> dict[str, Any]:
    """The rows as a statement on this table takes them."""
    table = table_of(model)
    encoders = {name: _ENCODERS[type(table.c[name].type)] for name in rows[0] if type(table.c[name].type) in _ENCODERS}
    if encoders:
        rows = [{**row, **{name: encode(row[name]) for name, encode in encoders.items()}} for row in rows]
    return {"rows": orjson.dumps(rows).decode()}


def among(which: Any, values: Iterable[Any]) -> ColumnElement[bool]:
    """`which in values`, as one parameter however many there are, so that the statement stays the same."""
    return which == any_(literal(list(values), ARRAY(which.type)))  # type: ignore[no-any-return]


def given(which: Any, name: str) -> ColumnElement[bool]:
    """`which in values`, where the list `name` of them is given to a statement that is built once."""
    return which == any_(bindparam(name, type_=ARRAY(which.type)))  # type: ignore[no-any-return]


def one_of(which: Any, values: Iterable[Any]) -> ColumnElement[bool]:
    """`which in values`, where these are constants, and so are no parameters: the plan can see which partial index is
    of them."""
    return which.in_([literal_column(f"'{value}'") for value in sorted(values)])  # type: ignore[no-any-return]


def literal_sql(query: Select[*tuple[Any, ...]]) -> str:
    """The query as text without a parameter. PostgreSQL plans it once a connection, and sees which partial indexes its
    conditions are; of values that come as parameters it may make a plan each time."""
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    return str(query.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))


def _rows_of(table: Table, names: Sequence[str]) -> FromClause:
    source = func.json_to_recordset(cast(bindparam("rows", type_=Text()), JSON))
    typed = source.table_valued(*(column(name, table.c[name].type) for name in names))
    return typed.render_derived("given", with_types=True)


def _json(text: str | None) -> orjson.Fragment | None:
    return None if text is None else orjson.Fragment(text)


def _hex(value: bytes | None) -> str | None:
    return None if value is None else f"\\x{value.hex()}"


_ENCODERS: dict[type, Any] = {JSONB: _json, LargeBinary: _hex}
