"""The casebook's process: settings in, one loop, an orderly end on SIGTERM."""

from __future__ import annotations

import gc
import signal
import threading

import structlog

from alliance import clock, kafka, profiles
from alliance.roll import Roll
from alliance.serving import serve_metrics
from alliance.settings import Settings
from consumers.casebook import database
from consumers.casebook.service import TOPICS, Casebook
from consumers.process import guarded
from schemas.topics import MEMBERS, RULES

log = structlog.get_logger()


def run(settings: Settings, stop: threading.Event) -> None:
    """Until `stop` is set. Raises AfaError with the one sentence that a person must read."""
    login, profile, roll = settings.kafka_login(), profiles.load(settings.profile), Roll(settings.registrar_key())
    kafka.probe(login, reads=[topic.name for topic in (*TOPICS, MEMBERS, RULES)])
    engine = database.connect(settings.database())
    database.migrate(engine)
    database.go_by(engine, profile)
    casebook = Casebook(engine, login, roll, clock.load(settings.clock_file), profile)
    serve_metrics(settings)
    _spare_the_collector()
    log.info("casebook runs", profile=profile.name)
    casebook.run(stop)
    engine.dispose()
    log.info("casebook has stopped")


def _spare_the_collector() -> None:
    """A batch makes many objects without a cycle, which the collector would look through again and again."""
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)


def main() -> int:
    """Exit code 0 after SIGTERM, 1 after an error, which is said on stderr in one sentence."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return guarded("casebook", lambda: run(Settings(), stop))
