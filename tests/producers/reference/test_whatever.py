"""Requests of all sorts and signatures, in any order: what a bank's books take of them is lawful, and its own money."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from producers.reference.entries import Held, Measure, Moved, Way
from producers.reference.ledger import PaymentRefused
from schemas.requests import Action, Authority, AuthorityClass, Request
from tests.producers.reference.support import (
    CHEN,
    LI,
    MANDATE,
    MULE,
    NOW,
    PAPER,
    POLICE_2,
    THEIRS,
    VICTIM,
    ZHAO,
    account,
    bank,
    done,
    mandate,
    mandated,
    request,
    signed_by,
    yuan,
)

LONGEST = timedelta(days=180)
UNDER = mandate(actions=[Action.STOP, Action.EXTEND, Action.REDUCE, Action.RELEASE], officers=[CHEN])
SIGNED: dict[str, Callable[[Request], Request]] = {
    "nobody": lambda asked: asked,
    "advice": lambda asked: asked.model_copy(update={"authority": Authority(authority=AuthorityClass.ADVISORY)}),
    "an officer": lambda asked: signed_by(asked, LI),
    "two and a paper": lambda asked: signed_by(asked, LI, CHEN, paper=PAPER),
    "another unit": lambda asked: signed_by(asked, ZHAO, unit=POLICE_2),
    "a mandate": lambda asked: mandated(asked, UNDER),
}
PAID = {"payer": account(VICTIM), "amount": yuan(500_000), "time": NOW - timedelta(minutes=70)}
ABOUT = [
    Action.STOP, Action.DELAY, Action.EXTEND, Action.REDUCE, Action.FREEZE, Action.RENEW, Action.RELEASE, Action.RETURN,
]  # fmt: skip
FIRST = UUID(int=7)
FIELDS = st.fixed_dictionaries({
    "action": st.sampled_from(ABOUT),
    "case_id": st.sampled_from([UUID(int=1), UUID(int=8)]),
    "hold_id": st.sampled_from([FIRST, FIRST, UUID(int=8), None]),
    "amount": st.sampled_from([None, yuan(250_000), yuan(500_001), {"minor": 5, "currency": "USD"}]),
    "match": st.sampled_from([None, PAID]),
    "duration_s": st.sampled_from([None, 3600, 48 * 3600, 48 * 3600 + 1, 15_552_000, 10**12]),
})  # fmt: skip
STEPS = st.lists(
    st.tuples(FIELDS, st.sampled_from(sorted(SIGNED)), st.sampled_from([0, 1, 25]), st.integers(0, 300_000)),
    min_size=1, max_size=6,
)  # fmt: skip


def lawful(asked: Request, before: Held | None, after: Held) -> bool:
    """Whether the request may have made this of the hold; `before` is None of a new one."""
    if before is None:
        return asked.action in (Action.STOP, Action.DELAY)
    prolonged = after.until <= before.until or asked.action in (Action.EXTEND, Action.FREEZE, Action.RENEW)
    frozen = after.measure is before.measure or (before.measure, asked.action) == (Measure.STOP, Action.FREEZE)
    if asked.authority.mandate:
        own = before.mandate == str(MANDATE) and before.measure is Measure.STOP
    else:
        own = asked.authority.unit == before.unit
    return (own or before.measure is Measure.DELAY) and after.amount <= before.amount and prolonged and frozen


@settings(max_examples=300)
@given(st.sampled_from(["an officer", "a mandate"]), STEPS)
def test_whatever_is_asked_a_hold_stays_within_its_authority_and_the_law(by_first: str, steps: list[Any]) -> None:
    books, ledger = (made := bank()), made.ledger
    done(books, SIGNED[by_first](request(99, hold_id=FIRST)))
    assert ledger.held(MULE, NOW) == 500_000
    now, left = NOW, ledger.total()
    for number, (fields, by, hours, spends) in enumerate(steps):
        now += timedelta(hours=hours)
        asked = SIGNED[by](request(number, **fields, void_after=now + timedelta(hours=1)))
        holds = {hold.hold_id: hold for hold in ledger.history(MULE)}
        done(books, asked, now)
        for hold in ledger.history(MULE):
            if hold != holds.get(hold.hold_id):
                assert lawful(asked, holds.get(hold.hold_id), hold)
            assert hold.until - now <= LONGEST
        while (turn := books.turn(now)) is not None:
            books.apply(turn)
        payment = Moved(f"P{number}", Way.OUT, MULE, spends, now, other=THEIRS)
        try:
            books.apply(ledger.pay(payment))
            left -= spends
        except PaymentRefused:
            pass
        assert (ledger.held(MULE, now) <= ledger.balance(MULE), ledger.total()) == (True, left)
