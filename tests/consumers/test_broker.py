"""The broker dies with what dispatch has just sent, and stays away until dispatch has given that up: it goes on, and
loses nothing."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from alliance.embedded.services import EmbeddedServices
from alliance.settings import Settings
from consumers.casebook.rows import insert_rows
from consumers.casebook.tables import Outbox
from tests.consumers.world import Hub, World

pytestmark = [pytest.mark.services, pytest.mark.chaos]
EACH = 100


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[EmbeddedServices]:
    """A broker that a test may kill."""
    with EmbeddedServices(tmp_path / "data", Settings().cache_dir) as running:
        yield running


@pytest.fixture
def hub(mortal: EmbeddedServices, tmp_path: Path) -> Iterator[Hub]:
    city = World(mortal, tmp_path)
    made = Hub(city, mortal.database_url)
    yield made
    made.close()
    city.producer.close(timeout=1)


def write(hub: Hub, each: int, members: Sequence[str] = ("bank-one", "bank-two")) -> None:
    """Records of some kilobytes, so that many for one member are several of the producer's batches."""
    rows = [{"member": member, "key": str(uuid4()), "value": "x" * 4_000} for _ in range(each) for member in members]
    with hub.engine.begin() as db:
        insert_rows(db, Outbox, rows)


def outbox(hub: Hub, *, claimed: bool) -> int:
    with hub.engine.connect() as db:
        return db.scalar(select(func.count()).where(Outbox.claimed.is_(claimed))) or 0


def sending_to_the_dead(hub: Hub, services: EmbeddedServices) -> subprocess.Popen[bytes]:
    """A dispatch that knows its broker, and has just sent it what it will never answer."""
    dispatch = hub.start("dispatch")
    write(hub, 1)
    hub.until(lambda _: not outbox(hub, claimed=False) and not outbox(hub, claimed=True))
    assert services.kafka.pid
    os.kill(services.kafka.pid, signal.SIGSTOP)
    write(hub, EACH)
    hub.until(lambda _: outbox(hub, claimed=True) == 2 * EACH)
    services.kafka.kill()
    return dispatch


def test_a_dispatch_whose_broker_died_goes_on_with_the_next_one(hub: Hub, mortal: EmbeddedServices) -> None:
    dispatch = sending_to_the_dead(hub, mortal)
    (log,) = hub.world.folder.glob("dispatch-*.log")
    hub.until(lambda _: b"the broker is away" in log.read_bytes())
    write(hub, 1)
    # It may still be taken back: what is not claimed is cancelled with its request.
    tries = log.read_bytes().count(b"the broker is away")
    hub.until(lambda _: log.read_bytes().count(b"the broker is away") >= tries + 2)
    assert outbox(hub, claimed=False) == 2
    mortal.kafka.start()
    hub.until(lambda _: not outbox(hub, claimed=False) and not outbox(hub, claimed=True))
    dispatch.terminate()
    assert dispatch.wait(20) == 0


def test_a_dispatch_whose_broker_died_ends_when_told_and_leaves_the_rest_to_the_next(
    hub: Hub, mortal: EmbeddedServices
) -> None:
    dispatch = sending_to_the_dead(hub, mortal)
    dispatch.terminate()
    assert dispatch.wait(30) == 0
    assert outbox(hub, claimed=True) == 2 * EACH
    mortal.kafka.start()
    with hub.running("dispatch"):
        hub.until(lambda _: not outbox(hub, claimed=True))
