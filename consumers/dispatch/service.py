"""Dispatch: what the casebook wrote into its outbox goes to each member's own topic, in order, at least once.

One dispatcher at a time. What a crash left between sending and noting is sent again: members know repetitions by the
request's id.
"""

from __future__ import annotations

import select
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import psycopg
import structlog
from kafka import KafkaProducer
from kafka.errors import KafkaError

from alliance import kafka, metrics
from alliance.errors import Stop
from alliance.kafka import KafkaLogin
from consumers.dispatch.outbox import Outbox, Row
from consumers.dispatch.stopping import Stopping
from schemas.topics import member_topic

_BATCH = 500
_TAKE_OVER_S = 15
_RETRY_S = 1.0
_ACK_S = 30.0
log = structlog.get_logger()


class Dispatch:
    """`run` returns when it was told to stop, with everything that it had claimed sent or left to be sent again."""

    def __init__(self, database_url: str, login: KafkaLogin, now: Callable[[], datetime], stopping: Stopping) -> None:
        self._database_url, self._login, self._now, self._stopping = database_url, login, now, stopping
        self._producer: KafkaProducer = self._new_producer()

    def run(self) -> None:
        """Raises Stop if another dispatcher is at work."""
        while not self._stopping:
            try:
                with psycopg.connect(self._database_url, autocommit=True) as db:
                    self._serve(Outbox(db))
            except psycopg.OperationalError as error:
                log.warning("the database is away; dispatch tries again", reason=str(error).strip())
                self._wait([], _RETRY_S)
        self._producer.close()

    def _serve(self, outbox: Outbox) -> None:
        if not outbox.take_over(_TAKE_OVER_S):
            raise Stop("Another dispatcher works on this database; this one ends with nothing sent.")
        waiting = outbox.left()
        while not self._stopping:
            fresh = outbox.claim(_BATCH)
            waiting += fresh
            sent, failed = self._send(waiting)
            if sent:
                outbox.sent(sent, self._now())
                metrics.DISPATCHED.inc(len(sent))
            waiting = failed
            if failed:
                self._recover(outbox, failed, hopeless=not sent)
            elif not fresh and not outbox.is_called():
                self._wait([outbox], None)

    def _send(self, rows: Sequence[Row]) -> tuple[list[Row], list[Row]]:
        """What the broker took and what it did not. After a failure nothing more goes to that member, for the order."""
        broken: set[str] = set()
        pending = [(row, self._offer(row, broken)) for row in rows]
        sent, failed = [], []
        for row, future in pending:
            if future is None or row.member in broken:
                failed.append(row)
                continue
            try:
                future.get(_ACK_S)
            except KafkaError as error:
                self._fail(row, error, broken)
                failed.append(row)
            else:
                sent.append(row)
        return sent, failed

    def _offer(self, row: Row, broken: set[str]) -> Any | None:
        if row.member in broken:
            return None
        try:
            return self._producer.send(member_topic(row.member).name, key=row.key.encode(), value=row.value.encode())
        except KafkaError as error:
            self._fail(row, error, broken)
            return None

    def _fail(self, row: Row, error: KafkaError, broken: set[str]) -> None:
        broken.add(row.member)
        log.warning("the broker did not take a record; it is tried again", member=row.member, reason=str(error))

    def _recover(self, outbox: Outbox, failed: Sequence[Row], *, hopeless: bool) -> None:
        metrics.DISPATCH_FAILED.inc(len(failed))
        if hopeless:
            # An idempotent producer that has lost its place never finds it again.
            self._producer.close(timeout=0)
            self._producer = self._new_producer()
        self._wait([], _RETRY_S)

    def _new_producer(self) -> KafkaProducer:
        return kafka.producer(self._login, max_block_ms=5_000, delivery_timeout_ms=20_000, request_timeout_ms=10_000)

    def _wait(self, sources: Sequence[Outbox], timeout_s: float | None) -> None:
        """Until something was written, we are told to stop, or the time is over."""
        watched: list[Outbox | Stopping] = [*sources, self._stopping]
        select.select(watched, [], [], timeout_s)
