"""Returns of funds as people are shown them: who claims what, who objects, what was paid and why the rest stays.

Reads only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Connection, func, select

from alliance.errors import Refused
from consumers.casebook.rows import among
from consumers.casebook.tables import HoldRow, ReturnClaim, ReturnNotice, ReturnObjection, ReturnPaymentRow
from schemas.base import Money
from schemas.identifiers import Identifier
from schemas.requests import Request
from schemas.returns import (
    ClaimShown,
    ObjectionShown,
    PaymentShown,
    PaymentStatus,
    ReturnView,
    Stays,
    StayShown,
)


def returns(db: Connection, cases: Sequence[UUID] | None = None) -> list[ReturnView]:
    """All returns, or those of some cases, the oldest first."""
    query = select(*ReturnNotice.__table__.c, HoldRow.currency)
    query = query.join(HoldRow, HoldRow.hold_id == ReturnNotice.hold_id)
    if cases is not None:
        query = query.where(among(ReturnNotice.case_id, cases))
    return _shown(db, db.execute(query.order_by(ReturnNotice.announced_at, ReturnNotice.return_id)).all())


def one(db: Connection, return_id: UUID) -> ReturnView:
    """One return. Raises Refused if there is none such."""
    query = select(*ReturnNotice.__table__.c, HoldRow.currency)
    query = query.join(HoldRow, HoldRow.hold_id == ReturnNotice.hold_id)
    rows = db.execute(query.where(ReturnNotice.return_id == return_id)).all()
    if not rows:
        raise Refused(f"There is no return {return_id}; see `afa return list`.")
    return _shown(db, rows)[0]


def next_number(db: Connection, hold_id: UUID) -> int:
    """Which announcement of this hold's return the next is."""
    return 1 + (db.scalar(select(func.count()).where(ReturnNotice.hold_id == hold_id)) or 0)


def paid_by(db: Connection, request: Request) -> list[tuple[Money, UUID, Identifier | None]]:
    """What the victims get by a request, each by its report, with the account that paid."""
    row, claim = ReturnPaymentRow, ReturnClaim
    same = (claim.return_id == row.return_id) & (claim.member == row.member) & (claim.event_id == row.event_id)
    query = select(row.minor, row.currency, row.event_id, claim.payer).join(claim, same)
    rows = db.execute(query.where(row.request_id == request.request_id).order_by(row.payment_id))
    return [(Money(minor=one.minor, currency=one.currency), one.event_id, _identifier(one.payer)) for one in rows]


def _shown(db: Connection, notices: Sequence[Any]) -> list[ReturnView]:
    ids = [notice.return_id for notice in notices]
    claims = _by_return(db, ids, ReturnClaim, ReturnClaim.taken_at, ReturnClaim.event_id)
    objections = _by_return(db, ids, ReturnObjection, ReturnObjection.number)
    payments = _by_return(db, ids, ReturnPaymentRow, ReturnPaymentRow.drafted_at, ReturnPaymentRow.payment_id)
    return [
        _view(notice, *(found.get(notice.return_id, ()) for found in (claims, objections, payments)))
        for notice in notices
    ]


def _by_return(db: Connection, ids: Sequence[UUID], model: Any, *order: Any) -> dict[UUID, list[Any]]:
    query = select(*model.__table__.c).where(among(model.return_id, ids)).order_by(*order)
    found: dict[UUID, list[Any]] = {}
    for row in db.execute(query) if ids else ():
        found.setdefault(row.return_id, []).append(row)
    return found


def _view(notice: Any, claims: Sequence[Any], objections: Sequence[Any], payments: Sequence[Any]) -> ReturnView:
    return ReturnView(
        return_id=notice.return_id,
        hold_id=notice.hold_id,
        case_id=notice.case_id,
        number=notice.number,
        unit=notice.unit,
        officer=notice.officer,
        reason=notice.reason,
        announced_at=notice.announced_at,
        objections_until=notice.objections_until,
        until=notice.until,
        closed_at=notice.closed_at,
        closed_for=notice.closed_for,
        claims=[
            ClaimShown(
                member=row.member,
                event_id=row.event_id,
                amount=Money(minor=row.minor, currency=notice.currency),
                traced=row.traced,
                annulled=row.annulled,
            )
            for row in claims
        ],
        objections=[
            ObjectionShown(
                objection=row.number,
                event_id=row.event_id,
                by=row.by,
                reason=row.reason,
                filed_at=row.filed_at,
                upheld=row.upheld,
                decided_by=row.decided_by,
            )
            for row in objections
        ],
        payments=[
            PaymentShown(
                payment_id=row.payment_id,
                request_id=row.request_id,
                member=row.member,
                event_id=row.event_id,
                amount=Money(minor=row.minor, currency=row.currency),
                status=PaymentStatus(row.status),
            )
            for row in payments
        ],
        stays=[
            StayShown(amount=Money(minor=minor, currency=notice.currency), reason=Stays(reason))
            for reason, minor in sorted(notice.stays.items())
        ],
    )


def _identifier(payer: Any) -> Identifier | None:
    return None if payer is None else Identifier.model_validate_json(orjson.dumps(payer))
