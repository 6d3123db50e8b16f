"""What the hub tells a member: of its bundles, and whatever else it sends; what it writes beside a quarantined one."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, TypeAdapter

from schemas.audit import AuditCheckpoint
from schemas.base import MemberId, Message, Text, Timestamp
from schemas.decisions import Decision
from schemas.epochs import TokenKeysLetter
from schemas.inquiries import ClearTarget
from schemas.names import NameToMatch
from schemas.outcomes import Outcome
from schemas.reasons import Reason
from schemas.reinjection import Reinjected
from schemas.requests import Request
from schemas.returns import ReturnList, ReturnNotice
from schemas.risk import RiskAnswer


class Refusal(Message):
    """One event, or the whole bundle where `index` is null, that was not accepted."""

    index: Annotated[int, Field(ge=0)] | None = None
    event_id: UUID | None = None
    reason: Reason
    detail: Text


class Receipt(Message):
    """What was refused of one bundle; sent to `to.<member>` only when something was."""

    kind: Literal["receipt"] = "receipt"
    topic: str
    partition: int
    offset: int
    accepted: int
    refusals: list[Refusal]
    at: Timestamp


class QuarantineNote(Message):
    """Travels in a header beside the quarantined bundle, whose exact bytes are the record's value."""

    topic: str
    partition: int
    offset: int
    member: MemberId | None
    """As far as the signature or the source names one; not proven where the signature failed."""
    refusals: list[Refusal]
    at: Timestamp


NOTE_HEADER = "afa-quarantine"
# A member passes over a kind that it does not know: the contract may grow by one.
Letter = (
    Request
    | Receipt
    | RiskAnswer
    | Outcome
    | Decision
    | ReturnList
    | ReturnNotice
    | AuditCheckpoint
    | ClearTarget
    | TokenKeysLetter
    | NameToMatch
    | Reinjected
)
ToMember = Annotated[Letter, Field(discriminator="kind")]
TO_MEMBER: TypeAdapter[Letter] = TypeAdapter(ToMember)
