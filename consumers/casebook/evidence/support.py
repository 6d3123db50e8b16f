"""What a case rests on: every alert that ever supported it, less what was withdrawn.

An alert that merely is not in the newest snapshot any more still counts: absence never releases.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, ColumnElement, Select, and_, func, literal_column, or_, select

from consumers.casebook.rows import given, inserting, parameters
from consumers.casebook.tables import Case, EvidenceSeen, Withdrawn
from consumers.casebook.turn import Turn
from schemas.leads import Lead, SubjectRole

_KIND = "victim-report"
NEEDED = {SubjectRole.SUSPECT: 1, SubjectRole.VICTIM: 2}
"""A victim is at risk where two alerts meet; one alone is no reason."""


@dataclass(frozen=True, slots=True)
class Rest:
    """How often a case's grounds have fallen so far, and whether it has nothing left to rest on."""

    releases: int
    fallen: bool


def _fell(seen: Any) -> ColumnElement[bool]:
    """A victim's report stands until police annul it: scammers coach victims to withdraw."""
    named = and_(Withdrawn.member == seen.member, Withdrawn.event_id == seen.event_id)
    return and_(named, or_(Withdrawn.by_police, seen.report.is_(False)))


def _adding() -> Select[UUID]:
    """Adds alerts; the cases to which one is new, and stands."""
    new = inserting(EvidenceSeen, ("case_id", "member", "event_id", "direct", "report"))
    seen, said = EvidenceSeen, new.excluded
    new = new.on_conflict_do_update(
        index_elements=["case_id", "member", "event_id"],
        set_={"direct": or_(seen.direct, said.direct), "report": or_(seen.report, said.report)},
        where=or_(and_(said.direct, seen.direct.is_(False)), and_(said.report, seen.report.is_(False))),
    )
    # A row that was there before, and only says more now, bears the mark of its former version.
    is_new = literal_column("evidence_seen.xmax = 0", Boolean).label("is_new")
    written = new.returning(seen.case_id, seen.member, seen.event_id, seen.report, is_new).cte("written").c
    stand = select(written.case_id).distinct().outerjoin(Withdrawn, _fell(written))
    return stand.where(written.is_new, Withdrawn.member.is_(None))


_ADD = _adding()
_RESTS = (
    select(
        Case.case_id,
        Case.role,
        Case.releases,
        func.count(EvidenceSeen.event_id).label("seen"),
        func.count().filter(EvidenceSeen.direct, Withdrawn.member.is_(None)).label("stand"),
    )
    # What was merged rests on what the case rests on that goes on: that has the evidence of both.
    .outerjoin(EvidenceSeen, EvidenceSeen.case_id == func.coalesce(Case.merged_into, Case.case_id))
    .outerjoin(Withdrawn, _fell(EvidenceSeen))
    .where(given(Case.case_id, "case_ids"))
    .group_by(Case.case_id)
)


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
    return set(turn.db.scalars(_ADD, parameters(EvidenceSeen, list(rows.values())))) if rows else set()


def rests(turn: Turn, case_ids: Sequence[UUID]) -> dict[UUID, Rest]:
    """What each of the cases rests on; one that was never built on an alert has not lost any."""
    found = turn.db.execute(_RESTS, {"case_ids": list(case_ids)}) if case_ids else ()
    return {
        row.case_id: Rest(row.releases, row.seen > 0 and row.stand < NEEDED[SubjectRole(row.role)]) for row in found
    }


def without(turn: Turn, case_ids: Sequence[UUID]) -> set[UUID]:
    """Those of the cases that have nothing left to rest on."""
    return {case_id for case_id, rest in rests(turn, case_ids).items() if rest.fallen}


def _items(lead: Lead) -> Iterator[tuple[str, UUID, bool, bool]]:
    """Member, event, whether it names the subject itself, whether it is known to be a report."""
    for item in lead.evidence:
        yield item.member, item.event_id, item.via is None, item.kind == _KIND
        if item.via is not None:
            # What links the item to the subject may have fallen out of a capped list.
            yield item.via.other_member, item.via.other_event, True, False
