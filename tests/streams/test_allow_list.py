"""The allow-list on a real broker: what an officer signed takes a lead away and gives it back; what the hub made up is
nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from afa.runfile import Process
from afa.sample import counters
from alliance import kafka
from alliance.keys.signatures import sign_object
from alliance.keys.store import generate
from schemas.allowlist import AllowEntry, AllowRecord, Category
from schemas.identifiers import IdentifierKind
from schemas.registry import Officer, Sector, SigningKey
from schemas.topics import LEADS, RULES
from tests.streams.support import IDS, NOW, World, free_port, member_record, number, unique
from tests.streams.test_worker import call, transfer

pytestmark = pytest.mark.services
CHEN = generate("chen")
KID = f"police-a/chen/{CHEN.key_id}"


@pytest.fixture(scope="module")
def police(world: World) -> World:
    """The world, in which the police unit has an officer."""
    key = SigningKey(key_id=CHEN.key_id, public=CHEN.public.signing, valid_from=NOW - timedelta(days=1))
    chen = Officer(officer="chen", rank="captain", key=key)
    world.register(member_record(world.keys["police-a"], Sector.POLICE, officers=[chen]))
    return world


@dataclass
class Scam:
    """A call and a transfer of one victim; `told` are the levels told of the payee, in their order."""

    world: World
    payee: str = field(default_factory=lambda: unique("escrow"))
    told: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        victim = unique("victim")
        moment = datetime.now(UTC)
        called = self.world.event("carrier-a", call(unique("caller"), victim), moment - timedelta(hours=1))
        self.world.send("carrier-a", called)
        self.world.send("bank-a", self.world.event("bank-a", transfer(self.payee, unique("payer"), victim), moment))

    def entry(self, **over: Any) -> AllowEntry:
        fields: dict[str, Any] = {
            "entry_id": IDS.next(),
            "kind": IdentifierKind.ACCOUNT,
            "tokens": number("account", self.payee)["tokens"],
            "category": Category.ESCROW,
            "reason": "a test",
            "unit": "police-a",
            "officer": "chen",
            "at": datetime.now(UTC),
        }
        return AllowEntry(**{**fields, **over})

    def wait(self, what: Callable[[list[str]], bool]) -> None:
        """Until what was told so far of the payee is `what`."""
        token, told = self.entry().tokens[0], self.told
        told.clear()

        def found(record: Any) -> bool:
            lead = orjson.loads(record.value)
            if (lead["subject"]["role"], lead["subject"]["token"]) != ("suspect", token):
                return False
            told.append(lead["level"])
            return what(told)

        self.world.read_until(LEADS.name, found)


def led(told: list[str]) -> bool:
    return told[-1] in ("high", "very-high", "medium")


def fallen(told: list[str]) -> bool:
    return told[-1] == "none"


def back(told: list[str]) -> bool:
    return "none" in told and led(told)


def file(world: World, entry: AllowEntry, signer: Any = CHEN.signing) -> None:
    jws = sign_object(signer, KID, entry.model_dump(mode="json"))
    value = AllowRecord(jws=jws).model_dump_json().encode()
    world.producer.send(RULES.name, key=entry.key().encode(), value=value).get(10)


def test_an_entry_takes_a_lead_away_is_counted_and_gives_it_back(police: World) -> None:
    port = free_port()
    with police.worker(AFA_METRICS_PORT=str(port)) as process:
        worker = [Process(name="streams", pid=process.pid, metrics_port=port)]
        scam = Scam(police)
        scam.wait(led)
        entry = scam.entry()
        file(police, entry)
        scam.wait(fallen)
        kafka.until(
            lambda: counters(worker)["afa_correlate_spared_total"].get(str(entry.entry_id)) == 1, "nothing is counted"
        )
        file(police, entry.model_copy(update={"removed": True}))
        scam.wait(back)


def test_what_the_hub_signed_is_not_applied_and_stops_nothing(police: World) -> None:
    port = free_port()
    with police.worker(AFA_METRICS_PORT=str(port)) as process:
        forged, genuine = Scam(police), Scam(police)
        forged.wait(led)
        genuine.wait(led)
        file(police, forged.entry(), generate("hub").signing)
        police.producer.send(RULES.name, key=b"\xff", value=b"no record").get(10)
        file(police, genuine.entry())
        genuine.wait(fallen)
        metrics = counters([Process(name="streams", pid=process.pid, metrics_port=port)])
        assert metrics["afa_correlate_allow_refused"][""] == 2
        # It is told again, and of something that came after the forged entry.
        more = transfer(forged.payee, unique("payer"), unique("victim")) | {"reporting_side": "payer"}
        police.send("bank-b", police.event("bank-b", more))
        before = len(forged.told)
        forged.wait(lambda told: len(told) > before)
        assert "none" not in forged.told


def test_a_worker_that_starts_knows_the_list_as_it_has_become(police: World) -> None:
    ended, begun = Scam(police), Scam(police)
    entry = ended.entry()
    with police.worker():
        ended.wait(led)
        file(police, entry)
        ended.wait(fallen)
        begun.wait(led)
    file(police, entry.model_copy(update={"removed": True}))
    file(police, begun.entry())
    with police.worker():
        ended.wait(back)
        begun.wait(fallen)


def test_an_entry_that_ends_by_itself_gives_the_lead_back(police: World) -> None:
    with police.worker():
        scam = Scam(police)
        scam.wait(led)
        file(police, scam.entry(until=datetime.now(UTC) + timedelta(seconds=10)))
        scam.wait(back)
