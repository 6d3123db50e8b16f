"""Bundles: events' bytes joined into one JSON array, signed over exactly these bytes.

Must never parse or re-serialise an event: its bytes are what its sender validated.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from alliance.keys.signatures import sign
from alliance.keys.store import MemberKeys
from schemas.envelope import MAX_BYTES, MAX_EVENTS, Headers

MAX_EVENT_BYTES = MAX_BYTES - len(b"[]")


class Bundle(NamedTuple):
    """One Kafka record's value, and its headers as `KafkaProducer.send` takes them."""

    value: bytes
    headers: list[tuple[str, bytes]]


def pack(sizes: Iterable[int]) -> Iterator[int]:
    """How many events go into each bundle, in order: as many as fit. No event may exceed `MAX_EVENT_BYTES`."""
    count, length = 0, len(b"[")
    for size in sizes:
        if size > MAX_EVENT_BYTES:
            raise ValueError(f"an event of {size} bytes fits no bundle")
        # The byte beyond each event is the comma or the closing bracket after it.
        if count == MAX_EVENTS or length + size + 1 > MAX_BYTES:
            yield count
            count, length = 0, len(b"[")
        count, length = count + 1, length + size + 1
    if count:
        yield count


def bundle(events: Sequence[bytes], keys: MemberKeys) -> Bundle:
    """These 1 to 500 events as one signed bundle."""
    value = b"[" + b",".join(events) + b"]"
    return Bundle(value, Headers(sign(keys.signing, keys.kid, value)).pairs())
