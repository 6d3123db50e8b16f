"""Withdrawals: an alert no longer stands, and what rested on nothing else is let go.

Drafts end at once; a member's own measure and a mandate's hold get a release where the mandate says so; any other
police hold is proposed for release to its unit, and so is one that its member did not release. Absence of evidence
never comes here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select, update

from consumers.casebook import cover, holds, releasing, requests, support
from consumers.casebook.consequences import read_cases
from consumers.casebook.inbound import Admitted
from consumers.casebook.lifecycle import FRUITLESS, ON_PAPER, UNSENT
from consumers.casebook.model import Case, Draft, Law
from consumers.casebook.rows import among, inserting
from consumers.casebook.tables import Case as CaseRow
from consumers.casebook.tables import EvidenceSeen, RequestRow, Withdrawn
from consumers.casebook.turn import Turn
from schemas.alerts import Withdrawal
from schemas.requests import ABOUT_HOLDS, Action, AuthorityClass

_REASON = "the alerts that it rested on were withdrawn"
_MEASURES = frozenset({Action.DELAY, Action.WATCH, Action.TAKEDOWN})
"""What a member goes on doing until it is told to stop."""


def apply(turn: Turn, events: Sequence[Admitted]) -> None:
    """Mark what was withdrawn, and release what rests on nothing any more."""
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
    if rows:
        _mark(turn, list(rows.values()))
        _release(turn, _resting_on(turn, list(rows)))


def let_go(turn: Turn, case_ids: Sequence[UUID]) -> None:
    """What is still held though the grounds have fallen: a stop came too late, or a release came to nothing."""
    _release(turn, sorted(support.without(turn, case_ids)))


def _mark(turn: Turn, rows: Sequence[dict[str, Any]]) -> None:
    statement, parameters = inserting(Withdrawn, rows)
    by_police = or_(Withdrawn.by_police, statement.excluded.by_police)
    statement = statement.on_conflict_do_update(index_elements=["member", "event_id"], set_={"by_police": by_police})
    turn.db.execute(statement, parameters)


def _resting_on(turn: Turn, alerts: Sequence[tuple[str, UUID]]) -> list[UUID]:
    """The cases that any of the alerts supported, and that nothing supports now."""
    query = select(EvidenceSeen.case_id, EvidenceSeen.member, EvidenceSeen.event_id).where(
        among(EvidenceSeen.event_id, [event for _, event in alerts])
    )
    gone = set(alerts)
    touched = {case for case, member, event in turn.db.execute(query) if (member, event) in gone}
    return sorted(support.without(turn, sorted(touched)))


def _release(turn: Turn, case_ids: Sequence[UUID]) -> None:
    """Again and again it does no more than once: what is let go already is passed over."""
    if not case_ids:
        return
    rows = _open(turn, case_ids)
    acts = [row for row in rows if row.action != Action.RELEASE.value]
    cancelled = requests.cancel(turn, [row.request_id for row in acts if row.status in UNSENT], _REASON)
    left = [row for row in acts if row.request_id not in cancelled]
    standing = holds.unended(turn, case_ids)
    # What was ordered on paper since is no longer the mandate's to let go.
    frozen = {hold.request_id for hold in standing if hold.status in ON_PAPER}
    cases, law = read_cases(turn, case_ids), turn.law()
    letting_go = (_letting_go(row, cases[row.case_id], law) for row in left if row.request_id not in frozen)
    drafts = [draft for draft in letting_go if draft is not None]
    requests.put(turn, drafts)
    asked = {draft.parent for draft in drafts}
    under_way = asked | {row.parent for row in rows if row.action == Action.RELEASE.value}
    held = [hold.hold_id for hold in standing if hold.request_id not in under_way]
    gone = cancelled | asked | holds.propose_release(turn, held)
    fell = (row for row in acts if row.request_id in gone and row.action not in ABOUT_HOLDS)
    _count(turn, sorted({row.case_id for row in fell if row.attempt > cases[row.case_id].releases}))


def _count(turn: Turn, case_ids: Sequence[UUID]) -> None:
    """What newly supports these cases begins anew. Whatever a fall lets go, and however late, it is counted once."""
    turn.db.execute(update(CaseRow).where(among(CaseRow.case_id, case_ids)).values(releases=CaseRow.releases + 1))
    for case_id in case_ids:
        turn.trail.note("grounds fell", case_id)


def _open(turn: Turn, case_ids: Sequence[UUID]) -> Sequence[Any]:
    """What is under way or in force in these cases."""
    query = select(RequestRow.request_id, RequestRow.case_id, RequestRow.parent, RequestRow.action, RequestRow.attempt,
                   RequestRow.status, RequestRow.mandate_id, RequestRow.body, RequestRow.member).where(
        among(RequestRow.case_id, case_ids), RequestRow.status.not_in(FRUITLESS)
    )  # fmt: skip
    return turn.db.execute(query.order_by(RequestRow.drafted_at, RequestRow.request_id)).all()


def _letting_go(row: Any, case: Case, law: Law) -> Draft | None:
    """The release of what a request led to; None where nothing goes on because of it, or its unit must decide."""
    request = requests.message(row.body, row.member)
    if row.member is None:
        return None
    if request.action in _MEASURES:
        authority = cover.by_request(law, AuthorityClass.MEMBER_REQUEST)
        return releasing.release(case, request, law, _REASON, authority, row.mandate_id)
    return releasing.at_once(case, request, law, _REASON, row.mandate_id) if request.action is Action.STOP else None
