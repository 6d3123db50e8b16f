"""Requests that no police officer ordered, or not so: what a member, the hub or the database's owner could make up.

The member that is asked verifies the officers' signatures itself, by the registry and the law that it has itself, so
that it carries out none of these, whoever delivers them.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest

from alliance.keys.encoding import decode, encode
from alliance.keys.signatures import sign_object
from producers.reference.authority import NotProven, prove
from producers.reference.bank import Bank
from producers.reference.entries import Moved, Opened, Way
from schemas.answers import AnswerStatus
from schemas.identifiers import IdentifierKind
from schemas.names import AccountName
from schemas.requests import Action, Authority, AuthorityClass, Mandate, Request
from tests.producers.reference.support import (
    BANK,
    CHEN,
    CN,
    KEYS,
    LI,
    MULE,
    NAME,
    NOW,
    PERSON,
    POLICE,
    THEIRS,
    VICTIM,
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

PAPER = "ab" * 32


def edited(jws: str, **over: Any) -> str:
    """The signed object with other values under the signature of the old ones, as a row can be written."""
    header, body, signature = jws.split(".")
    return f"{header}.{encode(orjson.dumps({**orjson.loads(decode(body)), **over}))}.{signature}"


def with_authority(asked: Request, **over: Any) -> Request:
    return asked.model_copy(update={"authority": asked.authority.model_copy(update=over)})


def by_member(kid: str) -> Request:
    """An order that the bank's own key signed."""
    order = sign_object(KEYS[BANK], kid, request().order_text())
    said = Authority(
        authority=AuthorityClass.POLICE_ORDER, unit=kid.split("/", maxsplit=1)[0], officers=[CHEN], orders=[order]
    )
    return request().model_copy(update={"authority": said})


ORDERED, MANDATED = ordered(request()), mandated(request())
ATTACKS = {
    "a stop on a member's own word": request(),
    "an order that nobody signed": with_authority(ORDERED, orders=[]),
    "an order signed by a member in its own name": by_member(f"{BANK}/k1"),
    "an order signed by a member in an officer's name": by_member(f"{POLICE}/{CHEN}/k1"),
    "an order signed by a member with the unit's own kid": by_member(f"{POLICE}/k1"),
    "an order for another request": ordered(request(2)).model_copy(update={"request_id": ORDERED.request_id}),
    "an order for a smaller amount": ORDERED.model_copy(update={"amount": request(amount=yuan(500_001)).amount}),
    "an order of which the signed text was edited": with_authority(
        ORDERED, orders=[edited(ORDERED.authority.orders[0], duration_s=1)]
    ),
    "an order shown as a mandate": with_authority(
        ORDERED, authority=AuthorityClass.MANDATE, orders=[], mandate=ORDERED.authority.orders
    ),
    "a mandate shown as an order": with_authority(
        MANDATED, authority=AuthorityClass.POLICE_ORDER, mandate=[], orders=MANDATED.authority.mandate, officers=[CHEN]
    ),
    "a freeze under one officer": signed_by(request(action=Action.FREEZE), CHEN, paper=PAPER),
    "a freeze of which one signature counts twice": with_authority(
        (freeze := signed_by(request(action=Action.FREEZE), CHEN, paper=PAPER)), orders=freeze.authority.orders * 2
    ),
}
MANDATES: dict[str, dict[str, Any]] = {
    "its caps": {"caps": {"currency": "CNY", "per_hold": 10**12, "per_account": 10**12, "per_day": 10**12}},
    "its end": {"valid_to": "2099-01-01T00:00:00Z"},
    "its actions": {"actions": ["stop", "freeze"]},
    "its officers": {"officers": [LI]},
    "its unit": {"unit": "police-jz"},
    "its bound of hops": {"max_hop": 5},
    "that it covers reported cases only": {"report_required": False},
}


def test_what_the_attacks_start_from_is_carried_out() -> None:
    for good in (ORDERED, MANDATED):
        assert done(bank(), good).answer.status is AnswerStatus.EXECUTED
    assert prove(signed_by(request(action=Action.FREEZE), CHEN, LI, paper=PAPER), registry(), CN, NOW).police


@pytest.mark.parametrize("asked", ATTACKS.values(), ids=ATTACKS)
def test_a_request_that_police_did_not_order(asked: Request) -> None:
    with pytest.raises(NotProven):
        prove(asked, registry(), CN, NOW)
    decision = done(bank(), asked)
    assert decision.answer.status is AnswerStatus.REFUSED
    assert not decision.entries


@pytest.mark.parametrize("name", [None, AccountName(tokens=account(VICTIM).tokens, name=NAME), "王芳"])
def test_a_stop_by_mandate_whose_name_was_withheld_exchanged_or_is_anothers(name: AccountName | str | None) -> None:
    books = bank()
    assert done(books, MANDATED, name=name).answer.status is AnswerStatus.REFUSED
    assert not books.ledger.active(MULE, NOW)


@pytest.mark.parametrize("over", MANDATES.values(), ids=MANDATES)
def test_a_mandate_that_was_edited_on_its_way(over: dict[str, Any]) -> None:
    [jws] = MANDATED.authority.mandate
    with pytest.raises(NotProven, match="does not verify"):
        prove(with_authority(MANDATED, mandate=[edited(jws, **over)]), registry(), CN, NOW)


HOLD = UUID(int=7)
OTHER = mandate(mandate_id=UUID(int=8))


