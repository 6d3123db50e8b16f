"""What a bank does about requests: it holds what an officer signed for and its own books confirm, and nothing else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from producers.reference.entries import AccountRef, Carded, Measure, Moved, Opened, Way
from producers.reference.handler import handle
from producers.reference.ledger import PaymentRefused
from schemas.answers import AnswerStatus, Comparison, OutflowType
from schemas.base import Money
from schemas.identifiers import Identifier, IdentifierKind
from schemas.requests import Action, Request, Scope
from tests.producers.reference.support import (
    BANK,
    CHEN,
    CN,
    INDEX,
    LI,
    MULE,
    NAME,
    NOW,
    PAPER,
    PERSON,
    PHONE,
    POLICE,
    SERIAL,
    STRANGER,
    THEIRS,
    account,
    bank,
    done,
    mandate,
    mandated,
    ordered,
    registry,
    request,
    signed_by,
    yuan,
)

CARD = "6222020000000000007"
CASE_2, CASE_3 = UUID(int=20), UUID(int=30)
ELSEWHERE = AccountRef("cnaps:105161000015", "6217000000009992")


def spent(serial: str, amount: int, minutes_ago: int, **more: Any) -> Moved:
    return Moved(serial, Way.OUT, MULE, amount, NOW - timedelta(minutes=minutes_ago), **more)


def test_an_order_holds_the_amount_and_no_more() -> None:
    books = bank([Moved("T00000002", Way.IN, MULE, 90_000, NOW - timedelta(minutes=5))])

    answer = done(books, ordered(request())).answer

    assert (answer.status, answer.comparison) == (AnswerStatus.EXECUTED, Comparison.MATCH)
    assert answer.amount is not None and answer.amount.minor == 500_000
    assert (answer.scope, answer.until) == (Scope.AMOUNT, NOW + timedelta(hours=48))
    assert books.ledger.free(MULE, NOW) == 90_000
    assert books.ledger.free(MULE, NOW + timedelta(hours=48)) == 590_000


def test_what_has_left_is_told_with_its_payees_and_the_rest_is_held() -> None:
    books = bank(
        [
            spent("T00000003", 200_000, 40, other=ELSEWHERE),
            spent("T00000004", 100_000, 30, means=OutflowType.ATM, place="柳巷"),
            spent("T00000009", 1, 90),
            Moved("T00000010", Way.IN, MULE, 1, NOW - timedelta(minutes=95)),
        ]
    )

    answer = done(books, ordered(request())).answer

    assert answer.status is AnswerStatus.PARTIAL
    assert answer.amount is not None and answer.amount.minor == 200_000
    onward, cash = answer.outflows
    assert onward.payee is not None and onward.payee.tokens == account(ELSEWHERE.number).tokens
    assert onward.payee.holders == [ELSEWHERE.route]
    assert (cash.type, cash.place, cash.payee) == (OutflowType.ATM, "柳巷", None)


def test_nothing_left_is_already_gone() -> None:
    answer = done(bank([spent("T00000003", 500_000, 40, other=ELSEWHERE)]), ordered(request())).answer

    assert answer.status is AnswerStatus.ALREADY_GONE
    assert [outflow.amount.minor for outflow in answer.outflows] == [500_000]


def by_serial(named: str, **match: Any) -> Request:
    """About the payment alone: the asker knows no name of the account, nor the payer's as the books have it."""
    target = identifier(IdentifierKind.TRANSFER_SERIAL, named)
    known = {"serial": target, "payer": identifier(IdentifierKind.CARD, CARD), "amount": yuan(500_000), **match}
    return ordered(request(target=target, match=known))


def identifier(kind: IdentifierKind, value: str) -> Identifier:
    made = INDEX.identifier(kind, value)
    assert made is not None
    return made


def test_an_account_is_found_by_the_serial_of_the_transfer_that_came_there() -> None:
    books = bank()
    assert done(books, by_serial(SERIAL)).answer.status is AnswerStatus.EXECUTED
    assert books.ledger.held(MULE, NOW) == 500_000
    assert done(bank(), by_serial("T00000077")).answer.status is AnswerStatus.NOT_FOUND


