"""A case as police are shown it: what is suspected and why, what was asked hop by hop, and what is held for whom.

Shown, never sent to a member: it joins what members may not know of each other.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal
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


class Clock(StrEnum):
    """What happens when it strikes."""

    VOID = "void"
    """A draft that nobody has signed, or that was not sent, is void."""
    ACKNOWLEDGEMENT = "acknowledgement"
    """The member should have said that it has the request."""
    ANSWER = "answer"
    """The member should have answered."""
    CALL = "call"
    """A victim is called who was not reached, or for whose call the desk had no room."""
    HOLD = "hold"
    """The hold ends."""
    RELEASE = "release"
    """Its unit should have let it go, or said why it keeps it."""
    APPEAL = "appeal"
    DISPUTE = "dispute"
    """An officer should have decided."""
    OBJECTIONS = "objections"
    """Nobody can object to the return any more."""
    NOTICE = "notice"
    """What the notice kept from being paid is paid."""
    REMINDER = "reminder"
    """A missed deadline is told once more."""


class ClockView(Message):
    """A clock that runs in a case; shown beside it. One that has struck stays until what it asks for is done."""

    kind: Literal["clock"] = "clock"
    clock: Clock
    about: UUID
    """The request, hold, appeal, dispute, return or task."""
    unit: MemberId | None = None
    """Who must do something until then, or holds what ends."""
    at: Timestamp
