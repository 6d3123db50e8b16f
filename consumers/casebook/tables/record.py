"""Where reading goes on, and what was done."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from consumers.casebook.tables.base import Base


class ConsumerOffset(Base):
    """The next offset to read of each partition, moved in the transaction that holds its records' effects."""

    __tablename__ = "consumer_offset"
    topic: Mapped[str] = mapped_column(primary_key=True)
    partition: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    next: Mapped[int]


class Audit(Base):
    """What the casebook did, one entry a transaction, each bound to the one before by its hash. `acts` has for each act
    its name, subject, content's SHA-256 and salt, or null where that was erased."""

    __tablename__ = "audit"
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    acts: Mapped[list[Any]] = mapped_column(JSONB)
    digests: Mapped[bytes]
    previous: Mapped[bytes]
    hash: Mapped[bytes]
