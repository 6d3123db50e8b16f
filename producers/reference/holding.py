"""Police holds on an account: stopped, changed, released.

Held is what was asked for, or what of it is still there; never what another order holds, never on a mismatch, and by a
mandate only on what could be compared. Where other orders hold all that is there, the order waits its turn.
"""

from __future__ import annotations

from datetime import timedelta

import msgspec

from alliance.release import by_law
from producers.reference.ask import Ask, is_frozen
from producers.reference.decision import Decided, answer, refused
from producers.reference.entries import Held, Lifted, Measure, Noted, Queued
from producers.reference.limits import over_mandate
from producers.reference.matching import Matched
from producers.reference.queueing import earlier_orders, wait
from schemas.answers import AnswerStatus, Comparison
from schemas.base import seconds
from schemas.requests import Action, Scope

_LESS = frozenset({Action.REDUCE, Action.FREEZE})
STOP = timedelta(hours=48)
"""How long a stop lasts where the request does not say."""
TAKEN = "a measure of this id is in the books already, which this one would replace"
_OUTDATED = "the request or its mandate was over before it came, and the hold has been prolonged: order it anew"
_FOREIGN = "the amount is in another currency than the account"
_CHANGES = {Action.EXTEND: Measure.STOP, Action.FREEZE: Measure.STOP, Action.RENEW: Measure.FREEZE}
"""Of what each is the next step."""


def stop(ask: Ask) -> Decided:
    """Hold the amount asked for, of what nobody else holds; all of it where no amount is named."""
    matched, named = ask.matched(), _named(ask)
    if matched.comparison is Comparison.MISMATCH:
        return refused(ask.request, "no payment of ours agrees with the request", comparison=matched.comparison)
    if named is Comparison.MISMATCH:
        return refused(ask.request, "the account is in another name than the one reported", comparison=named)
    if Comparison.NOT_COMPARABLE in (matched.comparison, named):
        matched = matched._replace(comparison=Comparison.NOT_COMPARABLE)
        if ask.proof.mandate:
            return refused(ask.request, _not_comparable(ask, named), comparison=matched.comparison)
    if ask.is_taken():
        return refused(ask.request, TAKEN)
    if any(hold.case_id == str(ask.request.case_id) for hold in ask.orders()):
        return refused(ask.request, "an order of this case holds money on the account already")
    if any(order.case_id == str(ask.request.case_id) for order in ask.waiting()):
        return refused(ask.request, "an order of this case waits for money on the account already")
    if ask.stops() >= ask.proof.stops:
        return refused(ask.request, _as_often(ask))
    if _is_foreign(ask):
        return refused(ask.request, _FOREIGN)
    wanted = ask.request.amount.minor if ask.request.amount else ask.ledger.balance(ask.account)
    amount = min(wanted, ask.ledger.unheld(ask.account, ask.now))
    waits = 0 if amount > 0 else min(wanted, ask.ledger.held(ask.account, ask.now))
    if reason := over_mandate(ask.ledger, ask.account, ask.proof.mandate, max(amount, waits), ask.now):
        return refused(ask.request, reason)
    if waits:
        return wait(ask, matched, waits, wanted, seconds(ask.request.duration_s) if ask.request.duration_s else STOP)
    return _gone(ask, matched) if amount <= 0 else _take(ask, matched, amount, wanted)


def _named(ask: Ask) -> Comparison:
    """Of an onward payment the payer gave the name, who may be a thief: that it is another's proves nothing."""
    named = ask.named()
    return Comparison.NOT_COMPARABLE if named is Comparison.MISMATCH and ask.request.hop else named


def _not_comparable(ask: Ask, named: Comparison) -> str:
    if ask.named() is Comparison.MISMATCH:
        return "the payer named another than the account's holder, as a thief may: an officer must decide"
    missing = "name" if named is Comparison.NOT_COMPARABLE else "payment"
    return f"no {missing} came by which the account could be told for the one meant: an officer must decide"


def change(ask: Ask) -> Decided:
    """Extend, renew, reduce, or convert into a freeze, a hold of the same unit; never to a greater amount. What makes
    it less makes it no longer, and what extends it neither less nor shorter."""
    hold = ask.hold_meant()
    if hold is None or hold.measure is Measure.DELAY:
        return refused(ask.request, "no order of this id or case is in force on the account")
    if reason := _not_changed(ask, hold):
        return refused(ask.request, reason)
    action, asked, lasts = ask.request.action, ask.request.amount, ask.request.duration_s
    amount = min(asked.minor, hold.amount) if asked and action in _LESS else hold.amount
    until = ask.now + seconds(lasts) if lasts and action is not Action.REDUCE else hold.until
    until = max(until, hold.until) if action is Action.EXTEND else until
    measure = Measure.FREEZE if action is Action.FREEZE else hold.measure
    extended, renewed = hold.extended + (action is Action.EXTEND), hold.renewed + (action is Action.RENEW)
    changed = msgspec.structs.replace(
        hold, measure=measure, amount=amount, until=until, extended=extended, renewed=renewed
    )
    done = answer(ask.request, AnswerStatus.EXECUTED, scope=Scope.AMOUNT, amount=ask.money(amount), until=until)
    return Decided(done, [changed])


