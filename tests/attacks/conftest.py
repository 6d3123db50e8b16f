"""A casebook to attack, on a real database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.consumers.office import Office


@pytest.fixture
def office(casebook_url: str) -> Iterator[Office]:
    made = Office(casebook_url)
    yield made
    made.engine.dispose()
