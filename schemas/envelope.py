"""The envelope: a bundle is a JSON array of 1..500 CloudEvents 1.0 of one member, signed as a whole in a Kafka header.

Source: CloudEvents 1.0 (JSON batch format), RFC 7515 and 7797 (detached JWS). Must never read a key or a clock.
"""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple
from uuid import UUID

from pydantic import Field, StringConstraints, TypeAdapter, model_validator

from schemas.alerts import Alias, SuspiciousAccount, SuspiciousHandle, SuspiciousNumber, VictimReport, Withdrawal
from schemas.answers import Answer
from schemas.base import Message, Timestamp
from schemas.objections import Appeal, Dispute
from schemas.risk import RiskCheck

CONTENT_TYPE = b"application/cloudevents-batch+json"
SIGNATURE_HEADER = "afa-signature"
MAX_EVENTS = 500
MAX_BYTES = 1_000_000
VERSION = 2

Source = Annotated[str, StringConstraints(pattern=r"^/members/[a-z][a-z0-9-]{0,39}$")]
Payload = Annotated[
    SuspiciousAccount
    | SuspiciousNumber
    | SuspiciousHandle
    | VictimReport
    | Alias
    | Withdrawal
    | RiskCheck
    | Answer
    | Appeal
    | Dispute,
    Field(discriminator="kind"),
]


class Seal(Message):
    """Clear values of one event, HPKE-sealed to one recipient; the event id is the associated data."""

    to: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9:._-]{0,79}$")]
    """`police` or a routing code's member."""
    blob: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,20000}$")]


class Event(Message):
    """One CloudEvent of a member. `type` is `afa.<kind>.v2`, `id` a UUIDv7 unique per member."""

    specversion: Literal["1.0"] = "1.0"
    id: UUID
    source: Source
    type: Annotated[str, StringConstraints(pattern=r"^afa\.[a-z-]+\.v\d+$")]
    time: Timestamp
    datacontenttype: Literal["application/json"] = "application/json"
    data: Payload
    seals: Annotated[list[Seal], Field(max_length=8)] = []

    @model_validator(mode="after")
    def _type_names_kind(self) -> Event:
        if self.type != event_type(self.data.kind):
            raise ValueError(f"type {self.type!r} does not name data.kind {self.data.kind!r} in version {VERSION}")
        return self


class Headers(NamedTuple):
    """A bundle's Kafka headers as sent."""

    signature: str

    def pairs(self) -> list[tuple[str, bytes]]:
        return [("content-type", CONTENT_TYPE), (SIGNATURE_HEADER, self.signature.encode())]


def event_type(kind: str) -> str:
    """The CloudEvents type of a kind in the contract's present version."""
    return f"afa.{kind}.v{VERSION}"


def source_of(member: str) -> str:
    """The CloudEvents source of a member."""
    return f"/members/{member}"


EVENTS: TypeAdapter[list[Event]] = TypeAdapter(Annotated[list[Event], Field(min_length=1, max_length=MAX_EVENTS)])
EVENT: TypeAdapter[Event] = TypeAdapter(Event)
