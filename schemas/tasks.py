"""A task: a deadline that was missed, or a call that did not help, and who must look. Shown to police alone."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from schemas.base import MemberId, Message, Timestamp


class TaskKind(StrEnum):
    ACKNOWLEDGE = "acknowledge"
    """A member has not said that it has the request."""
    FINAL = "final"
    """It has not said what became of it."""
    RELEASE = "release"
    """It has not let go."""
    DECISION = "decision"
    """The unit has not decided on a proposed release."""
    REVIEW = "review"
    """Nobody has decided on an appeal, or on a dispute."""
    VISIT = "visit"
    """A victim at risk was not reached by any call, or does not believe it."""
    REPORT = "report"
    """A victim has paid already, and has not reported it: without a report nothing is stopped."""


class TaskView(Message):
    """A task as the casebook lists it."""

    number: int
    kind: TaskKind
    subject: UUID
    """The request; of a decision the hold, of a review the appeal or dispute, of a visit or a report the call."""
    case_id: UUID | None
    unit: MemberId | None
    """Which unit must look."""
    why: str
    since: Timestamp
    """The deadline itself, or when the call's answer came."""
    told: Annotated[int, Field(ge=0)]
    """How often it was told."""
    closed_at: Timestamp | None = None
    """When it was no longer open: answered late, decided or ended."""
