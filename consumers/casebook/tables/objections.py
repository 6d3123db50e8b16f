"""Appeals and disputes, the decisions filed on them, and what was found."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from consumers.casebook.tables.base import Base, Word, changed


class AppealRow(Base):
    """A holder's appeal against a hold. `reviewer` is the unit and the officer, `jws` what was signed."""

    __tablename__ = "appeal"
    appeal_id: Mapped[UUID] = mapped_column(primary_key=True)
    member: Mapped[str]
    event_id: Mapped[UUID]
    digest: Mapped[bytes]
    hold_id: Mapped[UUID]
    grounds: Mapped[str]
    statement: Mapped[str]
    status: Mapped[str]
    filed_at: Mapped[datetime]
    due_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    reviewer: Mapped[str | None]
    reason: Mapped[str | None]
    jws: Mapped[str | None]
    changed: Mapped[int] = changed()


class DisputeRow(Base):
    """A member's word that a suspicion is wrong: `token` is the suspect's, `case_id` that of the lead it names."""

    __tablename__ = "dispute"
    dispute_id: Mapped[UUID] = mapped_column(primary_key=True)
    member: Mapped[str]
    event_id: Mapped[UUID]
    digest: Mapped[bytes]
    token: Mapped[str]
    lead_id: Mapped[str | None]
    request_id: Mapped[UUID | None]
    case_id: Mapped[UUID | None]
    grounds: Mapped[str]
    statement: Mapped[str]
    status: Mapped[str]
    filed_at: Mapped[datetime]
    due_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    officer: Mapped[str | None]
    reason: Mapped[str | None]
    jws: Mapped[str | None]
    changed: Mapped[int] = changed()


class FiledRuling(Word):
    """An officer's signed decision, until the casebook has judged it."""

    __tablename__ = "filed_ruling"
    about: Mapped[str]
    id: Mapped[UUID]


class Label(Base):
    """What police found of a suspicion, kept so that the rules can be fitted to it."""

    __tablename__ = "label"
    about: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    lead_id: Mapped[str | None]
    case_id: Mapped[UUID | None]
    member: Mapped[str]
    outcome: Mapped[str]
    reason: Mapped[str]
    at: Mapped[datetime]
