"""Letting go by a decision: what rests on a hold that an appeal ended, or on a suspicion that was found wrong.

At once where a mandate or the member's own measure lets it, else proposed to the unit that ordered it, whose officer
signs the release. What was let go once is not repeated, and what is carried out late of it is let go again.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select

from consumers.casebook import cover, holds, releasing, requests
from consumers.casebook.consequences import read_cases
from consumers.casebook.lifecycle import FRUITLESS, ON_PAPER, UNSENT
from consumers.casebook.model import Case, Draft, Law
from consumers.casebook.rows import among, insert_rows
from consumers.casebook.tables import Lifted, RequestRow
from consumers.casebook.turn import Turn
from schemas.requests import ABOUT_HOLDS, Action, AuthorityClass, Request

_MEASURES = frozenset({Action.DELAY, Action.WATCH, Action.TAKEDOWN})
"""What a member goes on doing until it is told to stop."""


def lift(turn: Turn, request_ids: Collection[UUID], reason: str) -> None:
    """Whatever these requests, and those that followed from them at every hop, led to."""
    rows = _family(turn, request_ids)
    acts = [row for row in rows if row.action != Action.RELEASE.value]
    lifted = [{"request_id": row.request_id, "reason": reason, "at": turn.now} for row in acts]
    insert_rows(turn.db, Lifted, lifted, ignore=True)
    unsent = [row.request_id for row in acts if row.status in UNSENT]
    cancelled = requests.cancel(turn, unsent, reason)
    left = [row for row in acts if row.request_id not in cancelled and row.status not in FRUITLESS and row.member]
    _let_go(turn, [row for row in left if row.action not in ABOUT_HOLDS], reason)


def late(turn: Turn, request_ids: Collection[UUID]) -> None:
    """What a member carried out of it after it was let go, or would not release."""
    query = select(Lifted.request_id, Lifted.reason).where(among(Lifted.request_id, request_ids))
    for request_id, reason in turn.db.execute(query).all() if request_ids else ():
        _let_go(turn, [row for row in _family(turn, [request_id]) if row.request_id == request_id], reason)


def lifted(turn: Turn, request_ids: Collection[UUID]) -> set[UUID]:
    """Those of the requests that are not repeated."""
    return set(turn.db.scalars(select(Lifted.request_id).where(among(Lifted.request_id, request_ids))))


def _family(turn: Turn, request_ids: Collection[UUID]) -> Sequence[Any]:
    """The requests, and all that followed from them."""
    row = RequestRow
    family = select(row.request_id).where(among(row.request_id, request_ids)).cte("family", recursive=True)
    family = family.union(select(row.request_id).join(family, row.parent == family.c.request_id))
    query = select(row.request_id, row.case_id, row.action, row.status, row.mandate_id, row.member, row.body).where(
        row.request_id.in_(select(family.c.request_id))
    )
    return turn.db.execute(query.order_by(row.drafted_at, row.request_id)).all()


def _let_go(turn: Turn, rows: Sequence[Any], reason: str) -> None:
    case_ids = sorted({row.case_id for row in rows})
    if not case_ids:
        return
    cases, law = read_cases(turn, case_ids), turn.law()
    asked = {row.request_id: requests.message(row.body, row.member) for row in rows}
    standing = {hold.request_id: hold for hold in holds.unended(turn, case_ids) if hold.request_id in asked}
    frozen = {request_id for request_id, hold in standing.items() if hold.status in ON_PAPER}
    mandates = {row.request_id: None if row.request_id in frozen else row.mandate_id for row in rows}
    at_once = [_at_once(cases[one.case_id], one, law, reason, mandates[key]) for key, one in asked.items()]
    requests.put(turn, [draft for draft in at_once if draft is not None])
    undecided = standing.keys() - _being_released(turn, asked)
    holds.propose_release(turn, [standing[key].hold_id for key in undecided])
    to_units = [releasing.by_its_unit(cases[asked[key].case_id], asked[key], law, reason) for key in sorted(undecided)]
    requests.put(turn, [draft for draft in to_units if draft is not None])


def _being_released(turn: Turn, stops: Collection[UUID]) -> set[UUID]:
    """Of the stops, those whose release was asked for before, and was not denied."""
    asked = (RequestRow.action == Action.RELEASE.value) & RequestRow.status.not_in(FRUITLESS)
    parents = turn.db.scalars(select(RequestRow.parent).where(asked, among(RequestRow.parent, stops)))
    return {parent for parent in parents if parent}


def _at_once(case: Case, request: Request, law: Law, reason: str, mandate_id: UUID | None) -> Draft | None:
    """None where nothing goes on because of it, or its unit must decide."""
    if request.action in _MEASURES:
        authority = cover.by_request(law, AuthorityClass.MEMBER_REQUEST)
        return releasing.release(case, request, law, reason, authority)
    return releasing.at_once(case, request, law, reason, mandate_id) if request.action is Action.STOP else None
