"""Cases: one a suspect, and one a victim, however many of the victim's identifiers have leads of their own.

Leads on victims that share an alert speak of one victim. Cases are merged by a person, never here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from sqlalchemy import func, select

from consumers.casebook import ids
from consumers.casebook.asking import requests
from consumers.casebook.model import Case
from consumers.casebook.rows import given, inserting, parameters
from consumers.casebook.tables import Case as CaseRow
from consumers.casebook.tables import EvidenceSeen, LeadRow
from consumers.casebook.turn import Turn
from schemas.identifiers import IdentifierKind
from schemas.leads import Lead, SubjectRole
from schemas.risk import Level

Alert = tuple[str, UUID]

_NEW = inserting(CaseRow, ("case_id", "lead_id", "role", "status", "releases", "opened_at")).on_conflict_do_nothing()
_OPEN = (
    select(CaseRow.case_id, CaseRow.merged_into)
    .where(CaseRow.merged_into.is_not(None), given(CaseRow.case_id, "case_ids"))
    .add_cte(_NEW.cte("opened"))
)
"""Opens those that there are not; of those that there were, which others they were merged into."""
_READ = (
    select(
        CaseRow.case_id,
        CaseRow.lead_id,
        CaseRow.releases,
        LeadRow.level,
        func.coalesce(CaseRow.merged_into, CaseRow.case_id).label("goes_on"),
    )
    .join(LeadRow, LeadRow.lead_id == CaseRow.lead_id)
    .where(given(CaseRow.case_id, "case_ids"))
)
_BY_ALERT = (
    select(EvidenceSeen.member, EvidenceSeen.event_id, EvidenceSeen.case_id)
    .join(CaseRow, CaseRow.case_id == EvidenceSeen.case_id)
    .where(CaseRow.role == SubjectRole.VICTIM.value, given(EvidenceSeen.event_id, "event_ids"))
    .order_by(CaseRow.opened_at.desc(), CaseRow.case_id)
)


def numbers_first(leads: Iterable[Lead]) -> list[Lead]:
    """Of several leads on one victim the first is what is asked about, and a number can be called."""
    return sorted(leads, key=lambda lead: lead.subject.kind is not IdentifierKind.NUMBER)


def open_cases(turn: Turn, leads: Sequence[Lead], filed: Mapping[str, UUID]) -> dict[str, UUID]:
    """The case of each lead by its id, opened where there is none; under which they were `filed` before."""
    suspects = [lead for lead in leads if lead.subject.role is SubjectRole.SUSPECT]
    found = {lead.lead_id: ids.case_id(lead.lead_id) for lead in suspects}
    victims = [lead for lead in leads if lead.subject.role is SubjectRole.VICTIM]
    if victims:
        found |= _of_victims(turn, victims, filed)
    roles = {lead.lead_id: lead.subject.role for lead in leads}
    rows = {
        case_id: {
            "case_id": case_id, "lead_id": lead_id, "role": roles[lead_id].value, "status": "open", "releases": 0,
            "opened_at": turn.now,
        }
        for lead_id, case_id in found.items()
    }  # fmt: skip
    if not rows:
        return found
    merged = turn.db.execute(_OPEN, {"case_ids": list(rows), **parameters(CaseRow, list(rows.values()))})
    into = {case_id: other for case_id, other in merged if other}
    return {lead_id: into.get(case_id, case_id) for lead_id, case_id in found.items()}


def read_cases(turn: Turn, case_ids: Sequence[UUID]) -> dict[UUID, Case]:
    """Cases as decisions need them, with the level that their own lead has now."""
    known = requests.known_of(turn, case_ids)
    return {
        row.case_id: Case(
            row.case_id,
            row.lead_id,
            Level(row.level),
            row.releases,
            known.get(row.case_id, []),
            goes_on=row.goes_on,
        )
        for row in turn.db.execute(_READ, {"case_ids": list(case_ids)})
    }


def _of_victims(turn: Turn, leads: Sequence[Lead], filed: Mapping[str, UUID]) -> dict[str, UUID]:
    found = {lead.lead_id: filed[lead.lead_id] for lead in leads if lead.lead_id in filed}
    by_alert = _by_alert(turn, {alert for lead in leads for alert in _alerts(lead)})
    for lead in leads:
        if lead.lead_id not in found:
            shared = [by_alert[alert] for alert in _alerts(lead) if alert in by_alert]
            found[lead.lead_id] = min(shared) if shared else ids.case_id(lead.lead_id)
        for alert in _alerts(lead):
            by_alert.setdefault(alert, found[lead.lead_id])
    return found


def _by_alert(turn: Turn, alerts: set[Alert]) -> dict[Alert, UUID]:
    """In which victim's case an alert was seen."""
    found = turn.db.execute(_BY_ALERT, {"event_ids": [event for _, event in alerts]})
    return {(member, event_id): case_id for member, event_id, case_id in found}


def _alerts(lead: Lead) -> Iterable[Alert]:
    return ((item.member, item.event_id) for item in lead.evidence)