def test_a_serial_does_not_stand_for_a_payer_that_both_know_nor_for_the_amount() -> None:
    for match in ({"payer": account("6217000000009992")}, {"amount": yuan(1)}, {"serial": None}):
        assert done(bank(), by_serial(SERIAL, **match)).answer.status is AnswerStatus.REFUSED


def test_an_account_is_found_by_its_card() -> None:
    books = bank([Carded(MULE, CARD, NOW)])
    assert done(books, ordered(request(target=identifier(IdentifierKind.CARD, CARD)))).answer.amount == Money(
        minor=500_000, currency="CNY"
    )
    other = identifier(IdentifierKind.CARD, "6222020000000000015")
    assert done(books, ordered(request(target=other))).answer.status is AnswerStatus.NOT_FOUND


def test_of_a_payee_without_a_name_that_both_know_the_serial_says_whom_to_ask() -> None:
    nameless = AccountRef(ELSEWHERE.route, "")
    answer = done(bank([spent("T00000003", 200_000, 40, other=nameless, means=OutflowType.WALLET)]), ordered(request()))
    (onward,) = answer.answer.outflows
    assert onward.payee is None
    assert onward.serial is not None and onward.serial.holders == [ELSEWHERE.route]


@pytest.mark.parametrize(
    "over",
    [
        {"amount": yuan(499_999)},
        {"target": account("6217000000009992")},
        {"to": "bank-b"},
        {"void_after": NOW + timedelta(days=9)},
        {"duration_s": 1},
        {"hop": 1},
        {"match": None},
    ],
)
def test_an_order_that_was_changed_after_signing_is_refused(over: dict[str, Any]) -> None:
    signed = ordered(request())
    tampered = request(**over).model_copy(update={"authority": signed.authority})
    books = bank()
    books.member = tampered.to

    decision = handle(tampered, books, registry(), CN, NOW)

    assert decision.answer.status is AnswerStatus.REFUSED
    assert "something else" in str(decision.answer.reason)
    assert not decision.entries


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (request(), "needs a police-order"),
        (ordered(request(), signer=STRANGER), "does not verify"),
        (ordered(request(), kid=f"{POLICE}/wang/k1"), "does not verify"),
        (ordered(request(), signer=BANK, kid=f"{BANK}/k1"), "no officer's key"),
        (ordered(request(), signer=BANK, kid=f"{POLICE}/k1"), "no officer's key"),
        (ordered(request(void_after=NOW)), "void"),
        (ordered(request(to="bank-b")), "another member"),
        (
            mandated(request(), mandate(caps={"currency": "CNY", "per_hold": 1, "per_account": 9, "per_day": 9})),
            "a hold",
        ),
        (mandated(request(), mandate(valid_to=NOW)), "not in force"),
        (mandated(request(), mandate(valid_from=NOW + timedelta(hours=1))), "not in force"),
        (mandated(request(action=Action.FREEZE)), "needs a police-order"),
        (mandated(request(action=Action.EXTEND)), "does not cover"),
        (mandated(request(hop=3)), "hop"),
        (mandated(request(amount=None)), "amount"),
        (mandated(request(amount={"minor": 1, "currency": "USD"})), "currency"),
        (mandated(request(duration_s=48 * 3600 + 1)), "at most"),
        (mandated(request(), covered_by=None), "no report"),
        (mandated(request(), signer=STRANGER), "does not verify"),
        (mandated(request(), unit=BANK), "another unit"),
        (mandated(request(), mandate(officers=["li"])), "someone else"),
    ],
)
def test_what_does_not_verify_is_refused_with_the_reason(asked: Request, reason: str) -> None:
    decision = handle(asked, bank(), registry(), CN, NOW)

    assert decision.answer.status is AnswerStatus.REFUSED
    assert reason in str(decision.answer.reason)
    assert not decision.entries


