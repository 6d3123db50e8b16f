"""What an officer asks of the police's vault, word for word as it is signed, what the vault answers, and what
it has a member told.

A clear identifier must never travel here but within a seal: a search's to the police, an answer's to the one command
that asked, a target's to the member that is asked about it.
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


class Reseal(Message):
    """The target of a request is to be told in clear to the member that is asked, and to nobody else."""

    kind: Literal["reseal"] = "reseal"
    case_id: UUID
    request_id: UUID
    to: MemberId
    token: Token
    """The target's, as the request has it; the newest, since the member proves it by the keys that it has now."""
    purpose: Text
    answer_to: PublicKey
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
    """What stands within the seal of a search, and of a target that is told in clear."""

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


class Resealed(Message):
    """The target goes to the member, sealed; who had sealed it to police, and in which event."""

    kind: Literal["resealed"] = "resealed"
    request_id: UUID
    to: MemberId
    member: MemberId
    event_id: UUID


class ClearTarget(Message):
    """The target of a request in clear: a `Sought`, which the police's vault seals to the member that is asked, with
    the request's id as associated data. What does not make the request's token is not to be believed."""

    kind: Literal["clear-target"] = "clear-target"
    request_id: UUID
    token: Token
    sealed: Sealed


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
    tokens: Annotated[list[Token], Field(min_length=1)]
    cases: list[NamingCase]
    leads: list[NamingLead]


class Unanswered(Message):
    """The vault opens nothing, and why."""

    kind: Literal["unanswered"] = "unanswered"
    why: Text


Inquiry = Annotated[Reveal | Reseal | Search, Field(discriminator="kind")]
INQUIRY: TypeAdapter[Reveal | Reseal | Search] = TypeAdapter(Inquiry)
VaultAnswer = Annotated[Revealed | Resealed | Found | Unanswered, Field(discriminator="kind")]
VAULT_ANSWER: TypeAdapter[Revealed | Resealed | Found | Unanswered] = TypeAdapter(VaultAnswer)
