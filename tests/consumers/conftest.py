"""One provisioned broker with members for the consumers' integration tests, hubs on databases, and mailboxes."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator

import psycopg
import pytest

from alliance.embedded.services import EmbeddedServices
from tests.consumers.office import Office
from tests.consumers.world import Hub, Mailbox, World


@pytest.fixture(scope="session")
def city(services: EmbeddedServices, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(services, tmp_path_factory.mktemp("consumers"))
    yield made
    made.producer.close()


@pytest.fixture(scope="module")
def live(city: World, services: EmbeddedServices) -> Iterator[Hub]:
    """A casebook and a dispatch that run for all tests of a file that don't hurt them; no longer, as they ask members
    of the leads of other files' tests too."""
    name = f"live_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(services.database_url, autocommit=True) as connection:
        connection.execute(f'create database "{name}"'.encode())
    made = Hub(city, services.postgres.url(name))
    with made.running():
        yield made
    made.close()


@pytest.fixture
def hub(city: World, casebook_url: str) -> Iterator[Hub]:
    made = Hub(city, casebook_url)
    yield made
    made.close()


@pytest.fixture
def mailbox(city: World) -> Iterator[Callable[[str], Mailbox]]:
    opened: list[Mailbox] = []

    def open_mailbox(member: str) -> Mailbox:
        opened.append(Mailbox(city, member))
        return opened[-1]

    yield open_mailbox
    for box in opened:
        box.close()


@pytest.fixture
def office(casebook_url: str) -> Iterator[Office]:
    made = Office(casebook_url)
    yield made
    made.engine.dispose()


@pytest.fixture
def thai(casebook_url: str) -> Iterator[Office]:
    """Under the law that holds amounts alone."""
    made = Office(casebook_url, "th")
    yield made
    made.engine.dispose()
