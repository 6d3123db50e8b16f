"""The worker goes by the partitions that the cluster has, and refuses those that don't agree."""

from __future__ import annotations

import pytest

from alliance import kafka
from alliance.errors import Refused
from alliance.kafka import KafkaLogin
from schemas.topics import CHANGELOG, LEADS, SIGNALS
from streams.recovery import partitions_of_state


def test_topics_that_must_agree_and_do_not_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    counts = {SIGNALS.name: 4, CHANGELOG.name: 4, LEADS.name: 2}

    class Reader:
        def __enter__(self) -> Reader:
            return self

        def __exit__(self, *exc: object) -> None: ...

        def partitions_for_topic(self, topic: str) -> set[int]:
            return set(range(counts[topic]))

    monkeypatch.setattr(kafka, "consumer", lambda *args: Reader())
    with pytest.raises(Refused, match="leads 2"):
        partitions_of_state(KafkaLogin("127.0.0.1:1", "streams", "secret"))
    counts[LEADS.name] = 4
    assert partitions_of_state(KafkaLogin("127.0.0.1:1", "streams", "secret")) == 4
