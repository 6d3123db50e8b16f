"""What the answers of one case say of its accounts' own books: the clean money before, and from when what was held.

Pure. A hold is money that is there, whatever else was told; what left in the same answer has left before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from consumers.casebook.lifecycle import IN_FORCE
from consumers.casebook.money.known import Said, Stop, Told
from consumers.casebook.money.outflows import clean_before
from consumers.casebook.money.taint import Hold, Release
from consumers.casebook.money.trace import Measure, Transfer
from schemas.alerts import TransferStatus
from schemas.answers import Answer, AnswerStatus
from schemas.base import Money
from schemas.requests import HoldStatus

_NOTHING = frozenset({AnswerStatus.REFUSED, AnswerStatus.NOT_FOUND, AnswerStatus.FAILED})
_HOLDING = IN_FORCE | {HoldStatus.EXPIRED}


def opening(account: str, told: Told, transfers: Sequence[Transfer], currency: str) -> Money:
    """The clean balance before the first transfer, by the last answer that tells one and by what it paid."""
    said = [each for stop in told.stops if told.account(stop) == account for each in stop.said]
    said = [each for each in said if each.answer.status not in _NOTHING]
    if not said:
        return Money(minor=0, currency=currency)
    telling = [each for each in said if _balance(each.answer, currency) is not None]
    last = max(telling or said, key=lambda each: (each.at, str(each.answer.request_id)))
    answer = last.answer.model_copy(update={"balance": _balance(last.answer, currency)})
    held = [_as_if_paid(stop, account) for stop in _held(told, account, currency)]
    needed = answer.model_copy(update={"balance": None})
    minor = max(
        clean_before(account, transfers, answer, _told_at(last)),
        clean_before(account, [*transfers, *held], needed, _told_at(last)),
    )
    # What an account paid in all may be more than one amount can be.
    return Money.model_construct(minor=minor, currency=currency)


def measures(told: Told, claims: frozenset[str]) -> list[Measure]:
    """The holds, each from its execution on; an expired one lets go at its end.

    When a member let go of a released one is not told: what left during it is taken to have left without it.
    """
    found = []
    for stop in told.stops:
        if stop.held is not None and stop.held.status in _HOLDING:
            account = told.account(stop)
            found.append(Measure(_since(stop), account, Hold(claims)))
            if stop.held.status is HoldStatus.EXPIRED:
                found.append(Measure(max(_since(stop), stop.held.until), account, Release(claims)))
    return found


def _balance(answer: Answer, currency: str) -> Money | None:
    """What is held is there too, where the holder tells no balance, or leaves out of it what it holds."""
    named = [answer.balance, None if _waits(answer) else answer.amount]
    minors = [money.minor for money in named if money is not None and money.currency == currency]
    return Money(minor=max(minors), currency=currency) if minors else None


def _waits(answer: Answer) -> bool:
    return answer.queue_position is not None and answer.queue_position > 1


def _told_at(said: Said) -> datetime:
    """A holder's books may be ahead of the clock that its answer bears."""
    posted = (each.time for each in said.answer.outflows if each.status is not TransferStatus.PENDING)
    return max([said.at, *posted])


def _held(told: Told, account: str, currency: str) -> Iterable[Stop]:
    for stop in told.stops:
        held = stop.held
        if held and held.status in IN_FORCE and held.money.currency == currency and told.account(stop) == account:
            yield stop


def _as_if_paid(stop: Stop, account: str) -> Transfer:
    """What is held can pay nothing any more."""
    assert stop.held is not None
    return Transfer(f"held {stop.held.hold_id}", _since(stop), stop.held.money, account, None)


def _since(stop: Stop) -> datetime:
    assert stop.held is not None
    return max([stop.held.since, *(each.time for said in stop.said for each in said.answer.outflows)])
