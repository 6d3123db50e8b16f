"""A request: one act asked of one member, with the authority that allows it. A hold: the state of an account
at its holder.

The two are separate things: a request is answered once, a hold lives on with its own clock.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from schemas.base import Code, MemberId, Message, Money, RoutingCode, Text, Timestamp
from schemas.identifiers import Identifier

Jws = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$", max_length=20000)]
Signatures = Annotated[list[Jws], Field(max_length=4)]
"""Each of another officer; as many as an order can name."""
LeadId = Annotated[str, StringConstraints(pattern=r"^L-[A-Za-z0-9_-]{22}$")]


class Action(StrEnum):
    QUERY = "query"
    WATCH = "watch"
    DELAY = "delay"
    VERIFY = "verify"
    INTERRUPT_LINE = "interrupt-line"
    WARN = "warn"
    STOP = "stop"
    EXTEND = "extend"
    REDUCE = "reduce"
    RELEASE = "release"
    FREEZE = "freeze"
    RENEW = "renew"
    RETURN = "return"
    SUSPEND = "suspend"
    TAKEDOWN = "takedown"
    CALL = "call"
    """A dissuasion call by police to a victim at risk."""


ABOUT_HOLDS = frozenset({Action.EXTEND, Action.REDUCE, Action.RELEASE, Action.FREEZE, Action.RENEW, Action.RETURN})
"""What changes or ends a hold that there is; by an order of the unit that ordered the hold."""


FREEING = frozenset({Action.RELEASE, Action.REDUCE, Action.RETURN})
"""What lets go: by these a hold ends or shrinks."""


class AuthorityClass(StrEnum):
    """What allows a request; nothing is stopped or frozen without the first two."""

    POLICE_ORDER = "police-order"
    MANDATE = "mandate"
    MEMBER_REQUEST = "member-request"
    ADVISORY = "advisory"


NEEDS_POLICE = frozenset(
    {Action.STOP, Action.EXTEND, Action.FREEZE, Action.RENEW, Action.RETURN, Action.SUSPEND, Action.REDUCE}
)
"""What no member may ask of another, wherever it is. A release is judged with the hold that it ends."""


class RequestStatus(StrEnum):
    DRAFTED = "drafted"
    AWAITING_AUTHORISATION = "awaiting-authorisation"
    SENT = "sent"
    ACKNOWLEDGED = "acknowledged"
    EXECUTED = "executed"
    PARTIAL = "partial"
    REFUSED = "refused"
    NOT_FOUND = "not-found"
    ALREADY_GONE = "already-gone"
    FAILED = "failed"
    REFERRED = "referred"
    CANCELLED = "cancelled"


class Authority(Message):
    """Who answers for the request, and the proof of it."""

    authority: AuthorityClass
    unit: MemberId | None = None
    officers: Annotated[list[Code], Field(max_length=4)] = []
    call_back: Text | None = None
    orders: Signatures = []
    """Of each officer one signature over the same `Request.order_text`."""
    mandate: Signatures = []
    """The mandate as each of the unit's officers that gave it has signed it."""
    covered_by: UUID | None = None
    """The victim report, or bank-reported case, that a mandate's request rests on."""
    legal_basis: Text | None = None
    purpose: Text | None = None
    document_hash: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None = None


class Match(Message):
    """The payment that must be found before anything is stopped; the payer's name travels sealed."""

    payer: Identifier | None = None
    serial: Identifier | None = None
    amount: Money | None = None
    time: Timestamp | None = None
    tolerance_s: Annotated[int, Field(ge=0, le=30 * 86400)] = 3600


class Disclosure(Message):
    """What the holder of the account may be told, by whom, and how it may object."""

    text: Text
    by: Code = "member"
    objection: Text


