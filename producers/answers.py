"""Answers to a member's risk-checks: one reader of `to.<member>` for all threads that wait for one.

Begins where the topic ends when it is made, and commits nothing: what it reads is others' mail, too. Must never be what
publishing waits for.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from threading import Event as Flag
from threading import Lock, Thread
from typing import Any
from uuid import UUID

import structlog
from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError
from pydantic import ValidationError

from alliance import kafka
from alliance.errors import Refused
from alliance.kafka import KafkaLogin
from schemas.receipts import TO_MEMBER, Receipt, Refusal
from schemas.risk import RiskAnswer
from schemas.topics import member_topic

Listen = Callable[[KafkaLogin, str], KafkaConsumer]

_POLL_MS = 200
_RETRY_S = 1.0
_log = structlog.get_logger(__name__)


def listen(login: KafkaLogin, member: str) -> KafkaConsumer:
    """A consumer that stands at the end of the member's topic. Raises Retry or Refused as `kafka.probe` does."""
    place = TopicPartition(member_topic(member).name, 0)
    kafka.probe(login)
    consumer = kafka.consumer(login, [], None, fetch_max_wait_ms=100, reconnect_backoff_max_ms=1_000)
    consumer.assign([place])
    consumer.seek_to_end(place)
    # Asking for the position is what finds the end, which must not move before the first check is sent.
    consumer.position(place)
    return consumer


class Answers:
    """`expect` before the check is sent; `forget` when nobody waits any more."""

    def __init__(self, consumer: KafkaConsumer) -> None:
        self._consumer = consumer
        self._waiting: dict[UUID, Future[RiskAnswer]] = {}
        self._lock, self._stop = Lock(), Flag()
        self._thread = Thread(target=self._run, name="risk-answers", daemon=True)
        self._thread.start()

    def expect(self, check_id: UUID) -> Future[RiskAnswer]:
        """Done with the first answer to the check, or with Refused where the hub did not take it."""
        with self._lock:
            return self._waiting.setdefault(check_id, Future())

    def forget(self, check_id: UUID) -> None:
        self._take(check_id)

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        self._consumer.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                batches = self._consumer.poll(timeout_ms=_POLL_MS)
            except KafkaError as error:
                _log.warning("risk answers can not be read at the moment", reason=str(error))
                self._stop.wait(_RETRY_S)
                continue
            for records in batches.values():
                for record in records:
                    self._read(record)

    def _read(self, record: Any) -> None:
        try:
            letter = TO_MEMBER.validate_json(record.value or b"")
        except ValidationError:
            # Whoever reads this member's mail says so; an answer of another version would be no answer either.
            return
        if isinstance(letter, RiskAnswer):
            if waiting := self._take(letter.check_id):
                waiting.set_result(letter)
        elif isinstance(letter, Receipt):
            for refusal in letter.refusals:
                self._refused(refusal)

    def _refused(self, refusal: Refusal) -> None:
        if refusal.event_id and (waiting := self._take(refusal.event_id)):
            waiting.set_exception(Refused(f"The check was not taken ({refusal.reason.value}): {refusal.detail}"))

    def _take(self, check_id: UUID) -> Future[RiskAnswer] | None:
        with self._lock:
            return self._waiting.pop(check_id, None)
