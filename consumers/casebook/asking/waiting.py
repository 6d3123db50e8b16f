"""Stops that wait for an officer, looked at again when the registry or the mandates have changed.

What a lead called for is decided on its lead anew; what followed from an answer or from the clock has no lead of its
own, and is covered here as it was drafted. So is what a lead called for in a case that was merged since: the lead is
another's now, which amends nothing here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import aliased
from sqlalchemy.sql import ColumnElement

from consumers.casebook.asking import requests
from consumers.casebook.asking.decide import newest
from consumers.casebook.evidence import reports
from consumers.casebook.evidence.cases import read_cases
from consumers.casebook.lifecycle import CaseStatus
from consumers.casebook.model import RANK, Draft
from consumers.casebook.money import hops
from consumers.casebook.tables import Case, LeadRow, RequestRow
from consumers.casebook.turn import Turn
from schemas.requests import Action, RequestStatus
from schemas.risk import Level


def targets(turn: Turn) -> set[str]:
    """Of those that a lead called for."""
    return set(turn.db.scalars(select(RequestRow.target).where(*_waits(), RequestRow.parent.is_(None))))


def cover(turn: Turn) -> None:
    """Hand over the rest where a mandate covers it now, at whatever hop, if a report still names the case's lead."""
    query = select(RequestRow.case_id, RequestRow.parent, RequestRow.member, RequestRow.body, LeadRow.token)
    query = query.join(LeadRow, LeadRow.lead_id == RequestRow.lead_id)
    query = query.where(*_waits(), or_(RequestRow.parent.is_not(None), _goes_on_elsewhere()))
    rows = turn.db.execute(query.order_by(RequestRow.drafted_at, RequestRow.request_id)).all()
    if rows:
        requests.put(turn, list(_covered(turn, rows)))


def _goes_on_elsewhere() -> ColumnElement[bool]:
    """In a case that is open."""
    other = aliased(Case)
    into = exists().where(Case.case_id == RequestRow.case_id, other.case_id == Case.merged_into)
    return into.where(other.status == CaseStatus.OPEN.value)


def _covered(turn: Turn, rows: Any) -> Iterator[Draft]:
    cases = read_cases(turn, sorted({row.case_id for row in rows}))
    named = reports.naming(turn, {row.token for row in rows})
    asked = [(row, requests.message(row.body, row.member)) for row in rows]
    law = turn.law(request.target.tokens[0] for _, request in asked)
    for row, request in asked:
        case = cases[row.case_id]
        if row.token not in named or RANK[case.level] < RANK[Level.HIGH]:
            continue
        draft = hops.again(case, request, law, newest(named[row.token]), row.parent)
        if draft is not None:
            yield draft


def _waits() -> tuple[ColumnElement[bool], ...]:
    return (
        RequestRow.status == RequestStatus.AWAITING_AUTHORISATION.value,
        RequestRow.action == Action.STOP.value,
    )
