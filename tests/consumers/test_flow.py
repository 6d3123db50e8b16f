"""Hops over any graph of accounts: answered in whatever order, nothing is asked for twice and nothing is left out."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alliance import profiles
from alliance.errors import InvalidLedger
from alliance.profiles import Profile
from alliance.profiles.values import Share, TaintRule
from consumers.casebook import ids
from consumers.casebook.model import Case, Law
from consumers.casebook.money import claims
from consumers.casebook.money.accounts import Accounts
from consumers.casebook.money.excess import excess
from consumers.casebook.money.flow import UNREPORTED, Flow, Grounds, flow
from consumers.casebook.money.hops import Note, next_stops
from consumers.casebook.money.known import Held, Said, Stop, Told, key_of
from consumers.casebook.money.standing import standing
from consumers.casebook.release.grounds import Cause
from consumers.casebook.release.remaining import fed
from schemas.alerts import ReportedTransfer
from schemas.answers import Answer, AnswerStatus, Outflow, OutflowType
from schemas.requests import Caps, HoldStatus, RequestStatus, Scope
from schemas.risk import Level
from tests.consumers.facts import NOW, account, mandate, reported, yuan
from tests.consumers.test_decide import PROFILE, law, stop_request

NAMES = "abcde"
ACCOUNTS = {name: account(name) for name in NAMES}
TOKEN = {name: one.tokens[0] for name, one in ACCOUNTS.items()}
END = NOW + timedelta(hours=1)
WIDE: dict[str, Any] = {"max_hop": 5, "caps": Caps(currency="CNY", per_hold=10**12, per_account=10**12, per_day=10**12)}
OFTEN = PROFILE.model_copy(
    update={"stop": PROFILE.stop.model_copy(update={"most": PROFILE.stop.most.model_copy(update={"value": 5})})}
)
MOVES = st.lists(st.tuples(st.integers(0, 4), st.sampled_from([*NAMES, None]), st.integers(1, 60)), max_size=9)


class City:
    """What left each account, in the order of time, and what is still there; the victim paid 100 to `a`."""

    def __init__(self, moves: list[tuple[int, str | None, int]]) -> None:
        self.balance = Counter({"a": 100})
        self.left: dict[str, list[Outflow]] = {name: [] for name in NAMES}
        for second, (which, payee, wanted) in enumerate(moves):
            rich = sorted(name for name, minor in self.balance.items() if name and minor)
            if not rich:
                break
            payer = rich[which % len(rich)]
            minor = min(wanted, self.balance[payer])
            if minor and payer != payee:
                self.balance[payer] -= minor
                self.balance[payee or ""] += minor
                kind = OutflowType.TRANSFER if payee else OutflowType.ATM
                at = NOW + timedelta(seconds=second)
                out = Outflow(type=kind, amount=yuan(minor), time=at, payee=ACCOUNTS[payee] if payee else None)
                self.left[payer].append(out)


class Desk:
    """One case, whose stops are answered one after the other in an order of the test's choice."""

    def __init__(self, city: City) -> None:
        self.city = city
        self.case = Case(ids.case_id("L"), None, Level.HIGH)
        first = stop_request(100).model_copy(update={"target": ACCOUNTS["a"], "case_id": self.case.case_id})
        self.stops = [Stop(first, RequestStatus.SENT)]
        self.notes: list[Note] = []
        self.paid = reported(ReportedTransfer(amount=yuan(100)))

    def told(self, stops: list[Stop] | None = None) -> Told:
        reports = {TOKEN["a"]: [self.paid]}
        return Told(self.stops if stops is None else stops, reports, reports, Accounts())

    def waiting(self) -> list[int]:
        return [number for number, stop in enumerate(self.stops) if stop.status is RequestStatus.SENT]

    def answer(self, number: int) -> None:
        stop = self.stops[number]
        (name,) = [name for name, token in TOKEN.items() if token == stop.request.target.tokens[0]]
        assert stop.request.amount is not None
        there = self.city.balance[name] - self.held()[name]
        minor = min(stop.request.amount.minor, there)
        status = RequestStatus.PARTIAL if minor else RequestStatus.ALREADY_GONE
        answer = Answer(
            request_id=stop.request.request_id, status=AnswerStatus(status.value), amount=yuan(minor),
            balance=yuan(self.city.balance[name]), outflows=self.city.left[name],
        )  # fmt: skip
        held = Held(uuid4(), HoldStatus.ACTIVE, Scope.AMOUNT, yuan(minor), END, END + timedelta(days=2))
        self.stops[number] = replace(stop, status=status, said=[Said(answer, END)], held=held if minor else None)
        drafts, self.notes = next_stops(self.case, self.told(), self.flow(), broad())
        self.stops += [Stop(draft.request(), RequestStatus.SENT) for draft in drafts]

    def flow(self, stops: list[Stop] | None = None) -> Flow:
        found = flow(self.told(stops), PROFILE)
        assert found is not None
        return found

    def asked(self) -> int:
        amounts = (self.stops[number].request.amount for number in self.waiting())
        return sum(amount.minor for amount in amounts if amount)

    def held(self) -> Counter[str]:
        names = {token: name for name, token in TOKEN.items()}
        found: Counter[str] = Counter()
        for stop in self.stops:
            if stop.held:
                found[names[stop.request.target.tokens[0]]] += stop.held.money.minor
        return found


