"""Identifiers as they travel: a kind, tokens instead of clear values, who holds it, and how it is known.

Must never carry a clear value: those travel sealed (`schemas.envelope.Seal`).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from schemas.base import Message, RoutingCode, Timestamp, Token


class IdentifierKind(StrEnum):
    ACCOUNT = "account"
    CARD = "card"
    PAYMENT_ACCOUNT = "payment-account"
    MERCHANT = "merchant"
    WALLET = "wallet"
    TRANSFER_SERIAL = "transfer-serial"
    PERSON = "person"
    NUMBER = "number"
    PRESENTED_NUMBER = "presented-number"
    SIM = "sim"
    DEVICE = "device"
    TRUNK = "trunk"
    HANDLE = "handle"
    URL = "url"
    APP = "app"
    PARCEL = "parcel"
    TRIP = "trip"
    CRYPTO_ADDRESS = "crypto-address"
    IP = "ip"
    TERMINAL = "terminal"


class Basis(StrEnum):
    """How the sender knows the identifier."""

    OBSERVED = "observed"
    """Seen in the sender's own systems."""
    VERIFIED = "verified"
    """Checked with its holder."""
    TYPED = "typed"
    """Told or typed by a person; may be misread."""


class PhoneRole(StrEnum):
    """What a number in a bank's records is to the customer."""

    REGISTERED = "registered"
    DEVICE = "device"
    FAMILY = "family"
    CLERK = "company-clerk"


OWN_PHONES = frozenset({PhoneRole.REGISTERED, PhoneRole.FAMILY})
"""Who is called there is called because of the customer's money."""


class Identifier(Message):
    """One identifier; two tokens while two epochs overlap, the older first."""

    kind: IdentifierKind
    tokens: Annotated[list[Token], Field(min_length=1, max_length=2)]
    holders: Annotated[list[RoutingCode], Field(max_length=4)] = []
    basis: Basis = Basis.OBSERVED
    as_of: Timestamp | None = None
    """Since when, at least, the identifier is what it is said to be: numbers are recycled and ported."""


class Phone(Message):
    """A number among a customer's phones, with its role."""

    identifier: Identifier
    role: PhoneRole
    joinable: bool = True
    """False for privacy, 106, 400 and short numbers, which never join."""
