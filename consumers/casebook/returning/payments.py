"""A `return` request with its list of payments: drafted for officers of the hold's unit to sign, or to take over where
the holder is out of the city; one a hold at a time.

The order names the list by its digest, as the paper that it stands on, and the list goes to a member with the signed
request. Must never draft what is not due.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import and_, select

from consumers.casebook import ids
from consumers.casebook.asking import requests
from consumers.casebook.asking.drafting import Act, draft
from consumers.casebook.asking.routing import Route
from consumers.casebook.authority import cover
from consumers.casebook.evidence.cases import read_cases
from consumers.casebook.ids import HOLDER
from consumers.casebook.model import Case, Draft
from consumers.casebook.money.known import claim_key
from consumers.casebook.money.returns import Payment
from consumers.casebook.rows import among, insert_rows
from consumers.casebook.tables import HoldRow, Outbox, ReturnClaim, ReturnPaymentRow
from consumers.casebook.turn import Turn
from schemas.base import Money
from schemas.identifiers import Identifier
from schemas.requests import Action, Request, RequestStatus
from schemas.returns import MAX_PAYMENTS, PaymentStatus, ReturnList, ReturnPayment

_WHY = "money is returned to its victims"


def put(turn: Turn, return_id: UUID, hold: Any, route: Route, due: Sequence[Payment]) -> None:
    """Draft the request for these, at most as many as a list holds; the rest follows when it is answered."""
    due = due[:MAX_PAYMENTS]
    case = read_cases(turn, [hold.case_id])[hold.case_id]
    made = _draft(turn, case, hold, route, sum(each.money.minor for each in due))
    payers = _payers(turn, return_id)
    listed = [(each.claim.partition("/")[0], _listed(made.request_id, each, hold.unit, payers)) for each in due]
    payments = _ordered([each for _, each in listed])
    paper = ReturnList(request_id=made.request_id, hold_id=hold.hold_id, payments=payments).digest()
    made = replace(made, authority=made.authority.model_copy(update={"document_hash": paper}))
    requests.put(turn, [made])
    rows = [
        {
            "payment_id": each.payment_id, "return_id": return_id, "hold_id": hold.hold_id,
            "request_id": made.request_id, "member": reporter, "event_id": each.event_id,
            "minor": each.amount.minor, "currency": each.amount.currency, "status": PaymentStatus.DRAFTED.value,
            "drafted_at": turn.now,
        }
        for reporter, each in listed
    ]  # fmt: skip
    insert_rows(turn.db, ReturnPaymentRow, rows)


def enclose(turn: Turn, ordered: Sequence[Request]) -> None:
    """The lists of requests that are handed over now, on their way before them."""
    if not ordered:
        return
    lists = lists_of(turn, ordered)
    rows = [
        {"member": one.to, "key": str(one.request_id), "value": lists[one.request_id].model_dump_json()}
        for one in ordered
        if one.request_id in lists
    ]
    insert_rows(turn.db, Outbox, rows)


def lists_of(turn: Turn, ordered: Sequence[Request]) -> dict[UUID, ReturnList]:
    """As they were drafted, by request."""
    row, claim = ReturnPaymentRow, ReturnClaim
    query = select(*row.__table__.c, HoldRow.case_id, HoldRow.unit, claim.payer)
    query = query.join(HoldRow, HoldRow.hold_id == row.hold_id)
    same = and_(claim.return_id == row.return_id, claim.member == row.member, claim.event_id == row.event_id)
    found: dict[UUID, list[ReturnPayment]] = {}
    wanted = among(row.request_id, [one.request_id for one in ordered])
    for each in turn.db.execute(query.join(claim, same).where(wanted)):
        payment = ReturnPayment(
            payment_id=each.payment_id,
            case_id=each.case_id,
            member=each.unit,
            event_id=each.event_id,
            amount=Money(minor=each.minor, currency=each.currency),
            payer=_identifier(each.payer),
        )
        found.setdefault(each.request_id, []).append(payment)
    holds = {one.request_id: one.hold_id for one in ordered}
    return {
        request_id: ReturnList(request_id=request_id, hold_id=hold_id, payments=_ordered(found[request_id]))
        for request_id, hold_id in holds.items()
        if request_id in found and hold_id is not None
    }


def _draft(turn: Turn, case: Case, hold: Any, route: Route, minor: int) -> Draft:
    law = turn.law()
    attempts = [known.attempt for known in case.known if (known.action, known.target) == (Action.RETURN, hold.target)]
    act = Act(
        Action.RETURN,
        Identifier.model_validate_json(orjson.dumps(hold.identifier)),
        route,
        asked=HOLDER,
        amount=Money(minor=minor, currency=hold.currency),
        attempt=1 + max(attempts, default=0),
        reasons=(_WHY,),
        parent=hold.request_id,
        hold_id=hold.hold_id,
    )
    authority = cover.by_officer(None, law).model_copy(update={"unit": hold.unit})
    waits = RequestStatus.AWAITING_AUTHORISATION if route.to else RequestStatus.DRAFTED
    made = draft(case, act, law, authority, waits)
    return replace(made, void_after=min(made.void_after, hold.until))


def _listed(request_id: UUID, due: Payment, unit: str, payers: Mapping[str, Identifier | None]) -> ReturnPayment:
    # Who took the report is not for the holder, which asks the unit.
    return ReturnPayment(
        payment_id=ids.payment_id(request_id, due.claim),
        case_id=due.case_id,
        member=unit,
        event_id=due.report,
        amount=due.money,
        payer=payers[due.claim],
    )


def _ordered(payments: Sequence[ReturnPayment]) -> list[ReturnPayment]:
    return sorted(payments, key=lambda each: each.payment_id)


def _payers(turn: Turn, return_id: UUID) -> dict[str, Identifier | None]:
    query = select(ReturnClaim.member, ReturnClaim.event_id, ReturnClaim.payer)
    rows = turn.db.execute(query.where(ReturnClaim.return_id == return_id))
    return {claim_key(row.member, row.event_id): _identifier(row.payer) for row in rows}


def _identifier(payer: Any) -> Identifier | None:
    return None if payer is None else Identifier.model_validate_json(orjson.dumps(payer))
