"""What follows from an answer that counted: a hold begins, is extended or ends; money that left is followed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from consumers.casebook import holds, hops, requests, support
from consumers.casebook.model import Case, Draft
from consumers.casebook.rows import among, insert_rows
from consumers.casebook.tables import Case as CaseRow
from consumers.casebook.tables import LeadRow, PathEnd
from consumers.casebook.turn import Turn
from schemas.answers import Answer
from schemas.requests import Action, Request, RequestStatus
from schemas.risk import Level


@dataclass(frozen=True, slots=True)
class Effect:
    """An answer that changed its request to `status`; `done_at` is when the member did it."""

    request: Request
    mandate_id: UUID | None
    answer: Answer
    done_at: datetime
    status: RequestStatus

    @property
    def leaves_hold(self) -> bool:
        """A stop was carried out, or a release was not."""
        done = self.status in _DONE
        return done if self.request.action is Action.STOP else self.request.action is Action.RELEASE and not done


_DONE = frozenset({RequestStatus.EXECUTED, RequestStatus.PARTIAL})
_MOVED = frozenset({RequestStatus.PARTIAL, RequestStatus.ALREADY_GONE})


def follow(turn: Turn, effects: Sequence[Effect]) -> None:
    """Everything that the answers lead to, in their order."""
    done = [effect for effect in effects if effect.status in _DONE]
    holds.begin(turn, [holds.Executed(e.request, e.mandate_id, e.answer, e.done_at) for e in _of(done, Action.STOP)])
    for effect in _of(done, Action.EXTEND):
        holds.extend(turn, effect.request, effect.done_at)
    holds.release(turn, [effect.request for effect in _of(done, Action.RELEASE)])
    moved = [effect for effect in _of(effects, Action.STOP) if effect.status in _MOVED]
    _note_ends(turn, moved)
    _follow_money(turn, moved)


def _follow_money(turn: Turn, moved: Sequence[Effect]) -> None:
    """The next hop's requests, at once."""
    if not moved:
        return
    case_ids = sorted({effect.request.case_id for effect in moved})
    cases = read_cases(turn, case_ids)
    fallen = support.without(turn, case_ids)
    payees = {outflow.payee.tokens[0] for e in moved for outflow in e.answer.outflows if outflow.payee}
    law = turn.law(payees)
    drafts: list[Draft] = []
    for effect in moved:
        if effect.request.case_id not in fallen:
            drafts += hops.next_hop(effect.request, effect.answer, cases[effect.request.case_id], law)
    requests.put(turn, drafts)


def read_cases(turn: Turn, case_ids: Sequence[UUID]) -> dict[UUID, Case]:
    """Cases as decisions need them, with the level that their own lead has now."""
    query = (
        select(CaseRow.case_id, CaseRow.lead_id, CaseRow.releases, LeadRow.level)
        .join(LeadRow, LeadRow.lead_id == CaseRow.lead_id)
        .where(among(CaseRow.case_id, case_ids))
    )
    known = requests.known_of(turn, case_ids)
    return {
        row.case_id: Case(row.case_id, row.lead_id, Level(row.level), row.releases, known.get(row.case_id, []))
        for row in turn.db.execute(query)
    }


def _note_ends(turn: Turn, moved: Sequence[Effect]) -> None:
    rows = [
        {
            "case_id": effect.request.case_id,
            "request_id": effect.request.request_id,
            "hop": effect.request.hop,
            "outflow": outflow.model_dump_json(),
        }
        for effect in moved
        for outflow in hops.path_ends(effect.answer)
    ]
    insert_rows(turn.db, PathEnd, rows)


def _of(effects: Sequence[Effect], action: Action) -> list[Effect]:
    return [effect for effect in effects if effect.request.action is action]
