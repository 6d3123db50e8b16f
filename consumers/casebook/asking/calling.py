"""Calls to victims, after they were made: again where nobody was reached, a person's task where a call did not help.

Must never stop anything: that a victim has paid says nothing of where, as a report does.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import aliased

from alliance import metrics
from consumers.casebook import escalations
from consumers.casebook.asking import desk, requests, rerouting
from consumers.casebook.asking.drafting import Act, ask
from consumers.casebook.asking.routing import to_police
from consumers.casebook.asking.victims import DESK
from consumers.casebook.evidence import support, victims
from consumers.casebook.evidence.cases import read_cases
from consumers.casebook.lifecycle import REQUEST_ENDS, CaseStatus
from consumers.casebook.model import RANK, Case, Draft
from consumers.casebook.rows import among
from consumers.casebook.tables import Case as CaseRow
from consumers.casebook.tables import RequestRow
from consumers.casebook.turn import Turn
from schemas.answers import Answer, AnswerStatus, Dissuasion
from schemas.base import seconds
from schemas.requests import Action, Request, RequestStatus
from schemas.risk import Level
from schemas.tasks import TaskKind

_AGAIN = "the victim was not reached before"
_UNREACHED = "the victim was not reached in {} calls: somebody must go there"
_DISBELIEVES = "the victim does not believe the call: somebody must go there"
_PAID = "the victim has paid already: take the report, without which nothing is stopped"
_ANSWERED = REQUEST_ENDS - {RequestStatus.CANCELLED}


def shown(answer: Answer) -> str | None:
    """What is read beside a request that was answered."""
    said = answer.dissuasion and answer.dissuasion.value.replace("-", " ")
    return ": ".join(part for part in (said, answer.reason) if part) or None


def follow(turn: Turn, answered: Sequence[tuple[Request, Answer]]) -> None:
    """What the final answers to calls lead to."""
    unreached = [request for request, answer in answered if not _is_reached(answer)]
    cases = read_cases(turn, sorted({request.case_id for request in unreached})) if unreached else {}
    later = []
    for request in unreached:
        made = _made(turn, cases[request.case_id])
        if made < turn.profile.desk.most.value:
            later.append(request.request_id)
        else:
            escalations.unhelped(turn, TaskKind.VISIT, request, _UNREACHED.format(made))
    _look_again(turn, later)
    for request, answer in answered:
        if answer.dissuasion is Dissuasion.DISBELIEVES:
            escalations.unhelped(turn, TaskKind.VISIT, request, _DISBELIEVES)
        elif answer.dissuasion is Dissuasion.ALREADY_PAID and not victims.has_reported(turn, request.case_id):
            escalations.unhelped(turn, TaskKind.REPORT, request, _PAID)


def put(turn: Turn, drafts: Sequence[Draft]) -> None:
    """Drafts as they are put, of the calls among them no more than the desk can make; the rest waits for room."""
    if not any(map(desk.is_call, drafts)):
        requests.put(turn, drafts)
        return
    fitted = desk.within(drafts, turn.calls_left())
    requests.put(turn, fitted)
    beyond = [draft for draft in fitted if draft.unroutable == desk.FULL]
    for draft in beyond:
        if not draft.amends:
            metrics.CALLS_BEYOND.labels(draft.level.value).inc()
    if beyond:
        waits = among(RequestRow.request_id, [draft.request_id for draft in beyond])
        turn.db.execute(update(RequestRow).where(waits).values(again_at=turn.room_for_calls()))


def again(turn: Turn) -> None:
    """Calls whose time has come: those that wait for room, the gravest first, and those that reached nobody."""
    row = RequestRow
    due = row.again_at <= turn.now
    rows = turn.db.execute(select(row.request_id, row.status, row.body, row.member).where(due)).all()
    if not rows:
        return
    turn.db.execute(update(row).where(due).values(again_at=None))
    if any(one.status == RequestStatus.DRAFTED for one in rows):
        rerouting.fill(turn, turn.calls_left())
        waits = (row.unroutable == desk.FULL) & (row.status == RequestStatus.DRAFTED.value) & row.again_at.is_(None)
        turn.db.execute(update(row).where(waits).values(again_at=turn.room_for_calls()))
    _call(turn, [requests.message(one.body, one.member) for one in rows if RequestStatus(one.status) in _ANSWERED])


def _call(turn: Turn, unreached: Sequence[Request]) -> None:
    """Once more, who is still at risk."""
    ids = sorted({request.case_id for request in unreached})
    if not ids:
        return
    fallen, cases, law = support.without(turn, ids), read_cases(turn, ids), turn.law()
    # A victim's case that was merged goes on in the other, and calls are made by the one that first asked.
    own, other = CaseRow, aliased(CaseRow)
    goes_on = func.coalesce(own.merged_into, own.case_id)
    query = select(own.case_id).join(other, other.case_id == goes_on)
    query = query.where(among(own.case_id, ids), other.status == CaseStatus.OPEN.value)
    at_risk = {case_id for case_id in turn.db.scalars(query) if RANK[cases[case_id].level] >= RANK[Level.MEDIUM]}
    drafts = [
        ask(cases[request.case_id], _once_more(turn, request), law)
        for request in unreached
        if request.case_id in at_risk - fallen
    ]
    put(turn, [draft for draft in drafts if draft is not None])


def _once_more(turn: Turn, request: Request) -> Act:
    reasons = [*(reason for reason in request.reasons if reason != _AGAIN), _AGAIN]
    route, attempt = to_police(turn.registry), request.attempt + 1
    return Act(
        Action.CALL, request.target, route, DESK, request.amount, attempt=attempt, reasons=reasons,
        parent=request.request_id,
    )  # fmt: skip


def _is_reached(answer: Answer) -> bool:
    return answer.status is AnswerStatus.EXECUTED and answer.dissuasion is not Dissuasion.UNREACHABLE


def _made(turn: Turn, case: Case) -> int:
    """Calls because of this scam."""
    since = turn.now - seconds(turn.profile.desk.scam_s.value)
    calls = [known for known in case.known if known.action is Action.CALL and known.status in _ANSWERED]
    return sum(known.drafted_at is not None and known.drafted_at > since for known in calls)


def _look_again(turn: Turn, request_ids: Sequence[UUID]) -> None:
    if request_ids:
        later = turn.now + seconds(turn.profile.desk.again_s.value)
        turn.db.execute(update(RequestRow).where(among(RequestRow.request_id, request_ids)).values(again_at=later))
