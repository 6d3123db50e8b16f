"""Payments that two banks have numbered alike: what is asked about one of them touches no other's account."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from producers.reference.bank import Bank
from producers.reference.entries import AccountRef, Moved, Opened, Way
from schemas.answers import AnswerStatus
from schemas.identifiers import IdentifierKind
from schemas.requests import Action, Request
from tests.producers.reference.support import INDEX, MULE, NOW, PERSON, SERIAL, bank, done, ordered, request

SHOP, FIRM = "6217000000018075", "9558800000000011"
OTHERS = AccountRef("cnaps:105161000015", FIRM)


def two() -> Bank:
    """The same serial of another bank came to a shop, before that of the victim's bank to the mule."""
    shop = Opened(SHOP, IdentifierKind.ACCOUNT, "firm", (), 0, NOW - timedelta(days=30), "店")
    return bank([shop, Moved(SERIAL, Way.IN, SHOP, 70_000, NOW - timedelta(hours=2), other=OTHERS)])


def about_the_serial(number: int = 1, action: Action = Action.STOP, **over: Any) -> Request:
    target = INDEX.identifier(IdentifierKind.TRANSFER_SERIAL, SERIAL)
    asked = request(number, action, target=target, **over)
    return asked if action in (Action.DELAY, Action.QUERY) else ordered(asked)


def test_both_payments_of_one_serial_arrive_once() -> None:
    ledger = two().ledger
    assert (ledger.balance(MULE), ledger.balance(SHOP)) == (500_000, 70_000)
    assert [
        (move.account, move.amount)
        for move in map(ledger.came, [SERIAL] * 2, ["cnaps:104161000014", OTHERS.route])
        if move
    ] == [
        (MULE, 500_000),
        (SHOP, 70_000),
    ]


def test_a_stop_by_the_serial_holds_the_money_of_the_payment_that_it_tells_of() -> None:
    books = two()
    stopped = done(books, about_the_serial())
    assert stopped.answer.status is AnswerStatus.EXECUTED
    assert (books.ledger.held(MULE, NOW), books.ledger.held(SHOP, NOW)) == (500_000, 0)


@pytest.mark.parametrize("match", [None, {"time": NOW - timedelta(hours=1), "tolerance_s": 86_400}])
@pytest.mark.parametrize("action", [Action.STOP, Action.DELAY, Action.QUERY])
def test_what_may_mean_either_account_is_done_to_neither(action: Action, match: dict[str, Any] | None) -> None:
    books = two()
    asked = done(books, about_the_serial(1, action, match=match))
    assert (asked.answer.status, list(asked.entries)) == (AnswerStatus.REFUSED, [])
    assert asked.answer.balance is None
    assert asked.answer.reason is not None
    assert "more than one account" in asked.answer.reason


def test_what_is_asked_about_a_hold_goes_to_the_account_that_has_it() -> None:
    books = two()
    done(books, about_the_serial(1))
    let_go = done(books, about_the_serial(2, Action.RELEASE, match=None, amount=None, hold_id=request(1).request_id))
    assert let_go.answer.status is AnswerStatus.EXECUTED
    assert books.ledger.held(MULE, NOW) == 0


def test_an_account_that_is_none_is_not_every_account_of_a_customer() -> None:
    """What the target is called is not what its token leads to."""
    second = Opened(SHOP, IdentifierKind.ACCOUNT, PERSON, (), 400_000, NOW)
    books = bank([second])
    tokens = INDEX.identifier(IdentifierKind.PERSON, PERSON)
    assert tokens is not None
    target = tokens.model_copy(update={"kind": IdentifierKind.ACCOUNT})
    stopped = done(books, ordered(request(1, target=target, match=None)))
    assert (stopped.answer.status, books.ledger.held(MULE, NOW), books.ledger.held(SHOP, NOW)) == (
        AnswerStatus.REFUSED,
        0,
        0,
    )


def test_a_delay_that_ends_at_one_account_of_a_customer_is_told_as_ended() -> None:
    second = Opened(SHOP, IdentifierKind.ACCOUNT, PERSON, (), 7, NOW)
    books = bank([second])
    person = INDEX.identifier(IdentifierKind.PERSON, PERSON)
    delay = request(1, Action.DELAY, target=person, match=None)
    done(books, delay)
    first = done(books, request(2, Action.RELEASE, match=None, hold_id=delay.request_id))
    rest = done(books, request(3, Action.RELEASE, target=person, match=None, hold_id=delay.request_id))
    assert (first.answer.status, rest.answer.status) == (AnswerStatus.EXECUTED, AnswerStatus.EXECUTED)
    assert books.ledger.free(SHOP, NOW) == 7
