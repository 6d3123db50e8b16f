"""A batch of Kafka's records as what a turn takes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kafka import TopicPartition
from pydantic import ValidationError

from consumers.casebook import inbound
from consumers.casebook.inbound import Bundle
from consumers.casebook.turn import Turn
from consumers.casebook.work import Inbox
from schemas.epochs import FORMER_HEADER, RETIRED_HEADER
from schemas.leads import Lead, SubjectRole
from schemas.topics import ALIAS, ANSWERS, LEADS, VICTIM_REPORT, WITHDRAWAL, Topic

Batch = dict[TopicPartition, list[Any]]
Subject = tuple[SubjectRole, str]
"""Whom a lead is about: the role and the token."""


def inbox(turn: Turn, batch: Batch, *, look_again: bool) -> Inbox:
    """What of the batch a turn has to do with; the records of the hub's own topics as they are."""
    return Inbox(
        reports=_bundles(turn, batch, VICTIM_REPORT),
        withdrawals=_bundles(turn, batch, WITHDRAWAL),
        answers=_bundles(turn, batch, ANSWERS),
        aliases=_bundles(turn, batch, ALIAS),
        leads=[record.value or b"" for record in records(batch, LEADS) if _header(record, RETIRED_HEADER) is None],
        renamed=[
            (record.key.decode()[1:], former.decode())
            for record in records(batch, LEADS)
            if (former := _header(record, FORMER_HEADER))
        ],
        look_again=look_again,
    )


def records(batch: Batch, topic: Topic) -> Iterator[Any]:
    """Those of one topic, in their order."""
    for place, those in sorted(batch.items()):
        if place.topic == topic.name:
            yield from those


def subjects(batch: Batch) -> Iterator[Subject]:
    """Of whom the leads tell."""
    for record in records(batch, LEADS):
        try:
            subject = Lead.model_validate_json(record.value or b"").subject
        except ValidationError:
            continue
        yield subject.role, subject.token


def _header(record: Any, name: str) -> bytes | None:
    return next((value for key, value in record.headers or () if key == name), None)


def _bundles(turn: Turn, batch: Batch, topic: Topic) -> list[Bundle]:
    return [inbound.read(turn, record) for record in records(batch, topic)]
