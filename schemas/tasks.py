"""A task: a deadline that was missed, and who must look. Shown to police, and to nobody else."""

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


class TaskView(Message):
    """A missed deadline as the casebook lists it."""

    number: int
    kind: TaskKind
    subject: UUID
    """The request; of a decision the hold, of a review the appeal or dispute."""
    case_id: UUID | None
    unit: MemberId | None
    """Which unit must look."""
    why: str
    since: Timestamp
    """The deadline itself."""
    told: Annotated[int, Field(ge=0)]
    """How often it was told."""
    closed_at: Timestamp | None = None
    """When it was no longer open: answered late, decided or ended."""
