"""Holds: begun by an executed stop or suspension, ended by the clock or by a release. Each has its end from the first.

A stop that other units' orders come before begins a hold that waits in the queue. Must never make a hold active again
that has ended.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import case, select, update

from alliance import metrics
from consumers.casebook import ids
from consumers.casebook.lifecycle import HOLD, KEEPS, ON_PAPER, UNENDED, HoldEvent
from consumers.casebook.rows import among, insert_rows
from consumers.casebook.tables import HoldRow, RequestRow
from consumers.casebook.turn import Turn
from schemas.answers import Answer
from schemas.base import Money, seconds
from schemas.requests import Action, HoldStatus, Request, RequestStatus, Scope


@dataclass(frozen=True, slots=True)
class Executed:
    """A stop or a suspension that a member carried out, in whole or in part."""

    request: Request
    mandate_id: UUID | None
    answer: Answer
    done_at: datetime


def begin(turn: Turn, executed: Sequence[Executed]) -> None:
    """A hold for each, until its execution plus the duration asked for."""
    begun = [stop for stop in executed if _holds(turn, stop)]
    if not begun:
        return
    rows = [_row(turn, stop) for stop in begun]
    insert_rows(turn.db, HoldRow, rows, ignore=True)
    for row in rows:
        turn.trail.note(f"hold {row['status']}", row["hold_id"], f"{row['minor']} {row['until']}".encode())
    if crossed := _released(turn, begun):
        move(turn, HoldEvent.RELEASE, among(HoldRow.request_id, crossed))


def _holds(turn: Turn, stop: Executed) -> bool:
    answer = stop.answer
    return _is_line(stop) or bool(held(turn, stop).minor or answer.scope) or waits(answer)


def _is_line(stop: Executed) -> bool:
    return stop.request.action is Action.SUSPEND


def waits(answer: Answer) -> bool:
    """Whether other units' orders are first."""
    return answer.queue_position is not None and answer.queue_position > 1


def release(turn: Turn, requests: Sequence[Request]) -> None:
    """The member has let go."""
    if requests:
        move(turn, HoldEvent.RELEASE, among(HoldRow.hold_id, [request.hold_id for request in requests]))


def propose_release(turn: Turn, hold_ids: Sequence[UUID], cause: str) -> set[UUID]:
    """To the unit that ordered it, which decides by its clock; the stops that had led to those newly proposed."""
    if not hold_ids:
        return set()
    values = {
        "proposed_from": HoldRow.status, "cause": cause,
        "decide_by": turn.now + seconds(turn.profile.release.decision_s.value),
    }  # fmt: skip
    return {row.request_id for row in move(turn, HoldEvent.PROPOSE_RELEASE, among(HoldRow.hold_id, hold_ids), values)}


def reopen(turn: Turn, request_ids: Collection[UUID]) -> None:
    """What was decided about these stops since their unit kept their holds, it has yet to weigh."""
    kept = among(HoldRow.request_id, request_ids) & HoldRow.kept_at.is_not(None)
    turn.db.execute(update(HoldRow).where(kept).values(kept_at=None))


def expire(turn: Turn) -> Sequence[UUID]:
    """End what is past its time; what had led to it and was not prolonged, by whatever act, since."""
    row = HoldRow
    query = select(row.hold_id, row.request_id, row.status, row.since, row.until, row.frozen_at, row.line)
    due = turn.db.execute(query.where(row.until <= turn.now, row.status.in_(UNENDED))).all()
    if due:
        move(turn, HoldEvent.EXPIRE, among(HoldRow.hold_id, [row.hold_id for row in due]))
    metrics.HOLDS_EXPIRED.inc(len(due))
    once = seconds(turn.profile.stop.duration_s.value)
    return [
        row.request_id
        for row in due
        if row.line or (row.status != HoldStatus.EXTENDED and row.frozen_at is None and row.until - row.since <= once)
    ]


def unended(turn: Turn, case_ids: Sequence[UUID]) -> Sequence[Any]:
    """What holds money, or waits to hold it, in these cases."""
    row = HoldRow
    query = select(row.hold_id, row.request_id, row.status, row.proposed_from, row.cause, row.kept_at)
    return turn.db.execute(query.where(among(HoldRow.case_id, case_ids), HoldRow.status.in_(UNENDED))).all()


