"""What one test did to a casebook's database, the next one must not find."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from tests.consumers.facts import account, lead
from tests.consumers.office import Office
from tests.emptied import Emptied

pytestmark = pytest.mark.services


def content(url: str) -> dict[str, Any]:
    """Every row of every table, and where each sequence is."""
    with psycopg.connect(url) as db:
        tables = [name for (name,) in db.execute("select tablename from pg_tables where schemaname = 'public'")]
        rows = {name: sorted(db.execute(f'select t::text from "{name}" t'.encode())) for name in tables}
        return rows | dict(db.execute("select sequencename || ' at', last_value from pg_sequences").fetchall())


def test_it_is_as_new_whatever_was_put_on_record_and_whoever_still_reads(casebook_url: str) -> None:
    casebook, before = Emptied(casebook_url), content(casebook_url)
    office = Office(casebook_url)
    office.mandate()
    office.suspect(lead(account()))
    with psycopg.connect(casebook_url) as db:
        db.execute("update outcome_cursor set up_to = 7")
    changed = {name for name, found in content(casebook_url).items() if found != before[name]}
    assert changed >= {"mandate", "audit", "outcome_cursor"}
    assert any(name.endswith(" at") for name in changed)
    reader = psycopg.connect(casebook_url)
    reader.execute("lock table lead")
    assert casebook.as_new()
    assert content(casebook_url) == before
    reader.close()


@pytest.mark.parametrize(
    "change",
    [
        "alter table hold disable trigger user",
        "alter table hold add column more text",
        "alter table mandate drop constraint signed",
        "create table more (number int)",
        "create function more() returns int language sql as 'select 1'",
        "grant select on lead to public",
    ],
)
def test_a_database_whose_schema_was_changed_is_not(casebook_url: str, change: str) -> None:
    casebook = Emptied(casebook_url)
    with psycopg.connect(casebook_url) as db:
        db.execute(change.encode())
        db.rollback()
    assert casebook.as_new()
    with psycopg.connect(casebook_url) as db:
        db.execute(change.encode())
    assert not casebook.as_new()
