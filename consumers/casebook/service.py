"""The casebook's loop: what Kafka has, what has become due and what was filed, each as a turn (`writing.py`)."""

from __future__ import annotations

import threading
import time

import structlog
from kafka import KafkaConsumer, TopicPartition
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError

from alliance import kafka, metrics
from alliance.clock import AllianceClock
from alliance.kafka import KafkaLogin
from alliance.profiles import Profile
from alliance.roll import Roll
from consumers.casebook.batches import Batch
from consumers.casebook.evidence import allowing
from consumers.casebook.retention.runs import Retention
from consumers.casebook.writing import Writer
from schemas.topics import ALIAS, ANSWERS, LEADS, MEMBERS, REGISTRAR_ACTS, RULES, VICTIM_REPORT, WITHDRAWAL

TOPICS = (LEADS, ANSWERS, VICTIM_REPORT, WITHDRAWAL, ALIAS, REGISTRAR_ACTS)
MAX_RECORDS = 1000
_IDLE_S = 0.2
_RETRY_S = 1.0
_ERASING_REST = 4
"""Erasing rests so many times as long as it took: a fifth of the time is its at most."""
log = structlog.get_logger()


class Casebook:
    """`run` returns when `stop` is set, at the end of a turn."""

    def __init__(self, engine: Engine, login: KafkaLogin, roll: Roll, clock: AllianceClock, profile: Profile) -> None:
        self._engine, self._clock, self._profile, self._roll = engine, clock, profile, roll
        roll.take(kafka.whole(login, MEMBERS.name))
        self._allowing = allowing.read(login, roll.registry)
        self._members, self._rules = TopicPartition(MEMBERS.name, 0), TopicPartition(RULES.name, 0)
        self._consumer: KafkaConsumer = kafka.consumer(
            login,
            [],
            None,
            max_poll_records=MAX_RECORDS,
            fetch_max_wait_ms=20,
            fetch_max_bytes=16_000_000,
            reconnect_backoff_max_ms=1_000,
        )
        read = kafka.places_of(self._consumer, (topic.name for topic in TOPICS))
        self._consumer.assign([*read, self._members, self._rules])
        # The registry and the allow-list are read anew at each start; the offset says what of them is on record.
        self._places = [tuple(place) for place in (*read, self._members, self._rules)]
        self._writer = Writer(clock, roll, profile, self._allowing)
        self._retention, self._retain_at = Retention(profile), time.monotonic()

    def run(self, stop: threading.Event) -> None:
        """Raises Stop if another casebook has taken over."""
        try:
            while not stop.is_set():
                try:
                    with self._engine.connect() as db:
                        self._go_on(db, stop)
                except OperationalError as error:
                    log.warning("the database did not take a turn; it is tried again", reason=str(error.orig).strip())
                    stop.wait(_RETRY_S)
        finally:
            self._consumer.close()

    def _go_on(self, db: Connection, stop: threading.Event) -> None:
        self._resume(db)
        while not stop.is_set():
            batch = self._consumer.poll(timeout_ms=int(self._patience() * 1000))
            started = time.monotonic()
            fresh = self._unrecorded(batch)
            changed = self._roll.take(batch.pop(self._members, ()))
            listed = self._allowing.take(batch.pop(self._rules, ()))
            if changed or listed:
                self._allowing.judge(self._roll.registry)
            if batch or fresh or changed or listed or self._writer.is_called(db):
                self._writer.take(db, {**batch, **fresh}, changed)
                metrics.TURN_SECONDS.observe(time.monotonic() - started)
            if time.monotonic() >= self._retain_at:
                self._retain(db)

    def _resume(self, db: Connection) -> None:
        """Read on where the database says; what ran out meanwhile ends before anything else happens."""
        self._retention = Retention(self._profile)
        self._writer.resume(db, self._places)
        for (topic, partition), following in self._writer.following.items():
            self._consumer.seek(TopicPartition(topic, partition), following)
        self._consumer.seek_to_beginning(self._members, self._rules)
        self._writer.take(db, {}, registry_changed=True)
        self._writer.take_again(db)

    def _patience(self) -> float:
        """Wall seconds until the next clock runs out, or until we look for what was signed."""
        if self._writer.due is None:
            return _IDLE_S
        left = (self._writer.due - self._clock.now()).total_seconds()
        return min(_IDLE_S, max(0.0, self._clock.wall_seconds(left)))

    def _unrecorded(self, batch: Batch) -> Batch:
        """What of the registry and the allow-list no entry of the audit covers yet."""
        own = {place: batch.get(place, ()) for place in (self._members, self._rules)}
        fresh = {
            place: [one for one in records if one.offset >= self._writer.following[place]]
            for place, records in own.items()
        }
        return {place: records for place, records in fresh.items() if records}

    def _retain(self, db: Connection) -> None:
        started = time.monotonic()
        more = self._writer.retain(db, self._retention)
        ended = time.monotonic()
        self._retain_at = ended + (_ERASING_REST * (ended - started) if more else _RETRY_S)
