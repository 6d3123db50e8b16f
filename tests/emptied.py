"""A database of the casebook that one test after another has as new: to empty it costs a fraction of making one.

It is emptied of rows alone. Whoever changed its schema made another database of it, which no other test may have.
"""

from __future__ import annotations

from typing import LiteralString

import psycopg
from psycopg import Connection, sql

_TABLES = "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace order by relname"
_SEQUENCES = """
select sequencename, coalesce(last_value, start_value), last_value is not null from pg_sequences order by sequencename
"""
_COPY_OUT: LiteralString = "copy {} to stdout (format binary)"
_COPY_IN: LiteralString = "copy {} from stdin (format binary)"
_OTHERS = """
select pg_terminate_backend(pid, 20000) from pg_stat_activity
where datname = current_database() and pid <> pg_backend_pid()
"""
# What changes a table, column, constraint, trigger, function or right leaves a trace in one of them; rows leave none.
_SCHEMA: LiteralString = """
select array(select row(count(*), sum(xmin::text::bigint))::text from pg_attribute where attrelid >= 16384)
    || array(select row(count(*), sum(xmin::text::bigint))::text from pg_constraint)
    || array(select row(count(*), sum(xmin::text::bigint))::text from pg_trigger)
    || array(select row(count(*), sum(xmin::text::bigint))::text from pg_proc)
    || array(select row(count(*), sum(xmin::text::bigint))::text from pg_rewrite)
    || array(select row(relname, relacl, reloptions)::text from pg_class where oid >= 16384 order by oid)
"""


class Emptied:
    """The database at `url`, as it is now."""

    def __init__(self, url: str) -> None:
        self.url = url
        with psycopg.connect(url) as db:
            self._tables = [name for (name,) in db.execute(_TABLES)]
            self._kept = {name: rows for name in self._tables if (rows := _rows(db, name))}
            self._sequences = db.execute(_SEQUENCES).fetchall()
            self._schema = db.execute(_SCHEMA).fetchone()

    def as_new(self) -> bool:
        """Empty it, whoever still uses it; whether it is then what it was."""
        with psycopg.connect(self.url, autocommit=True) as db:
            db.execute(_OTHERS)
            if db.execute(_SCHEMA).fetchone() != self._schema:
                return False
            with db.transaction():
                changed = self._empty(db)
            # Not only their rows have gone, but also what was left of them.
            if changed:
                names = sql.SQL(", ").join(map(sql.Identifier, changed))
                db.execute(sql.SQL("vacuum (skip_database_stats) {}").format(names))
            return True

    def _empty(self, db: Connection) -> list[str]:
        """Which tables were not as they had been."""
        # What may not be deleted, and what others refer to, is no question here.
        db.execute("set local session_replication_role = replica")
        changed = [name for name in self._tables if _rows(db, name) != self._kept.get(name, b"")]
        for name in changed:
            db.execute(sql.SQL("delete from {}").format(sql.Identifier(name)))
            if kept := self._kept.get(name):
                with db.cursor().copy(sql.SQL(_COPY_IN).format(sql.Identifier(name))) as copy:
                    copy.write(kept)
        for was, now in zip(self._sequences, db.execute(_SEQUENCES), strict=True):
            if was != now:
                db.execute("select setval(quote_ident(%s)::regclass, %s, %s)", was)
        return changed


def _rows(db: Connection, table: str) -> bytes:
    """All of them, as they lie; nothing, if there is none."""
    name = sql.Identifier(table)
    if not db.execute(sql.SQL("select 1 from {} limit 1").format(name)).fetchone():
        return b""
    with db.cursor().copy(sql.SQL(_COPY_OUT).format(name)) as copy:
        return b"".join(copy)
