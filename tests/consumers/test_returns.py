"""Return of funds: traced money first, else in proportion after the notice; and all that is held is accounted for."""

from __future__ import annotations

from datetime import datetime, timedelta
from fractions import Fraction
from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alliance.errors import InvalidLedger
from consumers.casebook.money.returns import Claim, Notice, Objections, Plan, plan
from schemas.base import Money
from schemas.returns import Stays
from tests.consumers.facts import NOW, yuan

CASES = [UUID(int=1), UUID(int=2)]
DONE = Notice(NOW - timedelta(days=31), NOW - timedelta(days=1))
NONE = Objections()


def claim(name: str, minor: int, *, traced: bool = False, case: int = 0) -> Claim:
    return Claim(name, uuid5(UUID(int=0), name), CASES[case], yuan(minor), traced)


def planned(
    held: int, *claims: Claim, notice: Notice | None = DONE, objections: Objections = NONE, now: datetime = NOW
) -> Plan:
    return plan(yuan(held), claims, notice, objections, now)


def paid(made: Plan) -> dict[str, int]:
    return {payment.claim: payment.money.minor for payment in made.payments}


CLAIMS = st.lists(st.tuples(st.integers(0, 40), st.booleans(), st.booleans(), st.sampled_from([0, 1])), max_size=5)
NOTICES = st.sampled_from(
    [None, DONE, Notice(NOW - timedelta(days=1), NOW + timedelta(days=29)), Notice(NOW + timedelta(1), NOW)]
)


def by_hand(held: int, rows: list[tuple[int, bool, bool, int]], notice: Notice | None, whole: bool) -> list[Fraction]:
    """What each would get if money had no smallest unit; 0 where it must wait."""
    traced_sum = sum(minor for minor, traced, _, _ in rows if traced)
    others_sum = sum(minor for minor, traced, _, _ in rows if not traced)
    exact = []
    for minor, traced, objected, _ in rows:
        room = held if traced else max(0, held - traced_sum)
        asked = traced_sum if traced else others_sum
        amount = Fraction(minor) if asked <= room else Fraction(minor * room, asked)
        waits = notice is not DONE and not (traced and traced_sum <= held)
        exact.append(Fraction(0) if whole or objected or waits else amount)
    return exact


@given(st.integers(0, 120), CLAIMS, NOTICES, st.booleans())
def test_payments_and_what_stays_are_all_that_is_held(
    held: int, rows: list[tuple[int, bool, bool, int]], notice: Notice | None, whole: bool
) -> None:
    claims = [claim(str(number), row[0], traced=row[1], case=row[3]) for number, row in enumerate(rows)]
    objected = frozenset(str(number) for number, row in enumerate(rows) if row[2])
    made = planned(held, *claims, notice=notice, objections=Objections(objected, whole))
    assert sum(paid(made).values()) + sum(made.stays.values()) == held
    assert all(minor > 0 for minor in (*paid(made).values(), *made.stays.values()))
    for one, exact in zip(claims, by_hand(held, rows, notice, whole), strict=True):
        minor = paid(made).get(one.claim, 0)
        assert minor <= one.money.minor
        assert abs(minor - exact) < 1
    known = {one.claim: (one.report, one.case_id) for one in claims}
    assert all(known[payment.claim] == (payment.report, payment.case_id) for payment in made.payments)
    claimed = sum(row[0] for row in rows)
    assert made.stays.get(Stays.NO_CLAIM, 0) == (0 if whole else max(0, held - claimed))


def test_what_is_traced_is_paid_first_and_without_a_notice() -> None:
    claims = [claim("a", 60), claim("b", 60, case=1), claim("c", 70, traced=True)]
    early = planned(100, *claims, notice=None)
    assert (paid(early), early.stays) == ({"c": 70}, {Stays.NOTICE_MISSING: 30})
    made = planned(100, *claims)
    assert (paid(made), made.stays) == ({"a": 15, "b": 15, "c": 70}, {})
    assert [payment.case_id for payment in made.payments] == [CASES[0], CASES[1], CASES[0]]


def test_a_mule_with_three_victims_and_a_salary() -> None:
    """The salary is nobody's claim and stays; an odd minor unit goes to the earliest report."""
    victims = [claim("a", 100), claim("b", 100), claim("c", 100)]
    assert paid(planned(100, *victims)) == {"a": 34, "b": 33, "c": 33}
    made = planned(1_100, *victims)
    assert (paid(made), made.stays) == ({"a": 100, "b": 100, "c": 100}, {Stays.NO_CLAIM: 800})


@pytest.mark.parametrize(
    ("now", "stays"),
    [
        (DONE.since - timedelta(seconds=1), {Stays.NOTICE_MISSING: 100}),
        (DONE.since, {Stays.NOTICE_RUNNING: 100}),
        (DONE.until - timedelta(seconds=1), {Stays.NOTICE_RUNNING: 100}),
        (DONE.until, {}),
    ],
)
def test_the_notice_ends_with_its_last_moment(now: datetime, stays: dict[Stays, int]) -> None:
    made = planned(100, claim("a", 300), claim("b", 100), now=now)
    assert made.stays == stays
    assert paid(made) == ({} if stays else {"a": 75, "b": 25})


def test_what_is_objected_to_is_set_aside_and_goes_to_no_other() -> None:
    victims = [claim("a", 100), claim("b", 100), claim("c", 50, traced=True)]
    one = planned(150, *victims, objections=Objections(frozenset("b")))
    assert (paid(one), one.stays) == ({"a": 50, "c": 50}, {Stays.OBJECTION: 50})
    own = planned(150, *victims, objections=Objections(frozenset("c")))
    assert (paid(own), own.stays) == ({"a": 50, "b": 50}, {Stays.OBJECTION: 50})
    whole = planned(350, *victims, objections=Objections(whole=True))
    assert (paid(whole), whole.stays) == ({}, {Stays.OBJECTION: 350})


def test_traced_claims_of_more_than_is_held_need_the_notice_too() -> None:
    both = [claim("a", 100, traced=True), claim("b", 50, traced=True), claim("c", 50)]
    assert planned(90, *both, notice=None).stays == {Stays.NOTICE_MISSING: 90}
    assert paid(planned(90, *both)) == {"a": 60, "b": 30}


def test_a_claim_named_twice_or_in_another_currency_is_refused() -> None:
    with pytest.raises(InvalidLedger, match="claim a: it is named twice"):
        planned(100, claim("a", 10), claim("a", 10, traced=True, case=1))
    dollars = Claim("d", UUID(int=7), CASES[0], Money(minor=1, currency="USD"), True)
    with pytest.raises(InvalidLedger, match="claim d: it is in USD, the ledger in CNY"):
        planned(100, dollars)
