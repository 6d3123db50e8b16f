"""The recorded start of the broker: whole or not at all, of these jars alone, made once and really used."""

from __future__ import annotations

import os
from pathlib import Path

import psutil
import pytest

from alliance.embedded import aot, jars
from alliance.embedded.datadir import DataDir
from alliance.embedded.services import EmbeddedServices
from alliance.errors import ServiceDied
from alliance.settings import Settings


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """Where the jars are whole, as far as their marker tells."""
    jars.marker(tmp_path).parent.mkdir()
    jars.marker(tmp_path).write_text("a lock file's hash")
    return tmp_path


class Broker:
    """Writes a record as it stops, as a broker does, unless it dies."""

    started = 0
    dies = False

    def __init__(self, data: DataDir, cache_dir: Path, record_to: Path) -> None:
        self._file = record_to

    def start(self) -> None:
        Broker.started += 1
        self._file.write_bytes(b"half")
        if Broker.dies:
            raise ServiceDied("Kafka ended unexpectedly")

    def stop(self) -> None:
        self._file.write_bytes(b"whole")


@pytest.fixture(autouse=True)
def broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Broker, "started", 0)
    monkeypatch.setattr(Broker, "dies", False)
    monkeypatch.setattr(aot, "EmbeddedKafka", Broker)


def test_a_start_is_recorded_once_and_nothing_else_is_left(cache: Path) -> None:
    aot.record(cache)
    aot.record(cache)
    assert Broker.started == 1
    assert jars.start_record(cache).read_bytes() == b"whole"
    assert {path for path in cache.rglob("*") if path.is_file()} == {jars.marker(cache), jars.start_record(cache)}


def test_a_half_of_it_is_never_in_its_place(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Broker, "dies", True)
    with pytest.raises(ServiceDied):
        aot.record(cache)
    assert [path for path in cache.rglob("*") if path.is_file()] == [jars.marker(cache)]


def test_jars_that_were_fetched_anew_have_a_record_of_their_own(cache: Path) -> None:
    aot.record(cache)
    os.utime(jars.marker(cache), (1, 1))
    assert not jars.start_record(cache).exists()


@pytest.mark.services
def test_a_broker_goes_by_what_setup_has_recorded(services: EmbeddedServices) -> None:
    assert str(jars.start_record(Settings().cache_dir)) in {
        each.path for each in psutil.Process(services.kafka.pid).memory_maps()
    }
