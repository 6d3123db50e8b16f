"""An officer's desk for the tests of commands that need no broker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.afa.desk import Desk
from tests.consumers.office import Office


@pytest.fixture
def desk(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    office = Office(database_url)
    yield Desk(office, database_url, tmp_path, monkeypatch)
    office.engine.dispose()
