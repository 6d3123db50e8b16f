"""Waiting until the stream has nothing left to do, by what its group has committed."""

from __future__ import annotations

import signal
import time

from kafka import KafkaConsumer, TopicPartition

from alliance import kafka
from schemas.topics import SIGNALS, STATE_PARTITIONS
from streams.app import GROUP, INBOUND
from tests.streams.support import World


def wait_s(seconds: float) -> None:
    """The one wait that is the fault itself."""
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        signal.sigtimedwait([], left)


def wait_until_idle(world: World, timeout_s: float = 240.0) -> None:
    """Until the group has read all inbound topics and all signals, twice in a row with nothing new in between."""
    deadline = time.monotonic() + timeout_s
    quiet = 0
    while quiet < 4:
        assert time.monotonic() < deadline, f"still behind after {timeout_s} s: {lag(world)}"
        quiet = quiet + 1 if not lag(world) else 0
        wait_s(1.0)


def lag(world: World) -> dict[TopicPartition, int]:
    """Partitions with records that no worker has finished, and how many offsets they are behind."""
    consumer: KafkaConsumer = kafka.consumer(world.services.admin, [], GROUP)
    try:
        behind = {}
        for topic in (*(t.name for t in INBOUND), SIGNALS.name):
            places = [TopicPartition(topic, p) for p in consumer.partitions_for_topic(topic)]
            ends = consumer.end_offsets(places)
            for place in places:
                left = ends[place] - (consumer.committed(place) or 0)
                # The markers that the owners' last transactions left are offsets that no reader is ever given.
                if left > (STATE_PARTITIONS if topic == SIGNALS.name else 0):
                    behind[place] = left
        return behind
    finally:
        consumer.close()
