"""What police decide, on appeals, disputes and proposed releases: what is signed, what is told, how it is listed."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from schemas.base import Code, MemberId, Message, Text, Timestamp, Token
from schemas.notices import Notice
from schemas.objections import AppealGrounds, DisputeGrounds
from schemas.requests import Jws, LeadId

About = Literal["appeal", "dispute"]


class Finding(StrEnum):
    UPHELD = "upheld"
    """The hold, or the suspicion, falls."""
    REJECTED = "rejected"
    INADMISSIBLE = "inadmissible"
    """Not looked into: too late, said before, or there is nothing left to decide."""


class Ruling(Message):
    """What an officer signs, word for word. `of` is the SHA-256 of the objection as it was filed, in hexadecimal."""

    about: About
    id: UUID
    of: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    outcome: Literal[Finding.UPHELD, Finding.REJECTED]
    reason: Text


class Decision(Message):
    """The result, as all parties get it on `to.<member>`."""

    kind: Literal["decision"] = "decision"
    about: About
    id: UUID
    event_id: UUID | None = None
    """The event by which it was filed; for the member that filed it alone."""
    outcome: Finding
    reason: Text
    hold_id: UUID | None = None
    notice: Notice | None = None
    lead_id: LeadId | None = None
    request_id: UUID | None = None
    unit: MemberId | None = None
    officer: Code | None = None
    ruling: Jws | None = None
    """The officer's signature over a `Ruling`; none where the outcome is inadmissible, which follows from the rules."""
    at: Timestamp


class AppealStatus(StrEnum):
    FILED = "filed"
    OVERDUE = "overdue"
    """Its deadline has passed, and nobody has decided."""
    UPHELD = "upheld"
    REJECTED = "rejected"
    INADMISSIBLE = "inadmissible"


class AppealView(Message):
    """An appeal as the casebook lists it."""

    appeal_id: UUID
    hold_id: UUID
    notice: Notice
    case_id: UUID
    member: MemberId
    """Who filed it."""
    grounds: AppealGrounds
    statement: Text
    status: AppealStatus
    filed_at: Timestamp
    due_at: Timestamp
    late: bool
    """It was, or is, not decided by then."""
    reason: Text | None = None
    reviewer: str | None = None
    """Unit and officer."""
    decided_at: Timestamp | None = None


class DisputeStatus(StrEnum):
    OPEN = "open"
    OVERDUE = "overdue"
    """Its deadline has passed, and nobody has decided."""
    UPHELD = "upheld"
    REJECTED = "rejected"
    INADMISSIBLE = "inadmissible"


class DisputeView(Message):
    """A dispute as the casebook lists it."""

    dispute_id: UUID
    member: MemberId
    token: Token
    """Of the suspect that is disputed."""
    lead_id: LeadId | None
    request_id: UUID | None
    case_id: UUID | None
    grounds: DisputeGrounds
    statement: Text
    status: DisputeStatus
    filed_at: Timestamp
    due_at: Timestamp
    late: bool
    """It was, or is, not decided by then."""
    reason: Text | None = None
    officer: str | None = None
    """Unit and officer."""
    decided_at: Timestamp | None = None


class KeepHold(Message):
    """What an officer signs to decline a proposed release: the hold goes on to `until` as it was. Never travels
    unsigned."""

    kind: Literal["keep-hold"] = "keep-hold"
    hold_id: UUID
    proposed_for: str
    """The cause that the unit has weighed."""
    until: Timestamp
    reason: Text


class RevokeMandate(Message):
    """From `at` on nothing is asked under the mandate; what was asked stands."""

    kind: Literal["revoke-mandate"] = "revoke-mandate"
    mandate_id: UUID
    reason: Text
    at: Timestamp


class CloseCase(Message):
    """Nothing of the case is in force, and nothing is left to do."""

    kind: Literal["close-case"] = "close-case"
    case_id: UUID
    reason: Text
    at: Timestamp


class TransferCase(Message):
    """A unit out of the alliance has the case from now on: nothing new is asked in it here."""

    kind: Literal["transfer-case"] = "transfer-case"
    case_id: UUID
    unit: Text
    """Who takes it over, in words."""
    reason: Text
    at: Timestamp


class MergeCase(Message):
    """The case speaks of the same as another one, which goes on."""

    kind: Literal["merge-case"] = "merge-case"
    case_id: UUID
    into: UUID
    reason: Text
    at: Timestamp


CaseAct = Annotated[CloseCase | TransferCase | MergeCase, Field(discriminator="kind")]
