"""What a case rests on: every alert that ever supported it, less what was withdrawn.

An alert that merely is not in the newest snapshot any more still counts: absence never releases.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, ColumnElement, and_, func, literal_column, or_, select

from consumers.casebook.rows import among, inserting
from consumers.casebook.tables import Case, EvidenceSeen, Withdrawn
from consumers.casebook.turn import Turn
from schemas.leads import Lead, SubjectRole

_KIND = "victim-report"
NEEDED = {SubjectRole.SUSPECT: 1, SubjectRole.VICTIM: 2}
"""A victim is at risk where two alerts meet; one alone is no reason."""


def remember(turn: Turn, leads: Sequence[tuple[UUID, Lead]]) -> set[UUID]:
    """Add the leads' evidence to what was ever seen of their cases; the cases to which it is new, and stands."""
    rows: dict[tuple[UUID, str, UUID], dict[str, Any]] = {}
    for case_id, lead in leads:
        for member, event_id, direct, report in _items(lead):
            row = rows.setdefault(
                (case_id, member, event_id),
                {"case_id": case_id, "member": member, "event_id": event_id, "direct": False, "report": False},
            )
            row["direct"], row["report"] = row["direct"] or direct, row["report"] or report
    return _add(turn, list(rows.values())) if rows else set()


def _add(turn: Turn, rows: Sequence[dict[str, Any]]) -> set[UUID]:
    statement, parameters = inserting(EvidenceSeen, rows)
    grown = or_(
        and_(statement.excluded.direct, EvidenceSeen.direct.is_(False)),
        and_(statement.excluded.report, EvidenceSeen.report.is_(False)),
    )
    statement = statement.on_conflict_do_update(
        index_elements=["case_id", "member", "event_id"],
        set_={
            "direct": or_(EvidenceSeen.direct, statement.excluded.direct),
            "report": or_(EvidenceSeen.report, statement.excluded.report),
        },
        where=grown,
    )
    # A row that was there before, and only says more now, bears the mark of its former version.
    is_new = literal_column("evidence_seen.xmax = 0", Boolean).label("is_new")
    seen = EvidenceSeen
    written = statement.returning(seen.case_id, seen.member, seen.event_id, seen.report, is_new).cte("written").c
    stand = select(written.case_id).distinct().outerjoin(Withdrawn, _fell(written))
    return set(turn.db.scalars(stand.where(written.is_new, Withdrawn.member.is_(None)), parameters))


def standing(turn: Turn, cases: Sequence[UUID]) -> dict[UUID, int]:
    """How many direct alerts of each case still stand; a case that was never built on any is absent."""
    seen = EvidenceSeen
    stands = func.count().filter(Withdrawn.member.is_(None), seen.direct)
    counted = select(seen.case_id, stands).outerjoin(Withdrawn, _fell(seen)).group_by(seen.case_id)
    return dict(iter(turn.db.execute(counted.where(among(seen.case_id, cases))))) if cases else {}


def without(turn: Turn, cases: Sequence[UUID]) -> set[UUID]:
    """Those of the cases that have nothing left to rest on."""
    if not cases:
        return set()
    query = select(Case.case_id, Case.role, func.coalesce(Case.merged_into, Case.case_id).label("on"))
    rows = turn.db.execute(query.where(among(Case.case_id, cases))).all()
    # What was merged rests on what the case rests on that goes on: that has the evidence of both.
    counts = standing(turn, sorted({row.on for row in rows}))
    return {row.case_id for row in rows if row.on in counts and counts[row.on] < NEEDED[SubjectRole(row.role)]}


def _fell(seen: Any) -> ColumnElement[bool]:
    """A victim's report stands until police annul it: scammers coach victims to withdraw."""
    named = and_(Withdrawn.member == seen.member, Withdrawn.event_id == seen.event_id)
    return and_(named, or_(Withdrawn.by_police, seen.report.is_(False)))


def _items(lead: Lead) -> Iterator[tuple[str, UUID, bool, bool]]:
    """Member, event, whether it names the subject itself, whether it is known to be a report."""
    for item in lead.evidence:
        yield item.member, item.event_id, item.via is None, item.kind == _KIND
        if item.via is not None:
            # What links the item to the subject may have fallen out of a capped list.
            yield item.via.other_member, item.via.other_event, True, False
