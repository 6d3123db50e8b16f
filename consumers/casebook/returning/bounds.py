"""What a victim may still get in all, by its report: what it reported, less what it got or is to get by other returns.

The database holds the same bound; here it is kept beforehand, so that no turn of the casebook runs into it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import BigInteger, func, select

from consumers.casebook.money.known import claim_key
from consumers.casebook.rows import among
from consumers.casebook.tables import ReportRow, ReturnPaymentRow
from consumers.casebook.turn import Turn
from schemas.returns import PaymentStatus


def most(turn: Turn, return_id: UUID, reports: Iterable[UUID], currency: str) -> Counter[str]:
    """By claim, in minor units; what the return itself has paid is not taken off."""
    ids = list(reports)
    left = _reported(turn, ids, currency)
    row = ReturnPaymentRow
    query = select(row.member, row.event_id, func.sum(row.minor).label("minor")).group_by(row.member, row.event_id)
    query = query.where(
        among(row.event_id, ids), row.return_id != return_id, row.currency == currency,
        row.status != PaymentStatus.DROPPED.value,
    )  # fmt: skip
    left.subtract({claim_key(each.member, each.event_id): int(each.minor) for each in turn.db.execute(query)})
    return left


def _reported(turn: Turn, ids: list[UUID], currency: str) -> Counter[str]:
    """All payments of each, as the database counts them."""
    row = ReportRow
    minor = func.reported_minor(row.member, row.event_id, currency, type_=BigInteger)
    query = select(row.member, row.event_id, minor).where(among(row.event_id, ids))
    return Counter({claim_key(member, event_id): total for member, event_id, total in turn.db.execute(query)})
