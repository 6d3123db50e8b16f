"""What happened to a bank's accounts, as the entries of a journal: the ledger is what they add up to.

Amounts are minor units of the bank's one currency. Entries are written to disk: a changed field needs a new tag.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from schemas.answers import OutflowType
from schemas.identifiers import IdentifierKind
from schemas.returns import ReturnPayment


class AccountRef(msgspec.Struct, frozen=True):
    """An account anywhere: its number as its bank writes it, and the routing code of who holds it. The number is empty
    where the two have no name of an account in common, as a bank and a payment firm: the serial tells them apart."""

    route: str
    number: str
    kind: IdentifierKind = IdentifierKind.ACCOUNT


class Opened(msgspec.Struct, frozen=True, tag="opened"):
    """A customer's account, with what it held when the books began."""

    account: str
    kind: IdentifierKind
    person: str
    """The customer's citizen id or credit code."""
    phones: tuple[str, ...]
    balance: int
    at: datetime
    name: str = ""
    """The customer's; empty in books that do not keep it."""


class Carded(msgspec.Struct, frozen=True, tag="carded"):
    """A card of an account: another name of it, by which victims know it and other banks pay."""

    account: str
    card: str
    at: datetime


class Way(StrEnum):
    IN = "in"
    OUT = "out"


class Moved(msgspec.Struct, frozen=True, tag="moved"):
    """Money that came or left. One within the bank has two, under one serial. What is pending is settled or dropped."""

    serial: str
    way: Way
    account: str
    amount: int
    at: datetime
    means: OutflowType = OutflowType.TRANSFER
    other: AccountRef | None = None
    """Absent for cash."""
    place: str = ""
    pending: bool = False
    payee: str = ""
    """Of a payment out, whose name the payer gave."""


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
    """A measure on an account from `at` until `until`. The same id and account replace it."""

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
    begun: int = 0
    """The amount with which it began, however little is left of it; 0 in what was written before that was kept."""
    extended: int = 0
    """How often its time as a stop was set anew, and as a freeze."""
    renewed: int = 0


class Queued(msgspec.Struct, frozen=True, tag="queued"):
    """An order that waits for `amount`, which others hold, until `until`; then it lapses. Once its turn has come it is
    `Held` under the same id for `duration_s`. `behind` is what orders held when it came: all that it can ever get."""

    hold_id: str
    request_id: str
    case_id: str
    account: str
    amount: int
    behind: int
    unit: str
    at: datetime
    until: datetime
    duration_s: int
    mandate: str = ""
    place: int = 0
    """In the queue, as whoever asked was told; 0 in what was written before that was kept."""


class Placed(msgspec.Struct, frozen=True, tag="placed"):
    """Whoever asked has heard that the order has come nearer: its place in the queue now."""

    hold_id: str
    account: str
    place: int
    at: datetime


class Told(msgspec.Struct, frozen=True, tag="told"):
    """Whoever asked has heard that the order's turn has come."""

    hold_id: str
    request_id: str
    account: str
    at: datetime


class Lifted(msgspec.Struct, frozen=True, tag="lifted"):
    """A measure ended before its time, or an order no longer waits."""

    hold_id: str
    account: str
    at: datetime


class Slowed(msgspec.Struct, frozen=True, tag="slowed"):
    """Payments to an account elsewhere are not let go until then: the payers are asked first. The same id and payee
    replace it."""

    payee: str
    request_id: str
    at: datetime
    until: datetime
    hold_id: str = ""


class Noted(msgspec.Struct, frozen=True, tag="noted"):
    """A request that was carried out without touching money: asked, watched, verified, warned."""

    account: str
    action: str
    request_id: str
    at: datetime


class Listed(msgspec.Struct, frozen=True, tag="listed"):
    """The payments of a return as they came, ahead of the order that names them; `body` is the message. It pays
    nothing."""

    request_id: str
    body: str
    at: datetime


class Named(msgspec.Struct, frozen=True, tag="named"):
    """Whose account police mean by a stop, as it came ahead of the request. It stops nothing."""

    request_id: str
    tokens: tuple[str, ...]
    """Of the account, or of the payment by which alone the sender knows it."""
    name: str
    at: datetime


def serial_of(payment: ReturnPayment) -> str:
    """Under which serial a payment to a victim leaves, whenever it is asked for."""
    return f"R{payment.payment_id.hex}"


Entry = (
    Opened
    | Carded
    | Moved
    | Settled
    | Dropped
    | Held
    | Queued
    | Placed
    | Told
    | Lifted
    | Slowed
    | Noted
    | Listed
    | Named
)
