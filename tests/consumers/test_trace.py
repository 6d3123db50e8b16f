"""Claims over a graph of accounts: whatever cycles, merges and splits there are, each minor unit is in one place."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alliance.errors import InvalidLedger
from alliance.profiles.values import TaintRule
from consumers.casebook.money.lots import Lots
from consumers.casebook.money.outflows import clean_before, transfers_of
from consumers.casebook.money.taint import Hold, Release
from consumers.casebook.money.trace import Measure, Trace, Transfer, in_turn, trace
from schemas.alerts import TransferStatus
from schemas.answers import Answer, AnswerStatus, Outflow, OutflowType
from schemas.base import Money
from schemas.identifiers import Identifier, IdentifierKind
from tests.consumers.facts import NOW, account, identifier, yuan
from tests.consumers.purse import CLEAN, Purse, labelled

RULES = st.sampled_from(TaintRule)
NAMES = "ABCD"
MOVES = st.lists(
    st.tuples(
        st.sampled_from([None, *NAMES]),
        st.sampled_from([None, *NAMES]),
        st.integers(1, 8),
        st.sampled_from([CLEAN, "a", "b"]),
        st.integers(0, 8),
    ),
    max_size=12,
)
OPENINGS = st.dictionaries(st.sampled_from(NAMES), st.integers(0, 5))


def move(serial: str, payer: str | None, payee: str | None, minor: int, second: int = 0, **claims: int) -> Transfer:
    return Transfer(serial, NOW + timedelta(seconds=second), yuan(minor), payer, payee, claims)


def traced(transfers: list[Transfer], rule: TaintRule = TaintRule.FIFO, **openings: int) -> Trace:
    return trace({name: yuan(minor) for name, minor in openings.items()}, transfers, rule, "CNY")


def total(result: Trace) -> Counter[str]:
    """Of each claim, what is in all accounts and at all ends."""
    found: Counter[str] = Counter()
    for claims in (*result.there.values(), *result.ended.values()):
        found += Counter(claims)
    return found


def paid_in(transfers: list[Transfer]) -> Counter[str]:
    paid: Counter[str] = Counter()
    for transfer in {each.serial: each for each in transfers}.values():
        paid += Counter(transfer.claims)
    return paid


def played(rule: TaintRule, openings: dict[str, int], rows: list[Any]) -> tuple[list[Transfer], dict[str, Purse], Any]:
    """Rows as transfers that can be paid, the purses after them, and the labels that each one moved."""
    purses = {name: Purse(rule.value, openings.get(name, 0)) for name in NAMES}
    transfers: list[Transfer] = []
    moved: dict[str, dict[str, int]] = {}
    for second, (payer, payee, minor, label, tainted) in enumerate(rows):
        if payer is None:
            coins = [label] * min(tainted, minor) + [CLEAN] * (minor - min(tainted, minor))
        elif payer == payee:
            transfers.append(move(str(second), payer, payee, minor, second))
            moved[str(second)] = {}
            continue
        else:
            coins = purses[payer].take(min(minor, purses[payer].free()))
        if payee is not None:
            purses[payee].put(coins)
        moved[str(second)] = labelled(coins)
        claims = moved[str(second)] if payer is None else {}
        transfers.append(move(str(second), payer, payee, len(coins), second, **claims))
    return transfers, purses, moved


@given(RULES, OPENINGS, MOVES, st.randoms())
def test_over_any_graph_each_coin_is_in_one_place(
    rule: TaintRule, openings: dict[str, int], rows: list[Any], chance: Any
) -> None:
    transfers, purses, moved = played(rule, openings, rows)
    told = transfers * 2
    chance.shuffle(told)
    result = traced(told, rule, **openings)
    assert result.there == {name: purse.there() for name, purse in purses.items() if purse.there()}
    assert result.moved == moved
    assert total(result) == paid_in(transfers)
    assert result.ended == {each.serial: moved[each.serial] for each in transfers if each.payee is None}


BIG = st.lists(
    st.tuples(
        st.sampled_from([None, *NAMES]), st.sampled_from([None, *NAMES]), st.integers(0, 10**9), st.sampled_from("abc")
    ),
    max_size=40,
)


@given(RULES, BIG, st.integers(1, 5))
def test_all_accounts_and_ends_have_what_the_victims_paid(rule: TaintRule, rows: list[Any], clock: int) -> None:
    """In real amounts, with many transfers at one moment of a coarse clock."""
    balances: dict[str, int] = defaultdict(int)
    transfers = []
    for number, (payer, payee, wanted, label) in enumerate(rows):
        minor = min(wanted, balances[payer]) if payer else wanted
        if payer:
            balances[payer] -= minor
        if payee:
            balances[payee] += minor
        claims = {} if payer or not wanted else {label: (wanted + 1) // 2}
        transfers.append(move(f"{number:02}", payer, payee, minor, number // clock, **claims))
    try:
        result = traced(transfers, rule)
    except InvalidLedger as refused:
        # Within one moment the order is not told; a ring can be one that nobody can pay in the order that is taken.
        assert clock > 1 and "overdraft" in str(refused)
        return
    assert total(result) == paid_in(transfers)
    assert all(sum(result.moved[each.serial].values()) <= each.money.minor for each in transfers)


RING = [
    move("1", None, "A", 100, 0, v=100),
    move("2", "A", "B", 100, 1),
    move("3", "B", "C", 100, 2),
    move("4", "C", "A", 100, 3),
]


@pytest.mark.parametrize("rule", TaintRule)
def test_a_to_b_to_c_to_a(rule: TaintRule) -> None:
    """The victim's money is back where it began, once, however often and by however many banks the ring is told."""
    assert traced(RING, rule).there == {"A": {"v": 100}}
    booked_later = move("2", "A", "B", 100, 9)
    assert traced([booked_later, *RING], rule) == traced([*RING, booked_later], rule) == traced(RING, rule)
    twice_round = [*RING, move("5", "A", "B", 60, 4), move("6", "B", None, 25, 5)]
    assert traced(twice_round, rule).there == {"A": {"v": 40}, "B": {"v": 35}}
    assert traced(twice_round, rule).ended == {"6": {"v": 25}}


