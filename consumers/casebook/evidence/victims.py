"""Whose a report is: by which names it tells of its victim, and whether the victim of a case has reported.

A report is of the scam of a case if it was taken no longer before than one scam lasts.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, literal, select, true

from consumers.casebook.tables import Case, LeadRow, ReportRow, ReportVictim, Withdrawn
from consumers.casebook.turn import Turn
from schemas.alerts import VictimReport
from schemas.base import seconds
from schemas.identifiers import OWN_PHONES


def tokens_of(report: VictimReport) -> Iterator[str]:
    """Of the victim itself; not of another's phone, nor of a number that many have."""
    phones = (phone.identifier for phone in report.victim_phones if phone.joinable and phone.role in OWN_PHONES)
    payers = (transfer.payer for transfer in report.transfers)
    for identifier in (report.victim, *phones, *report.victim_accounts, *payers):
        yield from identifier.tokens if identifier else ()


def has_reported(turn: Turn, case_id: UUID) -> bool:
    """Whether the victim of the case, whichever it goes on in, has reported the scam of now."""
    goes_on = select(func.coalesce(Case.merged_into, Case.case_id)).where(Case.case_id == case_id).scalar_subquery()
    return turn.db.scalar(select(reported(turn, goes_on, literal(turn.now)))) is True


def reported(turn: Turn, case_id: Any, at: Any) -> ColumnElement[bool]:
    """Whether a report that stands is of the victim whom the case is about, by any name, and of the scam of then."""
    row, gone = ReportVictim, Withdrawn
    name = func.names_of(LeadRow.token).table_valued("name").lateral()
    annulled = exists().where(gone.member == row.member, gone.event_id == row.event_id, gone.by_police)
    same = and_(ReportRow.member == row.member, ReportRow.event_id == row.event_id)
    query = select(row.event_id).select_from(LeadRow).join(name, true()).join(row, row.token == name.c.name)
    return (
        query.join(ReportRow, same)
        .where(LeadRow.case_id == case_id, ~ReportRow.conflict, ~annulled)
        .where(ReportRow.taken_at > at - seconds(turn.profile.desk.scam_s.value))
        .exists()
    )
