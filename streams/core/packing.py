"""State as bytes: a byte for the version, one that says whether a snapshot still waits to be published or the
allow-list spared it, then MessagePack.

The same bytes lie in memory, in the changelog and in a checkpoint.
"""

from __future__ import annotations

import msgspec

from streams.core.state import VERSION, EventState, State

_SETTLED, _WAITING, _EVENT, _SPARED = (bytes((VERSION, flag)) for flag in range(4))
_encode = msgspec.msgpack.Encoder().encode
_state = msgspec.msgpack.Decoder(State).decode
_event = msgspec.msgpack.Decoder(EventState).decode


def pack(state: State, waiting: bool, spared: bool = False) -> bytes:
    """What is spared has nothing to publish, so that it never waits."""
    return (_SPARED if spared else _WAITING if waiting else _SETTLED) + _encode(state)


def unpack(packed: bytes) -> State:
    return _state(memoryview(packed)[2:])


def is_waiting(packed: bytes) -> bool:
    """Whether a changed snapshot of this key was not yet published when it was packed."""
    return packed[:2] == _WAITING


def is_spared(packed: bytes) -> bool:
    """Whether this key was allow-listed when it was packed."""
    return packed[:2] == _SPARED


def pack_event(state: EventState) -> bytes:
    return _EVENT + _encode(state)


def unpack_event(packed: bytes) -> EventState:
    return _event(memoryview(packed)[2:])


def is_current(packed: bytes) -> bool:
    """Whether this version of the code wrote these bytes."""
    return packed[:1] == _SETTLED[:1]
