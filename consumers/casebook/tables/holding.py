"""What is held, for whom, and what officers want done about it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Identity
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from consumers.casebook.tables.base import Base, Json, Word, changed


class HoldRow(Base):
    """Money held on an account at its holder, or a line at its carrier (of no money), for the `unit` that ordered it.

    While it has a `queue_position`, other units' orders (`earlier`) are first and nothing is held: `minor` is what it
    waits for. `paper` is the hash of the document that its freeze stands on. `proposed_from` is what it was when its
    release was proposed for this `cause`, `decide_by` when its unit must have decided, `kept_at` when it declined, if
    nothing was decided for the holder since.
    """

    __tablename__ = "hold"
    hold_id: Mapped[UUID] = mapped_column(primary_key=True)
    request_id: Mapped[UUID] = mapped_column(unique=True)
    case_id: Mapped[UUID]
    member: Mapped[str]
    target: Mapped[str]
    identifier: Mapped[Json]
    mandate_id: Mapped[UUID | None]
    status: Mapped[str]
    scope: Mapped[str]
    line: Mapped[bool] = mapped_column(server_default="false")
    minor: Mapped[int]
    currency: Mapped[str]
    since: Mapped[datetime]
    until: Mapped[datetime]
    unit: Mapped[str | None]
    queue_position: Mapped[int | None]
    earlier: Mapped[list[Json] | None] = mapped_column(JSONB)
    frozen_at: Mapped[datetime | None]
    paper: Mapped[str | None]
    proposed_from: Mapped[str | None]
    cause: Mapped[str | None]
    decide_by: Mapped[datetime | None]
    kept_at: Mapped[datetime | None]
    changed: Mapped[int] = changed()


class Claim(Base):
    """A victim's share, by its report, of what is held; together they are no more than that."""

    __tablename__ = "claim"
    hold_id: Mapped[UUID] = mapped_column(primary_key=True)
    member: Mapped[str] = mapped_column(primary_key=True)
    event_id: Mapped[UUID] = mapped_column(primary_key=True)
    minor: Mapped[int]


class HoldActRow(Base):
    """What an officer wants done about a hold, until the casebook has drafted the request for it, or said why not."""

    __tablename__ = "hold_act"
    number: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    hold_id: Mapped[UUID]
    action: Mapped[str]
    minor: Mapped[int | None]
    currency: Mapped[str | None]
    duration_s: Mapped[int | None]
    paper: Mapped[str | None]
    reason: Mapped[str]
    filed_at: Mapped[datetime]
    judged_at: Mapped[datetime | None]
    request_id: Mapped[UUID | None]
    refusal: Mapped[str | None]


class HoldDecision(Word):
    """An officer's signed word that a hold is kept whose release was proposed, until the casebook has judged it."""

    __tablename__ = "hold_decision"
    hold_id: Mapped[UUID]
