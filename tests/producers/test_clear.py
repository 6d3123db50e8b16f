"""From clear to wire: nothing clear leaves unsealed, and what is wrong is named by its field before it is sent."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

import orjson
import pytest

from alliance.errors import InvalidAlert, Refused
from alliance.ids import IdSource
from alliance.keys.seals import EVENT_INFO, BadSeal, unseal
from alliance.registry import Registry
from producers.clear import Protected, check_sender, protect
from producers.sealing import MAX_SEALS
from schemas import strictjson
from schemas.alerts import Alias, SuspiciousAccount, SuspiciousNumber
from schemas.envelope import EVENT, event_type
from schemas.registry import Status
from tests.producers.support import (
    BANK,
    CARRIER,
    KEYS,
    NOW,
    OTHER_BANK,
    OWN,
    POLICE,
    THEIRS,
    TOKENS,
    clock,
    identifier,
    member,
    registry,
    transfer,
)


def protected(event: dict[str, Any], sender: str = BANK, among: Registry | None = None) -> Protected:
    ids = IdSource(clock().now_ms, os.urandom)
    return protect(event, sender, TOKENS, among or registry(), ids, NOW)


def opened(made: Protected, recipient: str) -> Any:
    [blob] = [seal.blob for seal in made.event.seals if seal.to == recipient]
    return orjson.loads(unseal(KEYS[recipient].sealing, blob, EVENT_INFO, made.event.id.bytes))


def call(**over: Any) -> dict[str, Any]:
    data = {"kind": "suspicious-number", "callee": identifier("number", "13912345679"), "risk": 0.8}
    return {"time": NOW.isoformat(), "data": {**data, **over}}


def seen(last: str) -> dict[str, Any]:
    data = {"kind": "suspicious-handle", "platform": "chat", "signal": "chat", "score": 0.8, "last_seen": last}
    return {"time": NOW.isoformat(), "data": data}


REPORT: dict[str, Any] = {
    "time": NOW.isoformat(),
    "data": {"kind": "victim-report", "report_id": "R1", "channel": "hotline", "incident_from": NOW.isoformat()},
}


def test_the_wire_is_the_contract_and_holds_no_clear_value() -> None:
    made = protected(transfer())

    assert strictjson.loads(made.wire) == orjson.loads(made.wire)
    assert EVENT.validate_json(made.wire) == made.event
    for clear in ("6217000000000780", "6217000000000001", "9123456", "T00000001", "张伟"):
        assert clear.encode() not in made.wire
    assert made.event.id.version == 7
    assert made.event.type == event_type("suspicious-account")


def test_two_spellings_have_one_token() -> None:
    spaced = transfer(counterparty={"account": identifier("account", "6217 0000-0000 0001", THEIRS)})
    one, other = protected(transfer()).event.data, protected(spaced).event.data

    assert isinstance(one, SuspiciousAccount)
    assert isinstance(other, SuspiciousAccount)
    assert one.counterparty == other.counterparty


def test_police_open_everything_and_a_holder_only_its_own() -> None:
    made = protected(transfer())
    police, holder = opened(made, POLICE), opened(made, OTHER_BANK)

    kinds = sorted(entry["kind"] for entry in police["identifiers"].values())
    assert kinds == ["account", "account", "number", "transfer-serial"]
    assert police["clear"] == {"payee_name": "张伟"}
    assert list(holder["identifiers"].values()) == [{"kind": "account", "value": "6217000000000001"}]
    assert holder["clear"] == {}
    assert {seal.to for seal in made.event.seals} == {POLICE, OTHER_BANK}
    with pytest.raises(BadSeal):
        unseal(KEYS[OTHER_BANK].sealing, made.event.seals[0].blob, EVENT_INFO, made.event.id.bytes)


def test_a_seal_opens_for_its_event_only() -> None:
    made, other = protected(transfer()), protected(transfer())
    with pytest.raises(BadSeal):
        unseal(KEYS[POLICE].sealing, made.event.seals[0].blob, EVENT_INFO, other.event.id.bytes)


def test_no_seal_for_a_holder_that_is_suspended() -> None:
    among = registry()
    among.apply(OTHER_BANK, member(OTHER_BANK, Status.SUSPENDED))
    assert [seal.to for seal in protected(transfer(), among=among).event.seals] == [POLICE]


def test_without_a_police_unit_nothing_leaves() -> None:
    among = registry()
    among.apply(POLICE, None)
    with pytest.raises(Refused, match="police"):
        protected(transfer(), among=among)


def test_more_holders_than_an_event_has_seals() -> None:
    among = registry()
    holders = [
        member(OTHER_BANK).model_copy(update={"member": f"bank-{n}", "routes": [f"cnaps:{n}"]}) for n in range(9)
    ]
    for holder in holders:
        among.apply(holder.member, holder)
    paid = [{"payee": identifier("account", f"621700000000{n:04}", f"cnaps:{n}")} for n in range(9)]
    report = {"kind": "victim-report", "report_id": "R1", "channel": "hotline", "incident_from": NOW.isoformat()}

    made = protected({"time": NOW.isoformat(), "data": {**report, "transfers": paid}}, POLICE, among)

    assert [seal.to for seal in made.event.seals] == [POLICE, *(f"bank-{n}" for n in range(MAX_SEALS - 1))]


@pytest.mark.parametrize(
    ("event", "field", "says"),
    [
        (
            transfer(customer={"account": identifier("account", "0000000000")}),
            "data.customer.account.value",
            "placeholder",
        ),
        (transfer(customer={"account": identifier("account", "62170*0780")}), "data.customer.account.value", "masked"),
        (transfer(device=identifier("number", "123")), "data.device.value", "impossible"),
        (transfer(device={"kind": "device", "value": 490154203237518}), "data.device.value", "text"),
        (transfer(device={"value": "490154203237518"}), "data.device.kind", "kind"),
        (transfer(device={"kind": "device"}), "data.device.value", "required"),
        (transfer(device={"kind": "device", "tokens": ["e1:fSx-xaf7lORGjea29hLCdg"]}), "data.device.tokens", "value"),
        (
            transfer(device={**identifier("device", "490154203237518"), "owner": "x"}),
            "data.device.owner",
            "not permitted",
        ),
        (transfer(amount={"minor": -1, "currency": "CNY"}), "data.amount.minor", "greater"),
        (transfer(amount={"minor": 286.97, "currency": "CNY"}), "data.amount.minor", "integer"),
        (transfer(score=float("nan")), "data.score", "finite"),
        (transfer(balance=1), "data.balance", "not permitted"),
        (transfer(kind="suspicious-cat"), "data.kind", "tag"),
        ({**transfer(), "name": "张伟"}, "name", "contract"),
        ({**transfer(), "time": "2026-11-10T12:00:00"}, "time", "timezone"),
        ({**transfer(), "time": (NOW + timedelta(minutes=6)).isoformat()}, "time", "future"),
        ({**transfer(), "time": (NOW - timedelta(days=8)).isoformat()}, "time", "older"),
        (call(duration_s=301), "data.duration_s", "future"),
        (seen((NOW + timedelta(days=400)).isoformat()), "data.last_seen", "future"),
        ({**REPORT, "time": "0001-01-01T00:00:00+12:00"}, "time", "1970"),
        ({**transfer(), "id": "1b4e28ba-2fa1-41d2-883f-0016d3cca427"}, "id", "UUIDv7"),
        ({**transfer(), "clear": {"payee_name": 1}}, "clear", "texts"),
        ({**transfer(), "clear": {"note": "x" * 20_000}}, "clear", "too many"),
        (transfer(place="\ud800"), "data", "JSON"),
        ({"time": NOW.isoformat()}, "data", "missing"),
    ],
)
def test_what_is_wrong_is_named(event: dict[str, Any], field: str, says: str) -> None:
    with pytest.raises(InvalidAlert, match=f"(?i){says}") as caught:
        protected(event)
    assert caught.value.field == field


def test_no_error_repeats_an_identifier() -> None:
    with pytest.raises(InvalidAlert) as caught:
        protected(transfer(customer={"account": identifier("account", "62170x0780")}))
    assert "62170" not in str(caught.value)


def test_an_old_report_is_accepted() -> None:
    protected({**REPORT, "time": (NOW - timedelta(days=400)).isoformat()}, POLICE)


def test_what_ends_five_minutes_ahead_is_accepted() -> None:
    protected(call(duration_s=300), CARRIER)
    protected(seen((NOW + timedelta(minutes=5)).isoformat()))


def test_an_impossible_caller_id_is_kept_and_marked() -> None:
    impossible = protected(call(presented=identifier("presented-number", "00019610"))).event.data
    possible = protected(call(presented=identifier("presented-number", "035196110"))).event.data

    assert isinstance(impossible, SuspiciousNumber)
    assert isinstance(possible, SuspiciousNumber)
    assert not impossible.presented_possible
    assert possible.presented_possible


def test_an_impossible_number_is_refused_where_it_is_not_a_caller_id() -> None:
    with pytest.raises(InvalidAlert) as caught:
        protected(call(number=identifier("number", "00019610")))
    assert caught.value.field == "data.number.value"


@pytest.mark.parametrize(
    ("number", "said", "joinable"),
    [
        ("139 1234 5679", {}, True),
        ("95588", {}, False),
        ("95588", {"joinable": True}, False),
        ("139 1234 5679", {"joinable": False}, False),
    ],
)
def test_a_shared_number_never_joins(number: str, said: dict[str, bool], joinable: bool) -> None:
    phone = {**said, "identifier": identifier("number", number), "role": "registered"}
    data = protected(
        transfer(customer={"account": identifier("account", "6217000000000780"), "phones": [phone]})
    ).event.data
    assert isinstance(data, SuspiciousAccount)
    assert data.customer.phones[0].joinable is joinable


def test_an_alias_is_sealed_and_a_question_is_not() -> None:
    pair = [identifier("card", "6222021234567890128", OWN), identifier("account", "6217000000000780", OWN)]
    alias = protected({"time": NOW, "data": {"kind": "alias", "identifiers": pair}})
    money = {"minor": 100, "currency": "CNY"}
    check = protected(
        {"time": NOW, "data": {"kind": "risk-check", "payer": pair[0], "payee": pair[1], "amount": money}}
    )

    assert isinstance(alias.event.data, Alias)
    assert [seal.to for seal in alias.event.seals] == [POLICE]
    assert check.event.seals == []


def test_the_digest_is_of_the_content_alone() -> None:
    event = transfer()
    turned = dict(reversed(event.items()))
    assert protected(event).digest == protected(turned).digest
    assert protected(event).digest != protected(transfer(score=0.55)).digest


def test_who_may_send_what() -> None:
    among = registry()
    assert check_sender(among, BANK, "suspicious-account").member == BANK
    with pytest.raises(InvalidAlert, match=r"data.kind.*bank.*suspicious-number"):
        check_sender(among, BANK, "suspicious-number")
    with pytest.raises(Refused, match="registry"):
        check_sender(among, "bank-of-nowhere", "suspicious-account")
    among.apply(CARRIER, member(CARRIER, Status.SUSPENDED))
    with pytest.raises(Refused, match="suspended"):
        check_sender(among, CARRIER, "suspicious-number")
