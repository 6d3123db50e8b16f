"""Appeals and disputes that nobody has decided in time: they stay to be decided, and are a task of the unit concerned.

Must never decide anything.
"""

from __future__ import annotations

from sqlalchemy import func, select, update

from consumers.casebook import escalations
from consumers.casebook.lifecycle import AppealEvent, DisputeEvent, appeal_after, dispute_after
from consumers.casebook.objections.disputes import asking_unit
from consumers.casebook.tables import AppealRow, DisputeRow, HoldRow
from consumers.casebook.turn import Turn
from schemas.decisions import AppealStatus, DisputeStatus

CLOCKS = (
    select(func.min(AppealRow.due_at)).where(AppealRow.status == AppealStatus.FILED.value).scalar_subquery(),
    select(func.min(DisputeRow.due_at)).where(DisputeRow.status == DisputeStatus.OPEN.value).scalar_subquery(),
)
"""When the next one is overdue."""

_APPEAL_OVERDUE = appeal_after(AppealStatus.FILED, AppealEvent.ESCALATE)
_DISPUTE_OVERDUE = dispute_after(DisputeStatus.OPEN, DisputeEvent.ESCALATE)


def strike(turn: Turn) -> None:
    """What has become due since the last turn; each deadline strikes once."""
    due = (AppealRow.status == AppealStatus.FILED.value) & (AppealRow.due_at <= turn.now)
    appeals = update(AppealRow).where(due).values(status=_APPEAL_OVERDUE.value).returning(AppealRow)
    for appeal in turn.db.execute(appeals).all():
        hold = turn.db.execute(select(HoldRow.unit, HoldRow.case_id).where(HoldRow.hold_id == appeal.hold_id)).one()
        escalations.unreviewed(turn, "appeal", appeal.appeal_id, hold.case_id, hold.unit, appeal.due_at)
    due = (DisputeRow.status == DisputeStatus.OPEN.value) & (DisputeRow.due_at <= turn.now)
    disputes = update(DisputeRow).where(due).values(status=_DISPUTE_OVERDUE.value).returning(DisputeRow)
    for dispute in turn.db.execute(disputes).all():
        unit = asking_unit(turn, dispute.request_id)
        escalations.unreviewed(turn, "dispute", dispute.dispute_id, dispute.case_id, unit, dispute.due_at)
