"""What happened to a bank's accounts, as the entries of a journal: the ledger is what they add up to.

Amounts are minor units of the bank's one currency. Entries are written to disk: a changed field needs a new tag.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from schemas.answers import OutflowType
from schemas.identifiers import IdentifierKind


class AccountRef(msgspec.Struct, frozen=True):
    """An account anywhere: its number as its bank writes it, and the routing code of who holds it."""

    route: str
    number: str
    kind: IdentifierKind = IdentifierKind.ACCOUNT


class Opened(msgspec.Struct, frozen=True, tag="opened"):
    """A customer's account, with what it held when the books began."""

    account: str
    kind: IdentifierKind
    customer: str
    phones: tuple[str, ...]
    balance: int
    at: datetime


class Way(StrEnum):
    IN = "in"
    OUT = "out"


class Moved(msgspec.Struct, frozen=True, tag="moved"):
    """Money that came or left. One within the bank has two, under one serial. Pending ones are `Settled` or `Dropped`."""

    serial: str
    way: Way
    account: str
    amount: int
    at: datetime
    type: OutflowType = OutflowType.TRANSFER
    other: AccountRef | None = None
    """Absent for cash."""
    place: str = ""
    pending: bool = False


class Settled(msgspec.Struct, frozen=True, tag="settled"):
    """A pending payment left."""

    serial: str
    at: datetime


class Dropped(msgspec.Struct, frozen=True, tag="dropped"):
    """A pending payment was given up; the money stays."""

    serial: str
    at: datetime


class Measure(StrEnum):
    STOP = "stop"
    FREEZE = "freeze"
    DELAY = "delay"
    """The bank's own: nothing leaves for a while, and no money is bound."""


class Held(msgspec.Struct, frozen=True, tag="held"):
    """A measure on an account from `at` until `until`. The same `hold_id` again replaces it: extended, reduced, frozen."""

    hold_id: str
    request_id: str
    case_id: str
    account: str
    measure: Measure
    amount: int
    unit: str
    at: datetime
    until: datetime
    mandate: str = ""


class Lifted(msgspec.Struct, frozen=True, tag="lifted"):
    """A measure ended before its time."""

    hold_id: str
    at: datetime


class Noted(msgspec.Struct, frozen=True, tag="noted"):
    """A request that was carried out without touching money: asked, watched, verified, warned."""

    account: str
    action: str
    request_id: str
    at: datetime


Entry = Opened | Moved | Settled | Dropped | Held | Lifted | Noted
