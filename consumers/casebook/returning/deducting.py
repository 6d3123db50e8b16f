"""A court takes what is held: its judgement goes before any order of ours, and an officer of the hold's unit enters it.

The hold ends; what was still to be returned from it is not.
"""

from __future__ import annotations

from sqlalchemy import select

from alliance.errors import Refused
from consumers.casebook.holding import holds
from consumers.casebook.lifecycle import HoldEvent
from consumers.casebook.returning.signers import Said, officer_of_unit
from consumers.casebook.tables import HoldRow
from consumers.casebook.turn import Turn
from schemas.returns import DeductHold


def deduct(turn: Turn, said: Said, statement: DeductHold) -> None:
    """Raises Refused unless the hold is in force and of the officer's unit."""
    query = select(HoldRow.status, HoldRow.unit, HoldRow.line, HoldRow.queue_position)
    hold = turn.db.execute(query.where(HoldRow.hold_id == statement.hold_id)).first()
    if hold is None:
        raise Refused(f"There is no hold {statement.hold_id}; see `afa holds`.")
    officer_of_unit(said, hold.unit)
    if hold.line:
        raise Refused("The hold is of a line and no money, and nothing of it is a court's to take.")
    if hold.queue_position is not None:
        raise Refused("The order only waits behind others, and holds nothing that a court could take.")
    if not holds.move(turn, HoldEvent.DEDUCT, HoldRow.hold_id == statement.hold_id):
        raise Refused(f"The hold is {hold.status}, and nothing of it is a court's to take.")
