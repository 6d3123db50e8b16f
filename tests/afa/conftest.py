"""An officer's desk for the tests of commands that need no broker; and the commands put together once, not anew for
each that is run in this process."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.testing
from typer.main import get_command

from tests.afa.desk import Desk
from tests.consumers.office import Office

typer.testing._get_command = functools.cache(get_command)  # type: ignore[attr-defined]


@pytest.fixture
def desk(casebook_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    office = Office(casebook_url)
    yield Desk(office, casebook_url, tmp_path, monkeypatch)
    office.engine.dispose()
