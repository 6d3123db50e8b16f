"""On the real broker: what is refused is kept whole and told, what comes twice counts once, and two contents of one id
count for nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from schemas.envelope import Headers
from schemas.leads import Lead
from schemas.receipts import NOTE_HEADER, TO_MEMBER, QuarantineNote, Receipt
from schemas.topics import LEADS, QUARANTINE, SUSPICIOUS_ACCOUNT, member_topic
from tests.streams.support import World, number, unique
from tests.streams.test_worker import call, chat, transfer

pytestmark = pytest.mark.services
MAIL = member_topic("bank-a").name


@pytest.fixture(scope="module", autouse=True)
def worker(world: World) -> Iterator[None]:
    with world.worker():
        yield


class Scam:
    """One victim, seen by a carrier, a platform and a bank, whose alert names the mule."""

    def __init__(self, world: World) -> None:
        self.world, self.now = world, datetime.now(UTC)
        self.victim, self.mule = unique("victim"), unique("mule")
        paid = transfer(self.mule, unique("payer"), self.victim)
        self.payment = world.event("bank-a", paid, self.now - timedelta(minutes=5))

    def play(self) -> None:
        called = self.world.event("carrier-a", call(unique("caller"), self.victim), self.now - timedelta(hours=1))
        chatted = self.world.event("platform-a", chat(unique("handle"), self.victim), self.now - timedelta(days=2))
        self.world.send("carrier-a", called)
        self.world.send("platform-a", chatted)
        self.world.send("bank-a", self.payment)

    def snapshots_until(self, evidence: int) -> list[Lead]:
        """The mule's snapshots from the first on, until one has so many pieces of evidence."""
        token = number("account", self.mule)["tokens"][0]

        def mine(record: Any) -> bool:
            return bool(orjson.loads(record.value)["subject"]["token"] == token)

        def wanted(record: Any) -> bool:
            lead = orjson.loads(record.value)
            return mine(record) and len(lead["evidence"]) == evidence

        records = self.world.read_until(LEADS.name, wanted)
        return [Lead.model_validate_json(record.value) for record in records if mine(record)]


def note_of(record: Any) -> QuarantineNote:
    return QuarantineNote.model_validate_json(dict(record.headers)[NOTE_HEADER])


def receipt_of(record: Any) -> Receipt:
    told = TO_MEMBER.validate_json(record.value)
    assert isinstance(told, Receipt)
    return told


def conflicts(records: list[Any], event: dict[str, Any]) -> int:
    return sum(
        refusal.reason == "conflict" and str(refusal.event_id) == event["id"]
        for record in records
        for refusal in note_of(record).refusals
    )


def test_an_unsigned_bundle_is_kept_as_it_came_and_nothing_after_it_waits(world: World) -> None:
    scam = Scam(world)
    value = orjson.dumps([world.event("bank-a", transfer(unique("mule"), unique("payer"), unique("victim")))])
    header = ("content-type", b"application/cloudevents-batch+json")
    world.send_raw("bank-a", SUSPICIOUS_ACCOUNT.name, value, [header])
    scam.play()
    assert scam.snapshots_until(3)
    kept = world.read_until(QUARANTINE.name, lambda record: record.value == value)[-1]
    assert [refusal.reason for refusal in note_of(kept).refusals] == ["unsigned"]
    assert (note_of(kept).member, kept.key, kept.headers[0]) == ("bank-a", b"bank-a", header)
    place = (note_of(kept).partition, note_of(kept).offset)
    told = world.read_until(MAIL, lambda record: (receipt_of(record).partition, receipt_of(record).offset) == place)[-1]
    assert receipt_of(told).accepted == 0
    assert "sign its exact bytes" in receipt_of(told).refusals[0].detail


def test_a_bundle_under_anothers_signature_is_told_to_whom_the_record_names(world: World) -> None:
    value, _ = world.bundle("bank-a", [world.event("bank-a", transfer(unique("m"), unique("p"), unique("v")))])
    _, jws = world.bundle("bank-b", [world.event("bank-b", transfer(unique("m"), unique("p"), unique("v")))])
    world.send_raw("bank-a", SUSPICIOUS_ACCOUNT.name, value, Headers(jws).pairs())
    kept = world.read_until(QUARANTINE.name, lambda record: record.value == value)[-1]
    assert [refusal.reason for refusal in note_of(kept).refusals] == ["bad-signature"]


def test_the_same_again_has_no_effect(world: World) -> None:
    scam = Scam(world)
    scam.play()
    scam.snapshots_until(3)
    world.send("bank-a", scam.payment)
    resealed = {**scam.payment, "seals": [{"to": "police-a", "blob": "AAAA"}]}
    world.send("bank-a", resealed)
    # What comes after the repetitions shows that they are through.
    later = transfer(scam.mule, unique("payer"), unique("other"))
    later["amount"] = {"minor": 77, "currency": "CNY"}
    world.send("bank-b", world.event("bank-b", later))
    snapshots = scam.snapshots_until(4)
    assert len([e for e in snapshots[-1].evidence if str(e.event_id) == scam.payment["id"]]) == 1
    assert [money.minor for money in snapshots[-1].amount_at_risk] == [5_000_077]
    assert "none" not in {snapshot.level for snapshot in snapshots}


def test_other_content_under_the_same_id_makes_neither_count_and_is_told(world: World) -> None:
    scam = Scam(world)
    scam.play()
    assert scam.snapshots_until(3)
    changed = {**scam.payment["data"], "amount": {"minor": 1, "currency": "CNY"}}
    world.send("bank-a", {**scam.payment, "data": changed})
    assert [snapshot.level for snapshot in scam.snapshots_until(0)][-1] == "none"
    told = world.read_until(MAIL, lambda record: scam.payment["id"].encode() in record.value)[-1]
    refusal = receipt_of(told).refusals[0]
    assert (refusal.reason, str(refusal.event_id)) == ("conflict", scam.payment["id"])
    noted = world.read_until(QUARANTINE.name, lambda record: conflicts([record], scam.payment) > 0)
    assert note_of(noted[-1]).member == "bank-a"
