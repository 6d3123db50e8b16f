"""A bank asks and waits: for its own answer, for so long and no longer, and hears why where the hub says no."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from alliance.errors import Refused
from producers.client import MemberClient
from schemas.reasons import Reason
from schemas.receipts import Receipt, Refusal
from schemas.risk import Advice, Level, RiskAnswer
from tests.producers.support import BANK, NOW, OWN, FakeBroker, client, identifier

MONEY = {"minor": 100, "currency": "CNY"}


def ask(bank: MemberClient, payee: str = "6217000000018067", **over: Any) -> RiskAnswer | None:
    payer = identifier("account", "6217000000000780", *over.pop("holders", ()))
    return bank.risk_check(payer, identifier("account", payee), MONEY, **over)


def answer(event: dict[str, Any], level: Level = Level.HIGH, **over: Any) -> RiskAnswer:
    said = {"check_id": UUID(event["id"]), "to": BANK, "level": level, "advice": Advice.DELAY, "at": NOW}
    return RiskAnswer(**{**said, **over})


def test_a_bank_gets_the_answer_to_its_check(tmp_path: Path) -> None:
    broker = FakeBroker(reply=lambda event: answer(event).model_dump_json().encode())
    with client(tmp_path / "spool", broker) as bank:
        given = ask(bank, timeout=10)
    (event,) = broker.events()
    assert given == answer(event)
    assert event["data"]["kind"] == "risk-check"
    assert [topic for topic, *_ in broker.records] == ["risk-check"]
    assert event["seals"] == []


@pytest.mark.parametrize(("given", "sent"), [((), [OWN]), (("cnaps:104161000014",), ["cnaps:104161000014"])])
def test_the_payer_is_the_banks_own_unless_it_says_otherwise(
    tmp_path: Path, given: tuple[str, ...], sent: list[str]
) -> None:
    broker = FakeBroker(reply=lambda event: answer(event).model_dump_json().encode())
    with client(tmp_path / "spool", broker) as bank:
        ask(bank, holders=given, timeout=10)
    assert broker.events()[0]["data"]["payer"]["holders"] == sent


def test_each_of_many_threads_gets_its_own(tmp_path: Path) -> None:
    def told(event: dict[str, Any]) -> bytes:
        return answer(event, reasons=[event["data"]["payee"]["tokens"][0]]).model_dump_json().encode()

    broker = FakeBroker(reply=told)
    payees = [f"62170000000{n:05}" for n in range(20)]
    with client(tmp_path / "spool", broker) as bank, ThreadPoolExecutor(8) as pool:
        given = list(pool.map(lambda payee: ask(bank, payee, timeout=10), payees))
    by_id = {UUID(event["id"]): event["data"]["payee"]["tokens"] for event in broker.events()}
    assert len(by_id) == 20
    assert all(one is not None and one.reasons == by_id[one.check_id] for one in given)


def test_without_an_answer_there_is_none_when_the_time_is_over(tmp_path: Path) -> None:
    with client(tmp_path / "spool", FakeBroker()) as bank:
        assert ask(bank, timeout=0.01) is None


def test_the_mail_of_others_and_what_is_no_letter_are_passed_over(tmp_path: Path) -> None:
    def told(event: dict[str, Any]) -> bytes:
        broker.mail.letters.put(b"no letter")
        broker.mail.letters.put(answer({"id": "019a0000-0000-7000-8000-000000000000"}).model_dump_json().encode())
        return answer(event).model_dump_json().encode()

    broker = FakeBroker(reply=told)
    with client(tmp_path / "spool", broker) as bank:
        given = ask(bank, timeout=10)
    assert given == answer(broker.events()[0])


def test_a_bank_hears_why_its_check_was_not_taken(tmp_path: Path) -> None:
    def refused(event: dict[str, Any]) -> bytes:
        why = Refusal(event_id=UUID(event["id"]), reason=Reason.SUSPENDED_MEMBER, detail="ask the registrar")
        receipt = Receipt(topic="risk-check", partition=0, offset=0, accepted=0, refusals=[why], at=NOW)
        return receipt.model_dump_json().encode()

    with (
        client(tmp_path / "spool", FakeBroker(reply=refused)) as bank,
        pytest.raises(Refused, match=r"suspended-member.*ask the registrar"),
    ):
        ask(bank, timeout=10)
