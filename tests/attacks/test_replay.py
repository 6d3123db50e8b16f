"""What was said once and is brought again: by whoever recorded it, or by its own sender; whole, in parts and mixed.

A repeated bundle is let in, since its signature is good, and changes nothing: not the correlation's state, no lead, no
request. What another member tells again, or tells in the name of another, never comes so far.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest

from alliance.admission import Record
from schemas.envelope import SIGNATURE_HEADER
from schemas.reasons import Reason
from schemas.topics import SUSPICIOUS_ACCOUNT, SUSPICIOUS_NUMBER, WITHDRAWAL
from streams.core.engine import DEBOUNCE_MS
from streams.core.extract import alerts_of, retraction_of
from streams.core.rules import parse
from tests.strategies import RULES as RULES_TABLE
from tests.streams.bundles import Event, bundle, event, let_in, signed, transfer
from tests.streams.network import Network
from tests.streams.support import NOW, number

RULES = parse(RULES_TABLE)
PHONE = number("number", "+8613903510001")
MULE = {"account": number("account", "6222020502010000017")}
PAYER = {"account": number("account", "6222020502010000025"), "phones": [{"identifier": PHONE, "role": "registered"}]}


def payment(minute: int) -> Event:
    """A victim on the phone pays a mule: with a call to the same number it makes a lead."""
    at = (NOW - timedelta(minutes=minute)).isoformat()
    return transfer(customer=PAYER, counterparty=MULE, score=1.0) | {"time": at}


def call(minute: int) -> Event:
    data = {
        "kind": "suspicious-number",
        "number": number("number", "+8613903519999"),
        "callee": PHONE,
        "duration_s": 900,
        "risk": 1.0,
    }
    return event("carrier-a", data, NOW - timedelta(minutes=minute))


PAYMENTS, CALLS = [payment(20), payment(18), payment(16)], [call(30), call(25)]
BUNDLES = [
    bundle(*PAYMENTS, topic=SUSPICIOUS_ACCOUNT.name),
    bundle(*CALLS, member="carrier-a", topic=SUSPICIOUS_NUMBER.name),
]


class Hub:
    """Admission and the correlation behind it, as intake would join them."""

    def __init__(self) -> None:
        self.network = Network(3, RULES)

    def take(self, records: Sequence[Record], seed: int = 0) -> None:
        for record in records:
            admitted = let_in(record)
            assert admitted.refusals == []
            assert admitted.member is not None
            name, sector = admitted.member.member, admitted.member.sector
            for one in admitted.accepted:
                gone = retraction_of(one.event, name, False)
                signals = [gone] if gone else alerts_of(one.event, name, sector, one.digest)
                assert signals
                for signal in signals:
                    self.network.publish(signal)
        self.network.run(random.Random(seed))

    def seen(self) -> Any:
        """Its leads and its state, without how often an event came."""
        state = {
            key: packed for engine in self.network.engines for key, packed in engine.store.items() if key[0] != "!"
        }
        return self.network.leads(), state

    def duplicates(self) -> int:
        return sum(engine.counts["duplicates"] for engine in self.network.engines)


@pytest.fixture
def hub() -> Hub:
    made = Hub()
    made.take(BUNDLES)
    assert made.network.leads()
    return made


REPLAYS = {
    "whole": BUNDLES,
    "whole, in the other order, thrice": [*reversed(BUNDLES)] * 3,
    "event by event, by its sender": [
        *(bundle(one, topic=SUSPICIOUS_ACCOUNT.name) for one in PAYMENTS),
        *(bundle(one, member="carrier-a", topic=SUSPICIOUS_NUMBER.name) for one in CALLS),
    ],
    "each event many times in one bundle": [bundle(*PAYMENTS * 20, topic=SUSPICIOUS_ACCOUNT.name)],
}


@pytest.mark.parametrize("records", REPLAYS.values(), ids=REPLAYS)
def test_a_valid_bundle_replayed(hub: Hub, records: Sequence[Record]) -> None:
    before = hub.seen()
    hub.network.now += DEBOUNCE_MS
    hub.take(records, seed=1)
    assert hub.seen() == before
    assert hub.duplicates() > 0
    assert hub.network.conflicts == set()


def test_an_event_cut_out_of_a_bundle_by_who_can_not_sign() -> None:
    """One signature for many events does not sign each of them."""
    for one in PAYMENTS:
        record = Record(SUSPICIOUS_ACCOUNT.name, orjson.dumps([one]), BUNDLES[0].headers, BUNDLES[0].key)
        admitted = let_in(record)
        assert admitted.accepted == []
        assert [refusal.reason for refusal in admitted.refusals] == [Reason.BAD_SIGNATURE]


@pytest.mark.parametrize("topic", [SUSPICIOUS_NUMBER.name, WITHDRAWAL.name])
def test_a_bundle_on_another_topic(topic: str) -> None:
    record = Record(topic, BUNDLES[0].value, {SIGNATURE_HEADER: BUNDLES[0].headers[SIGNATURE_HEADER]}, b"bank-a")
    admitted = let_in(record)
    assert admitted.accepted == []
    assert {refusal.reason for refusal in admitted.refusals} == {Reason.WRONG_TOPIC}


def test_a_bundle_of_another_member_signed_anew() -> None:
    admitted = let_in(signed(BUNDLES[0].value, "bank-b"))
    assert admitted.accepted == []
    assert {refusal.reason for refusal in admitted.refusals} == {Reason.WRONG_SOURCE}


def withdrawal(of: Event, by: str, **named: str) -> Record:
    accounts = [of["data"]["counterparty"]["account"], PAYER["account"], PHONE]
    data = {"kind": "withdrawal", "event_id": of["id"], "reason": "an error", "identifiers": accounts, **named}
    return bundle(event(by, data), member=by, topic=WITHDRAWAL.name)


def test_a_withdrawal_of_another_members_alert_by_name() -> None:
    admitted = let_in(withdrawal(PAYMENTS[0], "bank-b", event_member="bank-a"))
    assert admitted.accepted == []
    assert [refusal.reason for refusal in admitted.refusals] == [Reason.NOT_YOURS]


def test_a_withdrawal_of_another_members_alert_as_if_it_were_ones_own(hub: Hub) -> None:
    """An id is its member's: of two members' equal ids the withdrawal means the sender's."""
    leads = hub.network.leads()
    hub.take([withdrawal(one, "bank-b") for one in PAYMENTS], seed=2)
    assert hub.network.leads() == leads
    hub.take([withdrawal(one, "bank-a") for one in PAYMENTS], seed=3)
    assert hub.network.leads() != leads


def test_an_id_of_another_member_with_another_content(hub: Hub) -> None:
    """Else a member could take any alert of another back, by making its id one in conflict."""
    leads = hub.network.leads()
    hub.take([bundle(transfer("bank-b") | {"id": PAYMENTS[0]["id"]}, member="bank-b")], seed=4)
    assert hub.network.conflicts == set()
    assert hub.network.leads() == leads
    hub.take([bundle(transfer() | {"id": PAYMENTS[0]["id"]})], seed=5)
    assert hub.network.conflicts == {("bank-a", UUID(PAYMENTS[0]["id"]).bytes)}