def _not_changed(ask: Ask, hold: Held) -> str | None:
    action = ask.request.action
    if _is_outdated(ask, hold):
        return _OUTDATED
    if not ask.is_its_own(hold):
        return "a hold is changed by the unit that ordered it, and by a mandate what is held under that alone"
    if _CHANGES.get(action, hold.measure) is not hold.measure:
        return f"{action.value} is not for a {hold.measure.value}"
    if action is Action.EXTEND and ask.stops() >= ask.proof.stops:
        return _as_often(ask)
    if action is Action.RENEW and hold.renewed >= ask.proof.renewals:
        return f"the law has a freeze renewed {ask.proof.renewals} times at most"
    return _FOREIGN if _is_foreign(ask) else None


def _as_often(ask: Ask) -> str:
    return f"the law has an account stopped {ask.proof.stops} times at most in a case, an extension being one"


def _is_foreign(ask: Ask) -> bool:
    return ask.request.amount is not None and ask.request.amount.currency != ask.currency


def release(ask: Ask) -> Decided:
    """End a hold before its time: the bank's own for whoever asks, an order's for its unit, or as the law has it."""
    if waiting := ask.waiting_meant():
        return _unqueue(ask, waiting)
    hold = ask.hold_meant()
    if hold is None:
        return refused(ask.request, "no hold of this id or case is in force on the account")
    if hold.measure is not Measure.DELAY and not ask.is_its_own(hold) and not _by_law(ask, hold):
        return refused(ask.request, "a hold is released by the unit that ordered it, and the law lets go of none such")
    if _is_outdated(ask, hold):
        return refused(ask.request, _OUTDATED)
    done = answer(ask.request, AnswerStatus.EXECUTED, scope=Scope.AMOUNT, amount=ask.money(hold.amount))
    return Decided(done, [Lifted(hold.hold_id, hold.account, ask.now)])


def _unqueue(ask: Ask, waiting: Queued) -> Decided:
    if not ask.is_its_own(waiting) and not _by_law(ask, waiting):
        return refused(ask.request, "an order is taken back by the unit that gave it")
    done = answer(ask.request, AnswerStatus.EXECUTED, scope=Scope.AMOUNT, amount=ask.money(0))
    return Decided(done, [Lifted(waiting.hold_id, waiting.account, ask.now)])


def _is_outdated(ask: Ask, hold: Held) -> bool:
    """Whether it, or its mandate, was over before it came, and the hold was prolonged: maybe by who has thought better
    of it."""
    late = ask.now >= ask.request.void_after or ask.proof.ended
    return late and (is_frozen(hold) or hold.extended > 0)


def _by_law(ask: Ask, order: Held | Queued) -> bool:
    """Whether the hub's word suffices for exactly this order: by the bank's own profile, and never for a freeze."""
    if ask.proof.law is None or is_frozen(order) or order.hold_id != str(ask.request.hold_id):
        return False
    return by_law(ask.proof.law, mandated=bool(order.mandate), since=order.at, now=ask.now)


def _take(ask: Ask, matched: Matched, amount: int, wanted: int) -> Decided:
    duration = seconds(ask.request.duration_s) if ask.request.duration_s else STOP
    hold = ask.new_hold(Measure.STOP, amount, ask.now + duration)
    done = answer(
        ask.request,
        AnswerStatus.EXECUTED if amount == wanted else AnswerStatus.PARTIAL,
        comparison=matched.comparison,
        scope=Scope.AMOUNT,
        amount=ask.money(amount),
        until=hold.until,
        earlier_orders=earlier_orders(ask),
        **ask.standing(matched, traced=amount < wanted),
    )
    return Decided(done, [hold], ask.payees(matched) if amount < wanted else {})


def _gone(ask: Ask, matched: Matched) -> Decided:
    told = ask.standing(matched)
    gone = answer(ask.request, AnswerStatus.ALREADY_GONE, comparison=matched.comparison, **told)
    note = Noted(ask.account, ask.request.action.value, str(ask.request.request_id), ask.now)
    return Decided(gone, [note], ask.payees(matched))
