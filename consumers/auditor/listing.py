"""The newest entries as people are shown them, or those about one thing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import psycopg
from psycopg.rows import namedtuple_row

from schemas.audit import AuditAct, AuditView

_NEWEST = "select number, at, acts, hash from audit order by number desc limit %(limit)s"
_ABOUT = """
select number, at, acts, hash from audit
where exists (select from jsonb_array_elements(acts) as each(act)
  where act ->> 1 = %(about)s or %(about)s = any(string_to_array(act ->> 1, '/')))
order by number desc limit %(limit)s"""


def newest(db: psycopg.Connection[Any], limit: int, about: str | None = None) -> list[AuditView]:
    """Oldest first. `about`: an id as it stands in a subject, by itself or after its member's; only acts about it."""
    with db.cursor(row_factory=namedtuple_row) as cursor:
        rows: Iterable[Any] = cursor.execute(_ABOUT if about else _NEWEST, {"limit": limit, "about": about})
        views = [
            AuditView(number=row.number, at=row.at, acts=_acts(row.acts, about), hash=row.hash.hex()) for row in rows
        ]
    return views[::-1]


def _acts(stored: Sequence[Sequence[str] | None], about: str | None) -> list[AuditAct]:
    return [
        AuditAct(act=one[0], subject=one[1]) if one else AuditAct(act=None, subject=None)
        for one in stored
        if about is None or (one and about in (one[1], *one[1].split("/")))
    ]
