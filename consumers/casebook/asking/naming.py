"""The name that a stop's account must have, as the victim or the bank before told it: it goes to the holder before the
stop, still sealed. Must never be what orders anything, nor go where the law has no names compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from consumers.casebook.evidence import reports
from consumers.casebook.model import Reported
from consumers.casebook.rows import given, insert_rows
from consumers.casebook.tables import AnswerRow, Outbox, RequestRow
from consumers.casebook.turn import Turn
from schemas.answers import Answer
from schemas.names import NameToMatch
from schemas.requests import Action, Request

_SAID = (
    select(RequestRow.case_id, AnswerRow.body)
    .join(RequestRow, RequestRow.request_id == AnswerRow.request_id)
    .where(given(RequestRow.case_id, "case_ids"), AnswerRow.effect)
    .order_by(AnswerRow.received_at, AnswerRow.event_id)
)


def enclose(turn: Turn, ordered: Sequence[Request]) -> None:
    """The names for those of the requests that are stops, on their way before them."""
    stops = [one for one in ordered if one.action is Action.STOP]
    if not stops or not turn.profile.stop.match_name.value:
        return
    told = _by_reports(turn, stops)
    resting = {one.request_id for one in stops if _rests_on(one, told.get(one.request_id))}
    others = [one for one in stops if one.hop and one.request_id not in resting]
    found = {**told, **_by_answers(turn, others)}
    rows = [
        {"member": one.to, "key": str(one.request_id), "value": found[one.request_id].model_dump_json()}
        for one in stops
        if one.request_id in found
    ]
    insert_rows(turn.db, Outbox, rows)


def _rests_on(stop: Request, name: NameToMatch | None) -> bool:
    """Who reported an account for another case's sake may be wrong about it; its payer's bank was told by the payer."""
    return name is not None and name.bound_to == stop.authority.covered_by


def _by_reports(turn: Turn, stops: Sequence[Request]) -> dict[UUID, NameToMatch]:
    naming = reports.naming(turn, {token for one in stops for token in one.target.tokens})
    found = {}
    for one in stops:
        told = [each for token in one.target.tokens for each in naming.get(turn.names.of(token), ()) if _name(each)]
        # The report on which it rests, else the newest.
        best = max(told, key=lambda each: (each.event_id == one.authority.covered_by, each.taken_at), default=None)
        if best is not None and (name := _name(best)):
            found[one.request_id] = NameToMatch(request_id=one.request_id, bound_to=best.event_id, sealed=name)
    return found


def _name(report: Reported) -> str | None:
    return next((paid.transfer.payee_name for paid in report.payments if paid.transfer.payee_name), None)


def _by_answers(turn: Turn, stops: Sequence[Request]) -> dict[UUID, NameToMatch]:
    """What the banks before, in the same case, said of whom they paid."""
    if not stops:
        return {}
    answers = turn.db.execute(_SAID, {"case_ids": list({one.case_id for one in stops})})
    said = [(case_id, Answer.model_validate_json(body)) for case_id, body in answers]
    found = {}
    for one in stops:
        for answer in (answer for case_id, answer in said if case_id == one.case_id):
            if name := _payee_name(answer, set(one.target.tokens)):
                found[one.request_id] = NameToMatch(request_id=one.request_id, bound_to=answer.request_id, sealed=name)
    return found


def _payee_name(answer: Answer, target: set[str]) -> str | None:
    """Of an outflow to the target; it may be known by its serial alone."""
    for outflow in answer.outflows:
        named = [identifier for identifier in (outflow.payee, outflow.serial) if identifier]
        if outflow.payee_name and any(target & set(identifier.tokens) for identifier in named):
            return outflow.payee_name
    return None