def broad() -> Law:
    """Every hop is under a mandate, and the law would have five stops."""
    return replace(law(mandate(**WIDE)), profile=OFTEN)


@given(MOVES, st.randoms(use_true_random=False))
def test_in_whatever_order_answers_come_all_that_is_there_is_held_once(moves: Any, chance: random.Random) -> None:
    city = City(moves)
    desk = Desk(city)
    while waiting := desk.waiting():
        desk.answer(chance.choice(waiting))
        assert desk.held().total() + desk.asked() <= 100
    keys = [(stop.request.target.tokens[0], stop.request.attempt) for stop in desk.stops]
    assert len(keys) == len(set(keys))
    if not desk.notes:
        assert desk.held() == Counter({name: minor for name, minor in city.balance.items() if name and minor})


@given(MOVES, st.randoms(use_true_random=False), st.sampled_from(TaintRule))
def test_what_was_told_in_another_order_and_twice_is_the_same_flow(
    moves: Any, chance: random.Random, rule: TaintRule
) -> None:
    desk = Desk(City(moves))
    while waiting := desk.waiting():
        desk.answer(waiting[0])
    again = [replace(stop, said=[*stop.said, *stop.said]) for stop in desk.stops]
    chance.shuffle(again)
    one, other = desk.flow(), desk.flow(again)
    assert (one.traced, one.paid) == (other.traced, other.paid)
    assert first_told(one) == first_told(other)
    assert [one.arrived(token) for token in TOKEN.values()] == [other.arrived(token) for token in TOKEN.values()]


def first_told(found: Flow) -> dict[str, Any]:
    return {serial: (each.stop.request.request_id, each.outflow) for serial, each in found.onward.items()}


def by(rule: TaintRule) -> Profile:
    """The profile with another rule of taint."""
    taint = PROFILE.taint.model_copy(update={"rule": PROFILE.taint.rule.model_copy(update={"value": rule})})
    return PROFILE.model_copy(update={"taint": taint})


def sharing(rule: Share) -> Profile:
    """The profile with another rule of shares."""
    claimed = PROFILE.claims.model_copy(update={"share": PROFILE.claims.share.model_copy(update={"value": rule})})
    return PROFILE.model_copy(update={"claims": claimed})


def test_no_more_is_held_and_asked_for_than_the_victims_claim() -> None:
    """60 of 160 left in proportion, and 80 are held: of what went with them 20 at most are asked for."""
    told = told_of(out(30, 1, "b"), out(30, 2, "c"), amount=yuan(80), balance=yuan(100))
    held = Held(uuid4(), HoldStatus.ACTIVE, Scope.AMOUNT, yuan(80), END, END + timedelta(days=2))
    told = replace(told, stops=[replace(told.stops[0], held=held)])
    found = flow(told, by(TaintRule.PRO_RATA))
    assert found is not None
    assert found.there(TOKEN["b"]) + found.there(TOKEN["c"]) == 38
    drafts, _ = next_stops(Desk(City([])).case, told, found, broad())
    assert sorted(draft.amount.minor for draft in drafts if draft.amount) == [1, 19]


