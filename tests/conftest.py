"""The services every integration test shares: one Kafka and one PostgreSQL, started by the first test that asks.

    services       EmbeddedServices: .bootstrap, .admin (a KafkaLogin), .database_url, .kafka, .postgres, .data
    kafka_login    the administrator's KafkaLogin
    kafka_admin    a KafkaAdminClient of the administrator
    database_url   the libpq URL of a new, empty database, dropped after the test
    faults         how many faults a chaos test is to inject (`--faults`, 5 unless told)

Its topics have more partitions than the code has by default: what went by the default would fail here.
Mark a test that uses the services `@pytest.mark.services`. Topics and groups are shared too:
give yours names of their own.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import hypothesis
import psycopg
import pytest
from kafka import KafkaAdminClient

from alliance import kafka
from alliance.embedded.services import EmbeddedServices
from alliance.kafka import KafkaLogin
from alliance.provision import provision
from alliance.settings import Settings
from schemas.topics import PARTITIONS

hypothesis.settings.register_profile("fuzz", max_examples=5_000, deadline=None)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--faults", type=int, default=5, help="how many faults a chaos test injects")


@pytest.fixture
def faults(request: pytest.FixtureRequest) -> int:
    return int(request.config.getoption("--faults"))


@pytest.fixture(scope="session")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServices]:
    with EmbeddedServices(tmp_path_factory.mktemp("services") / "data", Settings().cache_dir) as running:
        provision(running.admin, (), running.data.secret, PARTITIONS + 1)
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
    name = f"test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(services.database_url, autocommit=True) as connection:
        connection.execute(f'create database "{name}"')
        yield services.postgres.url(name)
        connection.execute(f'drop database "{name}" with (force)')
