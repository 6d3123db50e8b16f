"""How often a turn asks the database: what nothing in it touches is not asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Engine, event

from tests.consumers.facts import account, evidence, lead
from tests.consumers.office import Office

pytestmark = pytest.mark.services


@contextmanager
def asked(engine: Engine) -> Iterator[list[bool]]:
    """Of each statement whether it was built anew, so that SQLAlchemy had to look it up or to compile it."""
    built: list[bool] = []

    def note(_db: Any, _cursor: Any, _statement: str, _parameters: Any, context: Any, _many: bool) -> None:
        built.append(context.compiled is not None and context.invoked_statement is not context.compiled.statement)

    event.listen(engine, "after_cursor_execute", note)
    yield built
    event.remove(engine, "after_cursor_execute", note)


def test_a_turn_with_nothing_in_it_asks_once(office: Office) -> None:
    office.suspect(lead(account()))
    with asked(office.engine) as built:
        office.pass_time(seconds=1)
    # What waits, and beside it the names that the office reads for each turn.
    assert len(built) == 2


def test_leads_are_decided_on_by_statements_that_were_built_before(office: Office) -> None:
    office.suspect(lead(account()))
    with asked(office.engine) as built:
        office.suspect(lead(account(), evidence=[evidence("bank-two"), evidence("police-one", "x")]))
    # Of them one for the names. Whoever makes every turn ask once more says here why.
    assert (sum(built), len(built)) == (1, 15)