def told_of(*outflows: Outflow, reports: int = 1, asked: int = 100, **answer: Any) -> Told:
    """The account `a` as it answered: 100 were asked for, and each victim had paid it 30."""
    desk = Desk(City([]))
    said = Answer(request_id=uuid4(), status=AnswerStatus.PARTIAL, outflows=list(outflows), **answer)
    request = desk.stops[0].request.model_copy(update={"amount": yuan(asked)})
    named = sorted((reported(ReportedTransfer(amount=yuan(30))) for _ in range(reports)), key=key_of)
    paid = {TOKEN["a"]: named}
    return Told([Stop(request, RequestStatus.PARTIAL, said=[Said(said, END)])], paid, paid, Accounts())


def out(minor: int, second: int = 0, payee: str | None = "b", **over: Any) -> Outflow:
    fields = {"type": OutflowType.TRANSFER, "amount": yuan(minor), "time": NOW + timedelta(seconds=second)}
    return Outflow(**{**fields, "payee": ACCOUNTS[payee] if payee else None, **over})


def traced(told: Told) -> Flow:
    found = flow(told, PROFILE)
    assert found is not None
    return found


def test_what_alerts_show_beyond_the_reports_is_followed_and_what_was_annulled_is_not() -> None:
    told = told_of(out(100))
    assert traced(told).traced.there == {TOKEN["b"]: {claim(told): 30, UNREPORTED: 70}}
    annulled = replace(told_of(out(100), reports=2), reports={})
    assert traced(annulled).traced.there == {TOKEN["b"]: {UNREPORTED: 40}}


def claim(told: Told) -> str:
    report = told.reports[TOKEN["a"]][0]
    return f"{report.member}/{report.event_id}"


def test_a_payment_that_two_reports_name_by_its_serial_is_one() -> None:
    told = told_of(out(60), asked=0)
    paid = ReportedTransfer(amount=yuan(30), serial=account("s-1"))
    twice = [reported(paid), reported(paid)]
    assert traced(replace(told, reports={TOKEN["a"]: twice})).there(TOKEN["b"]) == 30


def test_money_that_left_after_the_time_that_the_victim_gave_or_just_before_is_the_victims() -> None:
    told = told_of(out(50), asked=0)
    for minutes, tainted in ((-10, 30), (50, 30), (70, 0)):
        paid = ReportedTransfer(amount=yuan(30), time=NOW + timedelta(minutes=minutes))
        timed = replace(told, reports={TOKEN["a"]: [reported(paid)]})
        assert traced(timed).there(TOKEN["b"]) == tainted


def test_each_payment_of_one_report_is_followed_from_its_own_time() -> None:
    """Of the second, which came when all had left, nothing went on."""
    told = told_of(out(80, 1), asked=0)
    hours = timedelta(hours=3)
    twice = reported(
        ReportedTransfer(amount=yuan(50), time=NOW - hours), ReportedTransfer(amount=yuan(30), time=NOW + hours)
    )
    found = traced(replace(told, reports={TOKEN["a"]: [twice]}))
    assert found.traced.there == {TOKEN["a"]: {key_of(twice): 30}, TOKEN["b"]: {key_of(twice): 50}}


def test_another_currency_is_not_traced() -> None:
    foreign = out(100, amount={"minor": 100, "currency": "USD"})
    assert traced(told_of(foreign, out(40))).there(TOKEN["b"]) == 40


