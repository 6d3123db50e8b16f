"""An officer announces that what a hold keeps is returned: the notice, with the claims that it names and its deadlines.

The claims stand as they are known at that moment; a victim found later needs another notice. Pays nothing by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import func, select

from alliance.authority import allows
from alliance.errors import Refused
from consumers.casebook import ids
from consumers.casebook.lifecycle import HOLD, HoldEvent
from consumers.casebook.model import Reported
from consumers.casebook.money import following
from consumers.casebook.money.known import key_of
from consumers.casebook.money.owed import owed
from consumers.casebook.returning.signers import Said, officer_of_unit
from consumers.casebook.rows import insert_rows
from consumers.casebook.tables import HoldRow, Outbox, ReturnClaim, ReturnNotice
from consumers.casebook.turn import Turn
from schemas.base import Money, seconds
from schemas.identifiers import Identifier
from schemas.requests import Action, AuthorityClass, HoldStatus
from schemas.returns import AnnounceReturn
from schemas.returns import ReturnNotice as Told


def announce(turn: Turn, said: Said, statement: AnnounceReturn) -> UUID:
    """The return. Raises Refused where the law, the hold or a return that is open does not let it be."""
    rule = turn.profile.returns
    if rule is None or not allows(turn.profile, Action.RETURN, AuthorityClass.POLICE_ORDER):
        raise Refused(f"Under the profile {turn.profile.name} nothing is returned through the alliance.")
    hold = turn.db.execute(select(*HoldRow.__table__.c).where(HoldRow.hold_id == statement.hold_id)).first()
    if hold is None:
        raise Refused(f"There is no hold {statement.hold_id}; see `afa holds`.")
    officer = officer_of_unit(said, hold.unit)
    if HoldEvent.RETURN not in HOLD[HoldStatus(hold.status)] or not hold.minor:
        raise Refused(f"The hold is {hold.status}: only what is frozen can be returned.")
    _is_next(turn, statement)
    claims = _claims(turn, hold)
    if not claims:
        raise Refused("No accepted report claims anything of what is held; there is nobody to return it to.")
    made = ids.return_id(hold.hold_id, statement.number)
    notice = {
        "return_id": made, "hold_id": hold.hold_id, "case_id": hold.case_id, "number": statement.number,
        "unit": hold.unit, "officer": officer, "reason": statement.reason, "announced_at": turn.now,
        "objections_until": turn.now + seconds(rule.objection_s.value),
        "until": turn.now + seconds(rule.notice_s.value), "stays": "{}", "look": True, "ended": False,
        "held_status": hold.status, "held_minor": hold.minor,
    }  # fmt: skip
    insert_rows(turn.db, ReturnNotice, [notice])
    insert_rows(turn.db, ReturnClaim, [{"return_id": made, **claim} for claim in claims])
    _tell(turn, hold, notice)
    turn.trail.note("return announced", made, b"".join(orjson.dumps(claim, default=str) for claim in claims))
    return made


def _tell(turn: Turn, hold: Any, notice: Mapping[str, Any]) -> None:
    """The account's holder objects through its bank, which must know of the notice for that."""
    told = Told(
        return_id=notice["return_id"],
        hold_id=hold.hold_id,
        target=Identifier.model_validate_json(orjson.dumps(hold.identifier)),
        unit=hold.unit,
        amount=Money(minor=hold.minor, currency=hold.currency),
        objections_until=notice["objections_until"],
        until=notice["until"],
    )
    insert_rows(turn.db, Outbox, [{"member": hold.member, "key": hold.member, "value": told.model_dump_json()}])


def _is_next(turn: Turn, statement: AnnounceReturn) -> None:
    query = select(func.count(), func.count().filter(ReturnNotice.closed_at.is_(None)))
    before, still_open = turn.db.execute(query.where(ReturnNotice.hold_id == statement.hold_id)).one()
    if still_open:
        raise Refused("A return of this hold is announced already; see `afa return list`.")
    if statement.number != before + 1:
        raise Refused(f"The next announcement is number {before + 1}, and the statement is number {statement.number}.")


def _claims(turn: Turn, hold: Any) -> list[dict[str, Any]]:
    told, flow = following.traced(turn, hold.case_id)
    stop = next(each for each in told.stops if each.held is not None and each.held.hold_id == hold.hold_id)
    assert stop.held is not None
    reports = {key_of(each): each for of in told.reports.values() for each in of}
    return [
        {
            "member": reports[claim.claim].member,
            "event_id": claim.report,
            "taken_at": reports[claim.claim].taken_at,
            "minor": claim.money.minor,
            "traced": claim.traced,
            "annulled": False,
            "payer": _payer(reports, claim.claim),
        }
        for claim in owed(hold.case_id, told, flow, told.account(stop), stop.held, turn.profile)
    ]


def _payer(reports: Mapping[str, Reported], claim: str) -> str | None:
    """Of several the one from which most came in one payment."""
    payers = (paid.transfer.payer for paid in reports[claim].payments)
    return next((payer.model_dump_json() for payer in payers if payer), None)
