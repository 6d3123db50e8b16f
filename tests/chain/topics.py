"""What stands on the broker, for the judges."""

from __future__ import annotations

from alliance import kafka
from alliance.kafka import KafkaLogin
from schemas.topics import CHANGELOG


def state(login: KafkaLogin) -> dict[str, bytes]:
    """The stream's whole state, by key, as the changelog has it."""
    store: dict[str, bytes] = {}
    for record in kafka.whole(login, CHANGELOG.name):
        key = record.key.decode()
        if record.value is None:
            store.pop(key, None)
        else:
            store[key] = record.value
    return store
