"""How many alerts of each member the workers let in, read from their hourly records."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import orjson

from alliance import kafka
from alliance.kafka import KafkaLogin
from schemas.topics import TALLY


def hour_of(moment: datetime) -> str:
    """The hour, in UTC, as the records' keys begin."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H")


def published(login: KafkaLogin, since: datetime | None = None) -> Counter[str]:
    """By member, from the hour of `since` on."""
    newest = {record.key.decode(): record.value for record in kafka.whole(login, TALLY.name)}
    total: Counter[str] = Counter()
    for key, value in newest.items():
        if since is None or key.partition("/")[0] >= hour_of(since):
            total.update(orjson.loads(value))
    return total
