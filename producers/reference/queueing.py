"""The queue of orders on one account (轮候): whoever came first holds, and whoever comes next holds what that lets go.

Never more than was there when the order came to wait: a salary that arrives meanwhile is free.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from producers.reference.ask import Ask
from producers.reference.decision import Decided, answer
from producers.reference.entries import Held, Measure, Placed, Queued, Told
from producers.reference.ledger import Ledger
from producers.reference.matching import Matched
from schemas.answers import Answer, AnswerStatus, EarlierOrder
from schemas.base import Money, seconds
from schemas.requests import Scope

_MAX_EARLIER = 16


def wait(ask: Ask, matched: Matched, amount: int, wanted: int, duration: timedelta) -> Decided:
    """Behind the orders that hold all there is. What is not there at all, and left, is told as for any order."""
    earlier = len(ask.orders()) + len(ask.waiting())
    order = Queued(
        hold_id=str(ask.request.hold_id or ask.request.request_id),
        request_id=str(ask.request.request_id),
        case_id=str(ask.request.case_id),
        account=ask.account,
        amount=amount,
        behind=ask.ledger.held(ask.account, ask.now),
        unit=ask.proof.unit,
        at=ask.now,
        until=ask.now + duration,
        duration_s=int(duration.total_seconds()),
        mandate=str(ask.proof.mandate.mandate_id) if ask.proof.mandate else "",
        place=earlier + 1,
    )
    done = answer(
        ask.request,
        AnswerStatus.EXECUTED if amount == wanted else AnswerStatus.PARTIAL,
        comparison=matched.comparison,
        scope=Scope.AMOUNT,
        amount=ask.money(amount),
        until=order.until,
        queue_position=earlier + 1,
        earlier_orders=earlier_orders(ask),
        **ask.standing(matched, traced=amount < wanted),
    )
    return Decided(done, [order], ask.payees(matched) if amount < wanted else {})


def earlier_orders(ask: Ask) -> list[EarlierOrder]:
    """What comes before an order that comes now."""
    return _shown([*ask.orders(), *ask.waiting()], ask.currency)


def _shown(before: Sequence[Held | Queued], currency: str) -> list[EarlierOrder]:
    return [
        EarlierOrder(unit=order.unit, amount=Money(minor=order.amount, currency=currency), until=order.until)
        for order in before[:_MAX_EARLIER]
    ]


def nearer(ledger: Ledger, currency: str, now: datetime) -> list[Decided]:
    """Of orders that wait, and that fewer come before than whoever asked was told: where they are now. The first place
    is told by the turn alone, as nothing may be there to hold."""
    made = []
    for order in ledger.waiting.values():
        before = ledger.before(order, now) if now < order.until else []
        if 1 < (place := len(before) + 1) < order.place:
            moved = Placed(order.hold_id, order.account, place, now)
            made.append(Decided(_waits(order, before, currency), [moved]))
    return made


def _waits(order: Queued, before: Sequence[Held | Queued], currency: str) -> Answer:
    return Answer(
        request_id=UUID(order.request_id),
        status=AnswerStatus.EXECUTED,
        scope=Scope.AMOUNT,
        amount=Money(minor=order.amount, currency=currency),
        until=order.until,
        queue_position=len(before) + 1,
        earlier_orders=_shown(before, currency),
        clerk="auto",
    )


def turn(ledger: Ledger, now: datetime) -> Held | None:
    """The hold of the first order, on any account, for which something was let go."""
    accounts = {order.account: None for order in ledger.waiting.values()}
    shares = (due for account in accounts for due in ledger.due(account, now))
    return next((_hold(order, share, now) for order, share in shares if share), None)


def _hold(order: Queued, amount: int, now: datetime) -> Held:
    return Held(
        hold_id=order.hold_id,
        request_id=order.request_id,
        case_id=order.case_id,
        account=order.account,
        measure=Measure.STOP,
        amount=amount,
        unit=order.unit,
        at=now,
        until=now + seconds(order.duration_s),
        mandate=order.mandate,
        begun=amount,
    )


def told(hold: Held, currency: str, now: datetime) -> Decided:
    """The second answer of an order that waited: it holds money now."""
    done = Answer(
        request_id=UUID(hold.request_id),
        status=AnswerStatus.EXECUTED,
        scope=Scope.AMOUNT,
        amount=Money(minor=hold.amount, currency=currency),
        until=hold.until,
        clerk="auto",
    )
    return Decided(done, [Told(hold.hold_id, hold.request_id, hold.account, now)])
