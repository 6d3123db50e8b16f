"""A return at the reference bank: paid from a freeze by the list that the signed order names, once, to the last fen."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.reference.bank import Bank
from producers.reference.books import Books
from producers.reference.entries import Held, Measure, Moved, Opened, Way
from producers.reference.handler import handle
from schemas.answers import Answer, AnswerStatus
from schemas.identifiers import IdentifierKind
from schemas.requests import Action, Request
from schemas.returns import ReturnList, ReturnPayment
from tests.producers.reference.support import (
    CHEN,
    CN,
    LI,
    MULE,
    NOW,
    PAPER,
    PERSON,
    POLICE,
    POLICE_2,
    THEIRS,
    VICTIM,
    account,
    bank,
    done,
    ordered,
    registry,
    request,
    signed_by,
    yuan,
)

HOLD = UUID(int=77)
OPENED = Opened(VICTIM, IdentifierKind.ACCOUNT, PERSON, (), 0, NOW - timedelta(days=30))


OTHERS = "cnaps:102161000012"


def frozen(*entries: Any, amount: int = 500_000, route: str = OTHERS) -> Bank:
    """A mule's account of which so much is frozen; the victim is a customer of the bank of THEIRS."""
    books = bank(entries, route=route)
    done(books, ordered(request(1, hold_id=HOLD, amount=yuan(amount))))
    freeze = request(2, Action.FREEZE, hold_id=HOLD, amount=None, match=None)
    assert done(books, signed_by(freeze, LI, CHEN, paper=PAPER)).answer.status is AnswerStatus.EXECUTED
    return books


def listed(number: int, *amounts: int, first: int = 1, payer: bool = True) -> ReturnList:
    payments = [
        {"payment_id": UUID(int=first + index), "case_id": UUID(int=1), "member": "police-ty",
         "event_id": UUID(int=50 + index), "amount": yuan(minor), "payer": account(VICTIM) if payer else None}
        for index, minor in enumerate(amounts)
    ]  # fmt: skip
    return ReturnList(
        request_id=UUID(int=1000 + number),
        hold_id=HOLD,
        payments=[ReturnPayment.model_validate(each) for each in payments],
    )


def asked(number: int, pays: ReturnList, **over: Any) -> Request:
    """The return, as two officers signed it."""
    fields = {"hold_id": HOLD, "match": None, "duration_s": None, **over}
    fields.setdefault("amount", yuan(sum(payment.amount.minor for payment in pays.payments)))
    return signed_by(request(number, Action.RETURN, **fields), LI, CHEN, paper=pays.digest())


def by_one(asked_for: Request) -> Request:
    """What the inspector alone has signed."""
    alone = asked_for.authority.model_copy(update={"orders": asked_for.authority.orders[:1]})
    return asked_for.model_copy(update={"authority": alone})


def told(books: Bank, pays: ReturnList) -> None:
    for entry in books.listed(pays, NOW):
        books.apply(entry)


def returned(books: Bank, asked_for: Request) -> Answer:
    return done(books, asked_for).answer


def amounts(books: Bank) -> tuple[int, int]:
    """What the mule's account has, and how much of it is held."""
    return books.ledger.balance(MULE), books.ledger.held(MULE, NOW)


def test_a_part_and_then_the_rest_go_to_the_victims_account_and_no_money_is_made_or_lost() -> None:
    books = frozen(OPENED, route=THEIRS.route)
    total = books.ledger.total()
    told(books, part := listed(3, 200_000, 100_000))
    answer = returned(books, asked(3, part))
    assert (answer.status, answer.amount) == (AnswerStatus.EXECUTED, part.payments[0].amount.model_copy(
        update={"minor": 300_000}))  # fmt: skip
    assert amounts(books) == (200_000, 200_000)
    assert books.ledger.balance(VICTIM) == 300_000
    told(books, rest := listed(4, 200_000, first=9))
    assert returned(books, asked(4, rest)).status is AnswerStatus.EXECUTED
    assert (amounts(books), books.ledger.active(MULE, NOW)) == ((0, 0), [])
    assert books.ledger.total() == total
    assert books.ledger.balance(VICTIM) == total


def test_a_list_of_more_than_an_amount_can_be_is_refused_and_ends_no_member() -> None:
    books = frozen()
    told(books, pays := listed(3, 10**15, 10**15))
    answer = returned(books, asked(3, pays, amount=yuan(500_000)))
    assert answer.reason == "the hold does not keep as much as is to be returned"


def test_a_customer_whose_account_has_the_number_of_a_victims_elsewhere_gets_nothing() -> None:
    books = frozen(OPENED)
    told(books, pays := listed(3, 200_000))
    assert returned(books, asked(3, pays)).status is AnswerStatus.EXECUTED
    [left] = books.ledger.moves(MULE, Way.OUT, NOW)
    assert (left.other, books.ledger.balance(VICTIM), books.ledger.total()) == (THEIRS, 0, 300_000)


