"""Waiting until all that was published has become what it becomes: nothing under way anywhere, and nothing moves."""

from __future__ import annotations

from collections.abc import Mapping

from kafka import KafkaConsumer, TopicPartition
from sqlalchemy import Connection, Engine, func, select

from alliance import kafka
from alliance.kafka import KafkaLogin
from consumers.casebook.service import TOPICS
from consumers.casebook.tables import AnswerRow, ConsumerOffset, Outbox, RequestRow
from schemas.requests import RequestStatus as R
from schemas.topics import CHANGELOG, LEADS, SIGNALS
from streams.core import packing
from tests.chain.faults import PUBLISHER
from tests.chain.processes import Processes
from tests.chain.topics import state
from tests.streams.idle import has_records, lag, wait_s

QUIET_S = 1.5
"""Longer than a snapshot may wait to be published."""
_UNDER_WAY = (R.DRAFTED.value, R.SENT.value, R.ACKNOWLEDGED.value)


def wait_until_quiet(chain: Processes, engine: Engine, timeout_s: float) -> None:
    """Fails the test, saying what is left, if it takes longer."""
    login, seen, left = chain.run.services.admin, object(), ""

    def is_quiet() -> bool:
        nonlocal seen, left
        with engine.connect() as db:
            before, seen = seen, progress(db)
        left = "something moves" if before != seen else _left(chain, engine, login)
        wait_s(0 if left else QUIET_S)
        return not left and not any(packing.is_waiting(value) for value in state(login).values())

    assert chain.until(is_quiet, timeout_s), f"after {timeout_s} s still {left}"


def progress(db: Connection) -> tuple[int, ...]:
    """What grows as long as anything happens."""
    counts = [func.count(RequestRow.request_id), func.count(RequestRow.answered_at), func.count(RequestRow.sent_at)]
    moved = select(func.coalesce(func.sum(ConsumerOffset.next), 0))
    answers = select(func.count()).select_from(AnswerRow)
    return (*db.execute(select(*counts)).one(), db.scalar(moved) or 0, db.scalar(answers) or 0)


def leads_read(db: Connection) -> int:
    """How far the casebook is on the last topic that an alert must pass."""
    query = select(func.coalesce(func.sum(ConsumerOffset.next), 0)).where(ConsumerOffset.topic == LEADS.name)
    return int(db.scalar(query) or 0)


def _left(chain: Processes, engine: Engine, login: KafkaLogin) -> str:
    """What is under way, from one end of the chain to the other; empty if nothing is."""
    if not chain.is_done(PUBLISHER):
        return "the publisher publishes"
    if behind := lag(login):
        return f"the stream is behind {behind}"
    if open_at := _open_transactions(login):
        return f"transactions are open on {open_at}"
    with engine.connect() as db:
        if unread := _unread(db, login):
            return f"the casebook is behind on {unread}"
        if count := db.scalar(select(func.count()).select_from(Outbox)):
            return f"{count} letters wait in the outbox"
        under_way = RequestRow.member.is_not(None) & RequestRow.status.in_(_UNDER_WAY)
        if count := db.scalar(select(func.count()).where(under_way)):
            return f"{count} requests are not answered"
    return ""


def _open_transactions(login: KafkaLogin) -> list[TopicPartition]:
    """Where readers of committed records are held up."""
    topics = (SIGNALS.name, CHANGELOG.name, LEADS.name)
    stable, written = (_ends(login, topics, committed) for committed in (True, False))
    return [place for place in written if stable[place] < written[place]]


def _ends(login: KafkaLogin, topics: tuple[str, ...], committed: bool) -> Mapping[TopicPartition, int]:
    consumer: KafkaConsumer = kafka.consumer(login, [], None, read_committed=committed)
    try:
        ends: Mapping[TopicPartition, int] = consumer.end_offsets(kafka.places_of(consumer, topics))
        return ends
    finally:
        consumer.close()


def _unread(db: Connection, login: KafkaLogin) -> list[TopicPartition]:
    query = select(ConsumerOffset.topic, ConsumerOffset.partition, ConsumerOffset.next)
    done = {TopicPartition(topic, partition): following for topic, partition, following in db.execute(query)}
    consumer: KafkaConsumer = kafka.consumer(login, [], None)
    try:
        ends = consumer.end_offsets(kafka.places_of(consumer, [topic.name for topic in TOPICS]))
        behind = [place for place in ends if done.get(place, 0) < ends[place]]
        return [place for place in behind if has_records(consumer, place, done.get(place, 0))]
    finally:
        consumer.close()
