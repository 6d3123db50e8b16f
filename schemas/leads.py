"""A lead: what the alliance knows of one suspect, or of one victim at risk, as a snapshot that explains itself.

Each snapshot replaces the one before; the last in partition order stands. Must never carry a clear identifier.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from schemas.base import MemberId, Message, Money, Probability, RoutingCode, Timestamp, Token
from schemas.identifiers import Basis, IdentifierKind
from schemas.registry import Sector
from schemas.risk import Level


class SubjectRole(StrEnum):
    SUSPECT = "suspect"
    VICTIM = "victim"
    """A victim at risk."""


class Stage(StrEnum):
    CONTACT = "contact"
    PRE_TRANSFER = "pre-transfer"
    IN_FLIGHT = "in-flight"
    LAYERING = "layering"
    CASH_OUT = "cash-out"


class Subject(Message):
    """Whom the lead is about."""

    role: SubjectRole
    kind: IdentifierKind
    token: Token
    holders: list[RoutingCode] = []
    """Who may hold it, the best known first."""
    basis: Basis = Basis.OBSERVED


class Relation(StrEnum):
    """Why an alert is evidence for the subject."""

    NAMED = "named"
    """The alert names the subject as a suspect."""
    CALL_TRANSFER = "call-transfer"
    CHAT_TRANSFER = "chat-transfer"
    CALL_CHAT = "call-chat"
    REPORT = "report"
    SAME_SUSPECT = "same-suspect"
    SAME_DEVICE = "same-device"
    SAME_IP = "same-ip"


class Via(Message):
    """Through which shared identifier an alert is linked to one that names the subject."""

    kind: IdentifierKind
    token: Token
    other_member: MemberId
    other_event: UUID
    gap_s: Annotated[int, Field(ge=0)]
    """Seconds between the two alerts; 0 where they overlap."""


class Evidence(Message):
    """One alert that bears on the subject, with its weight in log-odds before saturation."""

    member: MemberId
    event_id: UUID
    sector: Sector
    kind: str
    time: Timestamp
    relation: Relation
    weight: float
    via: Via | None = None


class Lead(Message):
    """One snapshot. `score` is the probability of `log_odds`; `expires_at` moves with new evidence."""

    lead_id: Annotated[str, Field(pattern=r"^L-[A-Za-z0-9_-]{22}$")]
    revision: Annotated[int, Field(ge=0)] = 0
    """Numbered by the casebook; 0 on the wire."""
    subject: Subject
    level: Level
    score: Probability
    log_odds: float
    sectors: list[Sector]
    members: list[MemberId]
    evidence: list[Evidence]
    victims_named: Annotated[int, Field(ge=0)] = 0
    victims_corroborated: Annotated[int, Field(ge=0)] = 0
    reported: bool = False
    """A standing victim report names the subject."""
    amount_at_risk: list[Money]
    stage: Stage
    at: Timestamp
    """Time of the latest evidence."""
    expires_at: Timestamp
    rules_version: str
