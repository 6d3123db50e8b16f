"""The queue of orders on one account: who came first holds, who comes next holds what that lets go, and hears of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from alliance.roll import Roll
from producers.reference import member
from producers.reference.bank import Bank
from producers.reference.books import Books
from producers.reference.entries import AccountRef, Held, Measure, Moved, Way
from producers.reference.handler import handle
from producers.reference.ledger import PaymentRefused
from producers.reference.member import ReferenceMember
from schemas.answers import Answer, AnswerStatus
from schemas.requests import Action, Request
from tests.producers.reference.support import (
    BANK,
    CN,
    MULE,
    NOW,
    POLICE,
    THEIRS,
    bank,
    done,
    mandated,
    ordered,
    registry,
    request,
    yuan,
)

CASES = [UUID(int=10 * number) for number in range(9)]
HOURS_47 = NOW + timedelta(hours=47)


def stop(number: int, minor: int = 500_000, **over: Any) -> Request:
    """An order of the case `number`."""
    return ordered(request(number, case_id=CASES[number], amount=yuan(minor), match=None, **over))


def release(number: int, of: int) -> Request:
    return ordered(request(number, Action.RELEASE, case_id=CASES[of], amount=None, match=None))


def turns(books: Bank, now: datetime = NOW) -> list[Held]:
    """Give everyone who waits what is let go."""
    taken = []
    while (hold := books.turn(now)) is not None:
        books.apply(hold)
        taken.append(hold)
    return taken


def amounts(holds: list[Held]) -> list[tuple[str, int]]:
    return [(hold.case_id, hold.amount) for hold in holds]


def paid(amount: int, at: datetime) -> Moved:
    return Moved("T00000009", Way.OUT, MULE, amount, at, other=AccountRef("cnaps:1", "6217000000009992"))


def test_an_order_behind_others_waits_with_its_place_and_what_comes_before_it() -> None:
    books = bank()
    done(books, stop(1))
    second = done(books, stop(2)).answer
    third = done(books, stop(3, 100_000)).answer
    assert (second.status, second.queue_position, second.amount and second.amount.minor) == (
        AnswerStatus.EXECUTED, 2, 500_000,
    )  # fmt: skip
    assert (third.queue_position, [order.unit for order in third.earlier_orders]) == (3, [POLICE, POLICE])
    assert (books.ledger.held(MULE, NOW), turns(books)) == (500_000, [])


def test_whoever_came_first_is_first_and_the_next_holds_the_rest() -> None:
    books = bank()
    done(books, stop(1))
    done(books, stop(2, 300_000))
    done(books, stop(3))
    done(books, release(4, of=1))
    later = NOW + timedelta(hours=2)
    assert [share for _, share in books.ledger.due(MULE, later)] == [300_000, 200_000]
    taken = turns(books, later)
    assert amounts(taken) == [(str(CASES[2]), 300_000), (str(CASES[3]), 200_000)]
    assert {(hold.measure, hold.until) for hold in taken} == {(Measure.STOP, later + timedelta(hours=48))}
    assert (books.ledger.free(MULE, later), books.ledger.waiting) == (0, {})


def nearer(books: Bank, now: datetime = NOW) -> list[tuple[str, int | None, int]]:
    """Who is told that it is nearer: its place, and how many are before it."""
    made = books.untold(now)
    for decision in made:
        for entry in decision.entries:
            books.apply(entry)
    answers = [decision.answer for decision in made if decision.answer.queue_position]
    return [(str(one.request_id)[-2:], one.queue_position, len(one.earlier_orders)) for one in answers]


def test_who_waits_is_told_once_that_it_has_come_nearer() -> None:
    """Whoever before it ends, and whether that one held or waited; a hold of what came since is not before it."""
    books = bank()
    for number in range(1, 5):
        done(books, stop(number))
    ids = {number: str(stop(number).request_id)[-2:] for number in range(1, 5)}
    assert nearer(books) == []
    done(books, release(50, of=3))
    assert nearer(books) == [(ids[4], 3, 2)]
    assert nearer(books) == []
    books.apply(Moved("S1", Way.IN, MULE, 100_000, NOW))
    done(books, stop(5, 100_000))
    done(books, release(51, of=1))
    assert amounts(turns(books)) == [(str(CASES[2]), 500_000)]
    assert nearer(books) == [(ids[4], 2, 1)]
    assert nearer(books, NOW + timedelta(hours=50)) == []


def test_a_turn_comes_when_the_first_is_reduced_or_runs_out() -> None:
    books = bank()
    done(books, stop(1, duration_s=46 * 3600))
    done(books, stop(2))
    done(books, ordered(request(3, Action.REDUCE, case_id=CASES[1], amount=yuan(400_000), duration_s=None)))
    assert amounts(turns(books)) == [(str(CASES[2]), 100_000)]
    done(books, stop(4, 400_000))
    assert amounts(turns(books, HOURS_47)) == [(str(CASES[4]), 400_000)]


def test_what_the_first_lets_go_can_not_be_paid_away_before_the_turn() -> None:
    books = bank()
    done(books, stop(1, duration_s=46 * 3600))
    done(books, stop(2, 400_000))
    assert books.ledger.free(MULE, HOURS_47) == 100_000
    with pytest.raises(PaymentRefused, match="free"):
        books.ledger.pay(paid(100_001, HOURS_47))
    assert books.ledger.pay(paid(100_000, HOURS_47))


def test_a_salary_that_arrives_meanwhile_is_free() -> None:
    books = bank()
    done(books, stop(1))
    done(books, stop(2, 600_000))
    books.apply(Moved("T00000002", Way.IN, MULE, 90_000, NOW, other=THEIRS))
    assert books.ledger.free(MULE, NOW) == 90_000
    done(books, release(3, of=1))
    assert amounts(turns(books)) == [(str(CASES[2]), 500_000)]
    assert books.ledger.free(MULE, NOW) == 90_000


def test_what_is_not_there_at_all_is_told_with_where_it_went() -> None:
    books = bank([paid(200_000, NOW - timedelta(minutes=30))])
    done(books, stop(1, 300_000))
    answer = done(books, stop(2)).answer
    assert (answer.status, answer.queue_position, answer.amount and answer.amount.minor) == (
        AnswerStatus.PARTIAL, 2, 300_000,
    )  # fmt: skip
    assert [left.amount.minor for left in answer.outflows] == [200_000]


def test_an_order_that_waits_is_taken_back_by_its_unit_or_lapses() -> None:
    books = bank()
    done(books, stop(1))
    done(books, stop(2))
    done(books, stop(3, duration_s=3600))
    stranger = request(4, Action.RELEASE, case_id=CASES[2])
    assert "by the unit that gave it" in str(done(books, stranger).answer.reason)
    assert done(books, release(5, of=2)).answer.status is AnswerStatus.EXECUTED
    done(books, release(6, of=1), NOW + timedelta(minutes=90))
    assert turns(books, NOW + timedelta(minutes=90)) == []
    assert books.ledger.free(MULE, NOW + timedelta(minutes=90)) == 500_000


def test_one_case_waits_once() -> None:
    books = bank()
    done(books, stop(1))
    done(books, stop(2))
    again = ordered(request(3, case_id=CASES[2], match=None))
    assert "waits for money on the account already" in str(done(books, again).answer.reason)


def test_what_waits_under_a_mandate_counts_to_its_caps() -> None:
    books = bank()
    done(books, stop(1))
    waits = mandated(request(2, case_id=CASES[2]))
    assert done(books, waits).answer.queue_position == 2
    above = done(books, mandated(request(3, case_id=CASES[3], amount=yuan(200_001)))).answer
    assert "account would be held above" in str(above.reason)


def queued(path: Path) -> tuple[Books, Bank]:
    """Books on disk in which a second order's turn has come."""
    stub = bank()
    books = Books(path, stub)
    for asked in (stop(1), stop(2), release(3, of=1)):
        books.answer_once(asked, lambda asked=asked: handle(asked, stub, registry(), CN, NOW))  # type: ignore[misc]
    return books, stub


