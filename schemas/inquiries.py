"""What an officer asks of the police's vault, word for word as it is signed, and what the vault answers.

A clear identifier must never travel here but within a seal: a search's to the police, an answer's to the one command
that asked.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints, TypeAdapter

from schemas.base import Code, MemberId, Message, Text, Timestamp, Token
from schemas.identifiers import IdentifierKind
from schemas.registry import PublicKey
from schemas.requests import LeadId
from schemas.risk import Level

Sealed = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,4000}$")]


class Reveal(Message):
    """An identifier of a case is to be shown in clear."""

    kind: Literal["reveal"] = "reveal"
    case_id: UUID
    token: Token
    """As the case shows it."""
    purpose: Text
    answer_to: PublicKey
    """An X25519 key made for this one question; whoever asks keeps the other half in memory alone."""
    at: Timestamp


class Search(Message):
    """What is known of an identifier that the officer has in clear."""

    kind: Literal["search"] = "search"
    sealed: Sealed
    """A `Sought`, sealed to the police, with `answer_to` as associated data."""
    purpose: Text
    answer_to: PublicKey
    at: Timestamp


class Sought(Message):
    """What stands within a search's seal."""

    identifier: IdentifierKind
    value: Annotated[str, StringConstraints(min_length=1, max_length=500)]


class Revealed(Message):
    """The value makes the very token that was asked for; who sealed it, and in which event."""

    kind: Literal["revealed"] = "revealed"
    case_id: UUID
    token: Token
    identifier: IdentifierKind
    value: str
    member: MemberId
    event_id: UUID


class NamedAs(StrEnum):
    """As what an identifier stands in a case or a lead."""

    SUBJECT = "subject"
    """Whom it is about."""
    EVIDENCE = "evidence"
    """Through it alerts of several members belong together."""
    REQUEST = "request"
    """Something was asked about it, or it is in the payment to be matched."""
    REPORT = "report"
    """A victim report of the case names it."""
    PAYEE = "payee"
    """Money went there, and was followed no further."""


class NamingCase(Message):
    """A case that names the identifier."""

    case_id: UUID
    status: Code
    named_as: Annotated[list[NamedAs], Field(min_length=1)]


class NamingLead(Message):
    """A lead that names it, whether or not there is a case."""

    lead_id: LeadId
    case_id: UUID | None
    level: Level
    named_as: Annotated[list[NamedAs], Field(min_length=1)]


class Found(Message):
    """What names the identifier, by all of its tokens."""

    kind: Literal["found"] = "found"
    tokens: Annotated[list[Token], Field(min_length=1, max_length=2)]
    cases: list[NamingCase]
    leads: list[NamingLead]


class Unanswered(Message):
    """The vault opens nothing, and why."""

    kind: Literal["unanswered"] = "unanswered"
    why: Text


Inquiry = Annotated[Reveal | Search, Field(discriminator="kind")]
INQUIRY: TypeAdapter[Reveal | Search] = TypeAdapter(Inquiry)
VaultAnswer = Annotated[Revealed | Found | Unanswered, Field(discriminator="kind")]
VAULT_ANSWER: TypeAdapter[Revealed | Found | Unanswered] = TypeAdapter(VaultAnswer)
