"""An officer enters which payments of a return its member made, of those of which the member has not said so.

What was made counts as paid; what was not is owed again, by the return's rules. Must never touch what is clear.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select

from alliance.errors import Refused
from consumers.casebook.evidence.cases import read_cases
from consumers.casebook.money import following
from consumers.casebook.returning import settling
from consumers.casebook.returning.signers import Said, officer_of_unit
from consumers.casebook.rows import among
from consumers.casebook.tables import ReturnNotice, ReturnPaymentRow
from consumers.casebook.turn import Turn
from schemas.returns import PaymentStatus, SettlePayments


def clear(turn: Turn, said: Said, statement: SettlePayments) -> UUID:
    """The return. Raises Refused unless an officer of the hold's unit names unclear payments of it, each once."""
    query = select(ReturnNotice.unit, ReturnNotice.case_id).where(ReturnNotice.return_id == statement.return_id)
    notice = turn.db.execute(query).first()
    if notice is None:
        raise Refused(f"There is no return {statement.return_id}; see `afa return list`.")
    officer_of_unit(said, notice.unit)
    named = [*statement.made, *statement.not_made]
    if not named or len(set(named)) < len(named):
        raise Refused("Name at least one payment, and each once: as made, or as not made.")
    unclear = {row.payment_id: row for row in _unclear(turn, statement.return_id, named)}
    if settled := sorted(set(named) - set(unclear)):
        raise Refused(f"The return has no unclear payment {settled[0]}; see `afa return list --json`.")
    made, not_made = ([unclear[one] for one in of] for of in (statement.made, statement.not_made))
    settling.clear(turn, made, not_made, said.number)
    following.follow(turn, read_cases(turn, [notice.case_id]))
    return statement.return_id


def _unclear(turn: Turn, return_id: UUID, named: Sequence[UUID]) -> Sequence[Any]:
    row = ReturnPaymentRow
    query = select(row.payment_id, row.hold_id, row.event_id, row.minor).where(
        row.return_id == return_id, among(row.payment_id, named), row.status == PaymentStatus.UNCLEAR.value
    )
    return turn.db.execute(query).all()
