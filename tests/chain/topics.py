"""What stands on the broker, for the judges."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from kafka import KafkaConsumer, TopicPartition

from alliance import kafka
from alliance.kafka import KafkaLogin
from schemas.topics import CHANGELOG

TIMEOUT_MS = 500


def records(login: KafkaLogin, *topics: str) -> Iterator[Any]:
    """Every committed record of these topics, from the beginning to where they end now."""
    consumer: KafkaConsumer = kafka.consumer(login, [], None)
    try:
        places = places_of(consumer, topics)
        consumer.assign(places)
        consumer.seek_to_beginning()
        ends = consumer.end_offsets(places)
        while any(consumer.position(place) < ends[place] for place in places):
            for found in consumer.poll(TIMEOUT_MS, max_records=5000).values():
                yield from found
    finally:
        consumer.close()


def places_of(consumer: KafkaConsumer, topics: Iterable[str]) -> list[TopicPartition]:
    return [TopicPartition(topic, p) for topic in topics for p in sorted(consumer.partitions_for_topic(topic))]


def state(login: KafkaLogin) -> dict[str, bytes]:
    """The stream's whole state, by key, as the changelog has it."""
    store: dict[str, bytes] = {}
    for record in records(login, CHANGELOG.name):
        key = record.key.decode()
        if record.value is None:
            store.pop(key, None)
        else:
            store[key] = record.value
    return store