def is_on_paper(hold: Any) -> bool:
    """Whether it was ordered on paper, also while its release is proposed: no mandate changes it or lets it go."""
    status = hold.proposed_from if hold.status == HoldStatus.RELEASE_PROPOSED else hold.status
    return status in ON_PAPER


def move(turn: Turn, event: HoldEvent, where: Any, values: dict[str, Any] | None = None) -> Sequence[Any]:
    """Let the event happen to every hold that it can happen to; the holds."""
    after = {status.value: moves[event].value for status, moves in HOLD.items() if event in moves}
    statement = update(HoldRow).where(where, HoldRow.status.in_(after))
    new: dict[str, Any] = {"status": case(after, value=HoldRow.status), **(values or {})}
    if event in _DECIDES:
        new["decide_by"] = None
    statement = statement.values(new)
    moved = turn.db.execute(statement.returning(HoldRow.hold_id, HoldRow.request_id)).all()
    for row in moved:
        turn.trail.note(f"hold {event.value}", row.hold_id)
    return moved


_DECIDES = frozenset({HoldEvent.RELEASE, HoldEvent.EXPIRE, HoldEvent.DEDUCT, *KEEPS.values()})
"""After these there is nothing left for its unit to decide."""


def _released(turn: Turn, executed: Sequence[Executed]) -> set[UUID]:
    """Stops whose hold was let go before we heard that it had begun: the two answers crossed."""
    query = select(RequestRow.parent).where(
        RequestRow.action == Action.RELEASE.value,
        RequestRow.status == RequestStatus.EXECUTED.value,
        among(RequestRow.parent, [stop.request.request_id for stop in executed]),
        among(RequestRow.case_id, [stop.request.case_id for stop in executed]),
    )
    return {parent for parent in turn.db.scalars(query) if parent}


def _row(turn: Turn, stop: Executed) -> dict[str, Any]:
    request, answer, amount = stop.request, stop.answer, held(turn, stop)
    queued = waits(answer) and not _is_line(stop)
    return {
        "hold_id": ids.hold_id(request.request_id),
        "request_id": request.request_id,
        "case_id": request.case_id,
        "member": request.to,
        "target": request.target.tokens[0],
        "identifier": request.target.model_dump_json(),
        "mandate_id": stop.mandate_id,
        "status": (HoldStatus.QUEUED if queued else HoldStatus.ACTIVE).value,
        "scope": (Scope.ACCOUNT if _is_line(stop) else answer.scope or Scope.AMOUNT).value,
        "line": _is_line(stop),
        "minor": amount.minor,
        "currency": amount.currency,
        "since": stop.done_at,
        "until": stop.done_at + seconds(request.duration_s or _duration_s(turn, stop)),
        "unit": request.authority.unit,
        "queue_position": answer.queue_position if queued else None,
        "earlier": f"[{','.join(order.model_dump_json() for order in answer.earlier_orders)}]",
    }


def _duration_s(turn: Turn, stop: Executed) -> int:
    law = turn.profile.suspend if _is_line(stop) else turn.profile.stop
    return law.duration_s.value


def held(turn: Turn, stop: Executed) -> Money:
    """What was held, as the member says; an executed stop that names no amount held what was asked for, and a line is
    no money.

    Where the law holds amounts only, no more counts as held than was asked for: the rest is the holder's own.
    """
    if _is_line(stop):
        return Money(minor=0, currency=turn.profile.currency)
    asked, said = stop.request.amount, stop.answer.amount
    if said is not None:
        if not turn.profile.amount_only.value or asked is None or asked.currency != said.currency:
            return said
        if said.minor > asked.minor:
            turn.trail.note("held too much", stop.request.request_id, f"{said.minor} of {asked.minor}".encode())
        return min(asked, said, key=lambda money: money.minor)
    if stop.answer.status.value == RequestStatus.EXECUTED.value and asked is not None:
        return asked
    return Money(minor=0, currency=asked.currency if asked else turn.profile.currency)