def test_a_split_and_a_merge_count_once() -> None:
    split = [move("1", None, "A", 90, 0, v=60, w=30), move("2", "A", "B", 45, 1), move("3", "A", "C", 45, 1)]
    merged = [*split, move("4", "B", "D", 45, 2), move("5", "C", "D", 45, 2)]
    result = traced(merged, TaintRule.PRO_RATA)
    assert result.there == {"D": {"v": 60, "w": 30}}
    assert result.moved["2"] == result.moved["3"] == {"v": 30, "w": 15}


def test_at_one_moment_money_arrives_before_it_leaves() -> None:
    """Banks book to the second: serials that sort the other way round must not make the mule pay with clean money."""
    chain = [move("9", None, "A", 50, v=50), move("5", "A", "B", 50), move("1", "B", "C", 50)]
    assert traced(chain, TaintRule.LIFO, B=70).there == {"C": {"v": 50}}
    within = [*chain, move("7", "A", "A", 50)]
    assert traced(within, TaintRule.LIFO, B=70).there == {"C": {"v": 50}}
    cashed = [chain[0], move("1", "A", None, 50)]
    assert traced(cashed, TaintRule.LIFO, A=50).ended == {"1": {"v": 50}}
    ring = [*chain, move("0", "C", "A", 50)]
    assert traced(ring).there == {"A": {"v": 50}}


def test_the_order_in_which_transfers_are_told_does_not_matter() -> None:
    into = move("1", None, "A", 100, 0, v=60)
    leaving = [move("2", "A", "B", 50, 1), move("3", "A", "C", 50, 1)]
    assert traced([into, *leaving], A=40) == traced([*reversed(leaving), into], A=40)


def test_money_that_is_held_is_not_in_what_left_later() -> None:
    transfers = [move("1", None, "A", 300, 0, v=300), move("2", None, "A", 800, 2), move("3", "A", "shop", 700, 3)]
    hold = Measure(NOW + timedelta(seconds=1), "A", Hold(frozenset("v")))
    without = trace({}, transfers, TaintRule.FIFO, "CNY")
    held = trace({}, transfers, TaintRule.FIFO, "CNY", [hold])
    let_go = trace({}, transfers, TaintRule.FIFO, "CNY", [hold, Measure(transfers[2].at, "A", Release(frozenset("v")))])
    assert without.there == {"shop": {"v": 300}} == let_go.there
    assert held.there == {"A": {"v": 300}}
    at_once = Measure(transfers[2].at, "A", Hold(frozenset("v")))
    assert trace({}, transfers, TaintRule.FIFO, "CNY", [at_once]).there == without.there


@pytest.mark.parametrize(
    ("last", "says"),
    [
        (move("4", "A", "B", 11, 5), "transfer 4: an overdraft, 11 of 10 free"),
        (move("1", None, "A", 11, 5, v=5), "transfer 1: it was told twice, differently"),
        (move("4", "A", "B", 5, 5, v=5), "transfer 4: its payer's ledger says which claims it carries"),
        (Transfer("4", NOW, Money(minor=1, currency="USD"), None, "A"), "transfer 4: it is in USD"),
    ],
)
def test_what_contradicts_the_books_is_refused_by_its_serial(last: Transfer, says: str) -> None:
    with pytest.raises(InvalidLedger, match=says):
        traced([move("1", None, "A", 10, 0, v=5), last])


def test_an_opening_in_another_currency_is_refused() -> None:
    with pytest.raises(InvalidLedger, match="opening of A: it is in USD"):
        trace({"A": Money(minor=1, currency="USD")}, [], TaintRule.FIFO, "CNY")


MULE, NEXT = account("mule"), account("next")
NO_ID = UUID(int=0)


def out(minor: int, second: int, payee: Identifier | None = NEXT, **over: Any) -> Outflow:
    fields = {"type": OutflowType.TRANSFER, "amount": yuan(minor), "time": NOW + timedelta(seconds=second)}
    return Outflow(**{**fields, "payee": payee, **over})


