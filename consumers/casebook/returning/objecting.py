"""Objections to a return, against one claim or the whole, and what an officer decides on them.

What nobody has decided yet is set aside and goes to no other. What is upheld is not paid. Must never touch what was
paid.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Text, cast, select, update

from alliance.errors import Refused
from consumers.casebook.returning.signers import Said, may_object, officer_of_unit
from consumers.casebook.rows import insert_rows
from consumers.casebook.tables import HoldRow, ReturnClaim, ReturnNotice, ReturnObjection
from consumers.casebook.turn import Turn
from schemas.returns import DecideObjection, ObjectToReturn


def object_to(turn: Turn, said: Said, statement: ObjectToReturn) -> UUID:
    """The return. Raises Refused where it is too late, or not the signer's to object."""
    row = _open(turn, statement.return_id)
    may_object(said, row.holder)
    if turn.now >= row.objections_until:
        raise Refused("The time for objections is over.")
    claim = _claim(turn, statement) if statement.event_id else None
    values = {
        "number": said.number, "return_id": row.return_id, "member": claim.member if claim else None,
        "event_id": statement.event_id, "by": said.by, "reason": statement.reason, "filed_at": turn.now,
    }  # fmt: skip
    insert_rows(turn.db, ReturnObjection, [values])
    _look(turn, row.return_id)
    return statement.return_id


def decide(turn: Turn, said: Said, statement: DecideObjection) -> UUID:
    """The return. Raises Refused unless an officer of the hold's unit decides what nobody has decided."""
    # Compared as text: a number that is signed may be above all that the database can have.
    query = select(ReturnObjection).where(cast(ReturnObjection.number, Text) == str(statement.objection))
    objection = turn.db.execute(query).mappings().first()
    if objection is None:
        raise Refused(f"There is no objection {statement.objection}; see `afa return list`.")
    row = _open(turn, objection["return_id"])
    officer_of_unit(said, row.unit)
    if objection["upheld"] is not None:
        raise Refused(f"The objection {statement.objection} was decided by {objection['decided_by']}.")
    decided = {"upheld": statement.upheld, "decided_by": said.by, "decided_at": turn.now}
    turn.db.execute(update(ReturnObjection).where(ReturnObjection.number == statement.objection).values(decided))
    if statement.upheld:
        _uphold(turn, objection)
    _look(turn, row.return_id)
    return row.return_id  # type: ignore[no-any-return]


def _uphold(turn: Turn, objection: Any) -> None:
    mine = ReturnClaim.return_id == objection["return_id"]
    if objection["event_id"] is not None:
        mine &= (ReturnClaim.member == objection["member"]) & (ReturnClaim.event_id == objection["event_id"])
    turn.db.execute(update(ReturnClaim).where(mine).values(annulled=True))


def _open(turn: Turn, return_id: UUID) -> Any:
    query = select(*ReturnNotice.__table__.c, HoldRow.member.label("holder"))
    query = query.join(HoldRow, HoldRow.hold_id == ReturnNotice.hold_id)
    row = turn.db.execute(query.where(ReturnNotice.return_id == return_id)).first()
    if row is None:
        raise Refused(f"There is no return {return_id}; see `afa return list`.")
    if row.closed_at is not None:
        raise Refused(f"The return {return_id} is closed: {row.closed_for}.")
    return row


def _claim(turn: Turn, statement: ObjectToReturn) -> Any:
    named = (ReturnClaim.return_id == statement.return_id) & (ReturnClaim.event_id == statement.event_id)
    claims = turn.db.execute(select(ReturnClaim.member).where(named)).all()
    if len(claims) != 1:
        raise Refused(f"The return names no claim by the report {statement.event_id}; see `afa return list`.")
    return claims[0]


def _look(turn: Turn, return_id: UUID) -> None:
    turn.db.execute(update(ReturnNotice).where(ReturnNotice.return_id == return_id).values(look=True))
