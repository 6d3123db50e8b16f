"""Erasing what is past its time, page by page: a page goes through some keys of one table, in a transaction of its own.

What is past is not decided here: the database says so (migrations 0013 and 0014), and refuses to
lose what it has not said.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from consumers.casebook import audit
from consumers.casebook.retention import families

log = structlog.get_logger()
_LONG_AGO = "(select long_ago('suspicion'))"


@dataclass(frozen=True, slots=True)
class Pass:
    """Through `keys` (names and types) of those rows of `table` that may be past; `past` asks the database about each.
    With a row those of `also` go, where the named column is its key."""

    table: str
    keys: Mapping[str, str]
    among: str
    past: str
    also: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    page: int = 500


_EVENT = {"member": "text", "event_id": "uuid"}
PASSES = (
    Pass("case", {"case_id": "uuid"}, f"merged_into is null and opened_at <= {_LONG_AGO}", "case_is_past(case_id)",
         page=20),
    Pass("lead", {"lead_id": "text"}, f"case_id is null and taken_at <= {_LONG_AGO}", "true"),
    Pass("dispute", {"dispute_id": "uuid"}, f"case_id is null and request_id is null and filed_at <= {_LONG_AGO}",
         "objection_is_past(dispute_id, null)",
         {"filed_ruling": ("id",), "label": ("id",), "escalation": ("subject",)}),
    Pass("report", _EVENT, f"taken_at <= {_LONG_AGO}", "report_is_past(member, event_id)",
         {"report_target": ("member", "event_id"), "report_victim": ("member", "event_id")}),
    Pass("alias", _EVENT, f"taken_at <= {_LONG_AGO}", "alias_is_past(member, event_id)"),
    Pass("withdrawn", _EVENT, f"at <= {_LONG_AGO}", "withdrawal_is_past(member, event_id)"),
    Pass("filed_statement", {"number": "bigint"}, f"judged_at <= {_LONG_AGO}", "statement_is_past(number)"),
    Pass("inquiry", {"number": "bigint"}, f"case_id is null and coalesce(judged_at, filed_at) <= {_LONG_AGO}", "true"),
    Pass("reinjection", {"number": "bigint"}, f"coalesce(judged_at, filed_at) <= {_LONG_AGO}", "true"),
    Pass("dead_letter", {"number": "bigint"}, f"taken_at <= {_LONG_AGO}", "true"),
    Pass("mandate", {"mandate_id": "uuid"}, f"filed_at <= {_LONG_AGO}", "mandate_is_past(mandate_id)"),
    Pass("renamed", {"token": "text"}, "true", "renamed_is_past(token)"),
)  # fmt: skip
"""In this order: what a case held on to may be past once the case is gone, and of what is gone the acts are erased."""
_AUDIT = len(PASSES)


@dataclass(frozen=True, slots=True)
class Place:
    """How far a run has come: which pass, and behind which key of it."""

    number: int = 0
    key: tuple[Any, ...] | None = None


def erase_page(db: Connection, place: Place) -> tuple[Counter[str], Place | None]:
    """What was erased of each table, and where to go on; None at the end."""
    if place.number == _AUDIT:
        acts, behind = audit.erase_past(db, place.key[0] if place.key else 0)
        return Counter(audit=acts), None if behind is None else Place(_AUDIT, (behind,))
    here = PASSES[place.number]
    rows = db.execute(text(page_of(here, place.key is not None)), _bound(here, [place.key] if place.key else [])).all()
    following = Place(place.number, tuple(rows[-1][:-1])) if len(rows) == here.page else Place(place.number + 1)
    return _erase_or_skip(db, here, [tuple(row[:-1]) for row in rows if row.past]), following


def page_of(here: Pass, behind: bool) -> str:
    """The query for a page of keys, each with whether it is past: behind the key that is bound, or from the first."""
    keys = ", ".join(here.keys)
    last = ", ".join(f"(cast(:{name} as {kind}[]))[1]" for name, kind in here.keys.items())
    among = f"{here.among} and ({keys}) > ({last})" if behind else here.among
    page = f'select distinct {keys} from "{here.table}" where {among} order by {keys} limit {here.page}'
    return f"select {keys}, {here.past} as past from ({page}) page order by {keys}"


def _bound(here: Pass, keys: Sequence[tuple[Any, ...]]) -> dict[str, list[Any]]:
    """The keys as one array for each of their columns."""
    return {name: [key[column] for key in keys] for column, name in enumerate(here.keys)} if keys else {}


def _erase_or_skip(db: Connection, here: Pass, keys: Sequence[tuple[Any, ...]]) -> Counter[str]:
    """What of the page the database lets go: a row that it refuses, as one about which somebody has just filed a word,
    must not keep all that comes after it from its end."""
    try:
        with db.begin_nested():
            return _erase(db, here, keys)
    except IntegrityError as error:
        if len(keys) == 1:
            # The first line alone: the others may quote an identifier.
            reason = str(error.orig).partition("\n")[0]
            log.warning("a row was not erased; the next run tries it again", table=here.table, reason=reason)
            return Counter()
    return sum((_erase_or_skip(db, here, [key]) for key in keys), Counter[str]())


def _erase(db: Connection, here: Pass, keys: Sequence[tuple[Any, ...]]) -> Counter[str]:
    if not keys:
        return Counter()
    if here.table == "case":
        return families.erase(db, [case_id for (case_id,) in keys])
    gone: Counter[str] = Counter()
    arrays = ", ".join(f"cast(:{name} as {kind}[])" for name, kind in here.keys.items())
    for table, columns in {**here.also, here.table: tuple(here.keys)}.items():
        statement = f'delete from "{table}" where ({", ".join(columns)}) in (select * from unnest({arrays}))'
        gone[table] += db.execute(text(statement), _bound(here, keys)).rowcount
    return gone
