"""The stream worker on a real broker: alerts of three sectors become a lead, bad input goes where it belongs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from afa.runfile import Process
from afa.sample import counters
from alliance.kafka import until
from alliance.keys.store import generate
from alliance.tally import published
from schemas.leads import Lead
from schemas.receipts import NOTE_HEADER, QuarantineNote, Receipt
from schemas.registry import Sector
from schemas.topics import LEADS, QUARANTINE
from tests.streams.support import TOKENS, World, free_port, member_record, number, unique

pytestmark = pytest.mark.services


def call(trunk: str, victim: str) -> dict[str, Any]:
    return {"kind": "suspicious-number", "number": number("number", trunk), "callee": number("number", victim),
            "duration_s": 60, "risk": 0.9}  # fmt: skip


def chat(handle: str, victim: str) -> dict[str, Any]:
    return {"kind": "suspicious-handle", "handle": number("handle", handle), "platform": "chat", "signal": "chat",
            "target_phone": number("number", victim), "score": 0.8}  # fmt: skip


def transfer(payee: str, payer: str, victim: str) -> dict[str, Any]:
    phone = {"identifier": number("number", victim), "role": "registered"}
    return {"kind": "suspicious-account", "direction": "out", "amount": {"minor": 5_000_000, "currency": "CNY"},
            "status": "posted", "reporting_side": "payer", "score": 0.9,
            "customer": {"account": number("account", payer), "phones": [phone]},
            "counterparty": {"account": number("account", payee, holders=["cnaps:1"])}}  # fmt: skip


def lead_on(kind: str, value: str) -> Any:
    token = number(kind, value)["tokens"][0]

    def found(record: Any) -> bool:
        lead = orjson.loads(record.value)
        return bool(lead["subject"]["token"] == token and len(lead["sectors"]) == 3)

    return found


def test_a_call_a_chat_and_a_transfer_of_one_victim_make_a_lead_over_three_sectors(world: World) -> None:
    victim, payee, caller = unique("victim"), unique("mule"), unique("caller")
    now = datetime.now(UTC)
    with world.worker():
        world.send("carrier-a", world.event("carrier-a", call(caller, victim), now - timedelta(hours=1)))
        world.send("platform-a", world.event("platform-a", chat(unique("handle"), victim), now - timedelta(days=2)))
        world.send("bank-a", world.event("bank-a", transfer(payee, unique("payer"), victim), now))
        records = world.read_until(LEADS.name, lead_on("account", payee))
    lead = Lead.model_validate_json(records[-1].value)
    assert set(lead.sectors) == {"bank", "carrier", "platform"}
    assert lead.amount_at_risk[0].minor == 5_000_000
    assert {e.relation.value for e in lead.evidence} == {"named", "call-transfer", "chat-transfer"}


def test_a_bad_event_is_quarantined_alone_and_its_member_is_told(world: World) -> None:
    """Of a member that no other test has: what a worker before had not acknowledged is counted again."""
    good = world.event("carrier-b", call(unique("caller"), unique("victim")))
    bad = world.event("carrier-b", {**call(unique("caller"), unique("victim")), "duration_s": -1})
    before = published(world.services.admin)["carrier-b"]
    with world.worker():
        world.send("carrier-b", bad, good)
        noted = world.read_until(QUARANTINE.name, lambda r: bad["id"].encode() in dict(r.headers)[NOTE_HEADER])
        told = world.read_until("to.carrier-b", lambda r: bad["id"].encode() in r.value)
        until(lambda: published(world.services.admin)["carrier-b"] == before + 1, "the good one was not counted")
    note = QuarantineNote.model_validate_json(dict(noted[-1].headers)[NOTE_HEADER])
    receipt = Receipt.model_validate_json(told[-1].value)
    assert [r.reason.value for r in note.refusals] == ["invalid-field"]
    assert orjson.loads(noted[-1].value) == [bad, good]
    assert (receipt.accepted, receipt.refusals[0].index) == (1, 0)
    assert "data.suspicious-number.duration_s" in receipt.refusals[0].detail


def test_a_member_without_a_topic_gets_no_receipt_and_holds_up_nobody(world: World) -> None:
    world.keys["bank-x"] = generate("bank-x", TOKENS)
    world.register(member_record(world.keys["bank-x"], Sector.BANK))
    good, bad, other = (transfer(unique("mule"), unique("payer"), unique("victim")) for _ in range(3))
    refused = world.event("bank-x", {**bad, "score": -1})
    first = world.event("bank-x", good)
    port = free_port()
    with world.worker(AFA_METRICS_PORT=str(port)) as process:
        scam(world)
        world.send("bank-x", refused)
        world.send("bank-x", first)
        world.send("bank-x", {**first, "data": other})
        scam(world)
        assert quarantined(world, refused["id"]) == "invalid-field"
        assert quarantined(world, first["id"]) == "conflict"
        seen = [Process(name="streams", pid=process.pid, metrics_port=port)]
        until(
            lambda: counters(seen).get("afa_intake_receipts_undeliverable_total") == {"bank-x": 2},
            "the receipts that nobody can get are not counted",
        )
        # Whoever waits for the topic that there is not gives up after 40 s, and ends.
        assert process.poll() is None


def quarantined(world: World, event_id: str) -> str:
    """Why, once it is there."""
    records = world.read_until(QUARANTINE.name, lambda r: event_id.encode() in dict(r.headers)[NOTE_HEADER])
    note = QuarantineNote.model_validate_json(dict(records[-1].headers)[NOTE_HEADER])
    return note.refusals[0].reason.value


def scam(world: World) -> None:
    """A call and a transfer of one victim, and their lead."""
    victim, payee, now = unique("victim"), unique("mule"), datetime.now(UTC)
    token = number("account", payee)["tokens"][0]
    world.send("carrier-a", world.event("carrier-a", call(unique("caller"), victim), now - timedelta(hours=1)))
    world.send("bank-a", world.event("bank-a", transfer(payee, unique("payer"), victim), now))
    world.read_until(LEADS.name, lambda r: orjson.loads(r.value)["subject"]["token"] == token)
