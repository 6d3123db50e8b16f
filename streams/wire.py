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
MAX_BYTES = 400_000
"""What one record holds: 500 signals have about 200 kB, mostly. One that has more has a record of its own, and
is bounded where its event is let in (`alliance.admission.MAX_CONTENT`)."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Alert | Retraction | Link | Cut]).decode


def encode(signals: list[Signal]) -> Iterator[bytes]:
    """Record values, in the signals' order."""
    for start in range(0, len(signals), MAX_SIGNALS):
        yield from _records(signals[start : start + MAX_SIGNALS])


def _records(signals: list[Signal]) -> Iterator[bytes]:
    value = _encode(signals)
    if len(value) <= MAX_BYTES or len(signals) == 1:
        yield value
        return
    half = len(signals) // 2
    yield from _records(signals[:half])
    yield from _records(signals[half:])


def decode(value: bytes) -> Iterable[Signal]:
    """The signals of one record; msgspec.DecodeError where it is none."""
    return _decode(value)
