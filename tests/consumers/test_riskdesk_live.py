"""The risk desk as a process, on a real broker: it knows what was published before it came, and answers what waited."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from schemas.identifiers import Identifier
from schemas.risk import Advice, Level, RiskAnswer
from tests.consumers.facts import account, lead
from tests.consumers.world import Hub, Mailbox, World, now

pytestmark = pytest.mark.services


def check(payee: Identifier) -> dict[str, Any]:
    parties = {"payer": account().model_dump(mode="json"), "payee": payee.model_dump(mode="json")}
    return {"kind": "risk-check", **parties, "amount": {"minor": 100, "currency": "CNY"}}


def answers(check_id: UUID) -> Callable[[Any], bool]:
    return lambda letter: isinstance(letter, RiskAnswer) and letter.check_id == check_id


def test_a_desk_that_starts_late_knows_all_and_answers_what_waited_once(
    city: World, hub: Hub, mailbox: Callable[[str], Mailbox]
) -> None:
    mule, shop, expires = account(), account(), now() + timedelta(days=1)
    city.publish(lead(mule, Level.HIGH, expires_at=expires), lead(shop, Level.HIGH, expires_at=expires))
    city.publish(lead(shop, Level.NONE, expires_at=expires))
    box = mailbox("bank-one")
    early = [city.send("bank-one", check(payee)) for payee in (mule, shop)]
    with hub.running("riskdesk"):
        given = [box.until(answers(one)) for one in early]
        assert [answer.advice for answer in given] == [Advice.DELAY, Advice.PROCEED]
        city.publish(lead(shop, Level.MEDIUM, expires_at=expires))
        hub.until(lambda _: ask(box, city, shop) is Advice.VERIFY)
    late = city.send("bank-one", check(mule))
    with hub.running("riskdesk"):
        box.until(answers(late))
    ids = [letter.check_id for letter in box.letters if isinstance(letter, RiskAnswer)]
    assert len(ids) == len(set(ids))


def ask(box: Mailbox, city: World, payee: Identifier) -> Advice:
    """What is advised now; a lead is known some ms after it is published."""
    given: RiskAnswer = box.until(answers(city.send("bank-one", check(payee))))
    return given.advice
