"""What a bank lets go on the hub's word alone: where the profile that it has itself says so, and never earlier."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from alliance import profiles
from producers.reference.bank import Bank
from schemas.answers import AnswerStatus
from schemas.identifiers import IdentifierKind
from schemas.requests import Action, Request
from tests.producers.reference.support import (
    CHEN,
    CN,
    LI,
    MULE,
    NOW,
    PAPER,
    TOKENS,
    bank,
    done,
    mandate,
    mandated,
    ordered,
    request,
    signed_by,
)

LETS_GO = CN.model_copy(update={"release": profiles.load("th").release})
"""The law of `cn`, with the releases of `th`: of a mandate at once, of an order once its unit has not decided."""
HOLD, DECIDES = UUID(int=7), timedelta(seconds=LETS_GO.release.decision_s.value)


def said(books: Bank, asked: Request, now: datetime = NOW, profile: Any = LETS_GO) -> AnswerStatus:
    return done(books, asked, now, profile).answer.status


def release(**over: Any) -> Request:
    """The hub's word alone."""
    fields = {"hold_id": HOLD, "amount": None, "match": None, "void_after": NOW + timedelta(days=9), **over}
    return request(2, Action.RELEASE, **fields)


@pytest.mark.parametrize(("under", "profile", "after", "goes"), [
    (mandated, LETS_GO, timedelta(0), True),
    (mandated, CN, timedelta(hours=47), False),
    (ordered, LETS_GO, timedelta(0), False),
    (ordered, LETS_GO, DECIDES - timedelta(microseconds=1), False),
    (ordered, LETS_GO, DECIDES, True),
    (ordered, CN, timedelta(hours=47), False),
])  # fmt: skip
def test_a_stop_is_let_go_as_the_banks_own_profile_has_it(
    under: Any, profile: Any, after: timedelta, goes: bool
) -> None:
    books = bank()
    assert said(books, under(request(hold_id=HOLD))) is AnswerStatus.EXECUTED
    assert said(books, release(), NOW + after, profile) is (AnswerStatus.EXECUTED if goes else AnswerStatus.REFUSED)
    assert books.ledger.held(MULE, NOW + after) == (0 if goes else 500_000)


def test_what_the_older_token_key_alone_names_is_let_go_after_the_cut_over() -> None:
    before = bank()
    asked = mandated(request(hold_id=HOLD))
    both = TOKENS.rotated()
    after = both.cut_over().in_place_of(both)
    books = bank(done(before, asked, profile=LETS_GO).entries, after)
    assert books.ledger.held(MULE, NOW) == 500_000
    named = books.index.identifier(IdentifierKind.ACCOUNT, MULE)
    assert named is not None
    assert named.tokens == after.tokens("account", MULE)
    assert books.index.means(asked.target, "account", MULE)
    assert said(books, release()) is AnswerStatus.EXECUTED
    assert books.ledger.held(MULE, NOW) == 0


@pytest.mark.parametrize("over", [{"hold_id": UUID(int=8)}, {"hold_id": None}])
def test_the_hub_must_name_the_hold_itself(over: dict[str, Any]) -> None:
    books = bank()
    said(books, mandated(request(hold_id=HOLD)))
    assert said(books, release(**over)) is AnswerStatus.REFUSED


def test_a_freeze_is_let_go_by_its_unit_alone() -> None:
    books = bank()
    said(books, mandated(request(hold_id=HOLD)))
    freeze = request(3, Action.FREEZE, hold_id=HOLD, amount=None, duration_s=30 * 86400)
    assert said(books, signed_by(freeze, LI, CHEN, paper=PAPER)) is AnswerStatus.EXECUTED
    assert said(books, release(), NOW + timedelta(days=5)) is AnswerStatus.REFUSED
    assert said(books, ordered(release(request_id=UUID(int=9)))) is AnswerStatus.EXECUTED


def test_an_order_that_waits_is_taken_back_by_the_same_rule() -> None:
    books = bank()
    said(books, ordered(request(4, case_id=UUID(int=4), hold_id=UUID(int=4))))
    said(books, mandated(request(hold_id=HOLD)))
    assert [order.hold_id for order in books.ledger.queue(MULE, NOW)] == [str(HOLD)]
    assert said(books, release(), profile=CN) is AnswerStatus.REFUSED
    assert said(books, release()) is AnswerStatus.EXECUTED
    assert not books.ledger.queue(MULE, NOW)


def test_a_release_of_a_hold_that_is_not_there_lets_go_of_no_other_of_its_case() -> None:
    """A second stop was refused while the first holds; its release, which crossed that answer, is not the first's."""
    books = bank()
    said(books, mandated(request(hold_id=HOLD)))
    assert said(books, release(hold_id=UUID(int=8))) is AnswerStatus.REFUSED
    unit = signed_by(request(3, Action.RELEASE, hold_id=UUID(int=8), amount=None, match=None), CHEN)
    assert said(books, unit) is AnswerStatus.REFUSED
    assert books.ledger.held(MULE, NOW) == 500_000


@pytest.mark.parametrize("action", [Action.RELEASE, Action.REDUCE])
def test_what_lets_go_under_a_mandate_is_heard_although_that_has_ended_on_its_way(action: Action) -> None:
    """A holder is not held for the night in which its bank did not read its mail."""
    books, ended = bank(), mandate().valid_to
    said(books, mandated(request(hold_id=HOLD)), profile=CN)
    left = request(5, action, hold_id=HOLD, amount={"minor": 1, "currency": "CNY"}, match=None, void_after=ended)
    assert said(books, mandated(left), ended + timedelta(hours=1), CN) is AnswerStatus.EXECUTED
    assert books.ledger.held(MULE, ended) == (0 if action is Action.RELEASE else 1)


def test_a_mandate_that_has_ended_lets_go_of_nothing_that_was_prolonged_since_and_orders_nothing() -> None:
    books, ended = bank(), mandate().valid_to
    said(books, mandated(request(hold_id=HOLD)), profile=CN)
    extend = request(6, Action.EXTEND, hold_id=HOLD, amount=None, match=None)
    assert said(books, signed_by(extend, LI, CHEN), profile=CN) is AnswerStatus.EXECUTED
    let_go = release(void_after=ended + timedelta(days=9))
    assert said(books, mandated(let_go), ended, CN) is AnswerStatus.REFUSED
    stop = request(7, hold_id=UUID(int=9), void_after=ended + timedelta(days=9))
    assert said(bank(), mandated(stop), ended, CN) is AnswerStatus.REFUSED
    assert said(bank(), mandated(stop), mandate().valid_from - timedelta(seconds=1), CN) is AnswerStatus.REFUSED
    unsure = mandate(release_at_once=False)
    books = bank()
    said(books, mandated(request(hold_id=HOLD), unsure), profile=CN)
    assert said(books, mandated(let_go, unsure), ended, CN) is AnswerStatus.REFUSED
