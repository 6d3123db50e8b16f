"""The return of funds: statements, notices, claims, objections, payments."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from consumers.casebook.tables.base import Base, Json, Word


class FiledStatement(Word):
    """What was signed about a return, or of a court's judgement, until the casebook has judged it."""

    __tablename__ = "filed_statement"
    return_id: Mapped[UUID | None]


class ReturnNotice(Base):
    """The nth announcement that a hold is returned. `stays`: what is not returned now, by the reason, in minor units.

    `look`: something about it changed that nobody has acted upon. `ended`: its clock has struck. `held_status` and
    `held_minor` are the hold's as they were looked at last.
    """

    __tablename__ = "return_notice"
    return_id: Mapped[UUID] = mapped_column(primary_key=True)
    hold_id: Mapped[UUID]
    case_id: Mapped[UUID]
    number: Mapped[int]
    unit: Mapped[str]
    officer: Mapped[str]
    reason: Mapped[str]
    announced_at: Mapped[datetime]
    objections_until: Mapped[datetime]
    until: Mapped[datetime]
    stays: Mapped[Json]
    look: Mapped[bool]
    ended: Mapped[bool]
    held_status: Mapped[str]
    held_minor: Mapped[int]
    closed_at: Mapped[datetime | None]
    closed_for: Mapped[str | None]


class ReturnClaim(Base):
    """What a victim claims, as the notice names it. `annulled`: its report fell, or an objection was upheld."""

    __tablename__ = "return_claim"
    return_id: Mapped[UUID] = mapped_column(primary_key=True)
    member: Mapped[str] = mapped_column(primary_key=True)
    event_id: Mapped[UUID] = mapped_column(primary_key=True)
    taken_at: Mapped[datetime]
    minor: Mapped[int]
    traced: Mapped[bool]
    annulled: Mapped[bool]
    payer: Mapped[Json | None]


class ReturnObjection(Base):
    """An objection to one claim or, without one, to the whole return; `number` is its statement's."""

    __tablename__ = "return_objection"
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    return_id: Mapped[UUID]
    member: Mapped[str | None]
    event_id: Mapped[UUID | None]
    by: Mapped[str]
    reason: Mapped[str]
    filed_at: Mapped[datetime]
    upheld: Mapped[bool | None]
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]


class ReturnPaymentRow(Base):
    """What a victim gets by one request. Once paid or dropped it stays so, and what is unclear until an officer's
    statement, `settled_by`, says which."""

    __tablename__ = "return_payment"
    payment_id: Mapped[UUID] = mapped_column(primary_key=True)
    return_id: Mapped[UUID]
    hold_id: Mapped[UUID]
    request_id: Mapped[UUID]
    member: Mapped[str]
    event_id: Mapped[UUID]
    minor: Mapped[int]
    currency: Mapped[str]
    status: Mapped[str]
    drafted_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    settled_by: Mapped[int | None]
