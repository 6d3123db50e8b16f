"""What is asked: requests, what waits for dispatch, answers, and where money was lost."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Identity
from sqlalchemy.orm import Mapped, mapped_column

from consumers.casebook.tables.base import Base, Json, changed


class RequestRow(Base):
    """A request. `body` is the message; `member` stands for its `to`, null while nobody is known; `missing`: whose
    signature it still waits for.

    The database sets `acknowledge_due` and `final_due` as it is sent and answered; a clock that has struck is null.
    `spent_at`: it was let go or cancelled. `freed_at`: police decided to let go of it, `freed_for` an
    appeal or a dispute. `again_at`: when a call is looked at again, which waits for room or did not reach its victim.
    """

    __tablename__ = "request"
    request_id: Mapped[UUID] = mapped_column(primary_key=True)
    case_id: Mapped[UUID]
    lead_id: Mapped[str | None]
    parent: Mapped[UUID | None]
    asked: Mapped[str]
    member: Mapped[str | None]
    unroutable: Mapped[str | None]
    action: Mapped[str]
    target: Mapped[str]
    authority: Mapped[str]
    proof: Mapped[str | None]
    missing: Mapped[str | None]
    mandate_id: Mapped[UUID | None]
    covered_by: Mapped[UUID | None]
    level: Mapped[str]
    status: Mapped[str]
    reason: Mapped[str | None]
    minor: Mapped[int | None]
    currency: Mapped[str | None]
    hop: Mapped[int]
    attempt: Mapped[int]
    void_after: Mapped[datetime]
    drafted_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    body: Mapped[str]
    acknowledge_s: Mapped[int | None]
    final_s: Mapped[int | None]
    latest_s: Mapped[int | None]
    acknowledge_due: Mapped[datetime | None]
    final_due: Mapped[datetime | None]
    spent_at: Mapped[datetime | None]
    freed_at: Mapped[datetime | None]
    freed_for: Mapped[str | None]
    again_at: Mapped[datetime | None]
    changed: Mapped[int] = changed()


class AnswerRow(Base):
    """Every answer, with whether it changed anything."""

    __tablename__ = "answer"
    member: Mapped[str] = mapped_column(primary_key=True)
    event_id: Mapped[UUID] = mapped_column(primary_key=True)
    request_id: Mapped[UUID] = mapped_column(index=True)
    digest: Mapped[bytes]
    status: Mapped[str]
    effect: Mapped[bool]
    done_at: Mapped[datetime]
    received_at: Mapped[datetime]
    body: Mapped[str]


class PathEnd(Base):
    """Where a path of money can't be followed further. `minor` is the victims' part, where it could be traced."""

    __tablename__ = "path_end"
    number: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    case_id: Mapped[UUID]
    request_id: Mapped[UUID]
    hop: Mapped[int]
    outflow: Mapped[Json]
    serial: Mapped[str | None]
    minor: Mapped[int | None]


class Outbox(Base):
    """What waits for dispatch, in order. `claimed`: dispatch may have sent it, so it can't be taken back."""

    __tablename__ = "outbox"
    number: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    member: Mapped[str]
    key: Mapped[str]
    value: Mapped[str]
    request_id: Mapped[UUID | None]
    claimed: Mapped[bool] = mapped_column(server_default="false")
