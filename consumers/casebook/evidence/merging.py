"""Two cases that speak of the same: one goes on, with the leads and the evidence of both.

What was asked and is held in the other stays under its own id, which is what members and signatures name, and is
followed to its end there. Must never let an account be stopped more often than in one case.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects.postgresql import insert

from alliance.errors import Refused
from consumers.casebook.lifecycle import CaseStatus
from consumers.casebook.tables import Case, EvidenceSeen, LeadRow
from consumers.casebook.turn import Turn


def check(db: Connection, case_id: UUID, into: UUID) -> None:
    """Raises Refused where the one can't be merged into the other."""
    if case_id == into:
        raise Refused("A case can't be merged into itself; name two.")
    role = db.scalar(select(Case.role).where(Case.case_id == case_id))
    other = db.execute(select(Case.status, Case.role).where(Case.case_id == into)).first()
    if other is None:
        raise Refused(f"There is no case {into}; see `afa requests --json`.")
    if other.status != CaseStatus.OPEN.value:
        raise Refused(f"The case {into} is {other.status}, and nothing can be merged into it.")
    if other.role != role:
        raise Refused(f"One is the case of a {role}, the other that of a {other.role}.")


def merge(turn: Turn, case_id: UUID, into: UUID) -> None:
    """After `check`; what had been merged into the first goes on in the other too."""
    mine = (Case.case_id == case_id) | (Case.merged_into == case_id)
    turn.db.execute(update(Case).where(mine).values(status=CaseStatus.MERGED.value, merged_into=into))
    turn.db.execute(update(LeadRow).where(LeadRow.case_id == case_id).values(case_id=into))
    seen = EvidenceSeen
    columns = (seen.member, seen.event_id, seen.direct, seen.report)
    names = ["case_id", *(column.key for column in columns)]
    copied = select(Case.case_id, *columns).join(seen, seen.case_id == case_id).where(Case.case_id == into)
    statement = insert(seen).from_select(names, copied)
    known = {"direct": seen.direct | statement.excluded.direct, "report": seen.report | statement.excluded.report}
    turn.db.execute(statement.on_conflict_do_update(index_elements=["case_id", "member", "event_id"], set_=known))
    turn.trail.note("case merge", case_id, str(into).encode())


def merged_into(db: Connection, case_id: UUID) -> list[UUID]:
    """The cases that go on in this one."""
    return sorted(db.scalars(select(Case.case_id).where(Case.merged_into == case_id)))
