"""State as bytes: a byte for the version, one that says whether a snapshot still waits to be published, the allow-list
spared it or leads come under another epoch, then MessagePack.

The same bytes lie in memory, in the changelog and in a checkpoint.
"""

from __future__ import annotations

import msgspec

from streams.core.state import VERSION, EventState, State

_SETTLED, _WAITING, _EVENT, _SPARED, _SILENT = (bytes((VERSION, flag)) for flag in range(5))
_encode = msgspec.msgpack.Encoder().encode
_state = msgspec.msgpack.Decoder(State).decode
_event = msgspec.msgpack.Decoder(EventState).decode


def pack(state: State, waiting: bool, spared: bool = False, silent: bool = False) -> bytes:
    """What is spared or silent has nothing to publish, so that it never waits."""
    return (_SILENT if silent else _SPARED if spared else _WAITING if waiting else _SETTLED) + _encode(state)


def size(value: msgspec.Struct) -> int:
    """How many bytes a state, or something in it, has packed."""
    return len(_encode(value))


def unpack(packed: bytes) -> State:
    return _state(memoryview(packed)[2:])


def is_waiting(packed: bytes) -> bool:
    """Whether a changed snapshot of this key was not yet published when it was packed."""
    return packed[:2] == _WAITING


def is_spared(packed: bytes) -> bool:
    """Whether this key was allow-listed when it was packed."""
    return packed[:2] == _SPARED


def is_silent(packed: bytes) -> bool:
    """Whether leads came under another epoch than this key's when it was packed."""
    return packed[:2] == _SILENT


def pack_event(state: EventState) -> bytes:
    return _EVENT + _encode(state)


def unpack_event(packed: bytes) -> EventState:
    return _event(memoryview(packed)[2:])


def is_current(packed: bytes) -> bool:
    """Whether this version of the code wrote these bytes."""
    return packed[:1] == _SETTLED[:1]
