"""What an answered act does to a hold that has begun: its turn comes, it is extended, reduced, frozen or renewed.

What the table does not list changes nothing here, and no act makes a hold greater than it was. What came too late is
handed back: the member holds something that has ended here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import case, func, update

from consumers.casebook.holding import holds
from consumers.casebook.holding.holds import Executed
from consumers.casebook.lifecycle import PROLONGS, UNENDED, HoldEvent
from consumers.casebook.tables import HoldRow
from consumers.casebook.turn import Turn
from schemas.base import seconds
from schemas.requests import Action, HoldStatus, Scope

EVENTS = {
    Action.EXTEND: HoldEvent.EXTEND,
    Action.REDUCE: HoldEvent.REDUCE,
    Action.FREEZE: HoldEvent.FREEZE,
    Action.RENEW: HoldEvent.RENEW,
}
_LESS = frozenset({Action.REDUCE, Action.FREEZE})


def change(turn: Turn, executed: Sequence[Executed]) -> list[UUID]:
    """Each executed act on its hold, in this order; the holds whose end it would have moved and did not."""
    unmoved = []
    for act in executed:
        event, hold_id = EVENTS[act.request.action], act.request.hold_id
        hold = (HoldRow.hold_id == hold_id) & (HoldRow.member == act.request.to)
        if not holds.move(turn, event, hold, _values(turn, act)) and event in PROLONGS and hold_id:
            unmoved.append(hold_id)
    return unmoved


def activate(turn: Turn, stop: Executed) -> bool:
    """The stop's order waited, and holds money now; its time counts from when its turn came."""
    amount = holds.held(turn, stop)
    values = {
        "scope": (stop.answer.scope or Scope.AMOUNT).value, "minor": amount.minor, "queue_position": None,
        "since": stop.done_at, "until": stop.done_at + _duration(turn, stop),
        "proposed_from": case((HoldRow.proposed_from.is_not(None), HoldStatus.ACTIVE.value)),
    }  # fmt: skip
    waits = HoldRow.queue_position.is_not(None) & (HoldRow.currency == amount.currency)
    return bool(holds.move(turn, HoldEvent.ACTIVATE, (HoldRow.request_id == stop.request.request_id) & waits, values))


def come_nearer(turn: Turn, stop: Executed) -> bool:
    """Fewer orders come before one that waits, which therefore holds nothing yet; no late word puts it back."""
    place, waits = stop.answer.queue_position, HoldRow.status.in_(UNENDED)
    before = [order.model_dump(mode="json") for order in stop.answer.earlier_orders]
    moved = update(HoldRow).where(HoldRow.request_id == stop.request.request_id, waits, HoldRow.queue_position > place)
    found = turn.db.scalars(moved.values(queue_position=place, earlier=before).returning(HoldRow.hold_id)).all()
    for hold_id in found:
        turn.trail.note("hold nearer in its queue", hold_id, str(place).encode())
    return bool(found)


def _values(turn: Turn, act: Executed) -> dict[str, Any]:
    action, amount = act.request.action, act.answer.amount or act.request.amount
    values: dict[str, Any] = {}
    if amount is not None and action in _LESS:
        # An amount in another currency than the hold's says nothing of it.
        less = case((HoldRow.currency == amount.currency, func.least(HoldRow.minor, amount.minor)), else_=HoldRow.minor)
        values |= {"minor": less, "scope": Scope.AMOUNT.value}
    if action is not Action.REDUCE:
        # A member's clock may say that it was done before the hold began.
        values["until"] = func.greatest(HoldRow.since, act.done_at) + _duration(turn, act)
    if action in (Action.FREEZE, Action.RENEW):
        values["paper"] = _paper(act)
    if action is Action.FREEZE:
        values["frozen_at"] = act.done_at
    return values


def _paper(act: Executed) -> str:
    """The document's hash, or that of the signed orders where it names none."""
    authority = act.request.authority
    return authority.document_hash or hashlib.sha256(" ".join(authority.orders).encode()).hexdigest()


def _duration(turn: Turn, act: Executed) -> timedelta:
    return seconds(act.request.duration_s or turn.profile.stop.duration_s.value)
