"""Receipts to members, who may be registered and have no topic: a member half added, or one whose topic was removed.

aiokafka waits 40 s for a topic that does not exist. Must never be what a batch waits for.
"""

from __future__ import annotations

from collections.abc import Collection

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from alliance import metrics
from alliance.clock import ticks_ms
from schemas.topics import member_topic
from streams.sending import BatchSender

ASK_MS = 5_000
"""How long what the broker said of its topics is believed."""
log = structlog.get_logger()


class Receipts:
    """One a worker: its producers share what is known of the topics."""

    def __init__(self) -> None:
        self._topics: Collection[str] = ()
        self._asked_at = 0
        self._unreached: set[str] = set()

    async def send(self, producer: AIOKafkaProducer, sender: BatchSender, member: str, receipt: bytes) -> None:
        """Put it into `sender`, which sends through `producer`; without the member's topic it is counted instead."""
        topic = member_topic(member).name
        if await self._exists(producer, topic, member in self._unreached):
            self._unreached.discard(member)
            await sender.send_one(topic, receipt)
            return
        metrics.RECEIPTS_UNDELIVERABLE.labels(member).inc()
        if member not in self._unreached:
            self._unreached.add(member)
            log.error("a member gets no receipts: its topic does not exist", member=member, topic=topic)

    async def _exists(self, producer: AIOKafkaProducer, topic: str, known_absent: bool) -> bool:
        """One question for all topics, which an absent one does not hold up. A new member's is asked for at once."""
        is_new = topic not in self._topics and not known_absent
        if is_new or ticks_ms() - self._asked_at >= ASK_MS:
            try:
                self._topics = (await producer.client.fetch_all_metadata()).topics()
            except KafkaError:
                # The broker is away: the producer waits for it, as it does with all else.
                return True
            self._asked_at = ticks_ms()
        return topic in self._topics
