"""A case whole, as people are shown it. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Connection, select

from consumers.casebook.evidence import renaming
from consumers.casebook.evidence.merging import merged_into
from consumers.casebook.rows import among
from consumers.casebook.tables import Case, Claim, HoldRow, LeadRow, PathEnd, RequestRow
from consumers.casebook.views.listings import request_columns, shown_hold, shown_lead, shown_request
from schemas.answers import MoneyOut
from schemas.base import Money
from schemas.cases import CaseView, ClaimView, PathEndView
from schemas.leads import SubjectRole


def case(db: Connection, case_id: UUID) -> CaseView | None:
    """One case whole: its leads, what was asked hop by hop, what is held for whom, and where its money was lost; with
    all that belongs to cases that were merged into it."""
    row = db.execute(select(*Case.__table__.c).where(Case.case_id == case_id)).first()
    if row is None:
        return None
    leads = select(LeadRow.snapshot, LeadRow.revision).where(LeadRow.case_id == case_id).order_by(LeadRow.lead_id)
    cases = [case_id, *merged_into(db, case_id)]
    requests = request_columns().where(among(RequestRow.case_id, cases))
    holds = select(*HoldRow.__table__.c).where(among(HoldRow.case_id, cases)).order_by(HoldRow.since, HoldRow.hold_id)
    return CaseView(
        case_id=case_id,
        role=SubjectRole(row.role),
        status=row.status,
        opened_at=row.opened_at,
        releases=row.releases,
        leads=[shown_lead(lead) for lead in db.execute(leads)],
        requests=[
            shown_request(asked)
            for asked in db.execute(requests.order_by(RequestRow.hop, RequestRow.drafted_at, RequestRow.request_id))
        ],
        holds=[shown_hold(hold) for hold in db.execute(holds)],
        claims=_claims(db, cases),
        path_ends=path_ends(db, *cases),
    )


def tokens_in(view: CaseView) -> set[str]:
    """Every token that the case shows: of suspects, victims, what links alerts, what was asked about, payees."""
    found: set[str] = set()
    nodes: list[Any] = [view.model_dump(mode="json")]
    while nodes:
        node = nodes.pop()
        if isinstance(node, dict):
            found.update(node.get("tokens") or (), [node["token"]] if "token" in node else ())
            nodes += node.values()
        elif isinstance(node, list):
            nodes += node
    return found


def cases_of(db: Connection, token: str) -> list[UUID]:
    """The cases in which an identifier is the suspect, the victim or anything that was asked about."""
    names = renaming.names_of(db, token)
    subjects = select(LeadRow.case_id).where(among(LeadRow.token, names), LeadRow.case_id.is_not(None))
    asked = select(RequestRow.case_id).where(among(RequestRow.target, names))
    return sorted({found for found in db.scalars(subjects.union(asked)) if found})


def case_of(db: Connection, lead_id: str) -> UUID | None:
    """The case of a lead."""
    return db.scalar(select(LeadRow.case_id).where(LeadRow.lead_id == lead_id))


def path_ends(db: Connection, *cases: UUID) -> list[PathEndView]:
    """Where the cases' money can't be followed further."""
    query = select(PathEnd.request_id, PathEnd.hop, PathEnd.outflow, PathEnd.minor)
    query = query.where(among(PathEnd.case_id, cases))
    return [_end(row) for row in db.execute(query.order_by(PathEnd.number))]


def _end(row: Any) -> PathEndView:
    outflow = MoneyOut.model_validate_json(orjson.dumps(row.outflow))
    tainted = None if row.minor is None else Money(minor=row.minor, currency=outflow.amount.currency)
    return PathEndView(request_id=row.request_id, hop=row.hop, outflow=outflow, tainted=tainted)


def _claims(db: Connection, cases: Sequence[UUID]) -> list[ClaimView]:
    query = select(Claim.hold_id, Claim.member, Claim.event_id, Claim.minor, HoldRow.currency)
    query = query.join(HoldRow, HoldRow.hold_id == Claim.hold_id).where(among(HoldRow.case_id, cases))
    return [
        ClaimView(
            hold_id=row.hold_id,
            member=row.member,
            event_id=row.event_id,
            amount=Money(minor=row.minor, currency=row.currency),
        )
        for row in db.execute(query.order_by(Claim.hold_id, Claim.event_id))
    ]
