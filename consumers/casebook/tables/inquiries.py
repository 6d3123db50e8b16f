"""What officers ask of the police's vault."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from consumers.casebook.tables.base import Word


class InquiryRow(Word):
    """A signed `Reveal` (of a case), `Reseal` (to a `member` too) or `Search`. The vault gives the `tokens` of what is
    sought, none if it can't be read, before the casebook judges; to what was accepted an `answer`, sealed to who asked,
    and the `letter` that the casebook has sent to the member at `sent_at`."""

    __tablename__ = "inquiry"
    case_id: Mapped[UUID | None]
    member: Mapped[str | None]
    tokens: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    answer: Mapped[str | None]
    letter: Mapped[str | None]
    sent_at: Mapped[datetime | None]
