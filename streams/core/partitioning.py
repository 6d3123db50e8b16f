"""To which partition a key belongs, and which partitions a signal must reach.

Tokens are uniform, so a cheap checksum spreads them; a change of the function starts a new generation of the state.
"""

from __future__ import annotations

from collections.abc import Iterable
from zlib import crc32

from streams.core.alert import Alert, Retraction
from streams.core.state import Cut, Link

Signal = Alert | Retraction | Link | Cut


def partition_of(key: str, partitions: int) -> int:
    """The partition that keeps the state of `key`."""
    return crc32(key.encode()) % partitions


def event_key(member: str, event: bytes) -> str:
    """The key at which an event id is known."""
    return f"!{member}/{event.hex()}"


def destinations(signal: Signal, partitions: int) -> Iterable[int]:
    """Every partition that has a part in the signal."""
    if isinstance(signal, Alert):
        keys = [n.key for n in signal.named]
        return {partition_of(key, partitions) for key in [*keys, event_key(signal.member, signal.event)]}
    if isinstance(signal, Retraction):
        own = () if signal.derived else (event_key(signal.member, signal.event),)
        return {partition_of(key, partitions) for key in (*signal.keys, *own)}
    return (partition_of(signal.suspect, partitions),)
