"""How many partitions the state has, reading one back from its changelog, and where its signals begin."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, TopicPartition

from alliance import kafka
from alliance.errors import Refused
from alliance.kafka import MECHANISM, KafkaLogin
from schemas.topics import CHANGELOG, LEADS, SIGNALS
from streams.core import packing

COMMITTED_S = 15.0
POLL_S = 0.02


def client_options(login: KafkaLogin) -> dict[str, object]:
    """What every aiokafka client of this worker shares."""
    return {
        "bootstrap_servers": login.bootstrap,
        "security_protocol": login.security_protocol,
        "sasl_mechanism": MECHANISM,
        "sasl_plain_username": login.username,
        "sasl_plain_password": login.password,
        "ssl_context": login.ssl_context(),
    }


def partitions_of_state(login: KafkaLogin) -> int:
    """As the cluster has it. Raises Refused if the topics that must agree do not."""
    with kafka.consumer(login, [], None) as reader:
        counts = {topic.name: len(kafka.places_of(reader, [topic.name])) for topic in (SIGNALS, CHANGELOG, LEADS)}
    if len(set(counts.values())) > 1:
        told = ", ".join(f"{name} {count}" for name, count in counts.items())
        raise Refused(
            f"The partitions of these topics must be as many, and are not: {told}; make those with fewer anew."
        )
    return counts[SIGNALS.name]


async def load(login: KafkaLogin, partition: int) -> dict[str, bytes]:
    """The partition's whole state, as the last committed transaction left it, of whatever version. Call once the former
    owner is fenced."""
    place = TopicPartition(CHANGELOG.name, partition)
    options = {"isolation_level": "read_committed", "max_partition_fetch_bytes": 8 * 1024 * 1024}
    async with _consumer(login, **options) as consumer:
        consumer.assign([place])
        await consumer.seek_to_beginning(place)
        end = (await consumer.end_offsets([place]))[place]
        return await _read(consumer, place, end)


def is_usable(store: Mapping[str, bytes]) -> bool:
    """False if any of it was written by another version of this program."""
    return all(packing.is_current(value) for value in store.values())


async def beginning(login: KafkaLogin, place: TopicPartition) -> int:
    """Offset of the first record that retention has left."""
    async with _consumer(login) as consumer:
        first: int = (await consumer.beginning_offsets([place]))[place]
        return first


async def await_committed(login: KafkaLogin, group: str, place: TopicPartition, offset: int) -> None:
    """Return once the group is told this offset: for a moment after a transaction's commit it is still the former."""
    async with _consumer(login, group_id=group) as consumer, asyncio.timeout(COMMITTED_S):
        while await consumer.committed(place) != offset:
            await asyncio.sleep(POLL_S)


@asynccontextmanager
async def _consumer(login: KafkaLogin, **options: object) -> AsyncIterator[AIOKafkaConsumer]:
    """Joins no group, even if it asks for one's offsets."""
    consumer = AIOKafkaConsumer(enable_auto_commit=False, **options, **client_options(login))
    await consumer.start()
    try:
        yield consumer
    finally:
        await consumer.stop()


async def _read(consumer: AIOKafkaConsumer, place: TopicPartition, end: int) -> dict[str, bytes]:
    store: dict[str, bytes] = {}
    while await consumer.position(place) < end:
        for records in (await consumer.getmany(timeout_ms=500)).values():
            for record in records:
                key = record.key.decode()
                if record.value is None:
                    store.pop(key, None)
                else:
                    store[key] = record.value
    return store
