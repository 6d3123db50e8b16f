"""Attacks on the list of token epochs that the hub follows: lists of others, older ones, and what is no list."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import REGISTRY

from alliance.clock import AllianceClock
from alliance.kafka import KafkaLogin
from alliance.keys.store import MemberKeys, generate
from alliance.registrar import signed
from alliance.roll import Roll
from consumers.casebook.audit import Trail
from schemas.epochs import EPOCHS_KEY, Epoch, Epochs
from schemas.topics import RULES
from streams.following import Following
from tests.attacks.test_registry import Record

REGISTRAR, HUB = generate("registrar"), generate("registrar")
NOW = datetime(2026, 11, 10, 12, tzinfo=UTC)


def listing(*epochs: str, at: datetime = NOW, by: MemberKeys = REGISTRAR) -> Record:
    return said(Epochs(epochs=[Epoch(epoch=name, since=NOW) for name in epochs], at=at).model_dump_json().encode(), by)


def said(value: bytes, by: MemberKeys = REGISTRAR) -> Record:
    return Record(EPOCHS_KEY.encode(), value, [signed(by, value)], RULES.name)


def refused() -> float:
    return REGISTRY.get_sample_value("afa_registry_refused_total") or 0.0


class Worker:
    """What a worker makes of records of `rules`, without a broker."""

    def __init__(self) -> None:
        self.turns: list[str | None] = []
        roll = Roll(REGISTRAR.signing.public_key())
        clock = AllianceClock(0.0, 0.0, 1.0)
        self.following = Following(
            KafkaLogin("127.0.0.1:9", "hub", ""), roll, clock, lambda allowed: None, self.turns.append
        )

    def take(self, *records: Record) -> list[str | None]:
        for record in records:
            self.following._rule(record)
        return self.turns


@pytest.fixture
def worker() -> Worker:
    made = Worker()
    made.take(listing("e1", "e2"), listing("e2", at=NOW + timedelta(days=97)))
    assert (made.turns, made.following.in_force) == (["e1", "e2"], ("e2:",))
    return made


@pytest.mark.parametrize("record", [
    listing("e1", "e2"),
    listing("e1", at=NOW + timedelta(days=96)),
    said(b'{"member":"bank-a"}'),
    said(b"no list"),
    listing("e3", at=NOW + timedelta(days=98), by=HUB),
], ids=["older", "older-alone", "signed-for-another-use", "no-json", "anothers"])  # fmt: skip
def test_a_list_that_is_not_the_registrars_newest_is_passed_over_and_counted(worker: Worker, record: Record) -> None:
    before = refused()
    assert worker.take(record) == ["e1", "e2"]
    assert (worker.following.in_force, refused()) == (("e2:",), before + 1)
    assert worker.take(listing("e2", "e3", at=NOW + timedelta(days=98)), listing("e3", at=NOW + timedelta(days=200)))
    assert worker.turns == ["e1", "e2", "e3"]


@pytest.mark.parametrize(("record", "act"), [
    (listing("e1"), "list of epochs"),
    (listing("e1", by=HUB), "list of epochs not believed"),
    (Record(EPOCHS_KEY.encode(), None, [], RULES.name), "list of epochs not believed"),
    (Record(b"a/b", b"{}", [], RULES.name), "allow-list entry"),
    (Record(b"a/b", None, [], RULES.name), "allow-list entry removed"),
])  # fmt: skip
def test_a_list_goes_on_record_as_what_it_is(record: Record, act: str) -> None:
    trail = Trail()
    trail.note_changes([record], Roll(REGISTRAR.signing.public_key()))
    assert [each.act for each in trail.acts] == [act]
