"""A return of funds at the bank: what a frozen hold keeps is paid to victims, by the list that the signed order names.

Each payment is made once, by its id as the serial, out of the hold and never beyond it: the whole list, or nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from producers.reference.ask import Ask
from producers.reference.decision import Decided, answer, refused
from producers.reference.entries import AccountRef, Entry, Held, Lifted, Measure, Moved, Way, serial_of
from schemas.answers import AnswerStatus, OutflowType
from schemas.returns import ReturnList, ReturnPayment


def give_back(ask: Ask) -> Decided:
    """Pay the list, or say why not."""
    hold = next((each for each in ask.orders() if each.hold_id == str(ask.request.hold_id)), None)
    if hold is None or hold.measure is not Measure.FREEZE:
        return refused(ask.request, "no freeze of this id is in force on the account")
    if hold.unit != ask.proof.unit:
        return refused(ask.request, "a hold is returned by the unit that ordered it")
    listed = ask.ledger.lists.get(str(ask.request.request_id))
    if listed is None or listed.digest() != ask.request.authority.document_hash:
        return refused(ask.request, "no list of payments came that the order names by its digest")
    if reason := _wrong(ask, hold, listed):
        return refused(ask.request, reason)
    total = sum(payment.amount.minor for payment in listed.payments)
    entries = [_less(ask, hold, total), *(entry for payment in listed.payments for entry in _paid(ask, payment))]
    return Decided(answer(ask.request, AnswerStatus.EXECUTED, amount=ask.money(total)), entries)


def _wrong(ask: Ask, hold: Held, listed: ReturnList) -> str | None:
    total = sum(payment.amount.minor for payment in listed.payments)
    serials = {serial_of(payment) for payment in listed.payments}
    # First, as what is more than an amount can be is none.
    if total > min(hold.amount, ask.ledger.balance(ask.account)):
        return "the hold does not keep as much as is to be returned"
    if listed.hold_id != ask.request.hold_id or ask.request.amount != ask.money(total):
        return "the list is of another hold or amount than the order"
    if any(payment.amount.currency != ask.currency or not payment.amount.minor for payment in listed.payments):
        return "a payment is in another currency than the account, or of nothing"
    if len(serials) < len(listed.payments) or any(ask.ledger.sent(serial) for serial in serials):
        return "a payment of the list was made before"
    return None


def _less(ask: Ask, hold: Held, total: int) -> Held | Lifted:
    if total == hold.amount:
        return Lifted(hold.hold_id, hold.account, ask.now)
    return msgspec.structs.replace(hold, amount=hold.amount - total)


def _paid(ask: Ask, payment: ReturnPayment) -> Iterator[Entry]:
    """To the account from which the victim had paid; over the counter, by the report, where the books don't know it."""
    serial, amount = serial_of(payment), payment.amount.minor
    victim = _account_of(ask, payment)
    if victim is None:
        place = f"report {payment.event_id}"
        yield Moved(serial, Way.OUT, ask.account, amount, ask.now, OutflowType.COUNTER, place=place)
        return
    yield Moved(serial, Way.OUT, ask.account, amount, ask.now, other=victim)
    # Two banks may have accounts of one number, as wallets that are called by a telephone.
    if victim.route == ask.route and victim.number in ask.ledger.accounts:
        giver = AccountRef(victim.route, ask.account, ask.ledger.accounts[ask.account].kind)
        yield Moved(serial, Way.IN, victim.number, amount, ask.now, other=giver)


def _account_of(ask: Ask, payment: ReturnPayment) -> AccountRef | None:
    if payment.payer is None:
        return None
    payers = (move.other for move in ask.inflows() if move.other is not None)
    return next((one for one in payers if ask.index.means(payment.payer, one.kind, one.number)), None)
