"""What is still due of a return, whatever was paid, drafted and objected to before: exact, and nobody's twice."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from uuid import UUID, uuid5

from hypothesis import given
from hypothesis import strategies as st

from alliance import profiles
from consumers.casebook.money.owed import now_due
from consumers.casebook.money.returns import Claim, Notice, Objections, Plan
from schemas.returns import Stays
from tests.consumers.facts import NOW, yuan

CN = profiles.load("cn")
OVER = Notice(NOW - timedelta(days=31), NOW - timedelta(days=1))
NONE = Objections()
CLAIMED = st.lists(st.integers(1, 60), min_size=1, max_size=4)
ROUND = st.tuples(st.frozensets(st.integers(0, 3), max_size=4), st.frozensets(st.integers(0, 3), max_size=4))


def claims(claimed: list[int], *, traced: bool = False) -> list[Claim]:
    return [
        Claim(str(n), uuid5(UUID(int=0), str(n)), UUID(int=1), yuan(minor), traced) for n, minor in enumerate(claimed)
    ]


def due(
    held: int, named: list[Claim], paid: Counter[str], pending: Counter[str], objections: Objections = NONE
) -> Plan:
    return now_due(yuan(held), named, paid, pending, OVER, objections, NOW, CN)


def amounts(plan: Plan) -> dict[str, int]:
    return {each.claim: each.money.minor for each in plan.payments}


@given(st.integers(0, 150), CLAIMED, st.lists(ROUND, max_size=4), st.booleans())
def test_round_after_round_all_that_is_held_is_accounted_for_and_each_gets_its_share(
    held: int, claimed: list[int], rounds: list[tuple[frozenset[int], frozenset[int]]], traced: bool
) -> None:
    """Each round some are objected to, and of what is drafted some is never said to be paid."""
    named = claims(claimed, traced=traced)
    fair = amounts(due(held, named, Counter(), Counter()))
    left, paid, pending = held, Counter[str](), Counter[str]()
    for objected, unclear in [*rounds, (frozenset(), frozenset())]:
        plan = due(left, named, paid, pending, Objections(frozenset(map(str, objected))))
        assert sum(amounts(plan).values()) + sum(plan.stays.values()) + pending.total() == left
        assert all(minor > 0 for minor in (*amounts(plan).values(), *plan.stays.values()))
        assert not amounts(plan).keys() & set(map(str, objected))
        for claim, minor in amounts(plan).items():
            if int(claim) in unclear:
                pending[claim] += minor
            else:
                paid[claim] += minor
                left -= minor
    assert paid + pending == Counter(fair)


def test_who_waited_gets_what_it_would_have_got() -> None:
    """Of 150 for two claims of 100 each has 75; the share of who was objected to is not divided again."""
    both = claims([100, 100])
    first = due(150, both, Counter(), Counter(), Objections(frozenset("1")))
    assert (amounts(first), first.stays) == ({"0": 75}, {Stays.OBJECTION: 75})
    second = due(75, both, Counter({"0": 75}), Counter())
    assert (amounts(second), second.stays) == ({"1": 75}, {})


def test_an_objection_to_who_has_a_part_sets_no_more_aside_than_the_rest() -> None:
    both = claims([100, 50])
    plan = due(60, both, Counter({"0": 40, "1": 50}), Counter(), Objections(frozenset("0")))
    assert (amounts(plan), plan.stays) == ({}, {Stays.OBJECTION: 60})


def test_a_hold_that_was_reduced_since_pays_no_more_than_it_keeps() -> None:
    both = claims([100, 100])
    plan = due(10, both, Counter({"0": 75}), Counter())
    assert (amounts(plan), plan.stays) == ({"1": 10}, {})
