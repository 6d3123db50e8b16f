"""The vault's process: settings in, one loop, an orderly end on SIGTERM.

Runs on a machine of the police: whoever has its key file can open all that was ever sealed to them.
"""

from __future__ import annotations

import signal
import threading

import structlog

from alliance import clock, kafka
from alliance.serving import serve_metrics
from alliance.settings import Settings
from consumers.casebook import database
from consumers.process import guarded
from consumers.vault.events import TOPICS
from consumers.vault.service import Vault
from schemas.topics import AUDIT, MEMBERS

log = structlog.get_logger()


def run(settings: Settings, stop: threading.Event) -> None:
    """Until `stop` is set. Raises AfaError with the one sentence that a person must read."""
    login = settings.kafka_login()
    kafka.probe(login, reads=[topic.name for topic in (*TOPICS, MEMBERS, AUDIT)])
    engine = database.connect(settings.database())
    vault = Vault(engine, login, clock.load(settings.clock_file), settings.vault_key_file, settings.registrar_key())
    serve_metrics(settings)
    log.info("the vault runs")
    vault.run(stop)
    engine.dispose()
    log.info("the vault has stopped")


def main() -> int:
    """Exit code 0 after SIGTERM, 1 after an error, which is said on stderr in one sentence."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return guarded("vault", lambda: run(Settings(), stop))
