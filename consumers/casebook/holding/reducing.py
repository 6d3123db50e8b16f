"""What a hold keeps when a part of its support has fallen and the rest stands: no more than the rest claims.

Proposed to the unit that ordered it, never done by itself. A standing report that names no amount bounds nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select

from alliance.errors import Refused
from consumers.casebook.evidence import reports
from consumers.casebook.holding import holdacts
from consumers.casebook.holding.holdrules import HoldAct
from consumers.casebook.lifecycle import IN_FORCE
from consumers.casebook.model import Reported
from consumers.casebook.rows import among
from consumers.casebook.tables import Claim, HoldRow, RequestRow
from consumers.casebook.turn import Turn
from schemas.base import Money
from schemas.requests import Action

_WHY = "a claim on it has fallen; this is what the rest claims"


def propose(turn: Turn, annulled: Sequence[tuple[str, UUID]], fell: Collection[UUID]) -> None:
    """Of what still stands: the holds on which an annulled report had a claim, and those whose onward way has fallen
    while a report names their own account."""
    rows = [row for row in _concerned(turn, annulled, fell) if row.request_id not in fell]
    if not rows:
        return
    named = reports.naming(turn, {row.target for row in rows})
    for row in rows:
        left = _claimed(named.get(row.target, ()), row.currency)
        if left is not None and 0 < left < row.minor:
            _file(turn, HoldAct(row.hold_id, Action.REDUCE, _WHY, Money(minor=left, currency=row.currency)))


def _concerned(turn: Turn, annulled: Sequence[tuple[str, UUID]], fell: Collection[UUID]) -> Sequence[Any]:
    events = {event_id for _, event_id in annulled}
    claimed = select(Claim.hold_id).where(among(Claim.event_id, events))
    onward = select(RequestRow.request_id).where(among(RequestRow.parent, fell), RequestRow.action == Action.STOP.value)
    query = select(HoldRow.hold_id, HoldRow.request_id, HoldRow.target, HoldRow.minor, HoldRow.currency)
    lost = HoldRow.hold_id.in_(claimed) | HoldRow.request_id.in_(onward)
    return turn.db.execute(query.where(lost, HoldRow.status.in_(IN_FORCE)).order_by(HoldRow.hold_id)).all()


def _claimed(standing: Sequence[Reported], currency: str) -> int | None:
    """What these reports claim in the currency; None if one of them does not say."""
    total = 0
    for report in standing:
        if report.transfer is None or report.transfer.amount is None:
            return None
        total += report.transfer.amount.minor if report.transfer.amount.currency == currency else 0
    return total


def _file(turn: Turn, act: HoldAct) -> None:
    try:
        holdacts.file_act(turn.db, act, turn.now)
    except Refused as refused:
        turn.trail.note("reduction not open", act.hold_id, str(refused).encode())
