"""The client as a member's program sees it, against a broker that is up, away for a while, or never there."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Any
from uuid import UUID

import pytest
from kafka.errors import KafkaTimeoutError

from alliance.errors import InvalidAlert, Refused, Retry, SetupError, SpoolFull, Stop
from alliance.keys.store import generate
from alliance.registry import Registry
from producers.client import MemberClient
from producers.spool import Acceptance, Capacity, Spool
from schemas.answers import Answer, AnswerStatus, EarlierOrder, Outflow, OutflowType
from schemas.base import Money
from schemas.identifiers import Identifier, IdentifierKind
from tests.producers.support import (
    BANK,
    NOW,
    NOWHERE,
    OTHER_BANK,
    OWN,
    POLICE,
    FakeBroker,
    client,
    clock,
    identifier,
    transfer,
)

ID = "01a1c554-5200-7096-94f0-0dc7511f7acf"
TOKEN = "e1:fSx-xaf7lORGjea29hLCdg"
REPORT = {
    "time": NOW.isoformat(),
    "data": {
        "kind": "victim-report",
        "report_id": "R1",
        "channel": "bank",
        "incident_from": NOW.isoformat(),
        "transfers": [{"payee": identifier("account", "6217000000018067")}],
    },
}


def test_what_is_published_is_sent_once_in_signed_bundles_by_topic(tmp_path: Path) -> None:
    broker = FakeBroker()
    with client(tmp_path / "spool", broker) as bank:
        ids = [bank.publish(transfer(number)) for number in range(20)]
        ids.append(
            bank.alias(identifier("card", "6222021234567890128", OWN), identifier("account", "6217000000000780", OWN))
        )
        bank.flush(10)
        assert (bank.sent, bank.waiting, bank.trouble) == (21, 0, None)

    assert sorted(event["id"] for event in broker.events()) == sorted(str(made) for made in ids)
    assert {(topic, key) for topic, _, key, _ in broker.records} == {
        ("suspicious-account", BANK.encode()),
        ("alias", BANK.encode()),
    }


def test_a_backlog_goes_in_full_bundles(tmp_path: Path) -> None:
    broker = FakeBroker(up=False)
    with client(tmp_path / "spool", broker) as bank:
        bank.publish_many(transfer(number) for number in range(600))
    broker.up = True
    with client(tmp_path / "spool", broker) as bank:
        bank.flush(10)
    assert [len(value) <= 1_000_000 for _, value, _, _ in broker.records] == [True, True]
    assert len(broker.events()) == 600


def test_a_broker_that_is_away_costs_nothing(tmp_path: Path) -> None:
    broker = FakeBroker(up=False)
    with client(tmp_path / "spool", broker) as bank:
        first = bank.publish(transfer(1))
        with pytest.raises(Retry, match=r"nobody there.*1 events wait"):
            bank.flush(0.5)
        assert bank.waiting == 1

        broker.up = True
        bank.flush(10)
        broker.up = False
        second = bank.publish(transfer(2))
        broker.up = True
        bank.flush(10)
    assert [event["id"] for event in broker.events()] == [str(first), str(second)]


def test_within_a_topic_nothing_passes_what_could_not_be_sent(tmp_path: Path) -> None:
    class Choking(FakeBroker):
        """Takes no first bundle."""

        choked = False

        def send(self, topic: str, *rest: Any) -> Any:
            if not self.choked:
                self.choked = True
                raise KafkaTimeoutError("no room")
            return super().send(topic, *rest)

    broker = Choking(up=False)
    with client(tmp_path / "spool", broker) as bank:
        ids = bank.publish_many(transfer(number) for number in range(600))
    broker.up = True
    with client(tmp_path / "spool", broker) as bank:
        bank.flush(20)
    assert [event["id"] for event in broker.events()] == [str(one) for one in ids]


def test_a_disk_that_is_full_for_a_while_ends_no_sending(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    marks: list[Any] = []
    broker = FakeBroker()
    mark_sent = Spool.mark_sent

    def full_at_first(spool: Spool, sent: Any) -> None:
        marks.append(sent)
        if len(marks) < 3:
            raise sqlite3.OperationalError("database or disk is full")
        mark_sent(spool, sent)

    monkeypatch.setattr(Spool, "mark_sent", full_at_first)
    with client(tmp_path / "spool", broker) as bank:
        first = bank.publish(transfer(1))
        bank.flush(20)
        second = bank.publish(transfer(2))
        bank.flush(20)
        assert (bank.sent, bank.waiting, bank.trouble) == (2, 0, None)
    assert {event["id"] for event in broker.events()} == {str(first), str(second)}


def test_a_flush_returns_when_what_was_sent_is_counted_and_a_trouble_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    marked, looked, seen = Event(), Event(), list[bool]()
    mark_sent, wait = Spool.mark_sent, Spool.wait

    def mark_and_stay(spool: Spool, sent: Any) -> None:
        mark_sent(spool, sent)
        marked.set()
        assert looked.wait(10)

    def look_in_between(spool: Spool, condition: Callable[[], bool], timeout: float | None = None) -> bool:
        if timeout is not None:
            assert marked.wait(10)
            seen.append(condition())
            looked.set()
        return wait(spool, condition, timeout)

    monkeypatch.setattr(Spool, "mark_sent", mark_and_stay)
    monkeypatch.setattr(Spool, "wait", look_in_between)
    with client(tmp_path / "spool", FakeBroker()) as bank:
        bank.publish(transfer(1))
        bank.flush(20)
        assert (bank.sent, bank.waiting, seen) == (1, 0, [False])


def test_a_client_after_another_sends_the_rest(tmp_path: Path) -> None:
    with client(tmp_path / "spool", FakeBroker(up=False)) as bank:
        made = bank.publish(transfer())
    broker = FakeBroker()
    with client(tmp_path / "spool", broker) as bank:
        bank.flush(10)
    assert [event["id"] for event in broker.events()] == [str(made)]


def test_a_full_spool_is_an_error_to_the_caller(tmp_path: Path) -> None:
    broker = FakeBroker(up=False)
    with client(tmp_path / "spool", broker, limits=Capacity(rows=2)) as bank:
        kept = [bank.publish(transfer(number)) for number in range(2)]
        with pytest.raises(SpoolFull):
            bank.publish(transfer(3))
        broker.up = True
        bank.flush(10)
        kept.append(bank.publish(transfer(3)))
        bank.flush(10)
    assert [event["id"] for event in broker.events()] == [str(made) for made in kept]


def test_the_same_id_again(tmp_path: Path) -> None:
    broker = FakeBroker()
    with client(tmp_path / "spool", broker) as bank:
        assert bank.publish({"id": ID, **transfer()}) == bank.publish({"id": ID, **transfer()}) == UUID(ID)
        with pytest.raises(InvalidAlert) as caught:
            bank.publish({"id": ID, **transfer(score=0.9)})
        bank.flush(10)
    assert caught.value.field == "id"
    assert len(broker.events()) == 1


def test_many_threads_publish(tmp_path: Path) -> None:
    broker = FakeBroker()
    with client(tmp_path / "spool", broker) as bank:
        with ThreadPoolExecutor(8) as pool:
            ids = list(pool.map(bank.publish, [transfer(number) for number in range(200)]))
        bank.flush(20)
    assert sorted(event["id"] for event in broker.events()) == sorted(str(made) for made in ids)


def test_many_are_all_or_none(tmp_path: Path) -> None:
    broker = FakeBroker()
    with client(tmp_path / "spool", broker) as bank:
        with pytest.raises(InvalidAlert) as caught:
            bank.publish_many([transfer(1), transfer(2, score=7)])
        assert caught.value.field == "1.data.score"
        bank.publish({"id": ID, **transfer()})
        with pytest.raises(InvalidAlert) as caught:
            bank.publish_many([transfer(3), {"id": ID, **transfer(4)}])
        assert caught.value.field == "1.id"
        bank.flush(10)
    assert len(broker.events()) == 1


def test_each_of_an_offer_is_judged_by_itself(tmp_path: Path) -> None:
    with client(tmp_path / "spool", FakeBroker()) as bank:
        bank.publish({"id": ID, **transfer()})
        results = bank.offer([{"id": ID, **transfer()}, {"id": ID, **transfer(2)}, transfer(score=7), transfer(5)])
    assert [result.outcome for result in results] == [
        Acceptance.DUPLICATE,
        Acceptance.CONFLICT,
        None,
        Acceptance.ACCEPTED,
    ]
    assert results[2].error is not None
    assert results[2].error.field == "data.score"


def test_a_withdrawal_repeats_the_tokens_of_its_event_also_after_it_was_sent(tmp_path: Path) -> None:
    broker = FakeBroker()
    with client(tmp_path / "spool", broker) as bank:
        made = bank.publish(transfer())
        bank.flush(10)
    with client(tmp_path / "spool", broker) as bank:
        bank.withdraw(made, "customer confirmed")
        bank.flush(10)

    event, withdrawal = broker.events()
    assert broker.records[1][0] == "withdrawal"
    assert withdrawal["data"]["event_id"] == str(made)
    data = event["data"]
    wanted = [data["serial"], data["customer"]["account"], data["customer"]["phones"][0]["identifier"]]
    tokens = {identifier["tokens"][0] for identifier in [*wanted, data["counterparty"]["account"]]}
    assert {identifier["tokens"][0] for identifier in withdrawal["data"]["identifiers"]} == tokens
    assert withdrawal["seals"] == []


def test_what_can_not_be_withdrawn(tmp_path: Path) -> None:
    with client(tmp_path / "spool", FakeBroker()) as bank:
        report = bank.publish(REPORT)
        withdrawal = bank.withdraw(bank.publish(transfer()), "a mistake")
        for event_id, says in ((UUID(ID), "not published"), (report, "police"), (withdrawal, "can not be withdrawn")):
            with pytest.raises(InvalidAlert, match=says) as caught:
                bank.withdraw(event_id, "why not")
            assert caught.value.field == "event_id"
        with pytest.raises(InvalidAlert, match="police"):
            bank.withdraw(report, "coached", event_member=OTHER_BANK)
        with pytest.raises(InvalidAlert, match="withdraw") as caught:
            bank.publish({"time": NOW.isoformat(), "data": {"kind": "withdrawal"}})
        assert caught.value.field == "data.kind"


def test_police_withdraw_the_report_of_a_bank(tmp_path: Path) -> None:
    broker = FakeBroker()
    payee = Identifier(kind=IdentifierKind.ACCOUNT, tokens=[TOKEN])
    with client(tmp_path / "spool", broker, POLICE) as police:
        police.withdraw(UUID(ID), "no crime", event_member=BANK, identifiers=[payee])
        police.withdraw(police.publish(REPORT), "no crime")
        police.flush(10)
    first = next(event["data"] for event in broker.events() if event["data"].get("event_member"))
    assert first["event_member"] == BANK
    assert first["identifiers"] == [{"kind": "account", "tokens": [TOKEN], "holders": [], "basis": "observed"}]


def test_an_answer(tmp_path: Path) -> None:
    broker = FakeBroker()
    held = Answer(request_id=UUID(ID), status=AnswerStatus.EXECUTED, amount=Money(minor=1, currency="CNY"))
    with client(tmp_path / "spool", broker) as bank:
        answer = bank.answer(held)
        bank.flush(10)
    by_id = {event["id"]: event for event in broker.events()}
    assert by_id[str(answer)]["data"] == held.model_dump(mode="json", exclude_none=True)
    assert {topic for topic, *_ in broker.records} == {"answers"}


def test_an_answer_of_which_the_hub_would_take_nothing_is_refused_and_holds_nothing_up(tmp_path: Path) -> None:
    far = Identifier(kind=IdentifierKind.ACCOUNT, tokens=[TOKEN] * 2, holders=["cnaps:" + "9" * 64] * 4)
    out = Outflow(type=OutflowType.POS, amount=Money(minor=1, currency="CNY"), time=NOW, place="\U0001f3e6" * 500)
    most = out.model_copy(update={"payee": far, "serial": far, "payee_name": "A" * 2000})
    earlier = [EarlierOrder(unit="\U0001f3e6" * 500)] * 16
    for outflow in (out, most):
        long = Answer(
            request_id=UUID(ID), status=AnswerStatus.PARTIAL, outflows=[outflow] * 200, earlier_orders=earlier
        )
        with client(tmp_path / "spool", FakeBroker()) as bank:
            with pytest.raises(InvalidAlert, match="too many"):
                bank.answer(long)
            bank.publish(transfer())
            bank.flush(10)


def test_a_stranger_publishes_nothing(tmp_path: Path) -> None:
    with client(tmp_path / "spool", FakeBroker()) as bank:
        bank.registry.apply(BANK, None)
        with pytest.raises(Refused, match="not in the registry"):
            bank.publish(transfer())


def test_the_hubs_keys_make_no_client(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="tokens"):
        MemberClient(generate("hub"), NOWHERE, Registry(), tmp_path / "spool", clock())


def test_a_closed_client_says_so(tmp_path: Path) -> None:
    bank = client(tmp_path / "spool", FakeBroker())
    bank.close()
    with pytest.raises(Stop, match="ended"):
        bank.publish(transfer())


def test_an_alert_of_the_future_is_not_accepted(tmp_path: Path) -> None:
    with client(tmp_path / "spool", FakeBroker()) as bank, pytest.raises(InvalidAlert, match="future"):
        bank.publish({**transfer(), "time": (NOW + timedelta(minutes=6)).isoformat()})
