"""The vault's loop: looks for questions, and answers each as soon as it is on the record.

The registry and the keys are read anew whenever there is one: who has left does not count, and a new epoch does.
"""

from __future__ import annotations

import threading
import time
from functools import partial
from pathlib import Path

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from kafka.errors import KafkaError
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, OperationalError

from alliance import logs
from alliance.clock import AllianceClock
from alliance.errors import Refused, Retry, SetupError
from alliance.kafka import KafkaLogin
from alliance.keys import opening
from alliance.membership import proven_registry
from consumers.casebook.authority.inquiries import Asked
from consumers.vault import events, lookup, record
from consumers.vault.desk import Desk

_IDLE_S = 0.2
_RETRY_S = 1.0
_PATIENCE_S = 60.0
_UNRECORDED = "The question is not on the audit's topic: the auditor does not run, or does not find the record sound."
_UNREAD = "The broker did not give the members' alerts; ask again."
_BROKEN = "The vault could not answer this question, and its log says why; tell who runs it."
log = structlog.get_logger()


class Vault:
    """`run` returns when `stop` is set."""

    def __init__(
        self,
        engine: Engine,
        login: KafkaLogin,
        clock: AllianceClock,
        key_file: Path,
        registrar: Ed25519PublicKey,
    ) -> None:
        self._engine, self._login, self._clock = engine, login, clock
        self._key_file, self._registrar = key_file, registrar
        self._since: dict[int, float] = {}

    def run(self, stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                self.turn()
            except (DBAPIError, KafkaError, Retry, Refused, SetupError) as error:
                log.warning("the vault waits for what it needs", reason=str(error).strip())
                stop.wait(_RETRY_S)
            stop.wait(_IDLE_S)

    def turn(self) -> None:
        """Each question that waits, once."""
        with self._engine.connect() as db:
            waiting = lookup.open_questions(db)
        if not waiting:
            return
        desk = self._desk()
        for asked in waiting:
            self._one(desk, asked)

    def _one(self, desk: Desk, asked: Asked) -> None:
        """What goes wrong with it is its own: what was asked behind it does not wait for it."""
        lacking = _UNRECORDED
        try:
            if desk.take(asked):
                self._since.pop(asked.number, None)
                return
        except OperationalError:
            raise
        except (KafkaError, Retry) as error:
            log.warning("a question waits for the broker", number=asked.number, reason=str(error))
            lacking = _UNREAD
        except Exception as error:  # noqa: BLE001 — logged, without what it may quote
            log.error("a question is given up", number=asked.number, **logs.fault(error))
            self._give_up(desk, asked, _BROKEN)
            return
        if time.monotonic() - self._since.setdefault(asked.number, time.monotonic()) > _PATIENCE_S:
            log.error("a question is given up", number=asked.number, reason=lacking)
            self._give_up(desk, asked, lacking)

    def _give_up(self, desk: Desk, asked: Asked, why: str) -> None:
        try:
            desk.give_up(asked, why)
        except OperationalError:
            raise
        except DBAPIError as error:
            log.error("the database takes no end of a question", number=asked.number, **logs.fault(error))

    def _desk(self) -> Desk:
        return Desk(
            engine=self._engine,
            keys=opening.load(self._key_file),
            registry=proven_registry(self._login, self._registrar),
            now=self._clock.now(),
            on_record=partial(record.is_told, self._login),
            events=partial(events.find, self._login, self._clock),
        )
