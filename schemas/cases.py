"""A case as police are shown it: what is suspected and why, what was asked hop by hop, and what is held for whom.

Shown, never sent to a member: it joins what members may not know of each other.
"""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import Field

from schemas.answers import MoneyOut
from schemas.base import Code, MemberId, Message, Money, Timestamp
from schemas.leads import Lead, SubjectRole
from schemas.requests import HoldView, RequestView

Hop = Annotated[int, Field(ge=0, le=5)]


class ClaimView(Message):
    """What a victim claims of a hold by the report that names the account; claims may be more than is held."""

    hold_id: UUID
    member: MemberId
    """Who took the report, whose event this is."""
    event_id: UUID
    amount: Money


class PathEndView(Message):
    """Money that can't be followed further, and how it left."""

    request_id: UUID
    """The request whose answer told of it."""
    hop: Hop
    outflow: MoneyOut
    tainted: Money | None = None
    """What of it is victims' money, as far as that is known."""


class CaseView(Message):
    """Everything about one suspect, or one victim at risk."""

    case_id: UUID
    role: SubjectRole
    status: Code
    opened_at: Timestamp
    releases: Annotated[int, Field(ge=0)]
    """How often all that it rested on has fallen."""
    leads: list[Lead]
    """With their evidence. A suspect has one; of a victim there is one for each identifier at risk."""
    requests: list[RequestView]
    """By their hop, the first drafted first; one that nobody could be asked says why."""
    holds: list[HoldView]
    claims: list[ClaimView]
    path_ends: list[PathEndView]
