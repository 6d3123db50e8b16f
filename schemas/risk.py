"""Before money moves: a bank asks what the alliance knows of a payer, a payee and a phone, and is answered at once."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from schemas.alerts import Channel
from schemas.base import MemberId, Message, Money, Text, Timestamp
from schemas.identifiers import Identifier, Phone


class Level(StrEnum):
    """How likely fraud is, by the score's probability."""

    NONE = "none"
    MEDIUM = "medium"
    HIGH = "high"
    VERY_HIGH = "very-high"


class Advice(StrEnum):
    PROCEED = "proceed"
    VERIFY = "verify"
    DELAY = "delay"
    DECLINE = "decline"


class RiskCheck(Message):
    """This payer, this payee, this phone: what does the alliance know?"""

    kind: Literal["risk-check"] = "risk-check"
    payer: Identifier
    payee: Identifier
    phones: Annotated[list[Phone], Field(max_length=8)] = []
    amount: Money
    channel: Channel = Channel.OTHER


class RiskAnswer(Message):
    """What the asker may know, with advice; sent to `to.<member>`."""

    kind: Literal["risk-answer"] = "risk-answer"
    check_id: UUID
    to: MemberId
    level: Level
    reasons: Annotated[list[Text], Field(max_length=16)] = []
    advice: Advice
    at: Timestamp
