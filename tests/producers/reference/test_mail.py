"""A member that may not read or send for a while, as one that is suspended, goes on where it stood."""

from __future__ import annotations

from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import Any, cast

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from kafka import TopicPartition
from kafka.errors import TopicAuthorizationFailedError

from alliance import kafka
from alliance.errors import Refused
from alliance.roll import Roll
from producers.reference import member
from producers.reference.bank import Bank
from producers.reference.books import Books
from producers.reference.decision import Decided
from producers.reference.handler import handle
from producers.reference.member import ReferenceMember
from schemas.answers import Answer, AnswerStatus
from schemas.requests import Action, Request
from schemas.topics import member_topic
from tests.producers.reference.support import BANK, CN, MULE, NOW, bank, ordered, registry, request

PLACE = TopicPartition(member_topic(BANK).name, 0)


class Topic:
    """A consumer of a topic with these records; it refuses to be read as often as it is told to."""

    def __init__(self, *values: bytes, refusals: int = 0) -> None:
        self.values, self.refusals = values, refusals
        self.position = self.committed = 0

    def assign(self, places: object) -> None: ...

    def seek_to_beginning(self, place: object) -> None: ...

    def seek(self, place: TopicPartition, offset: int) -> None:
        assert place == PLACE
        self.position = offset

    def poll(self, timeout_ms: int) -> dict[TopicPartition, list[Any]]:
        if self.refusals:
            self.refusals -= 1
            raise TopicAuthorizationFailedError({PLACE.topic})
        start, self.position = self.position, len(self.values)
        return {PLACE: [SimpleNamespace(value=self.values[n], offset=n) for n in range(start, self.position)]}

    def commit(self, offsets: dict[TopicPartition, Any]) -> None:
        self.committed = offsets[PLACE].offset

    def close(self) -> None: ...


class Client:
    """Of a member that is suspended while it has sent less than it was let to; it is told when the loop may end."""

    member = BANK

    def __init__(self, stopping: Event, refusals: int) -> None:
        self.stopping, self.refusals = stopping, refusals
        self.answers: list[Answer] = []

    def answer(self, answer: Answer) -> None:
        if self.refusals:
            self.refusals -= 1
            raise Refused(f"{BANK} is suspended; ask the registrar.")
        self.answers.append(answer)
        if len(self.answers) == 2:
            self.stopping.set()


def unit(path: Path, client: Client, topic: Topic, monkeypatch: pytest.MonkeyPatch) -> tuple[ReferenceMember, Bank]:
    monkeypatch.setattr(kafka, "consumer", lambda *_: topic)
    roll, clock = Roll(Ed25519PrivateKey.generate().public_key(), registry()), SimpleNamespace(now=lambda: NOW)
    books, nothing = Books(path, stub := bank()), cast(Any, None)
    return ReferenceMember(cast(Any, client), nothing, nothing, roll, books, cast(Any, clock), CN), stub


LETTERS = [
    ordered(request(1, match=None)),
    ordered(request(2, Action.RELEASE, amount=None, match=None, duration_s=None)),
]
VALUES = [letter.model_dump_json().encode() for letter in LETTERS]


def test_a_request_on_which_it_fails_holds_up_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(asked: Request, *rest: Any) -> Decided:
        if asked.action is Action.STOP:
            raise RuntimeError("nobody has thought of it")
        return handle(asked, *rest)

    monkeypatch.setattr(member, "handle", failing)
    client = Client(stopping := Event(), 0)
    bank_unit, stub = unit(tmp_path / "books.db", client, Topic(*VALUES), monkeypatch)
    bank_unit.run(stopping)
    assert [answer.status for answer in client.answers] == [AnswerStatus.FAILED, AnswerStatus.REFUSED]
    assert not stub.ledger.holds


@pytest.mark.parametrize(("unread", "unsent"), [(3, 0), (0, 3), (2, 2)])
def test_what_came_while_it_was_suspended_is_answered_once_it_is_restored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unread: int, unsent: int
) -> None:
    topic = Topic(*VALUES, refusals=unread)
    monkeypatch.setattr(member, "_SUSPENDED_S", 0.0)
    client = Client(stopping := Event(), unsent)
    bank_unit, stub = unit(tmp_path / "books.db", client, topic, monkeypatch)
    bank_unit.run(stopping)
    assert [answer.request_id for answer in client.answers] == [letter.request_id for letter in LETTERS]
    assert (topic.committed, stub.ledger.held(MULE, NOW), len(stub.ledger.holds)) == (2, 0, 1)
