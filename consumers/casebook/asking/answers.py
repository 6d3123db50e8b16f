"""Answers: put on record, whatever they say; and where one changes its request, what follows from it.

Only the member that was asked may answer. An answer after a final one is recorded and changes nothing, but where a stop
waits behind other units' orders: its place may come nearer, and it is executed a second time when its turn has come.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select

from alliance import metrics
from consumers.casebook.asking import calling, consequences, requests
from consumers.casebook.asking.consequences import Effect
from consumers.casebook.inbound import Admitted, Bundle, refuse
from consumers.casebook.lifecycle import RequestEvent, request_after
from consumers.casebook.release import falling
from consumers.casebook.rows import given, insert_rows, update_rows
from consumers.casebook.tables import AnswerRow, RequestRow
from consumers.casebook.turn import Turn
from schemas.answers import Answer, AnswerStatus, Dissuasion
from schemas.reasons import Reason
from schemas.requests import Action, RequestStatus

Taken = tuple[Bundle, Admitted, Answer]
_ASKED = select(
    RequestRow.request_id,
    RequestRow.member,
    RequestRow.action,
    RequestRow.status,
    RequestRow.mandate_id,
    RequestRow.body,
).where(given(RequestRow.request_id, "request_ids"))
_SEEN = select(AnswerRow.member, AnswerRow.event_id, AnswerRow.digest).where(given(AnswerRow.event_id, "event_ids"))


def apply(turn: Turn, bundles: Sequence[Bundle]) -> None:
    """Take a batch of the `answers` topic, in its order; refusals are added to the bundles."""
    taken = [
        (bundle, admitted, admitted.event.data)
        for bundle in bundles
        for admitted in bundle.events
        if isinstance(admitted.event.data, Answer)
    ]
    asked = _asked(turn, {answer.request_id for _, _, answer in taken})
    mine = [item for item in taken if _is_asked(item, asked) and _fits(item, asked)]
    statuses = {request_id: RequestStatus(row.status) for request_id, row in asked.items()}
    rows: list[dict[str, Any]] = []
    effects, turns = [], []
    for _, admitted, answer in _new(turn, mine):
        before = statuses[answer.request_id]
        after = request_after(before, RequestEvent(answer.status.value))
        statuses[answer.request_id] = after
        noted, row = _row(turn, admitted, answer, effect=after is not before), asked[answer.request_id]
        effect = Effect(requests.message(row.body, row.member), row.mandate_id, answer, admitted.event.time, after)
        if after is not before:
            effects.append(effect)
        if after is before and effect.is_further:
            turns.append((noted, effect))
        else:
            rows.append(noted)
    _settle(turn, effects)
    # Where money went is decided by all that was answered, these included.
    insert_rows(turn.db, AnswerRow, rows)
    consequences.follow(turn, effects)
    for noted, effect in turns:
        noted["effect"] = consequences.take_turn(turn, effect)
    insert_rows(turn.db, AnswerRow, [noted for noted, _ in turns])
    falling.let_go(turn, sorted({effect.request.case_id for effect in effects if effect.leaves_hold}))


def _settle(turn: Turn, effects: Iterable[Effect]) -> None:
    """The requests' new statuses; of several answers to one, the last."""
    rows = {
        effect.request.request_id: {
            "request_id": effect.request.request_id,
            "status": effect.status.value,
            "reason": calling.shown(effect.answer),
            "answered_at": turn.now,
        }
        for effect in effects
    }
    update_rows(turn.db, RequestRow, "request_id", list(rows.values()))


def _asked(turn: Turn, request_ids: set[UUID]) -> dict[UUID, Any]:
    found = turn.db.execute(_ASKED, {"request_ids": list(request_ids)}) if request_ids else ()
    return {row.request_id: row for row in found}


def _is_asked(item: Taken, asked: dict[UUID, Any]) -> bool:
    """Whether the member was asked this. Of what was asked of others it learns nothing, not even that it was; and of a
    holder out of the city an officer's signature alone tells, which comes in no member's bundle."""
    bundle, admitted, answer = item
    row = asked.get(answer.request_id)
    if (
        row is not None
        and row.member == admitted.member
        and (row.status != RequestStatus.REFERRED or not bundle.member)
    ):
        return True
    detail = f"data.request_id: nothing with the id {answer.request_id} was asked of you"
    refuse(bundle, admitted, Reason.NOT_YOURS, detail)
    return False


def _fits(item: Taken, asked: dict[UUID, Any]) -> bool:
    """Whether it says what came of a call that was made, and of nothing else."""
    bundle, admitted, answer = item
    made = asked[answer.request_id].action == Action.CALL and answer.status is AnswerStatus.EXECUTED
    if made == (answer.dissuasion is not None):
        return True
    outcomes = ", ".join(Dissuasion)
    wanted = f"say what came of the call: {outcomes}" if made else "only a call that was made (executed) has an outcome"
    refuse(bundle, admitted, Reason.INVALID_FIELD, f"data.dissuasion: {wanted}")
    return False


def _new(turn: Turn, items: Sequence[Taken]) -> list[Taken]:
    """Those whose id is new; repetitions are passed over, and a second content under one id is refused."""
    event_ids = [admitted.event.id for _, admitted, _ in items]
    known = turn.db.execute(_SEEN, {"event_ids": event_ids}) if items else ()
    seen = {(member, event_id): digest for member, event_id, digest in known}
    new = []
    for item in items:
        bundle, admitted, _ = item
        key = (admitted.member, admitted.event.id)
        if key not in seen:
            seen[key] = admitted.digest
            new.append(item)
        elif seen[key] != admitted.digest:
            refuse(bundle, admitted, Reason.CONFLICT, "id: it was used for another answer")
    return new


def _row(turn: Turn, admitted: Admitted, answer: Answer, *, effect: bool) -> dict[str, Any]:
    metrics.ANSWERS_TAKEN.labels(answer.status.value).inc()
    if effect and answer.dissuasion:
        metrics.CALLS_ANSWERED.labels(answer.dissuasion.value).inc()
    body = answer.model_dump_json()
    turn.trail.note(f"answer {answer.status.value}", answer.request_id, body.encode())
    return {
        "member": admitted.member,
        "event_id": admitted.event.id,
        "request_id": answer.request_id,
        "digest": admitted.digest,
        "status": answer.status.value,
        "effect": effect,
        "done_at": admitted.event.time,
        "received_at": turn.now,
        "body": body,
    }
