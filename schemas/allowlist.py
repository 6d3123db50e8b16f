"""The allow-list: identifiers that are never the subject of a lead. An officer signs each entry; the hub passes it on.

Travels on `rules`, compacted: the last record of a key stands. Must never carry a clear identifier.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from schemas.base import Code, MemberId, Message, Text, Timestamp, Token
from schemas.identifiers import IdentifierKind
from schemas.requests import Jws


class Category(StrEnum):
    """Why many alerts may name the identifier although it is no suspect."""

    HOTLINE = "hotline"
    """Of police, a bank, a carrier: 96110, 95588."""
    UTILITY = "utility"
    ESCROW = "escrow"
    PAYROLL = "payroll"
    PLACEHOLDER = "placeholder"
    """No identifier at all, but what some software writes where it knows none."""
    OTHER = "other"


class AllowEntry(Message):
    """One identifier that is spared, as the officer signed it."""

    entry_id: UUID
    kind: IdentifierKind
    tokens: Annotated[list[Token], Field(min_length=1, max_length=2)]
    """One token, or two while two epochs overlap, the older first."""
    category: Category
    reason: Text
    unit: MemberId
    officer: Code
    at: Timestamp
    """When it was signed."""
    until: Timestamp | None = None
    removed: bool = False
    """The entry has ended: `reason` says why, `unit` and `officer` who ended it."""

    def key(self) -> str:
        """Under which its record lies on the topic: one of the same identifier under another epoch has another."""
        return f"{self.kind.value}/{self.tokens[0]}"


class AllowRecord(Message):
    """What lies on the `rules` topic: an `AllowEntry` within the signature of an officer of its unit."""

    jws: Jws


class AllowView(Message):
    """A record as it is listed."""

    key: str
    entry: AllowEntry | None
    """Null where nothing in the record is proven."""
    in_force: bool
    refused: str | None = None
    """Why the workers don't apply it."""
    spared: Annotated[int, Field(ge=0)]
    """How many leads it spared since the workers that run now have started."""
