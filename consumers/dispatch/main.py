"""Dispatch's process: settings in, one loop, an orderly end on SIGTERM."""

from __future__ import annotations

import structlog

from alliance import clock, kafka
from alliance.serving import serve_metrics
from alliance.settings import Settings
from consumers.casebook import database
from consumers.dispatch.service import Dispatch
from consumers.dispatch.stopping import Stopping
from consumers.process import guarded

log = structlog.get_logger()


def run(settings: Settings, stopping: Stopping) -> None:
    """Until told to stop. Raises AfaError with the one sentence that a person must read."""
    login = settings.kafka_login()
    kafka.probe(login)
    engine = database.connect(settings.database())
    database.migrate(engine)
    engine.dispose()
    dispatch = Dispatch(settings.database(), login, clock.load(settings.clock_file).now, stopping)
    serve_metrics(settings)
    log.info("dispatch runs")
    dispatch.run()
    log.info("dispatch has stopped")


def main() -> int:
    """Exit code 0 after SIGTERM, 1 after an error, which is said on stderr in one sentence."""
    stopping = Stopping().on_signals()
    return guarded("dispatch", lambda: run(Settings(), stopping))
