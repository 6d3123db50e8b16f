"""Appeals and disputes as people are shown them. Reads only."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Select, func, select

from consumers.casebook.tables import AppealRow, DisputeRow, HoldRow
from consumers.casebook.views.listings import Page, page
from schemas.decisions import AppealStatus, AppealView, DisputeStatus, DisputeView
from schemas.notices import notice_of
from schemas.objections import AppealGrounds, DisputeGrounds


def appeals(db: Connection, since: int = 0) -> Page[AppealView]:
    """Appeals in every state."""
    return page(db, _appeals(), AppealRow.changed, since, _appeal)


def appeal(db: Connection, appeal_id: UUID) -> AppealView:
    """One that there is."""
    return _appeal(db.execute(_appeals().where(AppealRow.appeal_id == appeal_id)).one())


def disputes(db: Connection, since: int = 0) -> Page[DisputeView]:
    """Disputes in every state."""
    return page(db, _disputes(), DisputeRow.changed, since, _dispute)


def dispute(db: Connection, dispute_id: UUID) -> DisputeView:
    """One that there is."""
    return _dispute(db.execute(_disputes().where(DisputeRow.dispute_id == dispute_id)).one())


def _appeals() -> Select[Any]:
    late = (AppealRow.status == AppealStatus.OVERDUE.value) | (AppealRow.decided_at > AppealRow.due_at)
    query = select(*AppealRow.__table__.c, HoldRow.case_id, func.coalesce(late, False).label("late"))
    return query.join(HoldRow, HoldRow.hold_id == AppealRow.hold_id)


def _disputes() -> Select[Any]:
    late = (DisputeRow.status == DisputeStatus.OVERDUE.value) | (DisputeRow.decided_at > DisputeRow.due_at)
    return select(*DisputeRow.__table__.c, func.coalesce(late, False).label("late"))


def _appeal(row: Any) -> AppealView:
    return AppealView(
        appeal_id=row.appeal_id,
        hold_id=row.hold_id,
        notice=notice_of(row.hold_id),
        case_id=row.case_id,
        member=row.member,
        grounds=AppealGrounds(row.grounds),
        statement=row.statement,
        status=AppealStatus(row.status),
        filed_at=row.filed_at,
        due_at=row.due_at,
        late=row.late,
        reason=row.reason,
        reviewer=row.reviewer,
        decided_at=row.decided_at,
    )


def _dispute(row: Any) -> DisputeView:
    return DisputeView(
        dispute_id=row.dispute_id,
        member=row.member,
        token=row.token,
        lead_id=row.lead_id,
        request_id=row.request_id,
        case_id=row.case_id,
        grounds=DisputeGrounds(row.grounds),
        statement=row.statement,
        status=DisputeStatus(row.status),
        filed_at=row.filed_at,
        due_at=row.due_at,
        late=row.late,
        reason=row.reason,
        officer=row.officer,
        decided_at=row.decided_at,
    )