@pytest.mark.parametrize(
    "match",
    [
        {"payer": account("6217000000009992")},
        {"amount": yuan(500_001)},
        {"serial": {"kind": "transfer-serial", "tokens": account(MULE).tokens}},
        {"time": NOW - timedelta(hours=3)},
    ],
)
def test_a_payment_that_the_books_do_not_have_is_never_stopped(match: dict[str, Any]) -> None:
    decision = handle(ordered(request(match=match)), bank(), registry(), CN, NOW)

    assert (decision.answer.status, decision.answer.comparison) == (AnswerStatus.REFUSED, Comparison.MISMATCH)
    assert not decision.entries


def test_without_a_match_block_an_order_is_carried_out_as_not_comparable() -> None:
    answer = done(bank(), ordered(request(match=None))).answer

    assert (answer.status, answer.comparison) == (AnswerStatus.EXECUTED, Comparison.NOT_COMPARABLE)


def test_a_mandate_holds_up_to_its_caps_on_an_account_and_in_a_day() -> None:
    books = bank([Moved("T00000002", Way.IN, MULE, 900_000, NOW - timedelta(minutes=5))])
    other_case: dict[str, Any] = {"case_id": request(2).request_id}

    assert done(books, mandated(request())).answer.status is AnswerStatus.EXECUTED
    again = done(books, mandated(request(2, amount=yuan(200_001), **other_case))).answer
    assert "account would be held above" in str(again.reason)
    third = done(books, mandated(request(3, amount=yuan(200_000), **other_case))).answer
    assert (third.status, third.queue_position) == (AnswerStatus.EXECUTED, None)
    assert [(order.unit, order.amount and order.amount.minor) for order in third.earlier_orders] == [(POLICE, 500_000)]


def test_a_mandate_ends_with_what_it_has_held_in_a_day() -> None:
    second = "6217000000018075"
    opened = Opened(second, IdentifierKind.ACCOUNT, "", (), 900_000, NOW, NAME)
    books = bank([opened, Moved("T00000002", Way.IN, second, 500_000, NOW - timedelta(hours=1), other=THEIRS)])
    other: dict[str, Any] = {"target": account(second), "case_id": CASE_2}
    assert done(books, mandated(request())).answer.status is AnswerStatus.EXECUTED

    above = done(books, mandated(request(2, Action.STOP, **other, amount=yuan(400_001)))).answer
    within = done(books, mandated(request(3, Action.STOP, **other, amount=yuan(400_000)))).answer

    assert (above.status, within.status) == (AnswerStatus.REFUSED, AnswerStatus.EXECUTED)
    assert "the day would be above" in str(above.reason)


def test_a_second_order_holds_only_what_the_first_does_not() -> None:
    books = bank([Moved("T00000002", Way.IN, MULE, 90_000, NOW - timedelta(minutes=5))])
    done(books, ordered(request()))

    answer = done(books, ordered(request(2, case_id=CASE_2))).answer

    assert (answer.status, answer.amount and answer.amount.minor) == (AnswerStatus.PARTIAL, 90_000)
    assert done(books, ordered(request(3, case_id=CASE_3))).answer.queue_position == 3
    assert books.ledger.held(MULE, NOW) == 590_000


def test_an_order_of_another_unit_than_it_says_is_refused() -> None:
    signed = ordered(request())
    other = signed.authority.model_copy(update={"unit": "police-else"})

    answer = handle(signed.model_copy(update={"authority": other}), bank(), registry(), CN, NOW).answer

    assert "another unit" in str(answer.reason)


def test_a_pending_payment_does_not_leave_past_a_hold() -> None:
    books = bank([spent("T00000003", 300_000, 40, other=ELSEWHERE, pending=True)])
    done(books, ordered(request()))

    with pytest.raises(PaymentRefused, match="keeps it"):
        books.ledger.settle("T00000003", NOW)
    assert books.ledger.settle("T00000003", NOW + timedelta(hours=48))


def test_one_case_holds_an_account_once() -> None:
    books = bank()
    done(books, ordered(request()))

    second = done(books, ordered(request(2))).answer

    assert (second.status, books.ledger.held(MULE, NOW)) == (AnswerStatus.REFUSED, 500_000)


