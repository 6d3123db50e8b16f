"""What of each claim is still in an account and what left it: against coins with labels, and exact fractions."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alliance.errors import InvalidLedger
from alliance.profiles.values import Share, TaintRule
from consumers.casebook.money.sharing import apportion, share
from consumers.casebook.money.taint import Credit, Debit, Hold, Ledger, Release, follow
from schemas.base import Money
from tests.consumers.facts import yuan
from tests.consumers.purse import CLEAN, Purse, labelled

RULES = st.sampled_from(TaintRule)
LABELS = st.sampled_from(["a", "b"])
COINS = st.lists(st.sampled_from([CLEAN, "a", "b"]), min_size=1, max_size=6)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("credit"), COINS),
        st.tuples(st.just("credit"), st.builds(lambda label, count: [label] * count, LABELS, st.integers(1, 9))),
        st.tuples(st.just("debit"), st.integers(0, 12)),
        st.tuples(st.just("hold"), LABELS),
        st.tuples(st.just("release"), LABELS),
    ),
    max_size=9,
)


def credit(minor: int, **claims: int) -> Credit:
    return Credit(yuan(minor), claims)


def debit(minor: int) -> Debit:
    return Debit(yuan(minor))


def ledger(opening: int, *entries: Any) -> Ledger:
    return Ledger(yuan(opening), entries)


def played(purse: Purse, steps: list[tuple[str, Any]]) -> tuple[list[Any], list[dict[str, int]]]:
    """The steps as entries of a ledger, no debit being more than the purse has free, and what each debit took."""
    entries: list[Any] = []
    out = []
    for kind, what in steps:
        match kind:
            case "credit":
                purse.put(what)
                entries.append(credit(len(what), **labelled(what)))
            case "debit":
                minor = min(what, purse.free())
                out.append(labelled(purse.take(minor)))
                entries.append(debit(minor))
            case "hold":
                purse.lock(what)
                entries.append(Hold(frozenset(what)))
            case "release":
                purse.unlock(what)
                entries.append(Release(frozenset(what)))
    return entries, out


@given(RULES, st.integers(0, 6), STEPS)
def test_every_rule_takes_the_coins_that_the_reference_takes(rule: TaintRule, opening: int, steps: list[Any]) -> None:
    purse = Purse(rule.value, opening)
    entries, out = played(purse, steps)
    taint = follow(ledger(opening, *entries), rule)
    assert taint.there == purse.there()
    assert taint.held == purse.held()
    assert list(taint.out) == out
    assert taint.free == purse.free() - (sum(purse.there().values()) - sum(purse.held().values()))


BOOKS = st.lists(
    st.one_of(
        st.tuples(st.just("credit"), st.integers(0, 10**9), st.integers(0, 10**9), st.integers(0, 10**9)),
        st.tuples(st.just("debit"), st.integers(0, 10**9), st.just(0), st.just(0)),
    ),
    max_size=25,
)


def books(opening: int, rows: list[Any]) -> list[Any]:
    """Entries of two claims and clean money, in real amounts; no debit overdraws."""
    entries: list[Any] = []
    balance = opening
    for kind, first, second, clean in rows:
        if kind == "credit":
            claims = {label: minor for label, minor in (("a", first), ("b", second)) if minor}
            entries.append(credit(first + second + clean, **claims))
            balance += first + second + clean
        else:
            entries.append(debit(min(first, balance)))
            balance -= min(first, balance)
    return entries


@given(RULES, st.integers(0, 10**9), BOOKS)
def test_of_each_claim_what_came_in_is_there_or_went_out(rule: TaintRule, opening: int, rows: list[Any]) -> None:
    entries = books(opening, rows)
    taint = follow(ledger(opening, *entries), rule)
    came: Counter[str] = Counter()
    for entry in entries:
        came += Counter(entry.claims if isinstance(entry, Credit) else {})
    found = Counter(taint.there)
    for claims in taint.out:
        found += Counter(claims)
    assert found == came
    debits = [entry.money.minor for entry in entries if isinstance(entry, Debit)]
    assert all(sum(claims.values()) <= minor for claims, minor in zip(taint.out, debits, strict=True))
    assert all(minor > 0 for claims in (taint.there, *taint.out) for minor in claims.values())
    credits = sum(entry.money.minor for entry in entries if isinstance(entry, Credit))
    assert taint.balance == opening + credits - sum(debits)
    assert taint.holdable <= taint.balance


@given(st.integers(0, 10**9), BOOKS)
def test_pro_rata_stays_within_a_unit_a_debit_of_the_exact_fractions(opening: int, rows: list[Any]) -> None:
    entries = books(opening, rows)
    exact = {"a": Fraction(0), "b": Fraction(0)}
    balance, debits, bound = opening, 0, Fraction(0)
    for number, entry in enumerate(entries, 1):
        if isinstance(entry, Credit):
            balance += entry.money.minor
            exact = {label: part + entry.claims.get(label, 0) for label, part in exact.items()}
            continue
        before = follow(ledger(opening, *entries[: number - 1]), TaintRule.PRO_RATA)
        after = follow(ledger(opening, *entries[:number]), TaintRule.PRO_RATA)
        part = Fraction(entry.money.minor, balance) if balance else Fraction(0)
        balance -= entry.money.minor
        debits += 1
        # The bound of each debit shrinks with what it leaves of the errors before it: at most the number of debits.
        bound = bound * (1 - part) + 1
        assert bound <= debits
        for label in exact:
            exact[label] *= 1 - part
            assert abs(after.out[-1].get(label, 0) - before.there.get(label, 0) * part) < 1
            assert abs(after.there.get(label, 0) - exact[label]) < bound


@pytest.mark.parametrize("debits", [1, 7, 40])
def test_where_each_debit_takes_a_half_the_error_does_not_grow(debits: int) -> None:
    opening, balance, exact = 10**15, 2 * 10**15, Fraction(10**15)
    entries: list[Any] = [credit(10**15, a=10**15)]
    for _ in range(debits):
        taken = balance - balance // 2
        entries.append(debit(taken))
        exact *= 1 - Fraction(taken, balance)
        balance -= taken
    assert abs(follow(ledger(opening, *entries), TaintRule.PRO_RATA).there.get("a", 0) - exact) < 2


@pytest.mark.parametrize(
    ("rule", "there", "out"),
    [
        (TaintRule.FIFO, {"a": 20_000}, ({"a": 10_000},)),
        (TaintRule.LIFO, {"a": 30_000}, ({},)),
        (TaintRule.PRO_RATA, {"a": 18_000}, ({"a": 12_000},)),
    ],
)
def test_a_300_yuan_transfer_to_a_shopkeeper(rule: TaintRule, there: Any, out: Any) -> None:
    """Who has 500 yuan of her own, sells for 700 more and pays 600 for goods: at most the 300 may ever be held."""
    taint = follow(ledger(50_000, credit(30_000, a=30_000), credit(70_000), debit(60_000)), rule)
    assert taint.there == there
    assert taint.out == out
    assert taint.holdable == there["a"] <= 30_000
    assert taint.free == 90_000 - there["a"]


def test_a_mule_with_three_victims_and_a_salary() -> None:
    """The hold takes what is there of the three; the salary is spent freely after, and carries nobody's claim on."""
    before = [credit(100_000, a=100_000), credit(50_000, b=50_000), debit(60_000), credit(90_000, c=90_000)]
    held = follow(ledger(0, *before), TaintRule.PRO_RATA)
    assert held.there == {"a": 60_000, "b": 30_000, "c": 90_000}
    assert (held.holdable, held.free) == (180_000, 0)

    paid = [*before, Hold(frozenset("abc")), credit(800_000)]
    salary = follow(ledger(0, *paid), TaintRule.PRO_RATA)
    assert (salary.holdable, salary.free) == (180_000, 800_000)
    spent = follow(ledger(0, *paid, debit(800_000)), TaintRule.PRO_RATA)
    assert spent.there == spent.held == held.there
    assert spent.out == ({"a": 40_000, "b": 20_000}, {})
    assert spent.balance == 180_000
    with pytest.raises(InvalidLedger, match="entry 7: an overdraft, 800001 of 800000 free"):
        follow(ledger(0, *paid, debit(800_001)), TaintRule.PRO_RATA)

    let_go = follow(ledger(0, *paid, Release(frozenset("abc")), debit(980_000)), TaintRule.PRO_RATA)
    assert (let_go.there, let_go.out[1]) == ({}, held.there)


