"""A name leaves sealed to the one member that has the account, and is bound to what told it."""

from __future__ import annotations

import os
from typing import Any
from uuid import UUID

import pytest

from alliance.admission import digest_of
from alliance.errors import InvalidAlert, Refused
from alliance.ids import IdSource
from producers import naming
from schemas import strictjson
from schemas.alerts import VictimReport
from schemas.answers import Answer
from schemas.identifiers import Identifier
from schemas.names import AccountName, NameToMatch
from schemas.registry import Status
from tests.producers.support import (
    BANK,
    KEYS,
    NOW,
    OTHER_BANK,
    OWN,
    POLICE,
    THEIRS,
    clock,
    identifier,
    member,
    registry,
)
from tests.producers.test_clear import opened, protected

MULE, ASKED = "6217000000000001", UUID(int=7)


def report(name: Any = "张伟", *holders: str) -> dict[str, Any]:
    payee = identifier("account", MULE, *(holders or (THEIRS,)))
    payer = identifier("account", "6217000000000780", OWN)
    paid = {"payer": payer, "payee": payee, "payee_name": name, "amount": {"minor": 100, "currency": "CNY"}}
    data = {"kind": "victim-report", "report_id": "R1", "channel": "hotline", "incident_from": NOW.isoformat()}
    return {"time": NOW.isoformat(), "data": {**data, "transfers": [paid]}, "clear": {"victim_name": "王芳"}}


def letter(event: dict[str, Any]) -> NameToMatch:
    made = protected(event, POLICE)
    assert isinstance(made.event.data, VictimReport)
    [paid] = made.event.data.transfers
    assert paid.payee_name is not None
    return NameToMatch(request_id=ASKED, bound_to=made.event.id, sealed=paid.payee_name)


def test_a_reports_payee_is_named_to_its_bank_alone_and_to_police() -> None:
    made = protected(report(), POLICE)
    assert "张伟".encode() not in made.wire
    assert opened(made, POLICE)["clear"] == {"victim_name": "王芳", "transfers.0.payee_name": "张伟"}
    assert opened(made, OTHER_BANK)["clear"] == {}
    said = naming.opened(letter(report()), KEYS[OTHER_BANK])
    assert said == AccountName(tokens=made.event.data.transfers[0].payee.tokens, name="张伟")  # type: ignore[union-attr]
    with pytest.raises(Refused, match=f"{ASKED} does not open with these keys"):
        naming.opened(letter(report()), KEYS[BANK])


def test_a_name_of_another_event_does_not_open() -> None:
    one, other = letter(report()), letter(report())
    with pytest.raises(Refused):
        naming.opened(one.model_copy(update={"bound_to": other.bound_to}), KEYS[OTHER_BANK])


def test_no_name_leaves_where_no_active_member_holds_the_account() -> None:
    """Police have it all the same."""
    among = registry()
    among.apply(OTHER_BANK, member(OTHER_BANK, Status.SUSPENDED))
    for made in (protected(report("张伟", "cnaps:999"), POLICE), protected(report(), POLICE, among)):
        assert isinstance(made.event.data, VictimReport)
        assert made.event.data.transfers[0].payee_name is None
        assert opened(made, POLICE)["clear"]["transfers.0.payee_name"] == "张伟"


@pytest.mark.parametrize("name", ["", "张" * 201, "张\x00伟", 7, None])
def test_what_is_no_name_is_refused_with_its_place_and_not_told(name: Any) -> None:
    with pytest.raises(InvalidAlert, match="a name is text of 1 to 200 characters") as refused:
        protected(report(name), POLICE)
    assert refused.value.field == "data.transfers.0.payee_name"
    assert "张" not in str(refused.value)


def test_what_else_is_wrong_is_told_as_ever() -> None:
    wrong = report()
    wrong["data"]["transfers"][0]["payee"]["basis"] = "guessed"
    with pytest.raises(InvalidAlert) as refused:
        protected(wrong, POLICE)
    assert refused.value.field == "data.transfers.0.payee.basis"


def known(kind: str, number: int) -> Identifier:
    return Identifier.model_validate({"kind": kind, "tokens": [f"e1:{number:022}"], "holders": [THEIRS]}, strict=False)


def out(**named: Identifier) -> dict[str, Any]:
    return {"type": "transfer", "amount": {"minor": 1, "currency": "CNY"}, "time": NOW, **named}


def gone(*outflows: dict[str, Any]) -> Answer:
    return Answer.model_validate(
        {"request_id": ASKED, "status": "already-gone", "outflows": list(outflows)}, strict=False
    )


def test_an_answers_payees_are_named_to_their_banks_by_account_or_by_serial() -> None:
    payee, serial = known("account", 1), known("transfer-serial", 2)
    answer = gone(out(payee=payee, serial=serial), out(serial=serial), out(payee=payee))
    sealed = naming.seal_outflows(answer, {0: "张伟", 1: "李娜"}, registry())
    assert [each.payee_name is None for each in sealed.outflows] == [False, False, True]
    for place, tokens, name in ((0, payee.tokens, "张伟"), (1, serial.tokens, "李娜")):
        blob = sealed.outflows[place].payee_name
        assert blob is not None
        came = NameToMatch(request_id=UUID(int=8), bound_to=ASKED, sealed=blob)
        assert naming.opened(came, KEYS[OTHER_BANK]) == AccountName(tokens=tokens, name=name)
    assert naming.seal_outflows(answer, {}, registry()) is answer
    for no_name in ("", "张" * 201, "张\x00伟", "\ud800"):
        assert naming.seal_outflows(answer, {0: no_name}, registry()) == answer


@pytest.mark.parametrize("unusable", ["A" * 43, "A" * 42 + "B"], ids=["a point of small order", "no base64url"])
def test_an_answer_goes_out_without_a_name_where_nothing_can_be_sealed_to_the_holder(unusable: str) -> None:
    among = registry()
    among.apply(OTHER_BANK, member(OTHER_BANK).model_copy(update={"seal_key": unusable}))
    answer = gone(out(payee=known("account", 1)))
    assert naming.seal_outflows(answer, {0: "张伟"}, among) == answer


def test_a_report_that_is_sent_again_is_the_same_though_its_names_are_sealed_anew() -> None:
    said = {**report(), "id": str(IdSource(clock().now_ms, os.urandom).next())}
    one, again = protected(said, POLICE), protected(said, POLICE)
    assert one.wire != again.wire
    assert digest_of(strictjson.loads(one.wire)) == digest_of(strictjson.loads(again.wire))
    said["data"]["transfers"][0]["amount"] = {"minor": 101, "currency": "CNY"}
    other = protected(said, POLICE)
    assert digest_of(strictjson.loads(one.wire)) != digest_of(strictjson.loads(other.wire))
