"""What follows once more is known of a case's money: the next stops, where its paths end, each victim's share.

Reads all that the case's holders have told and decides anew, so that neither the order of the answers nor their number
matters. What contradicts itself stops nothing here: it is shown, and followed as far as that is safe.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from alliance.errors import InvalidLedger
from consumers.casebook.asking import requests
from consumers.casebook.holding import reducing
from consumers.casebook.model import Case, Draft, Law
from consumers.casebook.money import claims, hops, told, untraced
from consumers.casebook.money.flow import Flow, flow, outflows_told
from consumers.casebook.money.hops import Note
from consumers.casebook.money.known import Stop, Told, left_to_a_person
from consumers.casebook.money.outflows import by_first_names, payee_of
from consumers.casebook.money.places import REPEATED
from consumers.casebook.release import falling, remaining
from consumers.casebook.rows import given, inserting, parameters, update_rows
from consumers.casebook.tables import AnswerRow, PathEnd, RequestRow
from consumers.casebook.turn import Turn
from schemas.answers import Answer, AnswerStatus
from schemas.requests import Action, Request

Answered = tuple[Request, Answer]
_MOVED = frozenset({AnswerStatus.PARTIAL, AnswerStatus.ALREADY_GONE})
_TOUCHED = (
    select(RequestRow.case_id)
    .distinct()
    .join(AnswerRow, AnswerRow.request_id == RequestRow.request_id)
    .where(given(RequestRow.target, "tokens"), RequestRow.action == Action.STOP.value, AnswerRow.effect)
    .order_by(RequestRow.case_id)
)


def follow(turn: Turn, cases: Mapping[UUID, Case], answered: Sequence[Answered] = ()) -> None:
    """`answered`: the stops whose answers are new."""
    known = told.read(turn, sorted(cases))
    answered = [(request, by_first_names(answer, turn.names)) for request, answer in answered]
    payees = {token for of in known.values() for stop in of.stops for token in _tokens(stop)}
    law, (fallen, left) = turn.law(payees), falling.causes(turn, sorted(cases))
    drafts: list[Draft] = []
    followed: list[tuple[Told, Flow | None]] = []
    for case_id, of in known.items():
        case = cases[case_id]
        # Of cases that are one the next must see what was asked just now.
        case = case.knows_of(each for each in drafts if cases[each.case_id].goes_on == case.goes_on)
        stands = left[case_id][1] if case_id in left else None
        found, why = (stands.after, "") if stands else _traced(turn, of)
        followed.append((of, found))
        _note_ends(turn, case_id, of, found)
        if found is not None:
            wanted, notes = hops.next_stops(case, of, found, law, fallen)
            drafts += [*wanted, *_repeated(case, answered, law)]
        else:
            mine = [each for each in answered if each[0].case_id == case_id]
            notes = [Note(request.request_id, why) for request, _ in mine if why]
            for request, answer in mine:
                drafts += () if request.request_id in fallen else _untraced(case, request, answer, law)
        _show(turn, of, notes)
        reducing.reduce(turn, case, of, found, remaining.beyond(turn, of, stands), fallen)
    requests.put(turn, drafts)
    claims.write(turn, followed)


def _repeated(case: Case, answered: Sequence[Answered], law: Law) -> Iterator[Draft]:
    """What is asked for once more is no further money by the trace: it is left to a person here."""
    for request, answer in answered:
        mine = request.case_id == case.case_id and REPEATED in request.reasons
        if mine and left_to_a_person(request, answer) and (draft := hops.by_person(case, request, law)):
            yield draft


def _untraced(case: Case, request: Request, answer: Answer, law: Law) -> list[Draft]:
    if answer.status in _MOVED:
        return untraced.next_hop(request, answer, case, law)
    draft = hops.by_person(case, request, law) if left_to_a_person(request, answer) else None
    return [draft] if draft else []


def touched(turn: Turn, tokens: set[str]) -> list[UUID]:
    """The cases in which a holder has answered about one of the accounts."""
    return list(turn.db.scalars(_TOUCHED, {"tokens": list(turn.names.every(tokens))})) if tokens else []


def tainted(turn: Turn, case_id: UUID, target: str) -> int | None:
    """What of the victims' money is at an account; None where that can't be told."""
    of = told.read(turn, [case_id])[case_id]
    found, _ = _traced(turn, of)
    return None if found is None else found.there(of.accounts.of(target))


def traced(turn: Turn, case_id: UUID) -> tuple[Told, Flow | None]:
    """All that is known of a case's money and, where that can be told, where it went."""
    of = told.read(turn, [case_id])[case_id]
    return of, _traced(turn, of)[0]


def _traced(turn: Turn, of: Told) -> tuple[Flow | None, str]:
    """Where the money went, or why that can't be told."""
    try:
        return flow(of, turn.profile), ""
    except InvalidLedger as error:
        turn.trail.note("answers contradict each other", of.stops[0].request.case_id, str(error).encode())
        return None, f"not traced, as answers contradict each other: {error}"[:500]


def _tokens(stop: Stop) -> Iterator[str]:
    yield stop.request.target.tokens[0]
    for said in stop.said:
        yield from (payee.tokens[0] for outflow in said.answer.outflows if (payee := payee_of(outflow)) is not None)


def _show(turn: Turn, of: Told, notes: Sequence[Note]) -> None:
    """Beside the request, where whoever decides reads it."""
    said = {stop.request.request_id: stop.reason for stop in of.stops}
    new = {note.request_id: note.text for note in notes if said[note.request_id] != note.text}
    for request_id, text in new.items():
        turn.trail.note("shown to police", request_id, text.encode())
    update_rows(turn.db, RequestRow, "request_id", [{"request_id": key, "reason": text} for key, text in new.items()])


def _note_ends(turn: Turn, case_id: UUID, of: Told, found: Flow | None) -> None:
    """Each end once, with what of it is the victims' by all that was told so far."""
    most = turn.profile.hops.most.value
    ends: dict[str, dict[str, Any]] = {}
    for each in outflows_told(of):
        request, serial = each.stop.request, each.transfer.serial
        if each.transfer.payee is None or request.hop >= most:
            minor = found.tainted(serial) if found is not None and serial in found.onward else None
            ends[serial] = {
                "case_id": case_id, "request_id": request.request_id, "hop": request.hop,
                "outflow": each.outflow.model_dump_json(exclude={"payee_name"}), "serial": serial, "minor": minor,
            }  # fmt: skip
    if rows := list(ends.values()):
        statement = inserting(PathEnd, list(rows[0]))
        traced = func.coalesce(statement.excluded.minor, PathEnd.minor)
        statement = statement.on_conflict_do_update(index_elements=["case_id", "serial"], set_={"minor": traced})
        turn.db.execute(statement, parameters(PathEnd, rows))
