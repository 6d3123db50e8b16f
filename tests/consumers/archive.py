"""The retention as a casebook carries it out, on an office's database and at its time."""

from __future__ import annotations

import importlib
from collections import Counter
from datetime import timedelta
from typing import Any

from sqlalchemy import select, text

from consumers.casebook import audit
from consumers.casebook.audit import Trail
from consumers.casebook.retention import runs
from consumers.casebook.retention.runs import Retention
from consumers.casebook.tables import RetentionRun
from tests.consumers.office import Office

SUSPICION, CASE = timedelta(days=180), timedelta(days=5 * 365)


def retain(office: Office, steps: int = 10_000) -> Counter[str]:
    """One run, or its first steps; how many rows of each table it erased."""
    with office.engine.begin() as db:
        number = runs.ask(db, office.now)
    retention = Retention(office.profile)
    while steps and step(office, retention):
        steps -= 1
    with office.engine.connect() as db:
        return Counter(db.scalar(select(RetentionRun.erased).where(RetentionRun.number == number)))


def step(office: Office, retention: Retention) -> bool:
    with office.engine.begin() as db:
        trail = Trail()
        more = retention.step(db, office.now, trail)
        audit.append(db, trail, audit.head(db), office.now)
    office.resume()
    return more


def rows(office: Office, table: str, where: str = "true", **values: Any) -> int:
    with office.engine.connect() as db:
        return int(db.scalar(text(f'select count(*) from "{table}" where {where}'), values) or 0)


def guarded() -> dict[str, str]:
    """The tables of whose rows the database asks whether they are past, and how."""
    versions = "consumers.casebook.migrations.versions"
    return {
        table: way
        for version in (
            "0013_retention",
            "0014_renamed",
            "0016_reinjections",
            "0022_victims_of_reports",
            "0023_dead_letters",
        )
        for table, way in importlib.import_module(f"{versions}.{version}").GUARDED.items()
    }
