"""State that another version wrote is given up and rebuilt from the signals, on a real broker."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from kafka import KafkaConsumer, TopicPartition

from afa.runfile import Process
from afa.sample import counters
from alliance import kafka
from schemas.identifiers import IdentifierKind
from schemas.topics import CHANGELOG, LEADS, SIGNALS
from streams.core import packing
from streams.core.keys import key_of
from streams.core.state import VERSION
from tests.streams.support import World, free_port, number, unique
from tests.streams.test_worker import call, chat, lead_on, scam, transfer

pytestmark = pytest.mark.services


@pytest.mark.parametrize("trimmed", [False, True])
def test_state_of_another_version_is_rebuilt_from_the_signals(world: World, trimmed: bool) -> None:
    victim, payee, now = unique("victim"), unique("mule"), datetime.now(UTC)
    with world.worker():
        if trimmed:
            scam(world)
            trim(world)
        world.send("carrier-a", world.event("carrier-a", call(unique("caller"), victim), now - timedelta(hours=1)))
        world.send("platform-a", world.event("platform-a", chat(unique("handle"), victim), now - timedelta(days=2)))
        world.read_until(CHANGELOG.name, seen_by_two(victim))
    partitions = {place.partition for place in age(world)}
    port = free_port()
    with world.worker(AFA_METRICS_PORT=str(port)) as process:
        world.send("bank-a", world.event("bank-a", transfer(payee, unique("payer"), victim), now))
        world.read_until(LEADS.name, lead_on("account", payee))
        assert generations(process.pid, port) == len(partitions)
    assert all(packing.is_current(value) for _, _, value in state(world))
    with world.worker(AFA_METRICS_PORT=str(port)) as process:
        scam(world)
        assert generations(process.pid, port) == 0


def seen_by_two(victim: str) -> Any:
    key = key_of(IdentifierKind.NUMBER, number("number", victim)["tokens"][0]).encode()
    return lambda record: record.key == key and len(packing.unpack(record.value).sightings) == 2


def generations(pid: int, port: int) -> float:
    counted = counters([Process(name="streams", pid=pid, metrics_port=port)])
    return counted["afa_correlate_generations_total"][""]


def trim(world: World) -> None:
    """Have retention end all signals so far."""
    with kafka.consumer(world.services.admin, [], None) as consumer, kafka.admin(world.services.admin) as client:
        ends = consumer.end_offsets(kafka.places_of(consumer, [SIGNALS.name]))
        client.delete_records(ends)
    assert any(ends.values())


def age(world: World) -> set[TopicPartition]:
    """Have all state be another version's; the partitions that have some."""
    aged = set()
    for place, key, value in list(state(world)):
        other = bytes([VERSION + 1]) + value[1:]
        world.producer.send(place.topic, key=key, value=other, partition=place.partition)
        aged.add(place)
    world.producer.flush(10)
    return aged


def state(world: World) -> Iterator[tuple[TopicPartition, bytes, bytes]]:
    """Place, key and value of all that the changelog holds."""
    consumer: KafkaConsumer = kafka.consumer(world.services.admin, [], None)
    places = [TopicPartition(CHANGELOG.name, p) for p in consumer.partitions_for_topic(CHANGELOG.name)]
    consumer.assign(places)
    consumer.seek_to_beginning()
    ends = consumer.end_offsets(places)
    last = {}
    while any(consumer.position(place) < ends[place] for place in places):
        for place, records in consumer.poll(500).items():
            last.update({(place, record.key): record.value for record in records})
    consumer.close()
    return ((place, key, value) for (place, key), value in last.items() if value is not None)