def test_a_turn_is_told_until_it_is_on_its_way_whatever_dies_between(tmp_path: Path) -> None:
    path = tmp_path / "books.db"
    books, _ = queued(path)
    (first,) = books.turns(NOW)
    books.close()

    books = Books(path, bank())
    (again,) = books.turns(NOW + timedelta(hours=1))
    assert again.answer == first.answer
    with books.batch():
        books.record(again.entries)
    books.close()

    stub = bank()
    books = Books(path, stub)
    assert books.turns(NOW + timedelta(hours=1)) == []
    assert stub.ledger.held(MULE, NOW) == 500_000


class Post:
    """A mailbox without a broker."""

    def __init__(self, *_: object) -> None:
        self.letters: list[Request] = []

    def poll(self, _: int) -> list[Request]:
        letters, self.letters = self.letters, []
        return letters

    def commit(self) -> None: ...


class Outgoing:
    """A client whose answers go nowhere."""

    member = BANK

    def __init__(self) -> None:
        self.answers: list[Answer] = []

    def answer(self, answer: Answer) -> None:
        self.answers.append(answer)


class Clock:
    def now(self) -> datetime:
        return NOW


def test_a_member_answers_a_second_time_when_a_turn_has_come(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    post, client = Post(), Outgoing()
    monkeypatch.setattr(member, "Mail", lambda *_: post)
    books = Books(tmp_path / "books.db", bank())
    roll = Roll(Ed25519PrivateKey.generate().public_key(), registry())
    unit = ReferenceMember(cast(Any, client), cast(Any, None), cast(Any, None), roll, books, cast(Any, Clock()), CN)
    post.letters = [stop(1), stop(2), release(3, of=1), stop(4)]
    unit.step(0)
    unit.step(0)
    said = [(answer.request_id.int - 1000, answer.queue_position) for answer in client.answers]
    # The fourth comes behind the second, whose turn came first.
    assert said == [(1, None), (2, 2), (3, None), (2, None), (4, 2)]
