"""The digest of one alert that the correlation works on: what it names, in which role, when, and how sure its
member is.

Built by intake from a validated event; a pure value. Must never carry a clear identifier.
"""

from __future__ import annotations

from enum import IntEnum

import msgspec


class Class(IntEnum):
    """What kind of alert it is, as the rules' pairs of kinds tell them apart."""

    PAYER = 0
    """A transfer, reported by the payer's bank."""
    PAYEE = 1
    """A transfer, reported by the payee's bank about its own customer."""
    CALL = 2
    CHAT = 3
    """Chat, listing, app: whatever a platform reports."""
    REPORT = 4
    CHECK = 5
    """A bank asks before its customer pays: no suspicion, but a transfer that is about to happen."""


class Role(IntEnum):
    SUSPECT = 0
    VICTIM = 1
    CONDUIT = 2
    ASKED = 3
    """The payee of a check: nobody is a suspect for being asked about."""


class Onward(IntEnum):
    """What a payee's bank says of money that left its suspicious customer."""

    NONE = 0
    TRANSFER = 1
    CASH_OUT = 2


class Named(msgspec.Struct, frozen=True, array_like=True):
    """An identifier in an alert. `key` is a namespace letter and the token (`streams.core.keys`)."""

    key: str
    role: Role
    kind: str
    """`IdentifierKind` as the member sent it."""
    basis: int
    """0 typed, 1 observed, 2 verified."""
    as_of: int
    """ms; 0 where not said."""
    holders: tuple[str, ...] = ()
    former: str = ""
    """Its key under the older epoch, where the member names it by both."""


class Transfer(msgspec.Struct, frozen=True, array_like=True):
    """Money that moved, or is about to, towards `payee`."""

    payee: str
    serial: str
    """Key of the transfer serial, empty where not known."""
    minor: int
    currency: str
    time: int
    pending: bool


class Alert(msgspec.Struct, frozen=True, array_like=True, tag=0):
    """One alert as one epoch names it. Times are ms since 1970. An identifier appears once, in the first of its roles.

    While two epochs overlap there are two, alike but for the keys. They never meet: each epoch has its own evidence.
    """

    member: str
    event: bytes
    """The event id's 16 bytes."""
    digest: bytes
    """8 bytes of SHA-256 over the event's content; the same id with another digest is a conflict."""
    sector: str
    cls: Class
    start: int
    end: int
    """A call's end; a report's time, its start being the incident's; else as `start`."""
    score: float
    """The member's own, 0..1; 1 for reports."""
    named: tuple[Named, ...]
    transfers: tuple[Transfer, ...] = ()
    onward: Onward = Onward.NONE


class Retraction(msgspec.Struct, frozen=True, array_like=True, tag=1):
    """A withdrawal of one alert, wherever its tokens are."""

    member: str
    event: bytes
    by_police: bool
    keys: tuple[str, ...]
    time: int
    conflict: bool = False
    """The id was used with two contents."""
    derived: bool = False
    """Found at the event's own key, for keys that the withdrawal did not repeat; goes no further."""