@pytest.mark.parametrize("rule", TaintRule)
def test_a_salary_that_came_after_a_hold_leaves_without_the_victims_money(rule: TaintRule) -> None:
    """100 are held; 50 that came later leave, told when the bank is asked once more."""
    told = told_of(asked=100, amount=yuan(100))
    held = Held(uuid4(), HoldStatus.ACTIVE, Scope.AMOUNT, yuan(100), NOW, END)
    (answered,) = told.stops
    stop = replace(answered, said=[replace(answered.said[0], at=NOW)])
    later = Said(Answer(request_id=uuid4(), status=AnswerStatus.PARTIAL, outflows=[out(50, 9)]), END)
    asked_again = replace(stop, held=None, said=[later])
    both = replace(told, stops=[replace(stop, held=held), asked_again])
    found = flow(both, by(rule))
    assert found is not None
    assert (found.there(TOKEN["b"]), found.there(TOKEN["a"])) == (0, 100)
    without = replace(told, stops=[stop, asked_again])
    assert traced(without).there(TOKEN["b"]) == 50


def test_a_hold_is_money_that_is_there_whatever_the_balance_leaves_out() -> None:
    told = told_of(out(100), amount=yuan(40), balance=yuan(0))
    assert (traced(told).there(TOKEN["a"]), traced(told).there(TOKEN["b"])) == (40, 60)
    waits = told_of(out(100), amount=yuan(40), balance=yuan(0), queue_position=2)
    assert traced(waits).there(TOKEN["b"]) == 100


def test_answers_that_contradict_each_other_are_named() -> None:
    serial = account("s-1")
    with pytest.raises(InvalidLedger, match="told twice, differently"):
        traced(told_of(out(10, serial=serial), out(20, serial=serial)))


@given(st.lists(st.integers(0, 80), min_size=1, max_size=3), st.integers(1, 4), st.sampled_from(Share))
def test_shares_are_no_more_than_is_held_nor_than_is_claimed(held: list[int], reports: int, rule: Share) -> None:
    told = told_of(reports=reports, asked=0)
    (stop,) = told.stops
    holds = [Held(uuid4(), HoldStatus.ACTIVE, Scope.AMOUNT, yuan(minor), NOW, END) for minor in held]
    case = replace(told, stops=[replace(stop, held=hold) for hold in holds])
    found = claims.shares(case, traced(case), sharing(rule))
    of_hold, of_claim = Counter[Any](), Counter[str]()
    for (hold_id, name), minor in found.items():
        of_hold[hold_id] += minor
        of_claim[name] += minor
    assert all(of_hold[hold.hold_id] <= hold.money.minor for hold in holds)
    assert of_hold.total() == min(sum(held), 30 * reports)
    assert all(minor <= 30 for minor in of_claim.values())


@given(st.lists(st.integers(1, 80), min_size=1, max_size=3), st.integers(1, 2), st.sampled_from(["cn", "th"]))
def test_of_what_is_held_no_more_stays_than_the_victims_money_that_is_there(
    held: list[int], reports: int, name: str
) -> None:
    told = told_of(reports=reports, asked=0)
    (stop,) = told.stops
    holds = [Held(uuid4(), HoldStatus.ACTIVE, Scope.AMOUNT, yuan(minor), NOW, END) for minor in held]
    case = replace(told, stops=[replace(stop, held=hold) for hold in holds])
    found = traced(case)
    keeps = {hold.hold_id: hold.money.minor for hold in holds}
    place = profiles.load(name)
    less = {hold.hold_id: keep for _, hold, keep in excess(case, found, {TOKEN["a"]}, place)}
    assert all(less[key] < keeps[key] for key in less)
    assert sum({**keeps, **less}.values()) == min(sum(held), found.there(TOKEN["a"]))
    assert not list(excess(case, found, {TOKEN["b"]}, place))
    # Where nothing can be traced each keeps what it is.
    assert not list(excess(case, None, {TOKEN["a"]}, place))


