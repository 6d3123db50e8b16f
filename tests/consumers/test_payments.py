"""Payments of which several reports tell: each once, in whatever order they come, and no less than one report says."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alliance import profiles
from consumers.casebook.model import Reported
from consumers.casebook.money.payments import claimed, payments
from schemas.alerts import ReportedTransfer
from schemas.base import Money
from schemas.identifiers import Identifier, IdentifierKind
from tests.consumers.facts import NOW, account, identifier, reported, yuan

CN = profiles.load("cn")
PAYERS = [account(f"a victim's {number}", "cnaps:2") for number in range(2)]
SERIALS = [identifier(IdentifierKind.TRANSFER_SERIAL, f"s-{number}") for number in range(3)]


def paid(minor: int = 30, minute: int | None = 0, payer: int | None = 0, serial: int | None = None, **over: Any) -> Any:
    fields: dict[str, Any] = {
        "amount": yuan(minor),
        "time": None if minute is None else NOW + timedelta(minutes=minute),
        "payer": None if payer is None else PAYERS[payer],
        "serial": None if serial is None else SERIALS[serial],
    }
    return ReportedTransfer(**{**fields, **over})


def total(*reports: Reported) -> int:
    return sum(each.money.minor for each in claimed(reports, CN, "CNY"))


def said_by(*reports: Reported) -> dict[int, int]:
    """What each of the reports claims, by its place among these."""
    found: dict[int, int] = {}
    for each in claimed(reports, CN, "CNY"):
        place = next(number for number, report in enumerate(reports) if report is each.report)
        found[place] = found.get(place, 0) + each.money.minor
    return found


PAID = st.builds(
    paid,
    minor=st.sampled_from([10, 20]),
    minute=st.sampled_from([None, 0, 40, 80, 600]),
    payer=st.sampled_from([None, 0, 1]),
    serial=st.sampled_from([None, None, 0, 1, 2]),
    time_approximate=st.booleans(),
)
REPORTS = st.lists(st.lists(PAID, max_size=3), min_size=1, max_size=4)


@given(REPORTS, st.randoms(use_true_random=False))
def test_neither_the_order_nor_a_repetition_changes_what_is_claimed(told: list[list[Any]], chance: Random) -> None:
    reports = [reported(*of, taken_at=NOW + timedelta(hours=hour)) for hour, of in enumerate(told)]
    other = reports.copy()
    chance.shuffle(other)
    assert list(claimed(other, CN, "CNY")) == list(claimed(reports, CN, "CNY"))
    again = reported(*told[0], taken_at=NOW + timedelta(days=1))
    named = [each for each in told[0] if each.payer or each.serial]
    assert len(named) < len(told[0]) or total(*reports, again) == total(*reports)


@given(REPORTS)
def test_together_they_are_never_less_than_one_says_nor_more_than_all_say(told: list[list[Any]]) -> None:
    reports = [reported(*of) for of in told]
    alone = [total(report) for report in reports]
    assert max(alone) <= total(*reports) <= sum(alone)
    for each in claimed(reports, CN, "CNY"):
        assert 0 < each.money.minor <= each.paid.minor


@given(REPORTS)
def test_no_report_claims_more_than_it_says_and_a_serial_is_one_payment_and_no_two_are(told: list[list[Any]]) -> None:
    reports = [reported(*of) for of in told]
    for place, minor in said_by(*reports).items():
        assert minor <= total(reports[place])
    where: dict[str, int] = {}
    for number, payment in enumerate(payments(reports, CN, "CNY")):
        serials = {each.paid.transfer.serial.tokens[0] for each in payment if each.paid.transfer.serial}
        assert len(serials) <= 1
        for serial in serials:
            assert where.setdefault(serial, number) == number


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (paid(), paid()),
        (paid(), paid(minute=60)),
        (paid(), paid(minute=None)),
        (paid(), paid(minute=23 * 60, time_approximate=True)),
        (paid(), paid(serial=0)),
        (paid(serial=0), paid(serial=0, payer=None, minute=600)),
    ],
)
def test_one_payment_told_twice_is_the_first_reports_claim(one: Any, other: Any) -> None:
    first, second = reported(one), reported(other, by="bank-two", taken_at=NOW + timedelta(hours=1))
    assert said_by(first, second) == {0: 30}
    assert said_by(second, first) == {1: 30}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (paid(), paid(payer=1)),
        (paid(payer=None), paid(payer=None)),
        (paid(payer=None), paid()),
        (paid(), paid(minute=61)),
        (paid(), paid(minute=25 * 60, time_approximate=True)),
        (paid(), paid(minor=20)),
        (paid(serial=0), paid(serial=1)),
    ],
)
def test_two_payments_told_by_two_are_two(one: Any, other: Any) -> None:
    assert total(reported(one), reported(other)) == one.amount.minor + other.amount.minor


def test_what_one_report_names_twice_was_paid_twice_unless_its_serial_says_otherwise() -> None:
    assert total(reported(paid(), paid())) == 60
    assert total(reported(paid(), paid()), reported(paid())) == 60
    assert total(reported(paid()), reported(paid(), paid())) == 60
    assert total(reported(paid(serial=0), paid(serial=0))) == 30


def test_each_telling_of_a_report_is_of_another_payment_wherever_its_serial_stands() -> None:
    """The one without a serial doesn't take the place of the one with it."""
    bank, police = reported(paid(serial=0)), reported(paid(), paid(serial=0), taken_at=NOW + timedelta(hours=1))
    assert said_by(bank, police) == {0: 30, 1: 30}


def test_of_a_serial_the_greatest_amount_counts_and_each_claims_what_it_says_beyond_those_before() -> None:
    reports = [
        reported(paid(minor=minor, serial=0), taken_at=NOW + timedelta(hours=hour))
        for hour, minor in enumerate((20, 10, 50))
    ]
    for order in permutations(reports):
        assert total(*order) == 50
    assert said_by(*reports) == {0: 20, 2: 30}


def test_serials_of_two_epochs_are_not_compared_and_no_second_currency_counts() -> None:
    def named(*tokens: str) -> Identifier:
        return SERIALS[0].model_copy(update={"tokens": list(tokens)})

    old, new = named("e1:" + "a" * 22), named("e2:" + "b" * 22)
    both = named("e1:" + "c" * 22, "e2:" + "b" * 22)
    assert total(reported(paid(serial=None)), reported(paid())) == 30
    for one, other, minor in ((old, new, 30), (old, both, 60), (new, both, 30)):
        told = [reported(paid().model_copy(update={"serial": serial})) for serial in (one, other)]
        assert total(*told) == minor
    dollars = paid().model_copy(update={"amount": Money(minor=30, currency="USD")})
    assert total(reported(paid(), dollars)) == 30


def test_as_many_equal_payments_as_a_report_can_name_are_each_found_again_in_every_other() -> None:
    assert total(*(reported(*[paid()] * 64) for _ in range(12))) == 64 * 30