def frozen() -> Bank:
    """Stopped under the mandate, and frozen on paper by two officers since."""
    books = bank()
    freeze = request(2, Action.FREEZE, hold_id=HOLD, amount=None, duration_s=30 * 86400)
    for asked in (mandated(request(hold_id=HOLD)), signed_by(freeze, LI, CHEN, paper=PAPER)):
        assert done(books, asked).answer.status is AnswerStatus.EXECUTED
    return books


def stopped(asked: Request) -> Bank:
    books = bank()
    assert done(books, asked).answer.status is AnswerStatus.EXECUTED
    return books


TEN_YEARS = 10 * 365 * 86400


@pytest.mark.parametrize("asked", [
    ordered(request(duration_s=48 * 3600 + 1)),
    ordered(request(action=Action.EXTEND, duration_s=TEN_YEARS)),
    mandated(request(duration_s=TEN_YEARS), mandate(duration_s=TEN_YEARS)),
    signed_by(request(action=Action.FREEZE, duration_s=180 * 86400 + 1), CHEN, LI, paper=PAPER),
    signed_by(request(action=Action.RENEW, duration_s=TEN_YEARS), CHEN, LI, paper=PAPER),
    ordered(request(action=Action.SUSPEND, duration_s=30 * 86400 + 1)),
    ordered(request(action=Action.SUSPEND, duration_s=None)),
])  # fmt: skip
def test_an_order_for_longer_than_the_law_has_it(asked: Request) -> None:
    """What one officer signs as a stop of ten years would be a freeze, which is two officers' and a head's."""
    with pytest.raises(NotProven, match=r"at most|for how long"):
        prove(asked, registry(), CN, NOW)


@pytest.mark.parametrize("action", [Action.RELEASE, Action.REDUCE, Action.EXTEND])
@pytest.mark.parametrize(("books", "under"), [
    (frozen, mandate()),
    (lambda: stopped(ordered(request(hold_id=HOLD))), mandate()),
    (lambda: stopped(mandated(request(hold_id=HOLD))), OTHER),
], ids=["a freeze", "an officer's stop", "another mandate's stop"])  # fmt: skip
def test_a_hold_changed_by_a_mandate_under_which_it_was_not_ordered(
    action: Action, books: Callable[[], Bank], under: Mandate
) -> None:
    """A hub needs nobody's hand for a mandate that it has: with it may go what was ordered under it, and no more."""
    kept, before = books(), books().ledger.holds
    under = under.model_copy(update={"actions": [Action.STOP, Action.EXTEND]})
    asked = mandated(request(3, action, hold_id=HOLD, amount=yuan(1), duration_s=60), under)
    assert done(kept, asked).answer.status is AnswerStatus.REFUSED
    assert kept.ledger.holds == before


def test_an_order_that_waits_taken_back_by_a_mandate_under_which_it_was_not_given() -> None:
    books = stopped(ordered(request(case_id=UUID(int=4), hold_id=UUID(int=4))))
    done(books, ordered(request(2, hold_id=HOLD)))
    assert done(books, mandated(request(3, Action.RELEASE, hold_id=HOLD))).answer.status is AnswerStatus.REFUSED
    assert [order.hold_id for order in books.ledger.queue(MULE, NOW)] == [str(HOLD)]


def test_a_hold_made_longer_by_what_makes_it_less() -> None:
    books = stopped(mandated(request(hold_id=HOLD)))
    [before] = books.ledger.active(MULE, NOW)
    less = mandated(request(3, Action.REDUCE, hold_id=HOLD, amount=yuan(300_000), duration_s=10**8))
    assert done(books, less).answer.status is AnswerStatus.EXECUTED
    [after] = books.ledger.active(MULE, NOW)
    assert (after.amount, after.until) == (300_000, before.until)


@pytest.mark.parametrize("how", [Action.RELEASE, Action.REDUCE])
def test_more_stopped_in_a_day_than_a_mandate_has_by_letting_go_between(how: Action) -> None:
    second = "6217000000018068"
    come = Moved("T00000013", Way.IN, second, 500_000, NOW - timedelta(hours=1), other=THEIRS)
    books = bank([Opened(second, IdentifierKind.ACCOUNT, PERSON, (), 0, NOW, NAME), come])
    done(books, mandated(request(hold_id=HOLD)))
    assert done(books, mandated(request(2, how, hold_id=HOLD, amount=yuan(1)))).answer.status is AnswerStatus.EXECUTED
    another = request(3, case_id=UUID(int=3), hold_id=UUID(int=3), target=account(second))
    answer = done(books, mandated(another)).answer
    assert (answer.status, "the day would be above" in (answer.reason or "")) == (AnswerStatus.REFUSED, True)


def test_a_hold_let_go_by_an_extension_under_a_mandate_that_leaves_that_to_its_unit() -> None:
    under = mandate(actions=[Action.STOP, Action.EXTEND], release_at_once=False)
    books = stopped(mandated(request(hold_id=HOLD), under))
    [before] = books.ledger.active(MULE, NOW)
    assert done(books, mandated(request(2, Action.RELEASE, hold_id=HOLD), under)).answer.status is AnswerStatus.REFUSED
    again = mandated(request(3, Action.EXTEND, hold_id=HOLD, amount=yuan(1), duration_s=1), under)
    assert done(books, again).answer.status is AnswerStatus.EXECUTED
    [after] = books.ledger.active(MULE, NOW)
    assert (after.amount, after.until) == (before.amount, before.until)


def test_a_mandate_that_is_signed_anew_by_an_officer_whom_it_does_not_name() -> None:
    other = mandated(request(), mandate(), signer=LI)
    with pytest.raises(NotProven, match="does not verify"):
        prove(other, registry(), CN, NOW)
