"""What became of a member's own alerts, told to that member alone as it changes.

Must never carry what a member does not know already: no lead, case, account or other member; only ids of its
own alerts.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from schemas.base import MemberId, Message, Timestamp

MAX_ALERTS = 500


class Became(StrEnum):
    """What an alert led to so far, from the least to the most; an alert that was never told of led to nothing yet."""

    NOTHING = "nothing"
    """It was part of a lead, which has fallen."""
    LEAD = "lead"
    """It is part of a lead at Medium or above."""
    RELEASED = "released"
    """Money was held, and is held no more: let go, run out or taken by a court."""
    HELD = "held"
    RETURNED = "returned"
    """Victims have their money back, or some of it."""


class AlertOutcome(Message):
    """One alert, by the id under which its member published it."""

    event_id: UUID
    became: Became


class Outcome(Message):
    """Many alerts of one member; what is said of an alert replaces what was said of it before."""

    kind: Literal["outcome"] = "outcome"
    to: MemberId
    alerts: Annotated[list[AlertOutcome], Field(min_length=1, max_length=MAX_ALERTS)]
    at: Timestamp
