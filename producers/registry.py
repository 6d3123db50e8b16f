"""The registry kept current beside a client that runs for long: members, their keys, and the rulebook.

What the registrar has not signed changes nothing. Must never be what publishing waits for, but at the start.
"""

from __future__ import annotations

from threading import Event as Flag
from threading import Thread

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from kafka.errors import KafkaError

from alliance import kafka
from alliance.kafka import KafkaLogin
from alliance.registry import Registry
from alliance.roll import Roll
from schemas.topics import MEMBERS

_POLL_MS = 200
_RETRY_S = 1.0
_log = structlog.get_logger(__name__)


class Followed:
    """`with Followed(login, registrar) as registry:` — current until the block ends. Raises Retry as `kafka.whole`
    does."""

    def __init__(self, login: KafkaLogin, registrar: Ed25519PublicKey) -> None:
        self._login, self._roll = login, Roll(registrar)
        self._stop = Flag()
        self._thread = Thread(target=self._run, name="registry", daemon=True)

    def __enter__(self) -> Registry:
        self._roll.take(kafka.whole(self._login, MEMBERS.name))
        self._consumer = kafka.consumer(self._login, [], None, reconnect_backoff_max_ms=1_000)
        self._consumer.assign(kafka.places_of(self._consumer, [MEMBERS.name]))
        self._consumer.seek_to_beginning()
        self._thread.start()
        return self._roll.registry

    def __exit__(self, *exc: object) -> None:
        self._stop.set()
        self._thread.join()
        self._consumer.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                for records in self._consumer.poll(timeout_ms=_POLL_MS).values():
                    self._roll.take(records)
            except KafkaError as error:
                _log.warning("the registry can not be read at the moment", reason=str(error))
                self._stop.wait(_RETRY_S)
