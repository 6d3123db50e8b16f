"""Dispatch: what the casebook wrote into its outbox goes to each member's own topic, in order, at least once.

One dispatcher at a time. What a crash left between sending and noting is sent again: members know repetitions by the
request's id.
"""

from __future__ import annotations

import select
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from typing import Any

import psycopg
import structlog
from kafka import KafkaProducer
from kafka.errors import KafkaError

from alliance import kafka, metrics
from alliance.errors import Retry, Stop
from alliance.kafka import KafkaLogin
from consumers.dispatch.outbox import Outbox, Row
from consumers.dispatch.stopping import Stopping
from schemas.topics import member_topic

_BATCH = 500
_TO_ANY_MEMBER = member_topic("").name
_TAKE_OVER_S = 15
_RETRY_S = 1.0
_ACK_S = 12.0
_PATIENCE = {
    "max_block_ms": 2_000,
    "request_timeout_ms": 5_000,
    "delivery_timeout_ms": 10_000,
    "reconnect_backoff_max_ms": 1_000,
}
"""A broker that was away is found again at once, and one member's missing topic delays the rest little."""
log = structlog.get_logger()


class Dispatch:
    """`run` returns when it was told to stop, with everything that it had claimed sent or left to be sent again."""

    def __init__(self, database_url: str, login: KafkaLogin, now: Callable[[], datetime], stopping: Stopping) -> None:
        self._database_url, self._login, self._now, self._stopping = database_url, login, now, stopping
        self._producer: KafkaProducer | None = None

    def run(self) -> None:
        """Raises Stop if another dispatcher is at work."""
        while not self._stopping:
            try:
                with psycopg.connect(self._database_url, autocommit=True) as db:
                    self._serve(Outbox(db))
            except psycopg.OperationalError as error:
                log.warning("the database is away; dispatch tries again", reason=str(error).strip())
                self._wait([], _RETRY_S)
        self._discard()

    def _serve(self, outbox: Outbox) -> None:
        if not outbox.take_over(_TAKE_OVER_S):
            raise Stop("Another dispatcher works on this database; this one ends with nothing sent.")
        waiting = outbox.left()
        self._connected()
        while not self._stopping:
            fresh = outbox.claim(_BATCH)
            waiting += fresh
            sent, failed = self._send(waiting)
            if sent:
                outbox.sent(sent, self._now())
                metrics.DISPATCHED.inc(len(sent))
            waiting = failed
            if failed:
                metrics.DISPATCH_FAILED.inc(len(failed))
                self._wait([], _RETRY_S)
            elif not fresh and not outbox.is_called():
                self._wait([outbox], None)

    def _send(self, rows: Sequence[Row]) -> tuple[list[Row], list[Row]]:
        """What the broker took and what it did not. After a failure nothing more goes to that member, for the order."""
        producer = self._connected() if rows else None
        if producer is None:
            return [], list(rows)
        broken: set[str] = set()
        pending = [(row, self._offer(producer, row, broken)) for row in rows]
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
                # An idempotent producer that has lost its place may never find it again.
                self._discard()
            else:
                sent.append(row)
        return sent, failed

    def _offer(self, producer: KafkaProducer, row: Row, broken: set[str]) -> Any | None:
        if row.member in broken:
            return None
        try:
            return producer.send(member_topic(row.member).name, key=row.key.encode(), value=row.value.encode())
        except KafkaError as error:
            self._fail(row, error, broken)
            return None

    def _fail(self, row: Row, error: KafkaError, broken: set[str]) -> None:
        broken.add(row.member)
        log.warning("the broker did not take a record; it is tried again", member=row.member, reason=str(error))

    def _connected(self) -> KafkaProducer | None:
        """None while the broker is away."""
        if self._producer is None:
            try:
                # A producer that is born while the broker is away may never find it.
                kafka.probe(self._login)
                self._producer = kafka.producer(self._login, **_PATIENCE)
                self._acquaint(self._producer)
            except (Retry, KafkaError) as error:
                log.warning("the broker is away; dispatch tries again", reason=str(error))
        return self._producer

    def _acquaint(self, producer: KafkaProducer) -> None:
        """Know all members' topics before the first request is due: of an unknown one the client asks alone, and no
        more than one in 100 ms."""
        with kafka.admin(self._login) as client:
            names = [name for name in client.list_topics() if name.startswith(_TO_ANY_MEMBER)]
        with ThreadPoolExecutor(max_workers=32) as pool:
            list(pool.map(producer.partitions_for, names))

    def _discard(self) -> None:
        """Away with the producer: closing alone would wait for what can't be sent, and let it go on trying."""
        producer, self._producer = self._producer, None
        if producer is not None:
            producer._sender.force_close()
            with suppress(KafkaError):
                producer.close(timeout=0)

    def _wait(self, sources: Sequence[Outbox], timeout_s: float | None) -> None:
        """Until something was written, we are told to stop, or the time is over."""
        watched: list[Outbox | Stopping] = [*sources, self._stopping]
        select.select(watched, [], [], timeout_s)
