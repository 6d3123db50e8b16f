"""The oracle of what a member needs lets a request through, and names each thing too much that is put into one."""

from __future__ import annotations

import base64
from typing import Any
from uuid import UUID

import orjson
import pytest

from alliance.keys.encoding import decode
from alliance.keys.seals import EVENT_INFO, NAME_INFO, seal
from alliance.keys.store import generate
from alliance.keys.tokens import TokenKeys
from producers.city.cast import ROUTE
from tests.trust.day import Day, Paid
from tests.trust.finder import Finder, Value
from tests.trust.mail import opened
from tests.trust.need import Need

MULE, VICTIM, SERIAL, OTHER, ELSEWHERE, NUMBER = (f"e1:{letter * 22}" for letter in "abcdef")
ALERT, REPORT, CASE = (f"01a2189{digit}-72ea-7762-99c3-150af94826b6" for digit in "012")
CLEAR = Value("number", "13812345678")
NAME, STRANGER = Value("name", "张伟明"), Value("name", "王芳秀")
ICBC, ABC = ROUTE["bank-icbc"], ROUTE["bank-abc"]
DAY = Day(
    used={CLEAR, NAME, STRANGER},
    accounts={"bank-abc": {MULE}},
    own={"bank-abc": {MULE, NUMBER}},
    payments=[
        Paid(frozenset({VICTIM}), ICBC, frozenset({MULE}), ABC, frozenset({SERIAL}), NAME.text),
        Paid(frozenset({MULE}), ABC, frozenset({ELSEWHERE}), ROUTE["bank-cmb"], frozenset()),
    ],
)
NEED = Need(DAY, Finder(DAY.used), {ALERT: "bank-icbc", REPORT: "police-ty"}, {"bank-icbc": {"savings moved"}})


def request(**over: Any) -> dict[str, Any]:
    """A stop of its customer's account, with the payment by which the money came."""
    return {
        "kind": "request",
        "case_id": CASE,
        "to": "bank-abc",
        "action": "stop",
        "authority": {"unit": "police-ty", "covered_by": REPORT, "orders": []},
        "target": {"kind": "account", "tokens": [MULE], "holders": [ABC]},
        "amount": {"minor": 100, "currency": "CNY"},
        "match": {"payer": {"tokens": [VICTIM], "holders": [ICBC]}, "serial": {"tokens": [SERIAL]}},
        "reasons": ["level high", "seen by 3 members of 2 sectors"],
        **over,
    }


def excess(message: dict[str, Any], *beside: bytes) -> list[str]:
    return NEED.excess("bank-abc", b"\n".join([orjson.dumps(message), *beside]))


def about(token: str, *holders: str) -> dict[str, Any]:
    return {"target": {"kind": "account", "tokens": [token], "holders": list(holders)}, "match": None, "amount": None}


def signed(said: dict[str, Any]) -> dict[str, Any]:
    body = base64.urlsafe_b64encode(orjson.dumps(said)).decode().rstrip("=")
    return {"unit": "police-ty", "covered_by": REPORT, "orders": [f"e30.{body}.AAAA"]}


@pytest.mark.parametrize(
    "message",
    [
        request(),
        request(**about(NUMBER)),
        request(**about(ELSEWHERE)),
        request(**about(SERIAL)),
        {"kind": "outcome"},
        {"kind": "clear-target", "token": MULE},
    ],
)
def test_what_a_member_needs_is_not_too_much(message: dict[str, Any]) -> None:
    assert excess(message) == []


@pytest.mark.parametrize(
    ("message", "named"),
    [
        (request(reasons=["as with 138 1234 5678"]), "clear: "),
        (request(reasons=[f"as with {OTHER}"]), f"the token {OTHER}"),
        (request(reasons=[f"paid on to {ELSEWHERE}"]), f"the token {ELSEWHERE}"),
        (request(authority=signed({"target": OTHER})), f"the token {OTHER}"),
        (request(**about(OTHER)), "the target is no customer's"),
        ({"kind": "clear-target", "token": OTHER}, "the target is no customer's"),
        (request(**{**about(NUMBER), "amount": {"minor": 1, "currency": "CNY"}}), "an amount"),
        (request(**about(ELSEWHERE, ROUTE["bank-cmb"])), f"the route {ROUTE['bank-cmb']}"),
        (request(**about(NUMBER, "carrier:cmcc-ty")), "the route carrier:cmcc-ty"),
        (request(reasons=["told by bank-icbc"]), "the member bank-icbc"),
        (request(reasons=["told by 工商银行太原分行"]), "the member bank-icbc"),
        (request(reasons=["seen by 2 members (bank, carrier)"]), "the sector bank"),
        (request(hold_id=ALERT), f"the event {ALERT} of bank-icbc"),
        (request(hold_id=REPORT, authority={"orders": []}), f"the event {REPORT} of police-ty"),
        (request(reasons=["savings moved at once"]), "what bank-icbc wrote: savings moved"),
    ],
)
def test_each_thing_too_much_is_named(message: dict[str, Any], named: str) -> None:
    assert any(named in each for each in excess(message)), excess(message)


def test_what_a_member_opens_of_a_seal_counts_as_received() -> None:
    keys = generate("bank-abc", TokenKeys.generate())
    content = orjson.dumps({"identifiers": {OTHER: {"kind": "number", "value": "13812345678"}}})
    blob = seal(decode(keys.public.sealing), content, EVENT_INFO, UUID(CASE).bytes)
    message = request(seals=[{"to": "bank-abc", "blob": blob}])
    assert excess(message) == []
    (inside,) = opened(orjson.dumps(message), keys)
    assert inside == content
    assert {each.split(": ")[1] for each in excess(message, inside)} == {"clear", f"the token {OTHER}"}


def named(*tokens: str, name: str = NAME.text) -> bytes:
    return orjson.dumps({"tokens": tokens, "name": name})


TO_MATCH = {"kind": "name-to-match", "request_id": CASE, "bound_to": REPORT}


def test_a_member_is_told_whose_its_account_is_as_who_paid_there_knows_it() -> None:
    assert excess(TO_MATCH, named(MULE)) == []
    assert excess(TO_MATCH, named(SERIAL)) == []


@pytest.mark.parametrize(("message", "inside"), [
    (TO_MATCH, named(MULE, name=STRANGER.text)),
    (TO_MATCH, named(NUMBER)),
    (TO_MATCH, named(MULE, OTHER)),
    (TO_MATCH, named(ELSEWHERE)),
    (request(), NAME.text.encode()),
])  # fmt: skip
def test_any_other_name_and_any_other_account_is_too_much(message: dict[str, Any], inside: bytes) -> None:
    assert any("clear: " in each for each in excess(message, inside))


def test_a_name_that_a_member_opens_counts_as_received() -> None:
    keys = generate("bank-abc", TokenKeys.generate())
    sealed = seal(decode(keys.public.sealing), named(MULE), NAME_INFO, UUID(REPORT).bytes)
    assert list(opened(orjson.dumps({**TO_MATCH, "sealed": sealed}), keys)) == [named(MULE)]


def test_the_target_that_it_could_not_find_is_told_in_clear_and_no_other() -> None:
    told = orjson.dumps({"identifier": CLEAR.kind, "value": CLEAR.text})
    assert excess({"kind": "clear-target", "token": NUMBER}, told) == []
    assert excess({"kind": "clear-target", "token": NUMBER}, told, STRANGER.text.encode())
    assert excess(request(**about(NUMBER)), told)