@given(st.lists(st.tuples(st.integers(1, 80), st.integers(0, 40)), min_size=1, max_size=3), st.integers(1, 3))
def test_what_went_back_is_neither_held_nor_there(holds: list[tuple[int, int]], reports: int) -> None:
    """The first victim alone got its money back, at most what it claims."""
    told = told_of(reports=reports, asked=0)
    (stop,) = told.stops
    first, *_ = (key_of(report) for report in told.reports[TOKEN["a"]])
    left, made = 30, []
    for minor, wanted in holds:
        back = min(wanted, minor, left)
        left -= back
        money, returned = yuan(minor), {first: back} if back else {}
        made.append(Held(uuid4(), HoldStatus.ACTIVE, Scope.AMOUNT, money, NOW, END, returned))
    case = replace(told, stops=[replace(stop, held=hold) for hold in made])
    keeps = {hold.hold_id: hold.money.minor - sum(hold.returned.values()) for hold in made}
    less = {hold.hold_id: keep for _, hold, keep in excess(case, traced(case), {TOKEN["a"]}, PROFILE)}
    assert sum({**keeps, **less}.values()) == min(sum(keeps.values()), left + 30 * (reports - 1))


def test_what_leaves_an_account_that_is_let_go_is_nobodys_claim() -> None:
    """30 came straight from the first account, and 30 by the one that is let go."""
    told = told_of(out(30, 1), out(30, 2, "c"))
    (first,) = told.stops
    request = first.request.model_copy(update={"target": ACCOUNTS["b"], "hop": 1})
    answer = Answer(request_id=uuid4(), status=AnswerStatus.ALREADY_GONE, outflows=[out(30, 3, "c")])
    both = replace(told, stops=[first, replace(first, request=request, said=[Said(answer, END)])])
    found = flow(both, PROFILE, Grounds(cut=frozenset({TOKEN["b"]})))
    assert found is not None
    assert (traced(both).there(TOKEN["c"]), found.there(TOKEN["c"])) == (60, 30)


def test_an_account_whose_money_all_came_by_one_that_fell_falls_for_the_same_cause() -> None:
    told = told_of(out(30, 1))
    (first,) = told.stops
    onward = first.request.model_copy(update={"request_id": uuid4(), "target": ACCOUNTS["b"], "hop": 1})
    beyond = onward.model_copy(update={"request_id": uuid4(), "target": ACCOUNTS["c"], "hop": 2})
    said = Said(Answer(request_id=uuid4(), status=AnswerStatus.ALREADY_GONE, outflows=[out(30, 3, "c")]), END)
    all_stops = [first, replace(first, request=onward, said=[said]), replace(first, request=beyond, said=[])]
    stands = standing(replace(told, stops=all_stops), PROFILE, {TOKEN["b"]})
    assert stands is not None
    fell = {onward.request_id: Cause.ALLOWED}
    assert fed(replace(told, stops=all_stops), stands, fell) == {
        first.request.request_id: None, onward.request_id: None, beyond.request_id: Cause.ALLOWED,
    }  # fmt: skip
    assert fed(replace(told, stops=all_stops), stands, {})[beyond.request_id] is Cause.ANNULLED


def test_a_report_without_an_amount_bounds_nothing_and_so_takes_nothing_away() -> None:
    told = told_of(out(60), reports=2, asked=0)
    one = told.reports[TOKEN["a"]][0]
    annulled = replace(told, reports={TOKEN["a"]: [one]})
    found = standing(annulled, PROFILE, ())
    assert found is not None
    assert found.has_lost(TOKEN["b"]) and found.feeds(TOKEN["b"])
    assert found.feeds(TOKEN["c"]) is None
    for unbounded in (reported(), reported(ReportedTransfer(amount=yuan(30)), ReportedTransfer(time=NOW))):
        assert standing(replace(annulled, reports={TOKEN["a"]: [unbounded]}), PROFILE, ()) is None


def test_accounts_that_are_joined_have_one_name_in_whatever_order() -> None:
    one, other = Accounts([["c", "b"], ["x", "y"], ["b", "a"]]), Accounts([["a", "b"], ["b", "c"]])
    assert {one.of(token) for token in "abc"} == {other.of(token) for token in "abc"} == {"a"}
    assert (one.of("y"), other.of("y"), one.all_of("c")) == ("x", "y", {"a", "b", "c"})
