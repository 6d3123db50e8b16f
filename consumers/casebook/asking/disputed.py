"""What is asked about a suspect whose suspicion is disputed, or fell by a decision, waits for an officer.

Must never hold back what lets somebody go.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import literal, or_, select, union_all, update

from alliance.authority import missing
from alliance.rulebook import asked_as
from consumers.casebook.asking.routing import barred
from consumers.casebook.authority import cover
from consumers.casebook.lifecycle import NEEDS_A_PERSON
from consumers.casebook.model import Draft
from consumers.casebook.rows import among
from consumers.casebook.tables import AppealRow, DisputeRow, HoldRow, RequestRow
from consumers.casebook.turn import Turn
from schemas.decisions import AppealStatus
from schemas.requests import Action, AuthorityClass, RequestStatus

_PERSON = "an officer, since the suspicion is disputed"
_FREEING = frozenset({Action.RELEASE, Action.REDUCE, Action.RETURN})
_WITHOUT_ORDER = (AuthorityClass.MEMBER_REQUEST, AuthorityClass.ADVISORY)


@dataclass(frozen=True, slots=True)
class Standing:
    """What needs a person: suspects by every name of theirs, and whole cases."""

    tokens: frozenset[str]
    cases: frozenset[UUID]

    def covers(self, case_id: UUID, target: str) -> bool:
        return case_id in self.cases or target in self.tokens


def standing(turn: Turn, cases: Iterable[UUID], targets: Iterable[str]) -> Standing:
    """Of these cases and targets: disputed and not decided otherwise, or let go by an appeal."""
    named, row = turn.names.every(targets), DisputeRow
    mine = or_(among(row.token, named), among(row.case_id, set(cases)))
    said = select(row.token, row.case_id).where(row.status.in_(NEEDS_A_PERSON), mine)
    won = select(HoldRow.target, literal(None, row.case_id.type)).join(AppealRow, AppealRow.hold_id == HoldRow.hold_id)
    won = won.where(AppealRow.status == AppealStatus.UPHELD.value, among(HoldRow.target, named))
    found = turn.db.execute(union_all(said, won)).all()
    tokens = turn.names.every(token for token, _ in found)
    return Standing(frozenset(tokens), frozenset(case for _, case in found if case))


def held_back(turn: Turn, drafts: Sequence[Draft]) -> Sequence[Draft]:
    """The drafts, of which those that may not go by themselves wait for an officer."""
    going = [draft for draft in drafts if draft.status is RequestStatus.DRAFTED and draft.action not in _FREEING]
    if not going:
        return drafts
    known = standing(turn, {draft.case_id for draft in going}, {draft.target.tokens[0] for draft in going})
    parents = {draft.parent for draft in going if draft.parent}
    of_decision = among(RequestRow.request_id, parents) & RequestRow.freed_at.is_not(None)
    freed = set(turn.db.scalars(select(RequestRow.request_id).where(of_decision))) if parents else ()
    held = {
        draft.request_id
        for draft in going
        if draft.to and (known.covers(draft.case_id, draft.target.tokens[0]) or draft.parent in freed)
    }
    return [_for_officer(turn, draft) if draft.request_id in held else draft for draft in drafts]


def go_on(turn: Turn, token: str, case_id: UUID | None) -> Sequence[str]:
    """What waited because of the dispute alone, and needs no order, as it is sent now."""
    named = among(RequestRow.target, turn.names.all_of(token))
    rests = named if case_id is None else RequestRow.case_id == case_id
    row = RequestRow
    query = select(row.request_id, row.case_id, row.target, row.body, row.member, row.action, row.authority).where(
        rests,
        RequestRow.status == RequestStatus.AWAITING_AUTHORISATION.value,
        RequestRow.authority.in_(_WITHOUT_ORDER),
    )
    rows = turn.db.execute(query.order_by(RequestRow.drafted_at, RequestRow.request_id)).all()
    known = standing(turn, {row.case_id for row in rows}, {row.target for row in rows})
    free = [row for row in rows if not known.covers(row.case_id, row.target) and not _is_barred(turn, row)]
    drafted = update(RequestRow).where(among(RequestRow.request_id, [row.request_id for row in free]))
    turn.db.execute(drafted.values(status=RequestStatus.DRAFTED.value, missing=None))
    return [row.body for row in free]


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
