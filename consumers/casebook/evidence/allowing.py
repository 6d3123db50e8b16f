"""The allow-list as the casebook follows it: what officers have signed is nobody's target, and what is held is let go.

An entry that ends or is removed opens nothing: only a lead or an answer does. Nothing unsigned counts.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from alliance import kafka, metrics
from alliance.allowlist import AllowList, Filed
from alliance.kafka import KafkaLogin
from alliance.registry import Registry
from schemas.topics import RULES


class Allowing:
    """Tokens in force, judged anew when the topic or the registry has changed."""

    def __init__(self) -> None:
        self._list = AllowList()
        self._filed: list[Filed] = []
        self._next = 0

    def take(self, records: Iterable[Any]) -> bool:
        """Take records of the `rules` topic, each once however often it is read; whether there were any."""
        # Read again, an entry would be in force until its removal is read again too, and let go what is held.
        fresh = [record for record in records if record.offset >= self._next]
        for record in fresh:
            self._list.apply((record.key or b"").decode(errors="replace"), record.value)
            self._next = record.offset + 1
        return bool(fresh)

    def judge(self, registry: Registry) -> None:
        """Prove every record anew: a unit or an officer's key may have come or gone."""
        self._filed = list(self._list.filed(registry))
        metrics.ALLOW_REFUSED.set(sum(filed.refused is not None for filed in self._filed))

    def tokens(self, now: datetime) -> frozenset[str]:
        """What is spared now. A token is of one kind of identifier alone, so that it says enough."""
        entries = [filed.entry for filed in self._filed if filed.entry and filed.in_force(now)]
        return frozenset(token for entry in entries for token in entry.tokens)


def read(login: KafkaLogin, registry: Registry) -> Allowing:
    """The allow-list as the `rules` topic has it now: before it is known nothing may be asked of anyone."""
    allowing = Allowing()
    allowing.take(kafka.whole(login, RULES.name))
    allowing.judge(registry)
    return allowing
