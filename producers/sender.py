"""The thread that drains the spool: bundles by topic, and a mark only once the broker has acknowledged.

It never gives up while the process lives: a broker that is down is tried again, and said once. What was in flight when
something failed is sent again; its ids are the same, so that the hub counts it once.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import islice
from threading import Event as Flag
from threading import Thread
from time import monotonic
from typing import Any

import structlog
from kafka import KafkaProducer
from kafka.errors import KafkaError, KafkaTimeoutError

from alliance import kafka
from alliance.errors import AfaError
from alliance.kafka import KafkaLogin
from alliance.keys.store import MemberKeys
from producers.bundles import bundle, pack
from producers.spool import Spool, Waiting
from schemas.envelope import MAX_EVENTS
from schemas.topics import BY_KIND

Connect = Callable[[KafkaLogin], KafkaProducer]

LINGER_S = 0.005
_BUNDLES_A_ROUND = 4
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 5.0
_STOP_S = 2.0
_GLANCE_S = 0.1
_TOPICS = tuple(dict.fromkeys(topic.name for topic in BY_KIND.values()))

_log = structlog.get_logger(__name__)


def connect(login: KafkaLogin) -> KafkaProducer:
    """A producer that gives up early: the spool, not the client, is what waits for a broker that is down.

    Raises Retry if no broker answers, Refused for a wrong password, on which the producer alone would only time out.
    """
    kafka.probe(login)
    return kafka.producer(
        login,
        max_request_size=1_100_000,
        max_block_ms=5_000,
        bootstrap_timeout_ms=3_000,
        request_timeout_ms=10_000,
        delivery_timeout_ms=30_000,
        reconnect_backoff_max_ms=1_000,
    )


class Sender:
    """Runs from `start` to `stop`. `sent` counts acknowledged events; `trouble` says why none can be sent, if so. Both
    are true of the spool while it is not `busy`."""

    def __init__(self, spool: Spool, keys: MemberKeys, login: KafkaLogin, connect: Connect) -> None:
        self.sent = 0
        self.trouble: str | None = None
        self.busy = False
        self._spool = spool
        self._keys = keys
        self._login = login
        self._connect = connect
        self._producer: KafkaProducer | None = None
        self._stopping = Flag()
        self._give_up_at = math.inf
        self._thread = Thread(target=self._run, name=f"sender of {keys.member}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End after the round under way. What is not sent stays in the spool."""
        self._give_up_at = monotonic() + _STOP_S
        self._stopping.set()
        self._spool.wake()
        self._thread.join()

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def _run(self) -> None:
        try:
            pause = _FIRST_PAUSE_S
            while self._work():
                self.busy = True
                try:
                    self._round()
                except (KafkaError, OSError, AfaError, sqlite3.Error) as error:
                    self._fail(error)
                    self._rest()
                    # Not stamina's: its pause would outlast a stop.
                    self._stopping.wait(pause)
                    pause = min(2 * pause, _LONGEST_PAUSE_S)
                else:
                    self._recover()
                    self._rest()
                    pause = _FIRST_PAUSE_S
        finally:
            self._drop_producer()
            self._spool.wake()

    def _rest(self) -> None:
        self.busy = False
        self._spool.wake()

    def _work(self) -> bool:
        """Wait until there is something to send, and the linger that lets more join it; False at the end."""
        self._spool.wait(lambda: self._spool.waiting_rows > 0 or self._stopping.is_set())
        if self._spool.waiting_rows < MAX_EVENTS:
            self._stopping.wait(LINGER_S)
        return not self._stopping.is_set()

    def _round(self) -> None:
        """Send the oldest of every topic, wait for the answers, mark what was acknowledged."""
        if self._producer is None:
            self._producer = self._connect(self._login)
        under_way = []
        failure: KafkaError | None = None
        broken: set[str] = set()
        for topic, events in self._bundles():
            if topic in broken:
                # Within a topic the order is the caller's: an appeal goes behind the answer that it is about.
                continue
            made = bundle([event.body for event in events], self._keys)
            key = self._keys.member.encode()
            try:
                under_way.append((events, self._producer.send(topic, made.value, key, made.headers)))
            except KafkaError as error:
                broken.add(topic)
                failure = error
        for events, future in under_way:
            try:
                self._wait_for(future)
            except KafkaError as error:
                failure = error
            else:
                self._spool.mark_sent(events)
                self.sent += len(events)
        if failure is not None:
            raise failure

    def _wait_for(self, future: Any) -> None:
        """Raise the future's error, or KafkaTimeoutError once a stop has waited long enough."""
        while not future.is_done and monotonic() < self._give_up_at:
            with suppress(KafkaTimeoutError):
                future.get(_GLANCE_S)
        future.get(0)

    def _bundles(self) -> Iterator[tuple[str, list[Waiting]]]:
        # Each topic by itself, so that one that is forbidden does not hold up the others.
        for topic in _TOPICS:
            waiting = self._spool.waiting(topic, _BUNDLES_A_ROUND * MAX_EVENTS)
            events = iter(waiting)
            for count in islice(pack(len(event.body) for event in waiting), _BUNDLES_A_ROUND):
                yield topic, list(islice(events, count))

    def _fail(self, error: Exception) -> None:
        first = self.trouble is None
        self.trouble = _sentence(error, self._login, self._spool)
        if first:
            _log.warning("publishing waits", reason=self.trouble, waiting=self._spool.waiting_rows)
        # A producer that lost a batch has lost its sequence too; a new one begins clean.
        self._drop_producer()

    def _recover(self) -> None:
        if self.trouble is not None:
            self.trouble = None
            _log.info("publishing goes on", member=self._keys.member, waiting=self._spool.waiting_rows)

    def _drop_producer(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            try:
                producer.close(timeout=0.1)
            except KafkaTimeoutError:
                # Its close never gives up a batch that a dead broker does not answer, and has no public way to.
                producer._sender.force_close()
                producer.close(timeout=1)


def _sentence(error: Exception, login: KafkaLogin, spool: Spool) -> str:
    if isinstance(error, AfaError):
        return str(error)
    if isinstance(error, sqlite3.Error):
        return f"{spool.path}: what was sent can not be marked ({error}); free some space, or check the disk"
    return f"Kafka at {login.bootstrap} takes nothing from {login.username!r} ({type(error).__name__}: {error})"
