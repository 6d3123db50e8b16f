"""A member's mail as a stream of records: `to.<member>`, and beside it the registry, whose keys verify what comes.

What was handled is committed by the reader; what a crash left uncommitted comes again.
"""

from __future__ import annotations

import time
from typing import Any

import structlog
from kafka import KafkaConsumer, OffsetAndMetadata, TopicPartition
from kafka.errors import KafkaError
from pydantic import ValidationError

from alliance import kafka
from alliance.kafka import KafkaLogin
from alliance.roll import Roll
from schemas.receipts import TO_MEMBER, Letter
from schemas.topics import MEMBERS, member_topic

_log = structlog.get_logger(__name__)


class Mail:
    """For one thread. The roll is kept up to date as records of members come by."""

    def __init__(self, member: str, login: KafkaLogin, roll: Roll) -> None:
        self._member = member
        self._roll = roll
        self._place = TopicPartition(member_topic(member).name, 0)
        members = TopicPartition(MEMBERS.name, 0)
        self._consumer: KafkaConsumer = kafka.consumer(login, [], f"{member}.reference")
        self._consumer.assign([self._place, members])
        self._consumer.seek_to_beginning(members)
        self._first: int | None = None
        self._next: int | None = None
        self._said: set[str] = set()

    def poll(self, timeout_ms: int) -> list[Letter]:
        """What came; empty after the timeout. Kafka's absence is an empty poll: the client reconnects by itself. So is
        its refusal, as while this member is suspended."""
        letters: list[Letter] = []
        for place, records in self._polled(timeout_ms).items():
            if place != self._place:
                self._roll.take(records)
                continue
            for record in records:
                self._first = record.offset if self._first is None else self._first
                self._next = record.offset + 1
                letters += self._letter(record)
        return letters

    def commit(self) -> None:
        """All that `poll` gave is done."""
        if self._next is None:
            return
        try:
            self._consumer.commit({self._place: OffsetAndMetadata(self._next, "", -1)})
        except KafkaError as error:
            # It comes again after a restart, and is known by its id.
            self._say("mail not committed", error)
        else:
            self._first = self._next = None
            self._said.clear()

    def again(self) -> None:
        """What `poll` gave since the last commit could not be done yet: it comes again."""
        if self._first is not None:
            self._consumer.seek(self._place, self._first)
        self._first = self._next = None

    def close(self) -> None:
        self._consumer.close()

    def _polled(self, timeout_ms: int) -> dict[TopicPartition, list[Any]]:
        try:
            polled: dict[TopicPartition, list[Any]] = self._consumer.poll(timeout_ms=timeout_ms)
        except KafkaError as error:
            self._say("mail can not be read at the moment", error)
            time.sleep(timeout_ms / 1000)
            return {}
        return polled

    def _say(self, event: str, error: Exception) -> None:
        """Once, until a commit is taken again: a suspension lasts."""
        if event not in self._said:
            self._said.add(event)
            _log.warning(event, member=self._member, reason=str(error))

    def _letter(self, record: Any) -> list[Letter]:
        try:
            return [TO_MEMBER.validate_json(record.value or b"")]
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            if first["type"] == "union_tag_invalid":
                # The contract may grow by a kind, and whoever does not know it passes it over.
                _log.info("mail of an unknown kind", member=self._member, offset=record.offset)
                return []
            place = ".".join(str(part) for part in first["loc"])
            _log.error("mail unreadable", member=self._member, offset=record.offset, field=place, reason=first["msg"])
            return []
