"""Which members can be written to: one that is half added has no topic, and a producer would wait for it.

Must never be what another member's answer waits for.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection

from kafka.errors import KafkaError

from alliance import metrics
from schemas.topics import member_topic

ASK_S = 5.0
"""How long a topic that was absent is believed to be."""


class Reach:
    """`list_topics` asks the broker for the names of all; `clock` counts seconds."""

    def __init__(self, list_topics: Callable[[], Collection[str]], clock: Callable[[], float] = time.monotonic) -> None:
        self._list_topics, self._clock = list_topics, clock
        self._topics: Collection[str] = ()
        self._absent: dict[str, float] = {}

    def __call__(self, member: str) -> bool:
        """Whether the member has a topic; one that is new is asked for at once."""
        topic = member_topic(member).name
        if topic in self._topics:
            return True
        if self._clock() - self._absent.get(topic, -ASK_S) >= ASK_S:
            try:
                self._topics = self._list_topics()
            except KafkaError:
                # The broker is away: whoever sends waits for it, as with all else.
                return True
            self._absent[topic] = self._clock()
        if topic in self._topics:
            return True
        metrics.RISK_UNDELIVERABLE.labels(member).inc()
        return False

    def forget(self) -> None:
        """Something could not be sent: ask again before it is tried again."""
        self._topics, self._absent = (), {}
