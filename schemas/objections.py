"""What is said against the alliance: a holder's appeal against a hold, a member's dispute of a lead or a request.

Neither changes anything by itself: police decide, and say why (`schemas.decisions`).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal
from uuid import UUID

from pydantic import model_validator

from schemas.base import Message, Text
from schemas.identifiers import Identifier
from schemas.notices import Notice
from schemas.requests import LeadId


class AppealGrounds(StrEnum):
    """Why the holder says that the hold must end. A lost appeal is not filed again on the same grounds."""

    MISTAKEN = "mistaken"
    """The account, or the person, was taken for another."""
    LAWFUL_PAYMENT = "lawful-payment"
    """What came in was the price of goods or work, or a debt that was paid."""
    OWN_FUNDS = "own-funds"
    """What is held did not come from a victim."""
    TOO_MUCH = "too-much"
    """More is held than the case needs."""
    LIVELIHOOD = "livelihood"
    """What is held is what the holder lives on."""
    NO_AUTHORITY = "no-authority"
    """The hold was not ordered as the law has it, or for longer than it may last."""


class Appeal(Message):
    """A holder's appeal, passed on by its bank, or entered by police by the notice's number. The event's time is when
    the holder filed it. Names the hold in one of two ways."""

    kind: Literal["appeal"] = "appeal"
    hold_id: UUID | None = None
    notice: Notice | None = None
    grounds: AppealGrounds
    statement: Text

    @model_validator(mode="after")
    def _names_one_hold(self) -> Appeal:
        if (self.hold_id is None) == (self.notice is None):
            raise ValueError("an appeal names its hold by `hold_id` or by `notice`, and not by both")
        return self


class DisputeGrounds(StrEnum):
    """Why the member says that the suspicion is wrong."""

    VOUCHED_FOR = "vouched-for"
    """A customer that the member knows and vouches for, such as a shop."""
    RECYCLED_NUMBER = "recycled-number"
    """The number had another subscriber when it happened."""
    SPOOFED_CALLER = "spoofed-caller"
    """The number was shown by somebody who does not have it."""
    MISTAKEN = "mistaken"
    """The suspect was taken for another."""


class Dispute(Message):
    """A member disputes a lead that it was asked about or reported to, a request that it got, or one of its own
    customers as a suspect; it names one of the three."""

    kind: Literal["dispute"] = "dispute"
    lead_id: LeadId | None = None
    request_id: UUID | None = None
    target: Identifier | None = None
    grounds: DisputeGrounds
    statement: Text

    @model_validator(mode="after")
    def _names_one_thing(self) -> Dispute:
        if [self.lead_id, self.request_id, self.target].count(None) != 2:
            raise ValueError("a dispute names one of `lead_id`, `request_id` and `target`")
        return self
