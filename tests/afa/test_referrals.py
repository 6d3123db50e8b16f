"""`afa refer`: an order whose holder is out of the city is listed, taken over, answered, and the money followed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.afa.desk import Desk
from tests.consumers.facts import TOKENS, account
from tests.consumers.test_hops import M, sent
from tests.consumers.test_referring import away, frozen_away
from tests.consumers.test_returning import announced

pytestmark = pytest.mark.services
PAYEE = "6217000000018067"


def test_an_order_is_taken_over_answered_and_the_money_is_followed(desk: Desk, tmp_path: Path) -> None:
    one = away(desk.office, account(None, "cnaps:9"))
    (_, (waits,), _) = desk.afa("refer", "list")
    assert (waits["request_id"], waits["status"], waits["to"]) == (str(one.request_id), "drafted", None)
    code, (taken,), told = desk.afa("refer", "take", one.request_id, signer="p100")
    assert (code, taken["status"], taken["to"]) == (0, "referred", "police-one")
    assert f"Request     {one.request_id}" in told
    assert desk.afa("refer", "list")[1] == [taken]
    file = tmp_path / "gone.jsonl"
    payee = {"kind": "account", "value": PAYEE, "holders": ["cnaps:1"]}
    left = {"type": "transfer", "amount": {"minor": 4_000_000, "currency": "CNY"}, "time": desk.office.now.isoformat()}
    file.write_text(json.dumps({**left, "payee": payee}) + "\n")
    heard = ("refer", "answer", one.request_id, "partial", "--amount", "10000", "--outflows", file)
    code, (answered,), _ = desk.afa(*heard, signer="p100")
    assert (code, answered["status"]) == (0, "partial")
    ((onward, hop, _, minor),) = sent(desk.office)
    assert (onward.tokens, hop, minor) == (TOKENS.tokens("account", PAYEE), 2, 4_000_000)
    assert desk.office.holds(one.target)[0].amount.minor == 1_000_000
    assert desk.afa("refer", "list")[1] == []
    code, _, told = desk.afa(*heard, signer="p100")
    assert (code, "took over and awaits an answer" in told) == (1, True)


@pytest.mark.parametrize(("said", "why"), [
    (("acknowledged",), "final answer"),
    (("refused",), "say in words"),
    (("partial",), "how much"),
    (("partial", "--amount", "ten"), "--amount"),
])  # fmt: skip
def test_an_answer_that_says_too_little_is_wrong_usage(desk: Desk, said: tuple[str, ...], why: str) -> None:
    one = away(desk.office, account(None, "cnaps:9"))
    desk.afa("refer", "take", one.request_id, signer="p100")
    code, _, told = desk.afa("refer", "answer", one.request_id, *said, signer="p100")
    assert (code, why in told) == (2, True)


def test_only_what_nobody_in_the_city_holds_is_taken_over(desk: Desk) -> None:
    one = away(desk.office, account(None, "cnaps:9"))
    routed = next(each for each in desk.office.requests() if each.to is not None)
    code, _, told = desk.afa("refer", "take", routed.request_id, signer="p100")
    assert (code, "waits for a holder out of the city" in told) == (1, True)
    code, _, told = desk.afa("refer", "answer", one.request_id, "already-gone", signer="p100")
    assert (code, "took over and awaits an answer" in told) == (1, True)


def test_a_hold_out_of_the_city_is_lifted_by_taking_its_release_over(desk: Desk) -> None:
    one = away(desk.office, account(None, "cnaps:9"))
    desk.afa("refer", "take", one.request_id, signer="p100")
    assert desk.afa("refer", "answer", one.request_id, "executed", signer="p100")[0] == 0
    (hold,) = desk.office.holds(one.target)
    code, (drafted,), told = desk.afa("hold", "release", hold.hold_id, "--reason", "goods were sold")
    assert (code, drafted["to"], drafted["status"]) == (0, None, "drafted")
    request_id = drafted["request_id"]
    assert f"`afa refer take {request_id} --as police-one --officer ID`" in " ".join(told.split())
    assert [each["request_id"] for each in desk.afa("refer", "list")[1]] == [request_id]
    assert desk.afa("refer", "take", request_id, signer="p100")[0] == 0
    assert desk.afa("refer", "answer", request_id, "executed", signer="p100")[0] == 0
    assert desk.office.holds(one.target)[0].status.value == "released"


def test_a_return_out_of_the_city_is_shown_whole_and_says_which_payments_were_made(desk: Desk) -> None:
    hold, (first, second) = frozen_away(desk.office, 3 * M, 2 * M)
    made, other = (each.payment_id for each in announced(desk.office, hold).payments)
    one = desk.afa("refer", "list")[1][0]["request_id"]
    code, _, told = desk.afa("refer", "take", one, signer="p100")
    assert (code, "it still wants" in told) == (0, True)
    for minor, report in (("30,000.00", first), ("20,000.00", second)):
        assert f"Pays        {minor} CNY to the victim, report {report}" in told
    assert desk.afa("refer", "take", one, signer="p200")[0] == 0
    for said in (("partial",), ("executed", "--paid", made), ("failed", "--reason", "no", "--paid", made)):
        code, _, told = desk.afa("refer", "answer", one, *said, signer="p100")
        assert (code, "name the payments of a return" in told) == (2, True)
    code, _, told = desk.afa("refer", "answer", one, "partial", "--paid", hold.hold_id, signer="p100")
    assert (code, "has no payment" in told) == (1, True)
    assert desk.afa("refer", "answer", one, "partial", "--paid", made, signer="p100")[0] == 0
    (shown,) = desk.afa("return", "list")[1]
    statuses = {each["payment_id"]: each["status"] for each in shown["payments"]}
    assert (statuses[str(made)], statuses[str(other)]) == ("paid", "dropped")


def test_a_stop_has_no_payments(desk: Desk) -> None:
    one = away(desk.office, account(None, "cnaps:9"))
    desk.afa("refer", "take", one.request_id, signer="p100")
    said = ("partial", "--amount", "10000", "--paid", one.request_id)
    code, _, told = desk.afa("refer", "answer", one.request_id, *said, signer="p100")
    assert (code, "name the payments of a return" in told) == (2, True)
