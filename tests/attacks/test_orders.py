"""Requests that no police officer ordered, or not so: what a member, the hub or the database's owner could make up.

The member that is asked verifies the officers' signatures itself, by the registry and the law that it has itself, so
that it carries out none of these, whoever delivers them.
"""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from alliance.keys.encoding import decode, encode
from alliance.keys.signatures import sign_object
from producers.reference.authority import NotProven, prove
from schemas.answers import AnswerStatus
from schemas.names import AccountName
from schemas.requests import Action, Authority, AuthorityClass, Request
from tests.producers.reference.support import (
    BANK,
    CHEN,
    CN,
    KEYS,
    LI,
    MULE,
    NAME,
    NOW,
    POLICE,
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


def test_a_mandate_that_is_signed_anew_by_an_officer_whom_it_does_not_name() -> None:
    other = mandated(request(), mandate(), signer=LI)
    with pytest.raises(NotProven, match="does not verify"):
        prove(other, registry(), CN, NOW)
