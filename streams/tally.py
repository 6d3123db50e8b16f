"""How many alerts of each member were let in, hour by hour of alliance time, for the members' numbers.

A record a worker and hour, written anew as it grows and compacted; what a crash makes a worker take again counts twice.
Must never carry more of an alert than whose it was.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime

import orjson

from alliance.tally import hour_of


class Tally:
    """One a run of a worker, whose `name` no other has."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._hour = ""
        self._counts: Counter[str] = Counter()

    def add(self, now: datetime, counts: Counter[str]) -> tuple[bytes, bytes]:
        """Key and value of the hour's record with `counts`, by member, added."""
        hour = hour_of(now)
        if hour != self._hour:
            self._hour, self._counts = hour, Counter()
        self._counts += counts
        return f"{hour}/{self._name}".encode(), orjson.dumps(self._counts)
