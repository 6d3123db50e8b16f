"""What an officer signs to decline the proposed release of a hold. Must never travel unsigned."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from schemas.base import Message, Text, Timestamp


class KeepHold(Message):
    """The hold goes on to `until` as it was, although its release was proposed."""

    kind: Literal["keep-hold"] = "keep-hold"
    hold_id: UUID
    proposed_for: str
    """The cause that the unit has weighed."""
    until: Timestamp
    reason: Text
