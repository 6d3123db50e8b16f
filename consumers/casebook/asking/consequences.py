"""What follows from an answer that counted: a hold begins, is changed or ends; money that left is followed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, select

from consumers.casebook.asking import calling, requests
from consumers.casebook.evidence.cases import read_cases
from consumers.casebook.holding import holdchanges, holds
from consumers.casebook.holding.holds import Executed
from consumers.casebook.lifecycle import HOLD_ENDS, REQUEST_ENDS
from consumers.casebook.model import BEGINS_HOLD
from consumers.casebook.money import following
from consumers.casebook.release import releasing
from consumers.casebook.returning import settling
from consumers.casebook.rows import among
from consumers.casebook.tables import HoldRow, RequestRow
from consumers.casebook.turn import Turn
from schemas.answers import Answer
from schemas.requests import Action, Request, RequestStatus


@dataclass(frozen=True, slots=True)
class Effect:
    """An answer that changed its request to `status`; `done_at` is when the member did it."""

    request: Request
    mandate_id: UUID | None
    answer: Answer
    done_at: datetime
    status: RequestStatus

    @property
    def is_further(self) -> bool:
        """A stop that was answered before is said to be executed: its order waited, and its turn has come or is
        nearer."""
        done = self.answer.status.value in _DONE and self.status in _DONE
        return done and self.request.action is Action.STOP

    @property
    def executed(self) -> Executed:
        return Executed(self.request, self.mandate_id, self.answer, self.done_at)

    @property
    def leaves_hold(self) -> bool:
        """A stop or a suspension was carried out, or a release was not."""
        done = self.status in _DONE
        return done if self.request.action in BEGINS_HOLD else self.request.action is Action.RELEASE and not done


_DONE = frozenset({RequestStatus.EXECUTED, RequestStatus.PARTIAL})
_ENDED = "the hold had ended before its member carried this out"


def follow(turn: Turn, effects: Sequence[Effect]) -> None:
    """Everything that the answers lead to, in their order."""
    done = [effect for effect in effects if effect.status in _DONE]
    holds.begin(turn, [effect.executed for effect in done if effect.request.action in BEGINS_HOLD])
    changes = [effect.executed for effect in done if effect.request.action in holdchanges.EVENTS]
    if unmoved := holdchanges.change(turn, changes):
        _let_go(turn, among(HoldRow.hold_id, unmoved), at_once=False)
    holds.release(turn, [effect.request for effect in _of(done, Action.RELEASE)])
    returns = [effect for effect in _of(effects, Action.RETURN) if effect.status in REQUEST_ENDS]
    for effect in returns:
        settling.settle(turn, effect.request, effect.answer, effect.status)
    calls = [effect for effect in _of(effects, Action.CALL) if effect.status in REQUEST_ENDS]
    calling.follow(turn, [(effect.request, effect.answer) for effect in calls])
    answered = [effect for effect in _of(effects, Action.STOP) if effect.status in REQUEST_ENDS]
    touched = {effect.request.case_id for effect in answered} | {act.request.case_id for act in changes}
    touched |= {effect.request.case_id for effect in returns}
    if touched:
        cases = read_cases(turn, sorted(touched))
        following.follow(turn, cases, [(effect.request, effect.answer) for effect in answered])


def take_turn(turn: Turn, effect: Effect) -> bool:
    """Whether this brought an order into force that had waited in the queue, or nearer to that."""
    if holds.waits(effect.answer):
        return holdchanges.come_nearer(turn, effect.executed)
    taken = holdchanges.activate(turn, effect.executed)
    if taken:
        following.follow(turn, read_cases(turn, [effect.request.case_id]))
    else:
        queued = HoldRow.queue_position.is_not(None)
        _let_go(turn, queued & (HoldRow.request_id == effect.request.request_id), at_once=True)
    return taken


def _let_go(turn: Turn, which: ColumnElement[bool], *, at_once: bool) -> None:
    """Of what a member holds for a hold that had ended here before we heard of it: what has ended stays ended."""
    query = select(RequestRow.body, RequestRow.member, RequestRow.mandate_id)
    query = query.join(HoldRow, HoldRow.request_id == RequestRow.request_id)
    rows = turn.db.execute(query.where(which, HoldRow.status.in_(HOLD_ENDS))).all()
    if not rows:
        return
    stops = [(requests.message(row.body, row.member), row.mandate_id if at_once else None) for row in rows]
    cases, law = read_cases(turn, sorted({stop.case_id for stop, _ in stops})), turn.law()
    drafts = [
        releasing.at_once(cases[stop.case_id], stop, law, _ENDED, mandate_id)
        or releasing.by_its_unit(cases[stop.case_id], stop, law, _ENDED)
        for stop, mandate_id in stops
    ]
    requests.put(turn, [draft for draft in drafts if draft is not None])


def look_again(turn: Turn, tokens: set[str]) -> None:
    """At the money of the cases in which holders answered about these: something else about it is known now."""
    if case_ids := following.touched(turn, tokens):
        following.follow(turn, read_cases(turn, case_ids))


def _of(effects: Sequence[Effect], action: Action) -> list[Effect]:
    return [effect for effect in effects if effect.request.action is action]
