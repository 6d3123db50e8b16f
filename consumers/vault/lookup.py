"""What the casebook's database tells the vault: what waits, which alerts bear on a token, and what names one.

Reads, but for the three columns of `inquiry` that are the vault's. Each call is a transaction of its own, and short.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Text, cast, or_, select, update

from consumers.casebook.authority.inquiries import Asked
from consumers.casebook.evidence import renaming
from consumers.casebook.evidence.merging import merged_into
from consumers.casebook.rows import among
from consumers.casebook.tables import (
    AliasRow,
    Case,
    EvidenceSeen,
    InquiryRow,
    LeadRow,
    PathEnd,
    ReportTarget,
    ReportVictim,
    RequestRow,
)
from schemas.inquiries import Found, NamedAs, NamingCase, NamingLead
from schemas.risk import Level

Wanted = tuple[str, UUID]
"""An event, by its member and its id."""


def open_questions(db: Connection) -> list[Asked]:
    """Searches that the vault has not read, and what was accepted and not answered."""
    unread = InquiryRow.judged_at.is_(None) & InquiryRow.case_id.is_(None) & InquiryRow.tokens.is_(None)
    query = select(*InquiryRow.__table__.c).where(InquiryRow.answer.is_(None), InquiryRow.refusal.is_(None))
    rows = db.execute(query.where(unread | InquiryRow.judged_at.is_not(None)).order_by(InquiryRow.number)).all()
    return [Asked.of(row) for row in rows]


def note(db: Connection, number: int, **said: Any) -> None:
    """What the vault says of a question; whoever says it second changes nothing."""
    unsaid = [getattr(InquiryRow, name).is_(None) for name in said]
    db.execute(update(InquiryRow).where(InquiryRow.number == number, *unsaid).values(**said))


def alerts_of(db: Connection, case_id: UUID, token: str) -> list[Wanted]:
    """The alerts that support the case, and the reports and aliases that name the identifier, by this token or another
    of its names."""
    found: set[Wanted] = set()
    names = renaming.load(db).all_of(token)
    for table, mine in (
        (EvidenceSeen, among(EvidenceSeen.case_id, [case_id, *merged_into(db, case_id)])),
        (ReportTarget, among(ReportTarget.token, names)),
        (ReportVictim, among(ReportVictim.token, names)),
        (AliasRow, among(AliasRow.token, names)),
    ):
        rows = db.execute(select(table.member, table.event_id).where(mine))
        found |= {(member, event_id) for member, event_id in rows}
    return sorted(found)


def found(db: Connection, tokens: Sequence[str]) -> Found:
    """Every case and lead that names one of these."""
    leads = _leads(db, tokens)
    named: dict[UUID, list[NamedAs]] = defaultdict(list)
    for lead in leads:
        if lead.case_id:
            named[lead.case_id] += lead.named_as
    for way, query in (
        (NamedAs.REQUEST, select(RequestRow.case_id).where(_names(RequestRow.body, tokens))),
        *((NamedAs.REPORT, _reported(table, tokens)) for table in (ReportTarget, ReportVictim)),
        (NamedAs.PAYEE, select(PathEnd.case_id).where(_names(cast(PathEnd.outflow, Text), tokens))),
    ):
        for case_id in db.scalars(query.distinct()):
            named[case_id].append(way)
    rows = db.execute(select(Case.case_id, Case.status).where(among(Case.case_id, named)).order_by(Case.case_id))
    cases = [NamingCase(case_id=row.case_id, status=row.status, named_as=_once(named[row.case_id])) for row in rows]
    return Found(tokens=list(tokens), cases=cases, leads=leads)


def _leads(db: Connection, tokens: Sequence[str]) -> list[NamingLead]:
    query = select(LeadRow.lead_id, LeadRow.case_id, LeadRow.level, LeadRow.token, LeadRow.snapshot)
    rows = db.execute(query.where(_names(LeadRow.snapshot, tokens)).order_by(LeadRow.lead_id))
    return [
        NamingLead(
            lead_id=row.lead_id,
            case_id=row.case_id,
            level=Level(row.level),
            named_as=[NamedAs.SUBJECT if row.token in tokens else NamedAs.EVIDENCE],
        )
        for row in rows
    ]


def _reported(table: Any, tokens: Sequence[str]) -> Any:
    """The cases of the reports that name one of these as a suspect, or as their victim."""
    same = (table.member == EvidenceSeen.member) & (table.event_id == EvidenceSeen.event_id)
    return select(EvidenceSeen.case_id).join(table, same).where(among(table.token, tokens))


def _names(column: Any, tokens: Sequence[str]) -> ColumnElement[bool]:
    """A token is so long that it stands nowhere by chance. No index is kept for so rare a question."""
    return or_(*(column.contains(token, autoescape=True) for token in tokens))


def _once(ways: Sequence[NamedAs]) -> list[NamedAs]:
    return [way for way in NamedAs if way in ways]
