"""Reading a partition's state back from its changelog."""

from __future__ import annotations

from aiokafka import AIOKafkaConsumer, TopicPartition

from alliance import metrics
from alliance.errors import Stop
from alliance.kafka import MECHANISM, KafkaLogin
from schemas.topics import CHANGELOG
from streams.core import packing


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


async def load(login: KafkaLogin, partition: int) -> dict[str, bytes]:
    """The partition's whole state, as the last committed transaction left it. Call once the former owner is fenced."""
    consumer = AIOKafkaConsumer(
        group_id=None,
        enable_auto_commit=False,
        isolation_level="read_committed",
        max_partition_fetch_bytes=8 * 1024 * 1024,
        **client_options(login),
    )
    await consumer.start()
    try:
        place = TopicPartition(CHANGELOG.name, partition)
        consumer.assign([place])
        await consumer.seek_to_beginning(place)
        end = (await consumer.end_offsets([place]))[place]
        return await _read(consumer, place, end)
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
                    _check(record.value, key)
                    store[key] = record.value
    metrics.STATE_RECOVERED.inc(len(store))
    return store


def _check(value: bytes, key: str) -> None:
    if not packing.is_current(value):
        raise Stop(
            f"the state of {key} in {CHANGELOG.name} was written by another version of this program; "
            f"run the version that wrote it, or start with an empty data folder"
        )