@pytest.mark.parametrize("rule", TaintRule)
def test_money_that_comes_after_a_hold_is_not_held(rule: TaintRule) -> None:
    taint = follow(ledger(0, credit(10, a=10), Hold(frozenset("a")), credit(10, a=10), debit(10)), rule)
    assert (taint.held, taint.there, taint.out) == ({"a": 10}, {"a": 10}, ({"a": 10},))


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        (debit(101), "entry 2: an overdraft, 101 of 100 free"),
        (Debit(Money(minor=1, currency="USD")), "entry 2: it is in USD, the ledger in CNY"),
        (Credit(Money(minor=1, currency="USD")), "entry 2: it is in USD, the ledger in CNY"),
        (credit(10, a=6, b=5), "entry 2: its claims are not parts of its amount"),
        (credit(10, a=0), "entry 2: its claims are not parts of its amount"),
        (Credit(yuan(10), {"": 5}), "entry 2: its claims are not parts of its amount"),
    ],
)
def test_a_ledger_that_contradicts_itself_is_refused_where_it_does(entry: Any, says: str) -> None:
    with pytest.raises(InvalidLedger, match=says) as refused:
        follow(ledger(50, credit(50, a=20), entry), TaintRule.FIFO)
    assert refused.value.place == "entry 2"


AMOUNTS = st.dictionaries(st.integers(0, 9), st.integers(0, 10**12), max_size=6)


@given(st.integers(0, 10**13), AMOUNTS, st.sampled_from(Share))
def test_shares_are_exact_and_no_claim_gets_more_than_it_claims(
    available: int, claims: dict[int, int], rule: Share
) -> None:
    shares = share(available, claims, rule)
    assert list(shares) == list(claims)
    assert sum(shares.values()) == min(available, sum(claims.values()))
    assert all(0 <= shares[claim] <= claims[claim] for claim in claims)
    if rule is Share.FIRST_COME:
        seen = 0
        for claim, minor in claims.items():
            assert shares[claim] == max(0, min(minor, available - seen))
            seen += minor
    elif sum(claims.values()) > available:
        part = Fraction(available, sum(claims.values()))
        assert all(abs(shares[claim] - minor * part) < 1 for claim, minor in claims.items())


def test_the_odd_unit_goes_to_the_greatest_remainder_and_then_to_the_first_report() -> None:
    assert apportion(10, {"a": 1, "b": 1, "c": 1}) == {"a": 4, "b": 3, "c": 3}
    assert apportion(10, {"a": 31, "b": 31, "c": 38}) == {"a": 3, "b": 3, "c": 4}
    assert share(100, {"late": 70, "early": 70}, Share.FIRST_COME) == {"late": 70, "early": 30}
    assert share(3, {}, Share.PRO_RATA) == {}
