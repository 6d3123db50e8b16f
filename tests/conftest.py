"""The services every integration test shares: one Kafka and one PostgreSQL, started by the first test that asks.

    services       EmbeddedServices: .bootstrap, .admin (a KafkaLogin), .database_url, .kafka, .postgres, .data
    kafka_login    the administrator's KafkaLogin
    kafka_admin    a KafkaAdminClient of the administrator
    database_url   the libpq URL of a new, empty database, dropped after the test
    casebook_url   the URL of a database with the casebook's tables as they are made, which other tests have had
    faults         how many faults a chaos test is to inject (`--faults`, 5 unless told)

Its topics have more partitions than the code has by default: what went by the default would fail here.
Mark a test that uses the services `@pytest.mark.services`. Topics and groups are shared too:
give yours names of their own.
"""

from __future__ import annotations

import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import hypothesis
import psycopg
import pytest
import structlog
from kafka import KafkaAdminClient

from alliance import kafka
from alliance.embedded.services import EmbeddedServices
from alliance.kafka import KafkaLogin
from alliance.provision import provision
from alliance.settings import Settings
from consumers.casebook.database import connect, migrate
from schemas.topics import PARTITIONS
from tests.emptied import Emptied

# No verdict depends on how fast the machine is.
_UNTIMED = hypothesis.settings(deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.register_profile("default", _UNTIMED)
hypothesis.settings.register_profile("fuzz", _UNTIMED, max_examples=5_000)
hypothesis.settings.load_profile("default")

_LONGEST, _LONG = "test_commands.py", ("chaos", "services")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--faults", type=int, default=5, help="how many faults a chaos test injects")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Of several processes (`-n`) each takes the next file; so that they end together, the longest come first."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: (item.path.name != _LONGEST, *(mark not in item.keywords for mark in _LONG)))


@pytest.fixture(autouse=True)
def _lines_on_stderr() -> None:
    """As in each process of ours: stdout belongs to results, also of a command that is run in this very process."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))


@pytest.fixture
def faults(request: pytest.FixtureRequest) -> int:
    return int(request.config.getoption("--faults"))


@pytest.fixture(scope="session")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServices]:
    with EmbeddedServices(tmp_path_factory.mktemp("services") / "data", Settings().cache_dir) as running:
        provision(running.admin, (), running.data.secret, PARTITIONS + 1)
        _at_rest(running)
        yield running


@pytest.fixture(scope="session")
def kafka_login(services: EmbeddedServices) -> KafkaLogin:
    return services.admin


@pytest.fixture(scope="session")
def kafka_admin(kafka_login: KafkaLogin) -> Iterator[KafkaAdminClient]:
    with kafka.admin(kafka_login) as client:
        yield client


@pytest.fixture
def database_url(services: EmbeddedServices) -> Iterator[str]:
    with _database(services) as name:
        yield services.postgres.url(name)


@pytest.fixture(scope="session")
def _migrated(services: EmbeddedServices) -> Iterator[str]:
    """A database to copy, which takes a fraction of what its migrations take."""
    with _database(services) as name:
        engine = connect(services.postgres.url(name))
        migrate(engine)
        engine.dispose()
        yield name


@pytest.fixture(scope="session")
def _as_new() -> list[Emptied]:
    """Casebooks that no test has at the moment."""
    return []


@pytest.fixture
def casebook_url(services: EmbeddedServices, _migrated: str, _as_new: list[Emptied]) -> Iterator[str]:
    casebook = _as_new.pop() if _as_new else Emptied(services.postgres.url(_created(services, _migrated)))
    yield casebook.url
    if casebook.as_new():
        _as_new.append(casebook)


@contextmanager
def _database(services: EmbeddedServices) -> Iterator[str]:
    name = _created(services, "template1")
    yield name
    with psycopg.connect(services.database_url, autocommit=True) as connection:
        connection.execute(f'drop database "{name}" with (force)')


def _created(services: EmbeddedServices, template: str) -> str:
    name = f"test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(services.database_url, autocommit=True) as connection:
        connection.execute(f'create database "{name}" template "{template}"')
    return name


def _at_rest(services: EmbeddedServices) -> None:
    """A database that trusts its disk, since only a machine that loses its power could tell the difference; and that
    analyses no table by itself, since a listing waits for every transaction, also for those."""
    with psycopg.connect(services.database_url, autocommit=True) as connection:
        connection.execute("alter system set fsync = off")
        connection.execute("alter system set autovacuum = off")
        connection.execute("select pg_reload_conf()")
