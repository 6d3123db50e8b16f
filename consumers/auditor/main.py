"""The auditor's process: settings in, one loop, an orderly end on SIGTERM.

Runs on a machine of the auditor's own: whoever has its key file can sign any record.
"""

from __future__ import annotations

import signal
import threading

import structlog

from alliance import clock, kafka
from alliance.serving import serve_metrics
from alliance.settings import Settings
from consumers.auditor import checkpoints
from consumers.auditor.service import Auditor
from consumers.process import guarded
from schemas.topics import AUDIT, MEMBERS

log = structlog.get_logger()


def run(settings: Settings, stop: threading.Event) -> None:
    """Until `stop` is set. Raises AfaError with the one sentence that a person must read."""
    login = settings.kafka_login()
    kafka.probe(login, reads=[AUDIT.name, MEMBERS.name], writes=[AUDIT.name])
    keys = checkpoints.keys_at(settings.auditor_key_file)
    ticking = clock.load(settings.clock_file)
    signed = checkpoints.signed_file(settings.auditor_key_file)
    auditor = Auditor(settings.database(), login, keys, settings.registrar_key(), ticking.now, signed)
    serve_metrics(settings)
    log.info("auditor runs", public_key=keys.public.signing)
    auditor.run(stop)
    log.info("auditor has stopped")


def main() -> int:
    """Exit code 0 after SIGTERM, 1 after an error, which is said on stderr in one sentence."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return guarded("auditor", lambda: run(Settings(), stop))
