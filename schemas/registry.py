"""Who is a member, of which sector and alliance, with which keys and routes. Travels on `members`, compacted.

Must never carry a private key or a password.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from schemas.base import Code, MemberId, Message, RoutingCode, Text, Timestamp

PublicKey = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{43}$")]
"""A raw 32-byte Ed25519 or X25519 public key, base64url without padding."""


class Sector(StrEnum):
    BANK = "bank"
    PAYMENT = "payment"
    CARRIER = "carrier"
    PLATFORM = "platform"
    SECURITIES = "securities"
    INSURANCE = "insurance"
    EXPRESS = "express"
    RIDE = "ride"
    POLICE = "police"
    PUBLIC = "public"
    """Media, schools, associations, volunteers: they receive bulletins."""


class Alliance(StrEnum):
    GOVERNMENT_AFFAIRS = "government-affairs"
    COMPREHENSIVE = "comprehensive"
    POLICE_BANK = "police-bank"
    POLICE_TELECOM = "police-telecom"
    POLICE_MEDIA = "police-media"
    POLICE_ENTERPRISE = "police-enterprise"
    POLICE_ASSOCIATION = "police-association"


class Status(StrEnum):
    ACTIVE = "active"
    SUSPENDED = "suspended"
    REVOKED = "revoked"


class SigningKey(Message):
    """A key that signed what was sent from `valid_from` until `valid_to`."""

    key_id: Code
    public: PublicKey
    valid_from: Timestamp
    valid_to: Timestamp | None = None


class Officer(Message):
    """A police officer who may sign orders; after `valid_to` a new order by that officer does not verify."""

    officer: Code
    rank: Code
    key: SigningKey


class Member(Message):
    """One member unit. `kid` of its signatures is `<member>/<key_id>`, of its officers'
    `<member>/<officer>/<key_id>`."""

    member: MemberId
    name: Text
    sector: Sector
    alliance: Alliance
    status: Status = Status.ACTIVE
    routes: Annotated[list[RoutingCode], Field(max_length=64)] = []
    keys: Annotated[list[SigningKey], Field(max_length=8)]
    seal_key: PublicKey
    officers: Annotated[list[Officer], Field(max_length=256)] = []
    call_back: Annotated[str, StringConstraints(pattern=r"^[0-9+-]{3,20}$")] | None = None
    """A number at which an order of this unit can be confirmed."""


MONEY = frozenset({Sector.BANK, Sector.PAYMENT, Sector.SECURITIES, Sector.INSURANCE})
"""The sectors that hold money."""
SERVICE = frozenset({Sector.PLATFORM, Sector.EXPRESS, Sector.RIDE, Sector.PAYMENT})
"""Those whose customers it knows by a handle."""
