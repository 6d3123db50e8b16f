"""The casebook's loop: a batch of records, their effects, the audit entries and the offsets in one transaction.

Offsets live in the database alone. A second casebook fails at its next write, whichever of the two is late.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from itertools import chain
from typing import Any

import structlog
from kafka import KafkaConsumer, TopicPartition
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError

from alliance import kafka, metrics
from alliance.clock import AllianceClock
from alliance.kafka import KafkaLogin
from alliance.profiles import Profile
from alliance.roll import Roll
from consumers.auditor.chain import Head
from consumers.casebook import agenda, audit, inbound, offsets
from consumers.casebook.audit import Trail
from consumers.casebook.authority.mandates import Filed
from consumers.casebook.evidence import allowing, renaming
from consumers.casebook.evidence.names import Names
from consumers.casebook.inbound import Bundle
from consumers.casebook.offsets import Place
from consumers.casebook.retention.runs import Retention
from consumers.casebook.turn import Turn
from consumers.casebook.work import Inbox, take
from schemas.epochs import FORMER_HEADER, RETIRED_HEADER
from schemas.topics import ALIAS, ANSWERS, LEADS, MEMBERS, REGISTRAR_ACTS, RULES, VICTIM_REPORT, WITHDRAWAL, Topic

TOPICS = (LEADS, ANSWERS, VICTIM_REPORT, WITHDRAWAL, ALIAS, REGISTRAR_ACTS)
MAX_RECORDS = 1000
_IDLE_S = 0.2
_RETRY_S = 1.0
_ERASING_REST = 4
"""Erasing rests so many times as long as it took: a fifth of the time is its at most."""
log = structlog.get_logger()

Batch = dict[TopicPartition, list[Any]]


class Casebook:
    """`run` returns when `stop` is set, at the end of a turn."""

    def __init__(self, engine: Engine, login: KafkaLogin, roll: Roll, clock: AllianceClock, profile: Profile) -> None:
        self._engine, self._login, self._clock, self._profile = engine, login, clock, profile
        self._roll, self._registry = roll, roll.registry
        roll.take(kafka.whole(login, MEMBERS.name))
        self._allowing = allowing.read(login, self._registry)
        self._spared: frozenset[str] = frozenset()
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
        self._next: dict[Place, int] = {}
        self._head = Head()
        self._due: datetime | None = None
        self._mandates: Filed = ()
        self._retention, self._retain_at = Retention(profile), time.monotonic()
        self._names = Names()

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
                self._allowing.judge(self._registry)
            if batch or fresh or changed or listed or self._is_called(db):
                self._write(db, batch, changed, fresh)
                metrics.TURN_SECONDS.observe(time.monotonic() - started)
            if time.monotonic() >= self._retain_at:
                self._retain(db)

    def _resume(self, db: Connection) -> None:
        """Read on where the database says; what ran out meanwhile ends before anything else happens."""
        self._retention = Retention(self._profile)
        with db.begin():
            self._next = offsets.load(db, self._places)
            self._head = audit.head(db)
            self._names = renaming.load(db)
        for (topic, partition), following in self._next.items():
            self._consumer.seek(TopicPartition(topic, partition), following)
        self._consumer.seek_to_beginning(self._members, self._rules)
        self._write(db, {}, registry_changed=True)

    def _patience(self) -> float:
        """Wall seconds until the next clock runs out, or until we look for what was signed."""
        if self._due is None:
            return _IDLE_S
        left = (self._due - self._clock.now()).total_seconds()
        return min(_IDLE_S, max(0.0, self._clock.wall_seconds(left)))

    def _is_called(self, db: Connection) -> bool:
        """Whether something is due, or was filed or signed, without a record from Kafka."""
        with db.begin():
            waits = agenda.look(db)
        # What dispatch has sent since began to run out then.
        self._due = waits.due
        return waits.words or waits.is_due(self._clock.now()) or waits.mandates != self._mandates

    def _unrecorded(self, batch: Batch) -> Batch:
        """What of the registry and the allow-list no entry of the audit covers yet."""
        own = {place: batch.get(place, ()) for place in (self._members, self._rules)}
        fresh = {place: [one for one in records if one.offset >= self._next[place]] for place, records in own.items()}
        return {place: records for place, records in fresh.items() if records}

    def _write(self, db: Connection, batch: Batch, registry_changed: bool, fresh: Batch | None = None) -> None:
        """One turn. `fresh`: what is to be put on record of the registry and the allow-list."""
        fresh = fresh or {}
        read = {**batch, **fresh}
        after = {(place.topic, place.partition): records[-1].offset + 1 for place, records in read.items()}
        with db.begin():
            offsets.advance(db, self._next, after)
            now = self._clock.now()
            spared = frozenset(self._names.every(self._allowing.tokens(now)))
            turn = Turn(db, now, self._registry, self._profile, spared, names=self._names)
            waits = agenda.look(db)
            said = chain(_records(batch, REGISTRAR_ACTS), *fresh.values())
            turn.trail.note_changes(said, self._roll)
            inbox = _inbox(turn, batch, look_again=registry_changed or waits.mandates != self._mandates)
            take(turn, waits, replace(inbox, spared=turn.spared - self._spared))
            head = audit.append(db, turn.trail, self._head, turn.now)
        self._next.update(after)
        # What runs out next is asked once no record waits.
        self._head, self._due, self._mandates, self._spared = head, now, waits.mandates, turn.spared

    def _retain(self, db: Connection) -> None:
        """A step of erasing what is past its time, apart from any turn."""
        started, trail = time.monotonic(), Trail()
        with db.begin():
            now = self._clock.now()
            more = self._retention.step(db, now, trail)
            head = audit.append(db, trail, self._head, now)
            names = renaming.load(db) if self._retention.forgot_names else self._names
        self._head, self._names, ended = head, names, time.monotonic()
        self._retain_at = ended + (_ERASING_REST * (ended - started) if more else _RETRY_S)


def _inbox(turn: Turn, batch: Batch, *, look_again: bool) -> Inbox:
    return Inbox(
        reports=_bundles(turn, batch, VICTIM_REPORT),
        withdrawals=_bundles(turn, batch, WITHDRAWAL),
        answers=_bundles(turn, batch, ANSWERS),
        aliases=_bundles(turn, batch, ALIAS),
        leads=[record.value or b"" for record in _records(batch, LEADS) if _header(record, RETIRED_HEADER) is None],
        renamed=[
            (record.key.decode()[1:], former.decode())
            for record in _records(batch, LEADS)
            if (former := _header(record, FORMER_HEADER))
        ],
        look_again=look_again,
    )


def _records(batch: Batch, topic: Topic) -> Iterator[Any]:
    for place, records in sorted(batch.items()):
        if place.topic == topic.name:
            yield from records


def _header(record: Any, name: str) -> bytes | None:
    return next((value for key, value in record.headers or () if key == name), None)


def _bundles(turn: Turn, batch: Batch, topic: Topic) -> list[Bundle]:
    return [inbound.read(turn, record) for record in _records(batch, topic)]
