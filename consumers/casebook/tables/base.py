"""What all tables have in common: how types are stored, and the cursor of those who follow changes."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, FetchedValue, Identity, LargeBinary, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

Json = dict[str, Any]


class Base(DeclarativeBase):
    type_annotation_map = {
        str: Text,
        int: BigInteger,
        datetime: DateTime(timezone=True),
        UUID: Uuid,
        bytes: LargeBinary,
        Json: JSONB,
    }


class Word(Base):
    """What somebody has signed and filed, until the casebook has judged it; `refusal`: why it was not taken."""

    __abstract__ = True
    number: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    jws: Mapped[str]
    filed_at: Mapped[datetime]
    judged_at: Mapped[datetime | None]
    refusal: Mapped[str | None]


def changed() -> Mapped[int]:
    """The transaction that last wrote the row, set by a trigger: a cursor for those who follow."""
    return mapped_column(server_default=FetchedValue(), server_onupdate=FetchedValue())