def test_an_answer_says_what_the_next_hop_is_asked_for() -> None:
    """500 of her own and 300 of a victim's; 600 to the next account, 100 in cash, 100 still there."""
    serial = identifier(IdentifierKind.TRANSFER_SERIAL, "s-1")
    outflows = [
        out(600, 1, serial=serial),
        out(60, 2, type=OutflowType.POS, payee=account("shop")),
        out(40, 2, None),
        out(50, 3, status=TransferStatus.PENDING),
    ]
    answer = Answer(request_id=NO_ID, status=AnswerStatus.PARTIAL, balance=yuan(100), outflows=outflows)
    mule, told_at = MULE.tokens[0], NOW + timedelta(seconds=9)
    transfers = [move("v", None, mule, 300, 0, v=300), *transfers_of(mule, outflows)]
    assert [each.payee for each in transfers[1:]] == [NEXT.tokens[0], None, None, NEXT.tokens[0]]
    assert transfers[1].serial == serial.tokens[0]

    clean = clean_before(mule, transfers * 2, answer, told_at)
    assert clean == 500
    result = traced(transfers, TaintRule.FIFO, **{mule: clean})
    assert [sum(result.moved[each.serial].values()) for each in transfers[1:]] == [100, 60, 40, 50]
    assert result.there[mule] == {"v": 50}
    assert sorted(result.ended) == sorted(each.serial for each in transfers if each.payee is None)


def test_an_account_that_told_no_balance_had_at_least_what_it_paid() -> None:
    answer = Answer(request_id=NO_ID, status=AnswerStatus.ALREADY_GONE)
    transfers = [move("1", None, "A", 100, 1, v=100), move("2", "A", "B", 130, 2), move("3", None, "A", 50, 3)]
    assert clean_before("A", transfers, answer, NOW) == 30
    assert clean_before("B", transfers, answer, NOW) == 0
    assert clean_before("A", [*transfers, move("4", "A", "A", 500, 5)], answer, NOW) == 30
    assert clean_before("A", [move("1", None, "A", 100), move("2", "A", "B", 100)], answer, NOW) == 0
    short = answer.model_copy(update={"balance": yuan(10)})
    assert clean_before("A", transfers, short, NOW + timedelta(seconds=2)) == 40
    ordered = short.model_copy(update={"outflows": [out(7, 60, status=TransferStatus.PENDING)]})
    assert clean_before("A", [*transfers, move("4", "A", "B", 7, 60)], ordered, NOW + timedelta(seconds=2)) == 40


def test_alike_outflows_without_a_serial_are_several_and_the_same_when_told_again() -> None:
    twice = [out(10, 1), out(10, 1), out(10, 2)]
    names = [each.serial for each in transfers_of("A", twice)]
    assert len(set(names)) == 3
    assert names == [each.serial for each in transfers_of("A", twice)]
    assert not set(names) & {each.serial for each in transfers_of("B", twice)}


@given(MOVES.map(lambda rows: [(row[0], row[1], row[2], "a", row[4]) for row in rows]), RULES)
def test_a_trace_from_openings_of_what_was_needed_is_never_overdrawn(rows: list[Any], rule: TaintRule) -> None:
    transfers = [
        move(str(second), payer, payee, minor, second, **({"a": min(minor, taint)} if taint and not payer else {}))
        for second, (payer, payee, minor, _, taint) in enumerate(rows)
    ]
    nothing = Answer(request_id=NO_ID, status=AnswerStatus.ALREADY_GONE)
    openings = {name: clean_before(name, transfers, nothing, NOW) for name in NAMES}
    assert total(traced(transfers, rule, **openings)) == paid_in(transfers)


AT_ONCE = st.lists(
    st.tuples(st.sampled_from([None, *NAMES]), st.sampled_from([None, *NAMES]), st.integers(1, 8)), max_size=12
)


@given(AT_ONCE, OPENINGS, RULES)
def test_at_one_moment_the_first_is_next_whose_payer_gets_nothing_more(
    rows: list[Any], openings: dict[str, int], rule: TaintRule
) -> None:
    """As it reads: all that wait are looked at before each."""
    lots = {name: Lots(rule, openings.get(name, 0)) for name in NAMES}
    waiting = [move(f"{place:02}", *row) for place, row in enumerate(rows) if row[0] is None or row[0] != row[1]]
    for transfer in in_turn(list(waiting), lots):
        fed = {each.payee for each in waiting}
        ready = [each for each in waiting if each.payer is None or each.payer not in fed]
        payable = [each for each in waiting if each.payer and lots[each.payer].free >= each.money.minor]
        assert transfer is [*ready, *payable, *waiting][0]
        waiting.remove(transfer)
        if transfer.payer and lots[transfer.payer].free >= transfer.money.minor:
            lots[transfer.payer].debit(transfer.money.minor, "")
        if transfer.payee:
            lots[transfer.payee].credit(transfer.money.minor, {}, "")
    assert not waiting
