"""What is asked about a suspect whose suspicion is disputed, or fell by a decision, waits for an officer.

Must never hold back what lets somebody go.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select, update

from alliance.authority import missing
from alliance.rulebook import asked_as
from consumers.casebook.asking import doubted
from consumers.casebook.asking.doubted import Asked
from consumers.casebook.asking.routing import barred
from consumers.casebook.authority import cover
from consumers.casebook.model import Draft
from consumers.casebook.money import aliases
from consumers.casebook.rows import among
from consumers.casebook.tables import RequestRow
from consumers.casebook.turn import Turn
from schemas.requests import FREEING, Action, AuthorityClass, Request, RequestStatus

_PERSON = "an officer, since the suspicion is disputed"
_WITHOUT_ORDER = (AuthorityClass.MEMBER_REQUEST, AuthorityClass.ADVISORY)


def held_back(turn: Turn, drafts: Sequence[Draft]) -> Sequence[Draft]:
    """The drafts, of which those that may not go by themselves wait for an officer."""
    going = [draft for draft in drafts if draft.status is RequestStatus.DRAFTED and draft.action not in FREEING]
    if not going:
        return drafts
    needed = doubted.need_a_person(turn, [Asked(draft.case_id, draft.target, draft.parent) for draft in going])
    held = {draft.request_id for draft, waits in zip(going, needed, strict=True) if waits and draft.to}
    return [_for_officer(turn, draft) if draft.request_id in held else draft for draft in drafts]


def go_on(turn: Turn, token: str, case_id: UUID | None) -> Sequence[str]:
    """What waited because of the dispute alone, and needs no order, as it is sent now."""
    row = RequestRow
    query = select(row.request_id, row.case_id, row.parent, row.body, row.member, row.action, row.authority).where(
        or_(among(row.target, aliases.names_of(turn, token)), row.case_id == case_id),
        row.status == RequestStatus.AWAITING_AUTHORISATION.value,
        row.authority.in_(_WITHOUT_ORDER),
    )
    rows = turn.db.execute(query.order_by(row.drafted_at, row.request_id)).all()
    asked = [Asked(one.case_id, Request.model_validate_json(one.body).target, one.parent) for one in rows]
    needed = doubted.need_a_person(turn, asked) if rows else []
    free = [one for one, waits in zip(rows, needed, strict=True) if not waits and not _is_barred(turn, one)]
    drafted = update(row).where(among(row.request_id, [one.request_id for one in free]))
    turn.db.execute(drafted.values(status=RequestStatus.DRAFTED.value, missing=None))
    return [one.body for one in free]


def _is_barred(turn: Turn, row: Any) -> bool:
    """Whether the rulebook has come to let the member be sent no such thing."""
    what = asked_as(Action(row.action), AuthorityClass(row.authority))
    return row.member is not None and barred(row.member, what, turn.registry) is not None


def _for_officer(turn: Turn, draft: Draft) -> Draft:
    waits = replace(draft, status=RequestStatus.AWAITING_AUTHORISATION, missing=_PERSON)
    if draft.authority.authority in _WITHOUT_ORDER:
        return waits
    # What a mandate would have covered is an officer's to order now.
    law = turn.law()
    authority = cover.by_officer(draft.authority.covered_by, law)
    wanted = missing(law.profile, draft.action, draft.amount, ())
    return replace(waits, authority=authority, mandate_id=None, missing=wanted)
