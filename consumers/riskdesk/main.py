"""The risk desk's process: settings in, one loop, an orderly end on SIGTERM."""

from __future__ import annotations

import signal
import threading

import structlog

from alliance import clock, kafka
from alliance.roll import Roll
from alliance.serving import serve_metrics
from alliance.settings import Settings
from consumers.process import guarded
from consumers.riskdesk.service import GROUP, TOPICS, RiskDesk

log = structlog.get_logger()


def run(settings: Settings, stop: threading.Event) -> None:
    """Until `stop` is set. Raises AfaError with the one sentence that a person must read."""
    login, roll = settings.kafka_login(), Roll(settings.registrar_key())
    kafka.probe(login, reads=[topic.name for topic in TOPICS], groups=[GROUP])
    desk = RiskDesk(login, roll, clock.load(settings.clock_file))
    serve_metrics(settings)
    log.info("the risk desk runs")
    desk.run(stop)
    log.info("the risk desk has stopped")


def main() -> int:
    """Exit code 0 after SIGTERM, 1 after an error, which is said on stderr in one sentence."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return guarded("riskdesk", lambda: run(Settings(), stop))
