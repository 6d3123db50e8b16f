"""Where reading goes on, what could not be taken, what was done, and what was erased."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Identity
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from consumers.casebook.tables.base import Base, Json


class ConsumerOffset(Base):
    """The next offset to read of each partition, moved in the transaction that holds its records' effects."""

    __tablename__ = "consumer_offset"
    topic: Mapped[str] = mapped_column(primary_key=True)
    partition: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    next: Mapped[int]


class DeadLetter(Base):
    """A record that no turn could take, as it came (`place` is its offset), and which error was raised where. It is
    tried again at each start, until it is `carried_out_at`, or a later snapshot of the same lead is."""

    __tablename__ = "dead_letter"
    number: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    topic: Mapped[str]
    partition: Mapped[int]
    place: Mapped[int]
    key: Mapped[bytes | None]
    value: Mapped[bytes | None]
    headers: Mapped[list[Any]] = mapped_column(JSONB)
    fault: Mapped[str]
    taken_at: Mapped[datetime]
    carried_out_at: Mapped[datetime | None]


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


class RetentionRun(Base):
    """A run of the retention, asked for or once a day: how far it came, and how many rows of each table it erased."""

    __tablename__ = "retention_run"
    number: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    asked_at: Mapped[datetime]
    begun_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    steps: Mapped[int] = mapped_column(server_default="0")
    erased: Mapped[Json] = mapped_column(server_default="{}")
