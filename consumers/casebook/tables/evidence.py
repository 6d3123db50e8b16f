"""What speaks for and against: cases and leads, alerts seen and withdrawn, reports, aliases."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from consumers.casebook.tables.base import Base, Json, changed


class Case(Base):
    """Everything about one suspect, or one victim at risk. `releases` counts how often its grounds fell; `became` is
    what members are told that their alerts in it led to."""

    __tablename__ = "case"
    case_id: Mapped[UUID] = mapped_column(primary_key=True)
    lead_id: Mapped[str]
    role: Mapped[str]
    status: Mapped[str]
    merged_into: Mapped[UUID | None]
    releases: Mapped[int]
    opened_at: Mapped[datetime]
    became: Mapped[str] = mapped_column(server_default="nothing")


class LeadRow(Base):
    """The last snapshot of a lead, numbered."""

    __tablename__ = "lead"
    lead_id: Mapped[str] = mapped_column(primary_key=True)
    case_id: Mapped[UUID | None]
    revision: Mapped[int]
    digest: Mapped[bytes]
    role: Mapped[str]
    token: Mapped[str] = mapped_column(index=True)
    level: Mapped[str]
    snapshot: Mapped[str]
    taken_at: Mapped[datetime]
    changed: Mapped[int] = changed()


class Renamed(Base):
    """A later name of the subject that leads named `first` before."""

    __tablename__ = "renamed"
    token: Mapped[str] = mapped_column(primary_key=True)
    first: Mapped[str] = mapped_column(index=True)


class EvidenceSeen(Base):
    """Every alert that ever supported a case. `direct`: it names the subject itself; what does not, rests on one.
    `told`: what the case had become when the alert's member was told last."""

    __tablename__ = "evidence_seen"
    case_id: Mapped[UUID] = mapped_column(primary_key=True)
    member: Mapped[str] = mapped_column(primary_key=True)
    event_id: Mapped[UUID] = mapped_column(primary_key=True)
    direct: Mapped[bool]
    report: Mapped[bool]
    told: Mapped[str | None]


class OutcomeCursor(Base):
    """Up to which transaction's changes members were told what became of their alerts, and when; one row."""

    __tablename__ = "outcome_cursor"
    one: Mapped[bool] = mapped_column(primary_key=True)
    up_to: Mapped[int]
    at: Mapped[datetime]


class Withdrawn(Base):
    """An alert that no longer stands, whichever of the two came first."""

    __tablename__ = "withdrawn"
    member: Mapped[str] = mapped_column(primary_key=True)
    event_id: Mapped[UUID] = mapped_column(primary_key=True)
    by_police: Mapped[bool]
    at: Mapped[datetime]


class ReportRow(Base):
    """A victim report. `conflict`: its id came with two contents, and neither counts."""

    __tablename__ = "report"
    member: Mapped[str] = mapped_column(primary_key=True)
    event_id: Mapped[UUID] = mapped_column(primary_key=True)
    digest: Mapped[bytes]
    conflict: Mapped[bool]
    report_id: Mapped[str]
    taken_at: Mapped[datetime]


class ReportTarget(Base):
    """A suspect's identifier that a report names, with each payment that it got: `payment` is its place in the report.
    Under both tokens of one identifier a payment has one number, and is one."""

    __tablename__ = "report_target"
    token: Mapped[str] = mapped_column(primary_key=True)
    member: Mapped[str] = mapped_column(primary_key=True)
    event_id: Mapped[UUID] = mapped_column(primary_key=True)
    payment: Mapped[int] = mapped_column(primary_key=True)
    transfer: Mapped[Json | None]


class ReportVictim(Base):
    """An identifier of the victim whose report it is."""

    __tablename__ = "report_victim"
    token: Mapped[str] = mapped_column(primary_key=True)
    member: Mapped[str] = mapped_column(primary_key=True)
    event_id: Mapped[UUID] = mapped_column(primary_key=True)


class AliasRow(Base):
    """An identifier that its holder says is one account with the event's others."""

    __tablename__ = "alias"
    member: Mapped[str] = mapped_column(primary_key=True)
    event_id: Mapped[UUID] = mapped_column(primary_key=True)
    digest: Mapped[bytes] = mapped_column(primary_key=True)
    token: Mapped[str] = mapped_column(primary_key=True, index=True)
    taken_at: Mapped[datetime]
