"""Services of their own with five members, for the tests that take the whole chain through its worst days."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from afa.supervisor import Plan, Supervisor
from alliance.settings import Settings
from consumers.casebook.database import connect, migrate
from tests.chain.cast import specs


@pytest.fixture(scope="package")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Supervisor]:
    """Everything but the processes, which each test starts itself."""
    settings = Settings()
    plan = Plan(
        data_dir=tmp_path_factory.mktemp("chain") / "data",
        cache_dir=settings.cache_dir,
        heap_mb=settings.kafka_heap_mb,
        rate=1.0,
        members=specs(),
        migrate=lambda url: migrate(connect(url)),
        programs=lambda place: [],
    )
    with Supervisor(plan, print) as up:
        yield up
