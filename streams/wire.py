"""Signals as bytes: the MessagePack array that one record of the `signals` topic carries.

Internal to the stream, but retained: a new generation of the state reads what former versions of the code wrote.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from streams.core.alert import Alert, Retraction
from streams.core.partitioning import Signal
from streams.core.state import Cut, Link

MAX_SIGNALS = 500
"""Signals in one record: about 200 kB."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Alert | Retraction | Link | Cut]).decode


def encode(signals: list[Signal]) -> Iterator[bytes]:
    """Record values, each of at most `MAX_SIGNALS` signals."""
    for start in range(0, len(signals), MAX_SIGNALS):
        yield _encode(signals[start : start + MAX_SIGNALS])


def decode(value: bytes) -> Iterable[Signal]:
    """The signals of one record; msgspec.DecodeError where it is none."""
    return _decode(value)
