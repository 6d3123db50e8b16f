"""Deadlines that were missed, and calls that did not help: each becomes a task of the unit that must look, told again
until it is done.

A missed deadline changes nothing else: a late answer is taken as any other. Must never tell more often than the
profile has it, nor make up for what could not be told while everything was down.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, case, exists, func, select, update
from sqlalchemy.orm import aliased

from consumers.casebook.asking import requests
from consumers.casebook.evidence import victims
from consumers.casebook.lifecycle import CaseStatus
from consumers.casebook.rows import insert_rows
from consumers.casebook.tables import AppealRow, Case, DisputeRow, Escalation, HoldRow, LeadRow, RequestRow
from consumers.casebook.turn import Turn
from schemas.base import seconds
from schemas.decisions import About, AppealStatus, DisputeStatus
from schemas.requests import Action, HoldStatus, Request, RequestStatus
from schemas.risk import Level
from schemas.tasks import TaskKind

_LATE = {
    TaskKind.ACKNOWLEDGE: "{member} has not acknowledged the {action}",
    TaskKind.FINAL: "{member} has not answered the {action}",
    TaskKind.RELEASE: "{member} has not let go of what it was told to release",
}
_UNHEARD = "{member} has not entered what the holder out of the city said of the {action}"
CLOCKS = tuple(
    select(func.min(column)).scalar_subquery()
    for column in (RequestRow.acknowledge_due, RequestRow.final_due, Escalation.next_at)
)
"""When the next deadline is missed, or the next task is told."""

_NOTED = dict.fromkeys((TaskKind.VISIT.value, TaskKind.REPORT.value), "wanted")
_UNREVIEWED = "nobody has decided on the {about}"
_UNDECIDED = "{unit} has not decided on the release that was proposed: {cause}"


def strike(turn: Turn) -> None:
    """What has become due since the last turn; each deadline strikes once."""
    for kind, due in ((TaskKind.FINAL, RequestRow.final_due), (TaskKind.ACKNOWLEDGE, RequestRow.acknowledge_due)):
        late = turn.db.execute(select(*RequestRow.__table__.c).where(due <= turn.now).order_by(due)).all()
        if late:
            _open(turn, [_late(turn, row, kind) for row in late])
            turn.db.execute(update(RequestRow).where(due <= turn.now).values({due: None}))
    _tell(turn)


def undecided(turn: Turn, holds: Sequence[Any]) -> None:
    """A proposed release on which the unit has not decided in time."""
    _open(
        turn,
        [
            _task(turn, TaskKind.DECISION, hold.hold_id, hold.case_id, hold.unit, hold.decide_by,
                  _UNDECIDED.format(unit=hold.unit or "nobody", cause=hold.cause))
            for hold in holds
        ],
    )  # fmt: skip


def unreviewed(turn: Turn, about: About, of: UUID, case_id: UUID | None, unit: str | None, due: datetime) -> None:
    """An appeal or a dispute on which nobody has decided in time."""
    _open(turn, [_task(turn, TaskKind.REVIEW, of, case_id, unit, due, _UNREVIEWED.format(about=about))])


def unhelped(turn: Turn, kind: TaskKind, call: Request, why: str) -> None:
    """A call to a victim with which a person must go on."""
    why = f"{why} (`afa case show {call.case_id}`)"
    _open(turn, [_task(turn, kind, call.request_id, call.case_id, call.to, turn.now, why)])


def close(turn: Turn) -> None:
    """What was done meanwhile, however late, is told no more."""
    done = update(Escalation).where(
        Escalation.closed_at.is_(None), ~_request_waits(), ~_hold_waits(), ~_objection_waits(), ~_victim_waits(turn)
    )
    closed = turn.db.execute(done.values(closed_at=turn.now, next_at=None).returning(Escalation.subject)).all()
    for row in closed:
        turn.trail.note("task closed", row.subject)


def _late(turn: Turn, row: Any, kind: TaskKind) -> dict[str, Any]:
    due = row.acknowledge_due if kind is TaskKind.ACKNOWLEDGE else row.final_due
    if kind is TaskKind.FINAL and row.action == Action.RELEASE:
        kind = TaskKind.RELEASE
    unit = requests.message(row.body, row.member).authority.unit
    words = _UNHEARD if row.status == RequestStatus.REFERRED else _LATE[kind]
    why = words.format(member=row.member, action=row.action)
    return _task(turn, kind, row.request_id, row.case_id, unit, due, why)


def _task(
    turn: Turn, kind: TaskKind, subject: Any, case_id: Any, unit: str | None, due: Any, why: str
) -> dict[str, Any]:
    first = due + seconds(turn.profile.escalation.after_s.value)
    return {
        "kind": kind.value, "subject": subject, "case_id": case_id, "unit": unit, "why": why, "due_at": due,
        "next_at": first,
    }  # fmt: skip


def _open(turn: Turn, rows: Sequence[dict[str, Any]]) -> None:
    insert_rows(turn.db, Escalation, rows, ignore=True)
    for row in rows:
        turn.trail.note(f"{row['kind']} {_NOTED.get(row['kind'], 'missed')}", row["subject"], row["why"].encode())


def _tell(turn: Turn) -> None:
    rule = turn.profile.escalation
    told = Escalation.told + 1
    again = turn.now + seconds(rule.after_s.value)
    values = {"told": told, "next_at": case((told < rule.most.value, again))}
    due = (Escalation.next_at <= turn.now) & Escalation.closed_at.is_(None)
    for row in turn.db.execute(update(Escalation).where(due).values(values).returning(Escalation.subject)).all():
        turn.trail.note("task told", row.subject)


def _request_waits() -> ColumnElement[bool]:
    sent, final = RequestStatus.SENT.value, (RequestStatus.ACKNOWLEDGED.value, RequestStatus.REFERRED.value)
    to_come = case(
        (Escalation.kind == TaskKind.ACKNOWLEDGE.value, RequestRow.status == sent),
        else_=RequestRow.status.in_((sent, *final)),
    )
    return exists().where(RequestRow.request_id == Escalation.subject, to_come)


def _hold_waits() -> ColumnElement[bool]:
    proposed = HoldRow.status == HoldStatus.RELEASE_PROPOSED.value
    return exists().where(HoldRow.hold_id == Escalation.subject, proposed)


def _objection_waits() -> ColumnElement[bool]:
    appeal = exists().where(AppealRow.appeal_id == Escalation.subject, AppealRow.status == AppealStatus.OVERDUE.value)
    overdue = DisputeRow.status == DisputeStatus.OVERDUE.value
    return appeal | exists().where(DisputeRow.dispute_id == Escalation.subject, overdue)


def _victim_waits(turn: Turn) -> ColumnElement[bool]:
    """Whether the victim is at risk still, or has not reported what it paid; and no officer has closed the case."""
    own = select(func.coalesce(Case.merged_into, Case.case_id)).where(Case.case_id == Escalation.case_id)
    goes_on, other = own.correlate(Escalation).scalar_subquery(), aliased(Case)
    is_open = (other.case_id == goes_on) & (other.status == CaseStatus.OPEN.value)
    at_risk = exists().where(is_open, LeadRow.lead_id == other.lead_id, LeadRow.level != Level.NONE.value)
    unreported = exists().where(is_open) & ~victims.reported(turn, goes_on, Escalation.due_at)
    kind = Escalation.kind
    return (kind == TaskKind.VISIT.value) & at_risk | (kind == TaskKind.REPORT.value) & unreported
