"""What the registrar does that no record of the registry tells. Travels on `registrar-acts`, signed as those are, for
the casebook to put it on record.

Must never carry a secret: not an invite's code, a password or a key.
"""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints, TypeAdapter, ValidationError

from schemas.base import MemberId, Message, RoutingCode, Text, Timestamp
from schemas.epochs import EpochName
from schemas.registry import Alliance, Sector
from schemas.requests import Jws

AlertsPerSecond = Annotated[int, Field(ge=1, le=100_000)]


class UnitInvited(Message):
    """A unit may ask once to join, as what is said here, until `expires` (wall time)."""

    kind: Literal["unit-invited"] = "unit-invited"
    member: MemberId
    invite_id: UUID
    name: Text
    sector: Sector
    alliance: Alliance
    routes: Annotated[list[RoutingCode], Field(max_length=64)] = []
    call_back: Annotated[str, StringConstraints(pattern=r"^[0-9+-]{3,20}$")] | None = None
    rate: AlertsPerSecond | None = None
    """What is agreed once it is admitted, if anything else than was before or is usual."""
    expires: Timestamp
    at: Timestamp


class InviteWithdrawn(Message):
    """What invite the unit has, if it has one, is good for nothing."""

    kind: Literal["invite-withdrawn"] = "invite-withdrawn"
    member: MemberId
    at: Timestamp


class RateAgreed(Message):
    """How many alerts a second the member may send from now on before the broker's quotas go by ten times that."""

    kind: Literal["rate-agreed"] = "rate-agreed"
    member: MemberId
    rate: AlertsPerSecond
    at: Timestamp


class TokenKeysGiven(Message):
    """The token keys of these epochs go to the member, sealed to it, or into its file on the registrar's own folder."""

    kind: Literal["token-keys-given"] = "token-keys-given"
    member: MemberId
    epochs: Annotated[list[EpochName], Field(min_length=1, max_length=2)]
    at: Timestamp


class TokenKeysTaken(Message):
    """The member has the token keys of these epochs, and a cut-over rests on that. `word` is its own, an `EpochTaken`;
    none where the registrar itself keeps its keys."""

    kind: Literal["token-keys-taken"] = "token-keys-taken"
    member: MemberId
    epochs: Annotated[list[EpochName], Field(min_length=1, max_length=2)]
    word: Jws | None = None
    at: Timestamp


RegistrarAct = Annotated[
    UnitInvited | InviteWithdrawn | RateAgreed | TokenKeysGiven | TokenKeysTaken, Field(discriminator="kind")
]
REGISTRAR_ACT: TypeAdapter[UnitInvited | InviteWithdrawn | RateAgreed | TokenKeysGiven | TokenKeysTaken] = TypeAdapter(
    RegistrarAct
)


def registrar_act(value: bytes) -> RegistrarAct | None:
    """The act that these bytes are; None for anything else that the registrar may have signed."""
    try:
        return REGISTRAR_ACT.validate_json(value)
    except ValidationError:
        return None
