"""What is kept for one key: its sightings, tombstones of what was retracted, links from other keys, and what was last
said of it.

Packed as MessagePack arrays with a version; a change of shape raises `VERSION`, which starts a new generation of the
state. Links and cuts travel as signals too, which former versions wrote and this one reads.
"""

from __future__ import annotations

from enum import IntEnum

import msgspec

from streams.core.alert import Class, Onward, Role, Transfer

VERSION = 2

Id = tuple[str, bytes]
"""An alert's identity: member and event id."""


class Pairing(IntEnum):
    """Why two alerts are a pair."""

    CALL_TRANSFER_NEAR = 0
    CALL_TRANSFER = 1
    CHAT_TRANSFER = 2
    CALL_CHAT = 3
    REPORT = 4
    SAME_SUSPECT = 5
    SAME_DEVICE = 6
    SAME_IP = 7


VICTIM_RELATIONS = frozenset(r for r in Pairing if r <= Pairing.REPORT)


class Movement(IntEnum):
    """Whether an alert speaks of a transfer, and how far that has come."""

    NONE = 0
    PENDING = 1
    POSTED = 2


class Sighting(msgspec.Struct, frozen=True, array_like=True):
    """One alert as one of its identifiers sees it. The last fields are filled only where that identifier is a
    suspect."""

    member: str
    event: bytes
    sector: str
    cls: Class
    role: Role
    start: int
    end: int
    score: float
    money: Movement
    suspects: tuple[str, ...]
    transfers: tuple[Transfer, ...] = ()
    victims: tuple[str, ...] = ()
    onward: Onward = Onward.NONE
    kind: str = ""
    basis: int = 0
    as_of: int = 0
    holders: tuple[str, ...] = ()
    former: str = ""

    @property
    def id(self) -> Id:
        return (self.member, self.event)


class Tomb(msgspec.Struct, frozen=True, array_like=True):
    """A retracted alert, which must not come back. Unless `absolute`, a victim report is not touched by it."""

    member: str
    event: bytes
    absolute: bool
    time: int


class Link(msgspec.Struct, frozen=True, array_like=True, tag=2):
    """Alert `b` of another member is evidence for `suspect`, since it shares `via` with `a`, which names the
    suspect."""

    suspect: str
    via: str
    relation: Pairing
    gap: int
    a_member: str
    a_event: bytes
    b_member: str
    b_event: bytes
    b_sector: str
    b_cls: Class
    b_start: int
    """Nobody reads it; it keeps its place in the array, since links lie in `signals` for 100 days."""
    b_end: int
    b_money: Movement

    @property
    def identity(self) -> tuple[str, str, bytes, str, bytes]:
        return (self.via, self.a_member, self.a_event, self.b_member, self.b_event)


class Cut(msgspec.Struct, frozen=True, array_like=True, tag=3):
    """The link of that identity no longer holds."""

    suspect: str
    via: str
    a_member: str
    a_event: bytes
    b_member: str
    b_event: bytes

    @property
    def identity(self) -> tuple[str, str, bytes, str, bytes]:
        return (self.via, self.a_member, self.a_event, self.b_member, self.b_event)


class Said(msgspec.Struct, frozen=True, array_like=True):
    """What was last published of a subject: `material` changes are published at once, others within a second."""

    material: bytes
    whole: bytes


class State(msgspec.Struct, array_like=True):
    """All that is kept for one identifier's key."""

    sightings: list[Sighting] = []
    tombs: list[Tomb] = []
    links: list[Link] = []
    saturated_until: int = 0
    said_suspect: Said | None = None
    said_victim: Said | None = None

    def empty(self) -> bool:
        return not (self.sightings or self.tombs or self.links or self.saturated_until)


class Content(msgspec.Struct, frozen=True, array_like=True):
    """One content that an event id was used with, and where its sightings are."""

    digest: bytes
    keys: tuple[str, ...]
    report: bool


class EventState(msgspec.Struct, array_like=True):
    """What is kept for one event id: its contents (two are a conflict) and whether it was withdrawn."""

    time: int
    contents: list[Content] = []
    withdrawn: bool = False
    by_police: bool = False
    duplicates: int = 0
    check: bool = False
    """Only checks came under this id, which are soon forgotten."""
