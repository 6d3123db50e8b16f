"""The risk desk's loop: leads and members into memory; checks out of it as answers; offsets after these are taken.

At least once, but for what nobody waits for any more: after a crash an answer may come twice. It has no state of its
own but what it reads again at its start.
"""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Iterable
from typing import Any

import msgspec
import structlog
from kafka import KafkaConsumer, OffsetAndMetadata, TopicPartition
from kafka.errors import KafkaError

from alliance import kafka, metrics
from alliance.admission import Record
from alliance.clock import AllianceClock, wall_ms
from alliance.kafka import KafkaLogin
from alliance.roll import Roll
from consumers.post import Post
from consumers.riskdesk.desk import Desk, Letter
from consumers.riskdesk.reach import Reach
from consumers.riskdesk.view import View
from schemas.topics import LEADS, MEMBERS, RISK_CHECK

GROUP = "riskdesk"
TOPICS = (LEADS, MEMBERS, RISK_CHECK)
_IDLE_MS = 200
_RETRY_S = 1.0
log = structlog.get_logger()

Batch = dict[TopicPartition, list[Any]]


class RiskDesk:
    """`run` returns when `stop` is set, with every check that it had taken answered, or left to be read again."""

    def __init__(self, login: KafkaLogin, roll: Roll, clock: AllianceClock) -> None:
        self._clock, self._roll, self._view = clock, roll, View()
        self._desk = Desk(roll.registry, self._view)
        self._post = Post(login)
        self._consumer: KafkaConsumer = kafka.consumer(
            login, [], GROUP, max_poll_records=1_000, fetch_max_wait_ms=20, reconnect_backoff_max_ms=1_000
        )
        self._reaches = Reach(self._consumer.topics)
        self._known = kafka.places_of(self._consumer, (LEADS.name, MEMBERS.name))
        self._checks = kafka.places_of(self._consumer, (RISK_CHECK.name,))
        self._consumer.assign([*self._known, *self._checks])

    def run(self, stop: threading.Event) -> None:
        try:
            self._catch_up(stop)
            while not stop.is_set():
                batch = self._consumer.poll(timeout_ms=_IDLE_MS)
                self._learn(batch)
                self._answer({place: batch[place] for place in self._checks if place in batch}, stop)
        finally:
            self._post.discard()
            self._consumer.close()

    def _catch_up(self, stop: threading.Event) -> None:
        """Nobody is answered before all is known that was known already."""
        self._post.connected()
        self._consumer.pause(*self._checks)
        self._consumer.seek_to_beginning(*self._known)
        ends = self._consumer.end_offsets(self._known)
        while not stop.is_set() and any(self._consumer.position(place) < ends[place] for place in self._known):
            self._learn(self._consumer.poll(timeout_ms=_IDLE_MS))
        self._consumer.resume(*self._checks)
        gc.collect()
        gc.freeze()
        log.info("the risk desk answers", leads=len(self._view))

    def _learn(self, batch: Batch) -> None:
        now = self._clock.now()
        for place in self._known:
            records = batch.get(place, ())
            if place.topic == MEMBERS.name:
                self._roll.take(records)
                continue
            for record in records:
                try:
                    self._view.apply(record.value or b"", now)
                except msgspec.MsgspecError:
                    # The hub's own stream wrote it, so it is a defect; what was known of the subject stands.
                    metrics.RISK_UNREADABLE.inc()
        metrics.RISK_KNOWN.set(len(self._view))

    def _answer(self, batch: Batch, stop: threading.Event) -> None:
        if not batch:
            return
        started, now = time.monotonic(), self._clock.now()
        letters = [letter for records in batch.values() for record in records for letter in self._one(record, now)]
        if self._deliver(letters, stop):
            metrics.RISK_SECONDS.observe(time.monotonic() - started)
            self._commit({place: records[-1].offset + 1 for place, records in batch.items()})

    def _one(self, record: Any, now: Any) -> Iterable[Letter]:
        read = Record(record.topic, record.value or b"", dict(record.headers or ()), record.key)
        # The broker's stamp, which no asker can choose.
        return self._desk.answer(read, now, (wall_ms() - record.timestamp) / 1000)

    def _deliver(self, letters: list[Letter], stop: threading.Event) -> bool:
        """True once the broker has all that can be delivered; False if we are told to stop before."""
        waiting = letters
        while True:
            _, waiting = self._post.send([letter for letter in waiting if self._reaches(letter.member)])
            if not waiting:
                return True
            self._reaches.forget()
            if stop.wait(_RETRY_S):
                return False

    def _commit(self, following: dict[TopicPartition, int]) -> None:
        try:
            self._consumer.commit({place: OffsetAndMetadata(offset, "", -1) for place, offset in following.items()})
        except KafkaError as error:
            # They come again after a restart, and their askers know the answers by their ids.
            log.warning("checks not committed", reason=str(error))