def test_who_is_not_a_customer_is_paid_at_the_own_bank_and_who_is_not_known_over_the_counter() -> None:
    books = frozen()
    told(books, one := listed(3, 100_000))
    returned(books, asked(3, one))
    told(books, other := listed(4, 50_000, first=9, payer=False))
    returned(books, asked(4, other))
    first, second = books.ledger.moves(MULE, Way.OUT, NOW)
    assert first.other is not None
    assert (first.other.number, second.other, second.place) == (VICTIM, None, f"report {UUID(int=50)}")
    assert books.ledger.total() == 500_000 - 150_000


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (lambda pays: by_one(asked(3, pays)), "wants an officer of the rank county-head"),
        (lambda pays: asked(3, listed(3, 100_001), amount=yuan(100_000)), "names by its digest"),
        (lambda pays: asked(4, pays), "names by its digest"),
        (lambda pays: asked(3, pays, amount=yuan(99_999)), "of another hold or amount"),
        (lambda pays: asked(3, pays, hold_id=UUID(int=78)), "no freeze of this id"),
        (lambda pays: asked(3, pays).model_copy(update={"hold_id": None}), "something else than the request"),
    ],
)
def test_nothing_is_paid_but_by_the_list_that_the_order_names(wrong: Any, why: str) -> None:
    books = frozen()
    told(books, pays := listed(3, 100_000))
    before = amounts(books)
    answer = returned(books, wrong(pays))
    assert answer.status is AnswerStatus.REFUSED
    assert why in str(answer.reason)
    assert amounts(books) == before


def test_a_list_alone_pays_nothing_and_a_second_one_does_not_replace_it() -> None:
    books = frozen()
    told(books, first := listed(3, 100_000))
    told(books, listed(3, 400_000))
    assert amounts(books) == (500_000, 500_000)
    returned(books, asked(3, first))
    assert amounts(books) == (400_000, 400_000)


def test_no_payment_is_made_twice_whatever_order_names_it() -> None:
    books = frozen()
    told(books, first := listed(3, 100_000))
    returned(books, asked(3, first))
    told(books, again := listed(4, 100_000))
    assert returned(books, asked(4, again)).reason == "a payment of the list was made before"
    told(books, twice := listed(5, 100_000, first=30).model_copy(
        update={"payments": [*listed(5, 100_000, first=30).payments] * 2}))  # fmt: skip
    assert returned(books, asked(5, twice)).reason == "a payment of the list was made before"
    assert amounts(books) == (400_000, 400_000)


def test_a_return_comes_from_a_freeze_of_the_same_unit_and_never_beyond_it() -> None:
    books = frozen(amount=300_000)
    told(books, more := listed(3, 300_001))
    assert returned(books, asked(3, more)).reason == "the hold does not keep as much as is to be returned"
    stopped = bank()
    done(stopped, ordered(request(1, hold_id=HOLD)))
    told(stopped, pays := listed(3, 100_000))
    assert returned(stopped, asked(3, pays)).reason == "no freeze of this id is in force on the account"
    assert stopped.ledger.active(MULE, NOW)[0].measure is Measure.STOP


def test_another_unit_returns_nothing() -> None:
    theirs = Held(
        str(HOLD), "r", "c", MULE, Measure.FREEZE, 500_000, POLICE_2, NOW - timedelta(hours=1), NOW + timedelta(days=9)
    )
    books = bank([theirs])
    told(books, pays := listed(3, 100_000))
    assert returned(books, asked(3, pays)).reason == "a hold is returned by the unit that ordered it"
    assert amounts(books) == (500_000, 500_000)


def test_what_went_back_to_a_victim_is_told_to_nobody_as_money_that_moved_on() -> None:
    books = frozen()
    told(books, pays := listed(3, 500_000))
    returned(books, asked(3, pays))
    spent = Moved("T9", Way.IN, MULE, 7, NOW, other=None)
    books.apply(spent)
    answer = done(books, ordered(request(5, case_id=UUID(int=9)))).answer
    assert answer.status is AnswerStatus.PARTIAL
    assert not answer.outflows


def test_a_member_that_starts_again_pays_by_the_list_that_it_had_and_answers_the_same(tmp_path: Path) -> None:
    books = Books(tmp_path / "books.db", bank())
    pays = listed(3, 200_000)
    theirs = Held(str(HOLD), "r", "c", MULE, Measure.FREEZE, 500_000, POLICE, NOW, NOW + timedelta(days=9))
    with books.batch():
        books.record([theirs, *books.stub.listed(pays, NOW)])
    for new in (True, False):
        books.close()
        stub = bank()
        books = Books(tmp_path / "books.db", stub)
        asked_for = asked(3, pays)
        answer, first = books.answer_once(asked_for, partial(handle, asked_for, stub, registry(), CN, NOW))
        assert (answer.status, first) == (AnswerStatus.EXECUTED, new)
        assert amounts(stub) == (300_000, 300_000)
    books.close()


LISTS = st.lists(st.lists(st.tuples(st.integers(1, 6), st.integers(1, 250_000)), min_size=1, max_size=3), max_size=5)


@given(st.integers(1, 500_000), LISTS, st.booleans())
def test_whatever_is_asked_no_payment_is_made_twice_and_no_money_is_made_or_lost(
    held: int, lists: list[list[tuple[int, int]]], known: bool
) -> None:
    """Lists may name a payment again, and more than there is; what is over the counter has left the bank."""
    books = frozen(OPENED, amount=held, route=THEIRS.route)
    paid: dict[UUID, int] = {}
    for number, amounts_of in enumerate(lists, start=3):
        payments = [listed(number, minor, first=which, payer=known).payments[0] for which, minor in amounts_of]
        told(books, pays := listed(number, 1).model_copy(update={"payments": payments}))
        if returned(books, asked(number, pays)).status is AnswerStatus.EXECUTED:
            assert not paid.keys() & {payment.payment_id for payment in payments}
            paid |= {payment.payment_id: payment.amount.minor for payment in payments}
        total = sum(paid.values())
        assert amounts(books) == (500_000 - total, held - total)
        assert books.ledger.balance(VICTIM) == (total if known else 0)
