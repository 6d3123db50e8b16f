"""Return of funds: what a member is told to pay to whom, what is signed about a return, and how a return is shown.

The list of payments travels beside its `return` request, whose signed order names the list by its digest as the paper
that it stands on. Must never hold a victim's name: a payment names the report, and the account that paid.
"""

from __future__ import annotations

import hashlib
import json
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, TypeAdapter

from schemas.base import MemberId, Message, Money, Text, Timestamp
from schemas.identifiers import Identifier

MAX_PAYMENTS = 500
Number = Annotated[int, Field(ge=1)]


class ReturnPayment(Message):
    """What one victim gets of one hold, by its report."""

    payment_id: UUID
    case_id: UUID
    member: MemberId
    """The unit that ordered the return, whom the holder asks about the report; never who took it."""
    event_id: UUID
    """The report's."""
    amount: Money
    payer: Identifier | None = None
    """The account from which the victim had paid; the holder asks the unit where it is not known."""


class ReturnList(Message):
    """Who gets what by one `return` request, sent on `to.<member>` before it. Nothing is paid without that request."""

    kind: Literal["return-list"] = "return-list"
    request_id: UUID
    hold_id: UUID
    payments: Annotated[list[ReturnPayment], Field(min_length=1, max_length=MAX_PAYMENTS)]

    def digest(self) -> str:
        """SHA-256, in hexadecimal, of this message as JSON with sorted keys and no blanks; the request's
        `document_hash`."""
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()


class ReturnNotice(Message):
    """Sent on `to.<member>` to the one at which the account is: its holder may object through it until then."""

    kind: Literal["return-notice"] = "return-notice"
    return_id: UUID
    hold_id: UUID
    target: Identifier
    unit: MemberId
    amount: Money
    """What is held, and at most returned."""
    objections_until: Timestamp
    until: Timestamp
    """When the notice is over."""


class AnnounceReturn(Message):
    """An officer of the unit that ordered a hold announces the return of what it holds, for the nth time."""

    kind: Literal["announce-return"] = "announce-return"
    hold_id: UUID
    number: Number
    reason: Text
    at: Timestamp


class ObjectToReturn(Message):
    """An objection to one claim, named by its report, or to the whole return; by the holder through its bank, which
    signs it, or by an officer."""

    kind: Literal["object-to-return"] = "object-to-return"
    return_id: UUID
    event_id: UUID | None = None
    reason: Text
    at: Timestamp


class DecideObjection(Message):
    """An officer's decision: what is upheld is not paid."""

    kind: Literal["decide-objection"] = "decide-objection"
    objection: Number
    upheld: bool
    reason: Text
    at: Timestamp


class DeductHold(Message):
    """A court has taken what is held; an officer of the hold's unit enters its judgement."""

    kind: Literal["deduct-hold"] = "deduct-hold"
    hold_id: UUID
    paper: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    """SHA-256 of the judgement."""
    reason: Text
    at: Timestamp


class SettlePayments(Message):
    """An officer of the hold's unit enters which unclear payments of a return its member made, and which it did not."""

    kind: Literal["settle-payments"] = "settle-payments"
    return_id: UUID
    made: Annotated[list[UUID], Field(max_length=MAX_PAYMENTS)]
    not_made: Annotated[list[UUID], Field(max_length=MAX_PAYMENTS)]
    """What is owed again."""
    reference: Text
    """The paper that shows it, such as the member's statement by its number."""
    at: Timestamp


Statement = AnnounceReturn | ObjectToReturn | DecideObjection | DeductHold
STATEMENT: TypeAdapter[Statement] = TypeAdapter(Annotated[Statement, Field(discriminator="kind")])

Word = Statement | SettlePayments
"""Whatever may be filed: what older readers of a statement do not know is a contract of its own."""
WORD: TypeAdapter[Word] = TypeAdapter(Annotated[Word, Field(discriminator="kind")])


class Stays(StrEnum):
    """Why money is not returned now."""

    OBJECTION = "objection"
    """Somebody objects, and nobody has decided."""
    NOTICE_MISSING = "notice-missing"
    NOTICE_RUNNING = "notice-running"
    NO_CLAIM = "no-claim"
    """No victim that the notice names claims it."""
    NOT_FROZEN = "not-frozen"
    """The hold is no freeze, or its release is proposed: nothing is paid from it meanwhile."""
    NOBODY_TO_ASK = "nobody-to-ask"
    """The member that holds it is no active member at present."""
    UNCLEAR = "unclear"
    """Its member has not said which of the payments it made: it is to be asked. Nothing is paid a second time until an
    officer has entered that it was not paid."""


class PaymentStatus(StrEnum):
    DRAFTED = "drafted"
    """Ordered, or waiting to be; the request says which."""
    PAID = "paid"
    DROPPED = "dropped"
    """The request came to nothing, and so nothing was paid by it."""
    UNCLEAR = "unclear"


class ClaimShown(Message):
    """A victim's claim as the notice names it; what the ledgers trace and what not are two."""

    member: MemberId
    event_id: UUID
    amount: Money
    traced: bool
    annulled: bool
    """The report no longer stands, or an objection was upheld."""


class ObjectionShown(Message):
    objection: Number
    event_id: UUID | None
    """The report whose claim it is against; none if it is against the whole."""
    by: str
    reason: Text
    filed_at: Timestamp
    upheld: bool | None = None
    """None while nobody has decided."""
    decided_by: str | None = None


class PaymentShown(Message):
    payment_id: UUID
    request_id: UUID
    member: MemberId
    event_id: UUID
    amount: Money
    status: PaymentStatus


class StayShown(Message):
    amount: Money
    reason: Stays


class ReturnView(Message):
    """A return as the casebook lists it."""

    return_id: UUID
    hold_id: UUID
    case_id: UUID
    number: Number
    unit: MemberId
    officer: str
    reason: Text
    announced_at: Timestamp
    objections_until: Timestamp
    until: Timestamp
    """From when what is shared in proportion is paid."""
    closed_at: Timestamp | None
    closed_for: str | None
    claims: list[ClaimShown]
    objections: list[ObjectionShown]
    payments: list[PaymentShown]
    stays: list[StayShown]
