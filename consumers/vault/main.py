"""The vault's process: settings in, one loop, an orderly end on SIGTERM.

Runs on a machine of the police: whoever has its key file can open all that was ever sealed to them.
"""

from __future__ import annotations

import signal
import threading

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from prometheus_client import start_http_server

from alliance import clock, kafka
from alliance.errors import SetupError
from alliance.keys.encoding import decode
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
    engine = database.connect(settings.database_url)
    vault = Vault(engine, login, clock.load(settings.clock_file), settings.vault_key_file, registrar_of(settings))
    if settings.metrics_port:
        start_http_server(settings.metrics_port, addr="127.0.0.1")
    log.info("the vault runs")
    vault.run(stop)
    engine.dispose()
    log.info("the vault has stopped")


def registrar_of(settings: Settings) -> Ed25519PublicKey | None:
    """Whose signature a record of the registry must have; None where nobody has said so."""
    if not settings.registrar_key:
        return None
    try:
        return Ed25519PublicKey.from_public_bytes(decode(settings.registrar_key))
    except ValueError as error:
        raise SetupError("AFA_REGISTRAR_KEY is no Ed25519 public key; take it from an invite's `registrar`.") from error


def main() -> int:
    """Exit code 0 after SIGTERM, 1 after an error, which is said on stderr in one sentence."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return guarded("vault", lambda: run(Settings(), stop))
