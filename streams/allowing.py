"""Which state keys the allow-list spares now. No entry counts without the signature of a police officer of today."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import structlog

from alliance import metrics
from alliance.allowlist import AllowList, Filed
from alliance.clock import AllianceClock
from alliance.registry import Registry
from streams.core.keys import key_of

Allowed = Mapping[str, str]
"""State key → id of the allow-list entry that spares it."""
log = structlog.get_logger()


class Allowing:
    """`changed` is given each allow-list that takes another's place."""

    def __init__(self, registry: Registry, clock: AllianceClock, changed: Callable[[Allowed], None]) -> None:
        self.allowed: Allowed = {}
        self._registry, self._clock, self._changed = registry, clock, changed
        self._list = AllowList()
        self._filed: list[Filed] = []

    def take(self, key: str, value: bytes | None) -> None:
        """A record of the list; what comes of it `judge` says."""
        self._list.apply(key, value)

    def judge(self) -> None:
        """Prove every record anew: a unit or an officer's key may have come or gone."""
        known = {(filed.key, filed.refused) for filed in self._filed}
        self._filed = list(self._list.filed(self._registry))
        refused = [filed for filed in self._filed if filed.refused]
        metrics.ALLOW_REFUSED.set(len(refused))
        for filed in refused:
            if (filed.key, filed.refused) not in known:
                log.error("an allow-list entry is not applied", key=filed.key, why=filed.refused)
        self.enforce()

    def enforce(self) -> None:
        """Entries begin and end by themselves."""
        now = self._clock.now()
        entries = [filed.entry for filed in self._filed if filed.entry and filed.in_force(now)]
        allowed = {key_of(entry.kind, token): str(entry.entry_id) for entry in entries for token in entry.tokens}
        if allowed != self.allowed:
            self.allowed = allowed
            self._changed(allowed)
