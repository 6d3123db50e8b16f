"""Waiting until the stream has nothing left to do, by what its group has committed."""

from __future__ import annotations

import signal
import time

from kafka import KafkaConsumer, TopicPartition

from alliance import kafka
from alliance.kafka import KafkaLogin
from schemas.topics import SIGNALS
from streams.app import GROUP, INBOUND

LOOK_MS = 150
LOOKS = 2


def wait_s(seconds: float) -> None:
    """The one wait that is the fault itself."""
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        signal.sigtimedwait([], left)


def wait_until_idle(login: KafkaLogin, timeout_s: float = 240.0) -> None:
    """Until the group has read all inbound topics and all signals, twice in a row with nothing new in between."""
    deadline = time.monotonic() + timeout_s
    quiet = 0
    while quiet < 4:
        assert time.monotonic() < deadline, f"still behind after {timeout_s} s: {lag(login)}"
        quiet = quiet + 1 if not lag(login) else 0
        wait_s(1.0)


def lag(login: KafkaLogin) -> dict[TopicPartition, int]:
    """Partitions with records that no worker has finished, and how many offsets they are behind."""
    consumer: KafkaConsumer = kafka.consumer(login, [], GROUP)
    try:
        return {place: left for place, left in _behind(consumer).items() if left}
    finally:
        consumer.close()


def _behind(consumer: KafkaConsumer) -> dict[TopicPartition, int]:
    topics = (*(topic.name for topic in INBOUND), SIGNALS.name)
    places = [TopicPartition(topic, p) for topic in topics for p in consumer.partitions_for_topic(topic)]
    ends = consumer.end_offsets(places)
    done = {place: consumer.committed(place) or 0 for place in places}
    left = {place: ends[place] - done[place] for place in places}
    for place in places:
        if place.topic == SIGNALS.name and left[place] and not has_records(consumer, place, done[place]):
            left[place] = 0
    return left


def has_records(consumer: KafkaConsumer, place: TopicPartition, offset: int) -> bool:
    """Whether there is anything to read; markers, and what a killed worker never committed, are given to no reader."""
    consumer.assign([place])
    consumer.seek(place, offset)
    return any(consumer.poll(LOOK_MS) for _ in range(LOOKS))
