"""What a member answers to a request, and where the money went when it is no longer there."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from schemas.alerts import Channel, TransferStatus
from schemas.base import Code, Message, Money, Text, Timestamp
from schemas.identifiers import Identifier
from schemas.names import SealedName
from schemas.requests import Scope


class AnswerStatus(StrEnum):
    ACKNOWLEDGED = "acknowledged"
    EXECUTED = "executed"
    PARTIAL = "partial"
    REFUSED = "refused"
    NOT_FOUND = "not-found"
    ALREADY_GONE = "already-gone"
    FAILED = "failed"


class Comparison(StrEnum):
    """Outcome of comparing a request's match block with the member's own books."""

    MATCH = "match"
    MISMATCH = "mismatch"
    NOT_COMPARABLE = "not-comparable"


class Dissuasion(StrEnum):
    """What came of a call that police made to a victim at risk."""

    REACHED = "reached"
    """The victim was spoken to, and was warned."""
    UNREACHABLE = "unreachable"
    DISBELIEVES = "does-not-believe"
    """The victim was spoken to, and goes on."""
    ALREADY_PAID = "already-paid"


class OutflowType(StrEnum):
    TRANSFER = "transfer"
    ATM = "atm"
    COUNTER = "counter"
    POS = "pos"
    WALLET = "wallet"
    FX = "fx"
    CRYPTO = "crypto"


class MoneyOut(Message):
    """Money that left, or is leaving, an account. Cash-out, POS, FX and crypto end the path."""

    type: OutflowType
    status: TransferStatus = TransferStatus.POSTED
    amount: Money
    time: Timestamp
    payee: Identifier | None = None
    serial: Identifier | None = None
    channel: Channel = Channel.OTHER
    place: Text | None = None


class Outflow(MoneyOut):
    """The same as its bank tells it in an answer."""

    payee_name: SealedName | None = None
    """The payee's, as the payer gave it: sealed to the payee's holder, with the request's id as associated data."""


class EarlierOrder(Message):
    """Another unit's order that is first in the queue."""

    unit: Text
    amount: Money | None = None
    until: Timestamp | None = None


class Answer(Message):
    """A member's answer to one request. The event's time is when it was done."""

    kind: Literal["answer"] = "answer"
    request_id: UUID
    status: AnswerStatus
    reason: Text | None = None
    """Required in words where the answer is refused or failed."""
    comparison: Comparison | None = None
    scope: Scope | None = None
    amount: Money | None = None
    """What was held, verified or found, as executed."""
    balance: Money | None = None
    until: Timestamp | None = None
    queue_position: Annotated[int, Field(ge=1, le=10_000)] | None = None
    earlier_orders: Annotated[list[EarlierOrder], Field(max_length=16)] = []
    outflows: Annotated[list[Outflow], Field(max_length=200)] = []
    paid: Annotated[list[UUID], Field(max_length=500)] = []
    """Of a return that was carried out in part: the payments that were made, by their ids."""
    dissuasion: Dissuasion | None = None
    """Of a call that was made, and of nothing else: there it must be said."""
    clerk: Code | None = None
