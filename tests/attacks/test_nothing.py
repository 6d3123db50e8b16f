"""Records without a value, or without a key: each reader of what members write refuses them, and goes on.

On the real broker, which takes them on every topic that is not compacted.
"""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast
from uuid import uuid4

import orjson
import pytest

from afa.objecting import _refusals
from afa.quarantine import Quarantined, _explained, _poll
from alliance import kafka
from alliance.broker.passwords import login_of
from alliance.clock import AllianceClock
from alliance.embedded.services import EmbeddedServices
from alliance.principals import member_principal
from alliance.provision import provision
from alliance.registry import Registry
from consumers.casebook import inbound
from consumers.casebook.turn import Turn
from consumers.riskdesk.desk import Desk
from consumers.riskdesk.service import RiskDesk
from consumers.riskdesk.view import View
from consumers.vault import events
from schemas.envelope import source_of
from schemas.reasons import Reason
from schemas.receipts import NOTE_HEADER, Receipt, Refusal
from schemas.topics import QUARANTINE, SUSPICIOUS_HANDLE, TOPICS
from streams.intake import Intake
from streams.receipts import Receipts
from streams.rules import load_rules

pytestmark = pytest.mark.services
NAME = "bank-nil"
CLOCK = AllianceClock(1_700_000_000.0, 1_700_000_000.0, 1.0)
NOTHING = [(NAME.encode(), None), (None, b"[]")]
INBOUND = [topic.name for topic in TOPICS if topic.inbound]


@pytest.fixture(scope="module")
def written(services: EmbeddedServices) -> list[Any]:
    """What the member wrote to each topic that it may write to, as it is read."""
    provision(services.admin, [NAME], services.data.secret)
    login = login_of(member_principal(NAME), services.admin, services.data.secret)
    with kafka.producer(login) as sender:
        sent = [sender.send(topic, value, key=key).get(10) for topic in INBOUND for key, value in NOTHING]
    mine = {(one.topic, one.partition, one.offset) for one in sent}
    records = list(kafka.whole(services.admin, *INBOUND))
    return [one for one in records if (one.topic, one.partition, one.offset) in mine]


def test_nothing_at_the_casebook_and_the_risk_desk(written: list[Any]) -> None:
    assert len(written) == len(INBOUND) * len(NOTHING)
    turn = cast(Turn, SimpleNamespace(registry=Registry(), now=CLOCK.now()))
    for record in written:
        assert [one.reason for one in inbound.read(turn, record).refusals] == [Reason.UNSIGNED]
    desk = cast(RiskDesk, SimpleNamespace(_desk=Desk(Registry(), View())))
    assert [RiskDesk._one(desk, record, CLOCK.now()) for record in written] == [[]] * len(written)


class Producer:
    """Takes what the stream sends."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, bytes | None, list[tuple[str, bytes]]]] = []

    async def send(self, topic: str, value: bytes | None, **options: Any) -> asyncio.Future[None]:
        self.sent.append((topic, value, options["headers"]))
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done


def test_nothing_at_the_stream_and_in_the_quarantine(written: list[Any]) -> None:
    producer = cast(Any, Producer())
    intake = Intake(producer, Registry(), CLOCK, load_rules(), Receipts(), 1, lambda: ("e1:",))
    asyncio.run(intake.handle([cast(Any, SimpleNamespace(message=record)) for record in written]))
    assert {topic for topic, _, _ in producer.sent} == {QUARANTINE.name}
    assert len(producer.sent) == len(written)
    kept = [SimpleNamespace(value=value, headers=headers) for _, value, headers in producer.sent]
    reader = cast(Any, SimpleNamespace(poll=lambda **_: {0: kept}))
    assert len(_poll(reader)) == len(written)
    for each in kept:
        assert Reason.UNSIGNED in _explained(Quarantined.of(each))
    assert all(dict(one.headers)[NOTE_HEADER] for one in kept)


def test_nothing_in_a_members_mail() -> None:
    """Also what this version does not know: the refusal behind it is read."""
    event = uuid4()
    refusal = Refusal(event_id=event, reason=Reason.NOT_YOURS, detail="it is another's")
    told = Receipt(topic="answers", partition=0, offset=1, accepted=0, refusals=[refusal], at=CLOCK.now())
    values = [None, b'{"kind": "of another version"}', told.model_dump_json().encode()]
    records = [SimpleNamespace(value=value) for value in values]
    mail = cast(Any, SimpleNamespace(poll=lambda **_: {0: records}))
    assert list(_refusals(mail, event)) == ["it is another's"]


def test_nothing_at_the_vault(written: list[Any], services: EmbeddedServices) -> None:
    """What lies beside it is found, by reading all that there is."""
    assert written
    wanted, login = (NAME, uuid4()), login_of("vault", services.admin, services.data.secret)
    sealed = {"id": str(wanted[1]), "source": source_of(NAME), "seals": [{"to": "police-one", "blob": "AAAA"}]}
    with kafka.producer(services.admin) as sender:
        sender.send(SUSPICIOUS_HANDLE.name, orjson.dumps([sealed]), key=NAME.encode()).get(10)
    [found] = events.find(login, CLOCK, [wanted], "police-one")
    assert (found.member, found.event_id, found.blobs) == (*wanted, ("AAAA",))
