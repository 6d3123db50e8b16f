"""What officers ask of the police's vault."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Identity, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from consumers.casebook.tables.base import Base


class InquiryRow(Base):
    """A signed `Reveal` (of a case), `Reseal` (to a `member` too) or `Search`. The vault gives the `tokens` of what is
    sought, none if it can't be read, before the casebook judges; to what was accepted an `answer`, sealed to who asked,
    and the `letter` that the casebook has sent to the member at `sent_at`."""

    __tablename__ = "inquiry"
    number: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    case_id: Mapped[UUID | None]
    member: Mapped[str | None]
    jws: Mapped[str]
    tokens: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    filed_at: Mapped[datetime]
    judged_at: Mapped[datetime | None]
    refusal: Mapped[str | None]
    answer: Mapped[str | None]
    letter: Mapped[str | None]
    sent_at: Mapped[datetime | None]
