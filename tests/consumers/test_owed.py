"""What is still due of a return, whatever was paid, drafted and objected to before: exact, and nobody's twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4, uuid5

from hypothesis import given
from hypothesis import strategies as st

from alliance import profiles
from consumers.casebook.money.known import Held, Told, key_of
from consumers.casebook.money.owed import now_due, owed
from consumers.casebook.money.returns import Claim, Notice, Objections, Plan
from schemas.requests import HoldStatus, Scope
from schemas.returns import Stays
from tests.consumers.facts import NOW, yuan
from tests.consumers.test_flow import END, TOKEN, told_of, traced

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


def held_of(minor: int, returned: Mapping[str, int] | None = None) -> Held:
    money = yuan(minor + sum((returned or {}).values()))
    return Held(uuid4(), HoldStatus.FROZEN, Scope.AMOUNT, money, NOW, END, returned or {})


def with_holds(told: Told, *holds: Held) -> Told:
    (stop,) = told.stops
    return replace(told, stops=[replace(stop, held=hold) for hold in holds])


def owed_to(told: Told, hold: Held, *, followed: bool = True, profile: Any = CN) -> list[tuple[str, int, bool]]:
    found = owed(UUID(int=1), told, traced(told) if followed else None, TOKEN["a"], hold, profile)
    return [(claim.claim, claim.money.minor, claim.traced) for claim in found]


def names(told: Told) -> list[str]:
    return [key_of(report) for report in told.reports[TOKEN["a"]]]


def test_what_is_there_of_a_claim_is_traced_and_where_nothing_can_be_followed_the_reports_count() -> None:
    told = told_of(reports=2, asked=0)
    hold = held_of(60)
    case = with_holds(told, hold)
    assert owed_to(case, hold) == [(name, 30, True) for name in names(told)]
    assert owed_to(case, hold, followed=False) == [(name, 30, False) for name in names(told)]


def test_where_the_law_has_no_traced_money_first_nothing_counts_as_traced() -> None:
    assert CN.returns is not None
    untraced = CN.returns.traceable_first.model_copy(update={"value": False})
    law = CN.model_copy(update={"returns": CN.returns.model_copy(update={"traceable_first": untraced})})
    hold = held_of(30)
    case = with_holds(told_of(asked=0), hold)
    assert [traced_first for _, _, traced_first in owed_to(case, hold, profile=law)] == [False]


@given(st.integers(0, 30), st.integers(0, 30), st.integers(1, 60), st.integers(1, 60))
def test_what_went_back_and_what_another_hold_has_is_owed_by_no_second_one(
    first: int, second: int, here: int, there: int
) -> None:
    told = told_of(reports=2, asked=0)
    one, other = names(told)
    back = {name: minor for name, minor in ((one, first), (other, second)) if minor}
    holds = held_of(here, back), held_of(there)
    case = with_holds(told, *holds)
    still = {name: 30 - back.get(name, 0) for name in (one, other)}
    for hold in holds:
        mine = {name: minor for name, minor, _ in owed_to(case, hold)}
        assert all(minor <= still[name] for name, minor in mine.items())
        rest = sum(still.values()) - sum(mine.values())
        elsewhere = (here, there)[hold is holds[0]]
        assert rest <= elsewhere
    together = [{name: minor for name, minor, _ in owed_to(case, hold)} for hold in holds]
    capped = sum(min(sum(mine.values()), kept) for mine, kept in zip(together, (here, there), strict=True))
    assert capped == min(here + there, sum(still.values()))