def test_an_unknown_account_is_not_found() -> None:
    target = account("6217000000009992")

    assert done(bank(), ordered(request(target=target))).answer.status is AnswerStatus.NOT_FOUND


def test_a_hold_is_reduced_frozen_and_released_by_its_unit() -> None:
    books = bank()
    done(books, ordered(request()))

    done(books, ordered(request(2, Action.REDUCE, amount=yuan(300_000), duration_s=None)))
    assert books.ledger.held(MULE, NOW) == 300_000
    freeze = request(3, Action.FREEZE, amount=None, duration_s=30 * 86400)
    frozen = done(books, signed_by(freeze, LI, CHEN, paper=PAPER)).answer
    assert frozen.until == NOW + timedelta(days=30)
    assert [hold.measure for hold in books.ledger.active(MULE, NOW)] == [Measure.FREEZE]
    assert done(books, request(4, Action.RELEASE)).answer.status is AnswerStatus.REFUSED
    assert done(books, mandated(request(5, Action.RELEASE))).answer.status is AnswerStatus.REFUSED
    assert done(books, ordered(request(6, Action.RELEASE))).answer.status is AnswerStatus.EXECUTED
    assert books.ledger.free(MULE, NOW) == 500_000


def test_a_delay_needs_no_police_binds_no_money_and_ends() -> None:
    books = bank()

    answer = done(books, request(1, Action.DELAY, duration_s=7200)).answer

    assert (answer.status, answer.scope) == (AnswerStatus.EXECUTED, Scope.ACCOUNT)
    assert (books.ledger.held(MULE, NOW), books.ledger.free(MULE, NOW)) == (0, 0)
    assert books.ledger.free(MULE, NOW + timedelta(hours=2)) == 500_000


def test_a_balance_is_told_to_police_and_to_who_knows_the_payment() -> None:
    books = bank()

    knows = done(books, request(1, Action.QUERY)).answer
    guesses = done(books, request(2, Action.QUERY, match=None)).answer

    assert knows.balance is not None and knows.balance.minor == 500_000
    assert (guesses.status, guesses.balance, guesses.outflows) == (AnswerStatus.EXECUTED, None, [])


def test_the_payers_bank_keeps_back_payments_to_a_suspect_elsewhere() -> None:
    books = bank([spent("T00000003", 1, 40, other=ELSEWHERE)])
    about: dict[str, Any] = {"target": account(ELSEWHERE.number), "match": None}

    delay = done(books, request(1, Action.DELAY, duration_s=7200, **about)).answer

    assert (delay.status, delay.until) == (AnswerStatus.EXECUTED, NOW + timedelta(hours=2))
    with pytest.raises(PaymentRefused, match="delayed"):
        books.ledger.pay(spent("T00000004", 1, -60, other=ELSEWHERE))
    assert books.ledger.pay(spent("T00000004", 1, -120, other=ELSEWHERE))
    assert done(books, ordered(request(2, **about))).answer.status is AnswerStatus.NOT_FOUND


def test_a_customers_number_leads_to_all_accounts_but_stops_none() -> None:
    second = Opened("6217000000018075", IdentifierKind.ACCOUNT, PERSON, (), 7, NOW)
    books = bank([second, Opened("6217000000018083", IdentifierKind.ACCOUNT, "", (PHONE,), 7, NOW)])
    number = INDEX.identifier(IdentifierKind.NUMBER, PHONE)
    person = INDEX.identifier(IdentifierKind.PERSON, PERSON)

    assert done(books, request(1, Action.DELAY, target=number, match=None)).answer.status is AnswerStatus.EXECUTED
    assert [books.ledger.free(a, NOW) for a in (MULE, second.account, "6217000000018083")] == [0, 7, 0]
    done(books, request(2, Action.DELAY, target=person, match=None))
    assert books.ledger.free(second.account, NOW) == 0
    assert done(books, ordered(request(3, target=number))).answer.status is AnswerStatus.REFUSED
