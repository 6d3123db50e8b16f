"""A provisioned broker of its own, with members, for the integration tests of the stream.

What other tests leave on the shared one (foreign members, leads of other shapes) would be read by its workers.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from alliance.embedded.services import EmbeddedServices
from alliance.settings import Settings
from tests.streams.support import World


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("streams")
    with EmbeddedServices(folder / "data", Settings().cache_dir) as services:
        made = World(services, folder)
        yield made
        made.producer.close()
