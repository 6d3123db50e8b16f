"""Turns, one after the other: a batch of records, their effects, the audit's entry and the offsets in one transaction.

A turn that fails is taken in parts, and what no part can take is set aside (`deadletters.py`). Offsets live in the
database alone. A second casebook fails at its next write, whichever of the two is late.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import chain
from typing import Any, TypeVar

import structlog
from kafka import TopicPartition
from sqlalchemy import Connection

from alliance import logs, metrics
from alliance.clock import AllianceClock
from alliance.profiles import Profile
from alliance.roll import Roll
from consumers.auditor.chain import Head
from consumers.casebook import agenda, audit, deadletters, offsets
from consumers.casebook.agenda import Agenda
from consumers.casebook.audit import Trail
from consumers.casebook.authority.mandates import Filed
from consumers.casebook.batches import Batch, Subject, inbox, records, subjects
from consumers.casebook.deadletters import is_its_own
from consumers.casebook.evidence import renaming
from consumers.casebook.evidence.allowing import Allowing
from consumers.casebook.evidence.names import Names
from consumers.casebook.offsets import Place
from consumers.casebook.retention.runs import Retention
from consumers.casebook.turn import Turn
from consumers.casebook.work import take
from schemas.topics import MEMBERS, REGISTRAR_ACTS, RULES

_T = TypeVar("_T")
log = structlog.get_logger()


class Writer:
    """`following` is the next offset of each place; `due`, when the next clock runs out, as far as it is known."""

    def __init__(self, clock: AllianceClock, roll: Roll, profile: Profile, allowing: Allowing) -> None:
        self._clock, self._roll, self._profile, self._allowing = clock, roll, profile, allowing
        self.following: dict[Place, int] = {}
        self.due: datetime | None = None
        self._head = Head()
        self._mandates: Filed = ()
        self._spared: frozenset[str] = frozenset()
        self._names = Names()
        self._aside: dict[int, set[Subject]] = {}
        """Of whom the leads tell that are set aside, by number."""

    def resume(self, db: Connection, places: list[Place]) -> None:
        """Go on from what the database has."""
        with db.begin():
            self.following = offsets.load(db, places)
            self._head = audit.head(db)
            self._names = renaming.load(db)

    def is_called(self, db: Connection) -> bool:
        """Whether something is due, or was filed or signed, without a record from Kafka."""
        with db.begin():
            waits = agenda.look(db)
        # What dispatch has sent since began to run out then.
        self.due = waits.due
        return waits.words or waits.is_due(self._clock.now()) or waits.mandates != self._mandates

    def take(self, db: Connection, batch: Batch, registry_changed: bool) -> None:
        """One turn; or many, where one record or one officer's word would keep the others from their end."""
        try:
            self._write(db, batch, registry_changed)
        except Exception as error:
            if not is_its_own(error):
                raise
            log.error("a turn failed; what is in it is taken in parts", **logs.fault(error))
            self._names = _read(db, renaming.load)
            self._refuse_words(db)
            # What fails without any of it, nothing of it is to blame for.
            self._write(db, {}, registry_changed=True)
            self._take_parts(db, [(place, record) for place, those in sorted(batch.items()) for record in those])

    def _take_parts(self, db: Connection, those: Sequence[tuple[TopicPartition, Any]]) -> None:
        """Half by half, until those stand alone that no turn can take."""
        for half in filter(None, (those[: len(those) // 2], those[len(those) // 2 :])):
            batch: Batch = {}
            for place, record in half:
                batch.setdefault(place, []).append(record)
            try:
                self._write(db, batch, registry_changed=False)
            except Exception as error:
                if not is_its_own(error):
                    raise
                self._names = _read(db, renaming.load)
                if len(half) > 1:
                    self._take_parts(db, half)
                else:
                    self._set_aside(db, *half[0], error)

    def _set_aside(self, db: Connection, place: TopicPartition, record: Any, error: Exception) -> None:
        named = f"{place.topic}/{place.partition}/{record.offset}"
        log.error("a record is set aside", place=named, **logs.fault(error))
        trail, after = Trail(), {(place.topic, place.partition): record.offset + 1}
        with db.begin():
            now = self._clock.now()
            offsets.advance(db, self.following, after)
            number = deadletters.put(db, record, error, now)
            trail.note("set aside", named, record.value or b"")
            head = audit.append(db, trail, self._head, now)
        self.following.update(after)
        self._head = head
        self._stays(number, {place: [record]})

    def take_again(self, db: Connection) -> None:
        """What an earlier casebook has set aside, each by itself; what still fails waits for the next start."""
        self._aside = {}
        for number, record in _read(db, deadletters.waiting):
            batch: Batch = {TopicPartition(record.topic, record.partition): [record]}
            try:
                self._write(db, batch, registry_changed=False, again=number)
            except Exception as error:
                if not is_its_own(error):
                    raise
                self._names = _read(db, renaming.load)
                log.error("a record stays aside", number=number, **logs.fault(error))
                self._stays(number, batch)

    def _stays(self, number: int, batch: Batch) -> None:
        metrics.DEAD_LETTERS.inc()
        if told := set(subjects(batch)):
            self._aside[number] = told

    def _refuse_words(self, db: Connection) -> None:
        """Each word of an officer's at which a turn fails by itself."""
        for word, error in deadletters.failing(db, lambda: self._effects(db, {}, registry_changed=True)):
            log.error("an officer's word is not taken", word=word.place, **logs.fault(error))
            trail = Trail()
            with db.begin():
                now = self._clock.now()
                deadletters.refuse(db, word, error, now)
                trail.note("word refused", word.place, deadletters.fault(error).encode())
                head = audit.append(db, trail, self._head, now)
            self._head = head

    def _write(self, db: Connection, batch: Batch, registry_changed: bool, again: int | None = None) -> None:
        """One turn. `again`: the number under which the record was set aside, whose offset has moved."""
        after = {(place.topic, place.partition): those[-1].offset + 1 for place, those in batch.items()}
        with db.begin():
            if again is None:
                offsets.advance(db, self.following, after)
            turn, waits = self._effects(db, batch, registry_changed)
            if again is not None:
                deadletters.carried_out(db, again, turn.now)
                turn.trail.note("carried out", f"dead letter {again}")
            outdated = self._outdated(batch)
            for number in outdated:
                deadletters.carried_out(db, number, turn.now)
                turn.trail.note("outdated", f"dead letter {number}")
            head = audit.append(db, turn.trail, self._head, turn.now)
        if again is None:
            self.following.update(after)
        for number in outdated:
            del self._aside[number]
        # What runs out next is asked once no record waits.
        self._head, self.due, self._mandates, self._spared = head, turn.now, waits.mandates, turn.spared

    def _outdated(self, batch: Batch) -> list[int]:
        """The leads set aside of which the batch has a later snapshot: the last one stands."""
        if not self._aside:
            return []
        told = {(role, self._names.of(token)) for role, token in subjects(batch)}
        return [
            number
            for number, those in self._aside.items()
            if not told.isdisjoint((role, self._names.of(token)) for role, token in those)
        ]

    def _effects(self, db: Connection, batch: Batch, registry_changed: bool) -> tuple[Turn, Agenda]:
        """All that a turn does but for its entry in the audit. Of the registry and the allow-list `batch` has what is
        to be put on record."""
        now = self._clock.now()
        spared = frozenset(self._names.every(self._allowing.tokens(now)))
        turn = Turn(db, now, self._roll.registry, self._profile, spared, names=self._names)
        waits = agenda.look(db)
        said = (records(batch, topic) for topic in (REGISTRAR_ACTS, MEMBERS, RULES))
        turn.trail.note_changes(chain.from_iterable(said), self._roll)
        came = inbox(turn, batch, look_again=registry_changed or waits.mandates != self._mandates)
        take(turn, waits, replace(came, spared=turn.spared - self._spared))
        return turn, waits

    def retain(self, db: Connection, retention: Retention) -> bool:
        """A step of erasing what is past its time, apart from any turn; whether there is more to do at once."""
        trail = Trail()
        with db.begin():
            now = self._clock.now()
            more = retention.step(db, now, trail)
            head = audit.append(db, trail, self._head, now)
            names = renaming.load(db) if retention.forgot_names else self._names
        self._head, self._names = head, names
        return more


def _read(db: Connection, ask: Callable[[Connection], _T]) -> _T:
    with db.begin():
        return ask(db)
