"""Whatever banks hold, delay or let go, the city's account of the stolen money comes out even to the last fen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alliance.keys.tokens import TokenKeys
from producers.city import town
from producers.city.acts import Payment, Scam, Settlement, Story
from producers.city.cast import CAST, MEMBER_OF
from producers.city.clearing import Clearing
from producers.city.diary import Diary
from producers.city.story import tell
from producers.city.truth import Verdict, follow, judge
from producers.reference.bank import Bank
from producers.reference.books import Books
from producers.reference.entries import AccountRef, Held, Measure, Opened
from schemas.registry import MONEY

START = datetime(2026, 11, 10, 0, 0, tzinfo=UTC)
TOKENS = TokenKeys({"e1": bytes(range(32))})
TOWN = town.build(1, 1)
DAY = tell(TOWN, START, 1, 1, alerts=300)
MULES = [mule for scam in DAY.scams for mule in scam.mules]
VICTIMS = [account for scam in DAY.scams for account in scam.victims_accounts]
SOMEONE = TOWN.people[0].accounts[0]
PAYMENTS = [act for act in DAY.acts if isinstance(act, Payment)]
USED = {one.number for act in PAYMENTS for one in (act.payer, act.payee) if one}
USED |= {one.number for one in (SOMEONE, *MULES, *VICTIMS)}
OPENINGS = [
    opening
    for opening in (*town.openings(TOWN, START), *DAY.openings)
    if isinstance(opening.entry, Opened) and opening.entry.account in USED
]
"""Thousands more have accounts, to which nothing happens on this day."""


class Memory(Books):
    """Books without a disk."""

    def __init__(self, stub: Bank) -> None:
        super().__init__(Path(":memory:"), stub)


def measured(account: AccountRef, measure: Measure, amount: int, at: datetime, hours: int) -> Held:
    until = at + timedelta(hours=hours)
    unit = "" if measure is Measure.DELAY else "police-ty"
    name = f"{account.number}-{measure}-{at}"
    return Held(name, name, "case", account.number, measure, amount, unit, at, until)


class World:
    def __init__(self) -> None:
        self.books = {
            spec.member: Memory(Bank(spec.member, spec.routes[0], TOKENS)) for spec in CAST if spec.sector in MONEY
        }
        self.clearing = Clearing(self.books)
        self.diary = Diary().with_day(DAY)
        with self.clearing.session():
            for opening in OPENINGS:
                self.books[opening.member].record([opening.entry])
        self.begun_with = self.total()

    def total(self) -> int:
        return sum(bank.ledger.total() for bank in self.clearing.banks.values())

    def hold(self, account: AccountRef, measure: Measure, amount: int, at: datetime, hours: int) -> None:
        bank = self.clearing.banks[MEMBER_OF[account.route]]
        bound = 0 if measure is Measure.DELAY else min(amount, bank.ledger.unheld(account.number, at))
        if measure is Measure.DELAY or bound > 0:
            self.books[bank.member].record([measured(account, measure, bound, at, hours)])

    def play(self, measures: list[tuple[int, AccountRef, Measure, int, int]]) -> Verdict:
        """All acts, with measures between them at minutes of the day."""
        waiting = sorted(measures, key=lambda measure: measure[0])
        with self.clearing.session():
            for act in DAY.acts:
                while waiting and START + timedelta(minutes=waiting[0][0]) <= act.at:
                    minute, account, measure, amount, hours = waiting.pop(0)
                    self.hold(account, measure, amount, START + timedelta(minutes=minute), hours)
                if isinstance(act, Payment):
                    self.clearing.pay(act, act.at)
                elif isinstance(act, Settlement):
                    self.clearing.settle(act.payment, act.at)
        return judge(DAY, self.clearing.banks, self.diary, DAY.end)

    def cashed(self) -> int:
        return sum(follow(scam, self.clearing.banks, DAY.end).cashed for scam in DAY.scams)


@contextmanager
def world() -> Iterator[World]:
    made = World()
    yield made
    for books in made.books.values():
        books.close()


measures = st.tuples(
    st.integers(0, 1200),
    st.sampled_from(MULES + VICTIMS),
    st.sampled_from(Measure),
    st.integers(1, 30_000_000),
    st.integers(1, 60),
)


@given(st.lists(measures, max_size=12))
@settings(max_examples=15)
def test_what_was_stolen_is_held_delayed_or_lost(taken: list[tuple[int, AccountRef, Measure, int, int]]) -> None:
    with world() as city:
        verdict = city.play(taken)

        assert verdict.stolen_minor == verdict.held_minor + verdict.delayed_minor + verdict.lost_minor
        assert city.total() == city.begun_with - city.cashed()
        innocents = {account.number for _, account, measure, *_ in taken if measure is not Measure.DELAY}
        assert verdict.innocents_held <= len(innocents & {account.number for account in VICTIMS})


def test_all_is_lost_if_nobody_acts() -> None:
    with world() as city:
        verdict = city.play([])

    assert verdict.stolen_minor == verdict.lost_minor == 20_000_000 + 8_000_000 + 20_000_000 + 7_980_000
    assert (verdict.scams, verdict.caught, verdict.held_minor, verdict.innocents_held) == (3, 0, 0, 0)


def test_a_quick_stop_on_the_first_mule_keeps_what_has_not_left() -> None:
    first: Scam = DAY.scams[0]
    with world() as city:
        verdict = city.play([(90, first.mules[0], Measure.STOP, 20_000_000, 48)])

    assert (verdict.caught, verdict.held_minor) == (1, 8_000_000)


def test_a_delay_on_a_mule_is_told_apart_from_a_hold() -> None:
    with world() as city:
        verdict = city.play([(50, DAY.scams[0].mules[0], Measure.DELAY, 0, 24)])

    assert (verdict.held_minor, verdict.delayed_minor) == (0, 8_000_000)


def test_a_delay_at_the_victims_bank_saves_what_is_still_pending() -> None:
    first: Scam = DAY.scams[0]
    with world() as city:
        verdict = city.play([(70, first.victims_accounts[0], Measure.DELAY, 0, 24)])
        assert city.total() == city.begun_with - city.cashed()

    assert verdict.stolen_minor == 20_000_000 + 20_000_000 + 7_980_000
    assert verdict.innocents_delayed == 0


@pytest.mark.parametrize(("measure", "held", "delayed"), [(Measure.STOP, 1, 0), (Measure.DELAY, 0, 1)])
def test_a_townsman_who_is_held_is_counted_as_innocent(measure: Measure, held: int, delayed: int) -> None:
    with world() as city:
        verdict = city.play([(90, SOMEONE, measure, 100, 1)])

    assert (verdict.innocents_held, verdict.innocents_delayed) == (held, delayed)


def test_money_that_left_one_bank_before_a_crash_arrives_once_after_it() -> None:
    with world() as city:
        theft = next(act for act in DAY.acts if isinstance(act, Payment) and act.serial == DAY.scams[0].thefts[0])
        assert theft.payee is not None
        deliver, city.clearing._deliver = city.clearing._deliver, lambda *_: False  # type: ignore[method-assign]
        with city.clearing.session():
            city.clearing.pay(theft, theft.at)
            city.clearing._deliver = deliver  # type: ignore[method-assign]
            assert [city.clearing.deliver_late(theft.at), city.clearing.deliver_late(theft.at)] == [1, 0]
        payee = city.clearing.banks[MEMBER_OF[theft.payee.route]]
        assert payee.ledger.balance(theft.payee.number) == theft.amount
        assert city.total() == city.begun_with
    assert isinstance(DAY, Story)