class Request(Message):
    """One act asked of one member, as sent on `to.<member>`."""

    kind: Literal["request"] = "request"
    request_id: UUID
    case_id: UUID
    lead_id: LeadId | None
    to: MemberId
    action: Action
    authority: Authority
    target: Identifier
    amount: Money | None = None
    match: Match | None = None
    duration_s: Annotated[int, Field(gt=0)] | None = None
    """How long the measure lasts, from its execution."""
    hop: Annotated[int, Field(ge=0, le=5)] = 0
    attempt: Annotated[int, Field(ge=1)] = 1
    void_after: Timestamp
    """Not to be executed later than this."""
    hold_id: UUID | None = None
    """The hold that extend, reduce, release, freeze, renew and return are about."""
    disclosure: Disclosure | None = None
    reasons: Annotated[list[Text], Field(max_length=16)] = []
    issued_at: Timestamp

    def order_text(self) -> dict[str, Any]:
        """What an officer signs: the act, its target, its bounds and the paper it stands on, and no word more."""
        kept = {"request_id", "case_id", "to", "action", "target", "amount", "match", "duration_s"}
        kept |= {"hop", "attempt", "void_after", "hold_id"}
        return {**self.model_dump(mode="json", include=kept), "document_hash": self.authority.document_hash}


class RequestView(Message):
    """A request as the casebook lists it, whether or not a member can be found for it."""

    request_id: UUID
    case_id: UUID
    lead_id: LeadId | None
    to: MemberId | None
    """Null while unroutable; `unroutable` says why."""
    action: Action
    authority: AuthorityClass
    unit: MemberId | None = None
    officers: Annotated[list[Code], Field(max_length=4)] = []
    """Who has signed the order, or the mandate that it is under."""
    missing: Text | None = None
    """What must still be signed before it goes out."""
    status: RequestStatus
    target: Identifier
    amount: Money | None
    hop: int
    attempt: int
    void_after: Timestamp
    unroutable: str | None = None
    reason: str | None = None
    drafted_at: Timestamp
    sent_at: Timestamp | None = None
    answered_at: Timestamp | None = None


class HoldStatus(StrEnum):
    QUEUED = "queued"
    ACTIVE = "active"
    EXTENDED = "extended"
    REDUCED = "reduced"
    FROZEN = "converted-to-freeze"
    RENEWED = "renewed"
    RELEASE_PROPOSED = "release-proposed"
    RELEASED = "released"
    PART_RETURNED = "part-returned"
    RETURNED = "returned"
    EXPIRED = "expired"
    DEDUCTED = "deducted-by-court"


class Scope(StrEnum):
    """What the member really held."""

    AMOUNT = "amount"
    ACCOUNT = "account"


class HoldView(Message):
    """A hold as the casebook lists it."""

    hold_id: UUID
    request_id: UUID
    case_id: UUID
    member: MemberId
    holder: RoutingCode | None = None
    target: Identifier
    status: HoldStatus
    scope: Scope
    amount: Money
    since: Timestamp
    until: Timestamp
    unit: MemberId | None = None
    """Whose order it is."""
    queue_position: Annotated[int, Field(ge=2)] | None = None
    """While other units' orders are first, and nothing is held."""


class Caps(Message):
    """Bounds of a mandate, in its currency's minor units."""

    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
    per_hold: Annotated[int, Field(gt=0)]
    per_account: Annotated[int, Field(gt=0)]
    per_day: Annotated[int, Field(gt=0)]


class Mandate(Message):
    """A standing police order: signed, bounded, and under the `cn` profile bound to a report or a
    bank-reported case."""

    mandate_id: UUID
    unit: MemberId
    officers: Annotated[list[Code], Field(min_length=1, max_length=4)]
    actions: Annotated[list[Action], Field(min_length=1)]
    min_level: Annotated[str, StringConstraints(pattern=r"^(medium|high|very-high)$")]
    report_required: bool = True
    max_hop: Annotated[int, Field(ge=0, le=5)]
    caps: Caps
    duration_s: Annotated[int, Field(gt=0)]
    release_at_once: bool
    """Released at once when its grounds fall; else proposed to the unit."""
    legal_basis: Text
    valid_from: Timestamp
    valid_to: Timestamp


class MandateView(Message):
    """A mandate as listed, with its signatures."""

    mandate: Mandate
    signatures: Annotated[list[Jws], Field(min_length=1, max_length=4)]
    revoked_at: Timestamp | None = None
