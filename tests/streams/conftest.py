"""One provisioned broker with members for the stream's integration tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from alliance.embedded.services import EmbeddedServices
from tests.streams.support import World


@pytest.fixture(scope="session")
def world(services: EmbeddedServices, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(services, tmp_path_factory.mktemp("streams"))
    yield made
    made.producer.close()
