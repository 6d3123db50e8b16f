"""What officers and units say: mandates, orders, entered answers, acts on cases; and what they have missed."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Identity, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from consumers.casebook.tables.base import Base, Word, changed


class MandateRow(Base):
    """A standing police order as each of its officers signed it, the last at `signed_at`. `begun`: what waits was
    looked at since it began. `revocation` is the signed word by which it ended. On record are the first `noted` of the
    signatures, and its end if `end_noted`."""

    __tablename__ = "mandate"
    mandate_id: Mapped[UUID] = mapped_column(primary_key=True)
    signatures: Mapped[list[str]] = mapped_column(ARRAY(Text))
    filed_at: Mapped[datetime]
    signed_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    revocation: Mapped[str | None]
    valid_from: Mapped[datetime | None]
    begun: Mapped[bool]
    noted: Mapped[int] = mapped_column(server_default="0")
    end_noted: Mapped[bool] = mapped_column(server_default="false")


class FiledOrder(Word):
    """An officer's signature on a drafted request, until the casebook has judged it."""

    __tablename__ = "filed_order"
    request_id: Mapped[UUID]


class FiledAnswer(Word):
    """What an officer heard of a holder out of the city, as it was signed, until the casebook has taken it."""

    __tablename__ = "filed_answer"
    event_id: Mapped[UUID]
    request_id: Mapped[UUID]


class CaseActRow(Word):
    """An officer's signed word that a case is closed or transferred, until the casebook has judged it."""

    __tablename__ = "case_act"
    case_id: Mapped[UUID]


class ReinjectionRow(Word):
    """An officer's signed word that the bundle refused at `place` is put back, until the casebook has judged it."""

    __tablename__ = "reinjection"
    place: Mapped[str]


class Escalation(Base):
    """A deadline `due_at` that was missed: whom it concerns, why, how often it was told, and when it is again."""

    __tablename__ = "escalation"
    number: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    kind: Mapped[str]
    subject: Mapped[UUID]
    case_id: Mapped[UUID | None]
    unit: Mapped[str | None]
    why: Mapped[str]
    due_at: Mapped[datetime]
    told: Mapped[int]
    next_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    changed: Mapped[int] = changed()
