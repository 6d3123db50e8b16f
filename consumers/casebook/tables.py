"""The casebook's tables as the code sees them. What the database itself refuses stands in the migrations.

Columns of JSON hold the contract's own messages; what is searched or counted has a column of its own.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, FetchedValue, Identity, LargeBinary, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

Json = dict[str, Any]


class Base(DeclarativeBase):
    type_annotation_map = {
        str: Text,
        int: BigInteger,
        datetime: DateTime(timezone=True),
        UUID: Uuid,
        bytes: LargeBinary,
        Json: JSONB,
    }


def _changed() -> Mapped[int]:
    """The transaction that last wrote the row, set by a trigger: a cursor for those who follow."""
    return mapped_column(server_default=FetchedValue(), server_onupdate=FetchedValue())


class ConsumerOffset(Base):
    """The next offset to read of each partition, moved in the transaction that holds its records' effects."""

    __tablename__ = "consumer_offset"
    topic: Mapped[str] = mapped_column(primary_key=True)
    partition: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    next: Mapped[int]


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
    changed: Mapped[int] = _changed()


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
    """A suspect's identifier that a report names, with the payment that it got."""

    __tablename__ = "report_target"
    token: Mapped[str] = mapped_column(primary_key=True)
    member: Mapped[str] = mapped_column(primary_key=True)
    event_id: Mapped[UUID] = mapped_column(primary_key=True)
    transfer: Mapped[Json | None]


class RequestRow(Base):
    """A request. `body` is the message; `member` stands for its `to`, null while nobody is known; `missing`: whose
    signature it still waits for.

    The database sets `acknowledge_due` and `final_due` as it is sent and answered; a clock that has struck is null.
    `spent_at`: it was let go or cancelled. `freed_at`: police decided to let go of it, `freed_for` an
    appeal or a dispute.
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
    changed: Mapped[int] = _changed()


class HoldRow(Base):
    """Money held on an account at its holder, for the `unit` that ordered it.

    While it has a `queue_position`, other units' orders (`earlier`) are first and nothing is held: `minor` is what it
    waits for. `paper` is the hash of the document that its freeze stands on. `proposed_from` is what it was when its
    release was proposed for this `cause`, `decide_by` when its unit must have decided, `kept_at` when it declined.
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
    changed: Mapped[int] = _changed()


class Claim(Base):
    """A victim's share, by its report, of what is held; together they are no more than that."""

    __tablename__ = "claim"
    hold_id: Mapped[UUID] = mapped_column(primary_key=True)
    member: Mapped[str] = mapped_column(primary_key=True)
    event_id: Mapped[UUID] = mapped_column(primary_key=True)
    minor: Mapped[int]


class AliasRow(Base):
    """An identifier that its holder says is one account with the event's others."""

    __tablename__ = "alias"
    member: Mapped[str] = mapped_column(primary_key=True)
    event_id: Mapped[UUID] = mapped_column(primary_key=True)
    digest: Mapped[bytes] = mapped_column(primary_key=True)
    token: Mapped[str] = mapped_column(primary_key=True, index=True)


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


class MandateRow(Base):
    """A standing police order as each of its officers signed it, the last at `signed_at`. `begun`: what waits was
    looked at since it began. `revocation` is the signed word by which it ended."""

    __tablename__ = "mandate"
    mandate_id: Mapped[UUID] = mapped_column(primary_key=True)
    signatures: Mapped[list[str]] = mapped_column(ARRAY(Text))
    filed_at: Mapped[datetime]
    signed_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    revocation: Mapped[str | None]
    valid_from: Mapped[datetime | None]
    begun: Mapped[bool]


class FiledOrder(Base):
    """An officer's signature on a drafted request, until the casebook has judged it."""

    __tablename__ = "filed_order"
    number: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    request_id: Mapped[UUID]
    jws: Mapped[str]
    filed_at: Mapped[datetime]
    judged_at: Mapped[datetime | None]
    refusal: Mapped[str | None]


class FiledAnswer(Base):
    """What an officer heard of a holder out of the city, as it was signed, until the casebook has taken it."""

    __tablename__ = "filed_answer"
    number: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    event_id: Mapped[UUID]
    request_id: Mapped[UUID]
    jws: Mapped[str]
    filed_at: Mapped[datetime]
    judged_at: Mapped[datetime | None]
    refusal: Mapped[str | None]


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
    changed: Mapped[int] = _changed()


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
    changed: Mapped[int] = _changed()


class FiledRuling(Base):
    """An officer's signed decision, until the casebook has judged it."""

    __tablename__ = "filed_ruling"
    number: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    about: Mapped[str]
    id: Mapped[UUID]
    jws: Mapped[str]
    filed_at: Mapped[datetime]
    judged_at: Mapped[datetime | None]
    refusal: Mapped[str | None]


class HoldDecision(Base):
    """An officer's signed word that a hold is kept whose release was proposed, until the casebook has judged it."""

    __tablename__ = "hold_decision"
    number: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    hold_id: Mapped[UUID]
    jws: Mapped[str]
    filed_at: Mapped[datetime]
    judged_at: Mapped[datetime | None]
    refusal: Mapped[str | None]


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


class CaseActRow(Base):
    """An officer's signed word that a case is closed or transferred, until the casebook has judged it."""

    __tablename__ = "case_act"
    number: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    case_id: Mapped[UUID]
    jws: Mapped[str]
    filed_at: Mapped[datetime]
    judged_at: Mapped[datetime | None]
    refusal: Mapped[str | None]


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
    changed: Mapped[int] = _changed()


class FiledStatement(Base):
    """What was signed about a return, or of a court's judgement, until the casebook has judged it."""

    __tablename__ = "filed_statement"
    number: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    jws: Mapped[str]
    filed_at: Mapped[datetime]
    judged_at: Mapped[datetime | None]
    refusal: Mapped[str | None]
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
    """What a victim gets by one request. Once paid, dropped or unclear it stays so."""

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


class Outbox(Base):
    """What waits for dispatch, in order. `claimed`: dispatch may have sent it, so it can't be taken back."""

    __tablename__ = "outbox"
    number: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    member: Mapped[str]
    key: Mapped[str]
    value: Mapped[str]
    request_id: Mapped[UUID | None]
    claimed: Mapped[bool] = mapped_column(server_default="false")


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
