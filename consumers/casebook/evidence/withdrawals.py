"""Withdrawals: an alert no longer stands, or police have annulled a report; what rested on nothing else is let go.

A victim's report stands whoever withdraws it but police. Absence of evidence never comes here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select

from consumers.casebook.evidence import reports
from consumers.casebook.inbound import Admitted
from consumers.casebook.release import falling
from consumers.casebook.rows import among, inserting, parameters
from consumers.casebook.tables import Case, EvidenceSeen, RequestRow, Withdrawn
from consumers.casebook.turn import Turn
from schemas.alerts import Withdrawal


def apply(turn: Turn, events: Sequence[Admitted]) -> None:
    """Mark what was withdrawn, and let go of what rests on nothing any more."""
    rows: dict[tuple[str, UUID], dict[str, Any]] = {}
    for admitted in events:
        data = admitted.event.data
        if isinstance(data, Withdrawal):
            member = data.event_member or admitted.member
            known = rows.get((member, data.event_id), {"by_police": False})
            rows[member, data.event_id] = {
                "member": member, "event_id": data.event_id, "by_police": known["by_police"] or admitted.police,
                "at": turn.now,
            }  # fmt: skip
            turn.trail.note("withdrawal", f"{member}/{data.event_id}", data.reason.encode())
    if not rows:
        return
    _mark(turn, list(rows.values()))
    annulled = [key for key, row in rows.items() if row["by_police"]]
    falling.let_go(turn, _touched(turn, list(rows), annulled))


def _mark(turn: Turn, rows: Sequence[dict[str, Any]]) -> None:
    statement = inserting(Withdrawn, list(rows[0]))
    by_police = or_(Withdrawn.by_police, statement.excluded.by_police)
    statement = statement.on_conflict_do_update(index_elements=["member", "event_id"], set_={"by_police": by_police})
    turn.db.execute(statement, parameters(Withdrawn, rows))


def _touched(turn: Turn, alerts: Sequence[tuple[str, UUID]], annulled: Sequence[tuple[str, UUID]]) -> list[UUID]:
    """The cases that any of the alerts supported, with what was merged into them, or where what was asked names an
    account of an annulled report."""
    query = select(EvidenceSeen.case_id, EvidenceSeen.member, EvidenceSeen.event_id).where(
        among(EvidenceSeen.event_id, [event for _, event in alerts])
    )
    gone = set(alerts)
    touched = {case for case, member, event in turn.db.execute(query) if (member, event) in gone}
    touched |= set(turn.db.scalars(select(Case.case_id).where(among(Case.merged_into, touched))))
    if named := reports.named_by(turn, annulled):
        touched |= set(turn.db.scalars(select(RequestRow.case_id).where(among(RequestRow.target, named))))
    return sorted(touched)
