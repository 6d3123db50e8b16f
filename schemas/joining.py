"""How a unit joins, and how a member changes its keys: the invite, what it asks with, and what the registrar answers.

A private key must never stand in one of these, and a secret only in the invite, which is its one holder's, and within a
seal; a repr must show neither.
"""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from schemas.base import Code, MemberId, Message, Text, Timestamp
from schemas.registry import PublicKey

Secret32 = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{43}$")]
"""32 bytes, base64url without padding."""


class Broker(Message):
    """Where the alliance's Kafka is. `ca` is the PEM of the authority that signs its certificate, if no public one."""

    bootstrap: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.:,\[\]-]{3,500}$")]
    security_protocol: Literal["SASL_PLAINTEXT", "SASL_SSL"]
    ca: Annotated[str, StringConstraints(max_length=20_000)] | None = None


class Invite(Message):
    """Permits one unit to ask once to join, until it expires (wall time). Whoever has the code can use it."""

    invite_id: UUID
    member: MemberId
    broker: Broker
    code: Annotated[Secret32, Field(repr=False)]
    registrar: PublicKey
    """The key that signs the registry and every answer to the member."""
    expires: Timestamp


class KeyRequest(Message):
    """A unit's new public keys. It travels signed by the signing key in it, which proves that the sender has it.

    A newcomer proves its invite by `proof`: HMAC-SHA256 under the code, over member, signing and sealing key. A member
    signs the whole once more with a key that the registry knows, and has no proof.
    """

    member: MemberId
    key_id: Code
    signing: PublicKey
    sealing: PublicKey
    invite_id: UUID | None = None
    proof: Secret32 | None = None


class Endorsed(Message):
    """A member's request for new keys, as it is signed by its present key."""

    request: Annotated[str, StringConstraints(max_length=4_000)]


class Admission(Message):
    """The registrar's answer to the keys named, signed by it; `sealed` is a Welcome that only their holder can open."""

    member: MemberId
    key_id: Code
    sealed: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{64,8000}$")]


class EpochKey(Message):
    """The token key of an epoch."""

    epoch: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]{1,8}$")]
    key: Annotated[Secret32, Field(repr=False)]


class ClockOrigin(Message):
    """The alliance clock: at Unix time `origin_wall` it was `origin_alliance`; since then `rate` times as fast."""

    origin_wall: Annotated[float, Field(ge=0)]
    origin_alliance: Annotated[float, Field(ge=0)]
    rate: Annotated[float, Field(gt=0)]


class Welcome(Message):
    """What a member needs beside its keys. `password` is absent where the one that it has goes on."""

    password: Annotated[
        Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{32,64}$")] | None, Field(repr=False)
    ] = None
    token_keys: Annotated[list[EpochKey], Field(min_length=1, max_length=2)]
    clock: ClockOrigin


class Pending(Message):
    """What the registrar is shown of an invite, or of a member's request for new keys. Times are wall time."""

    member: MemberId
    waits_for: Text
    fingerprint: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{4}(-[0-9a-f]{4}){7}$")] | None = None
    asked_at: Timestamp | None = None
    expires: Timestamp | None = None
    refused: list[Text] = []
    """Why other uses of the same invite do not count."""
