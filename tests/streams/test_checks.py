"""What a risk-check means to the correlation, by stories: a victim at risk, a lead that is pre-transfer, no suspect.

Each story is told to the core and to the oracle, and both must say the same.
"""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from schemas.leads import Lead
from schemas.topics import ANSWERS, TOPICS
from streams.app import INBOUND
from streams.core.alert import Alert, Class, Named, Retraction, Role, Transfer
from streams.core.engine import Engine
from streams.core.keys import kind_of
from streams.core.rules import parse
from tests.oracle import leads as oracle_leads
from tests.strategies import DAY, HOUR, MINUTE, RULES, SECTORS, key, sealed
from tests.streams.network import deliver
from tests.streams.stories import (
    NOON,
    OF_PAYEE,
    OF_PHONE,
    PAYEE,
    PHONE,
    PURSE,
    alert,
    call,
    paid,
    ruled,
    suspect,
    transfer,
    victim,
    withdrawal,
)
from tests.streams.test_law import by_subject, compare


def check(time: int, number: int = 1, payee: str = PAYEE, phone: str = PHONE, member: str = "bank-a") -> Alert:
    asked = Named(payee, Role.ASKED, kind_of(payee).value, 1, 0)
    told = Transfer(payee, "", 50_000_00, "CNY", time, True)
    event = bytes([100 + number] * 16)
    named = (victim(PURSE), victim(phone), asked)
    return sealed(Alert(member, event, b"", SECTORS[member], Class.CHECK, time, time, 0.0, named, (told,)))


def told(
    *alerts: Alert, withdrawn: tuple[Retraction, ...] = (), rules: dict[str, Any] = RULES
) -> dict[tuple[str, str], Lead]:
    """The leads by role and state key, on which core and oracle agree."""
    found = by_subject(deliver([*alerts, *withdrawn], 3, parse(rules), 1).leads())
    expected = oracle_leads(alerts, withdrawn, rules)
    assert found.keys() == {(role, k[1:]) for role, k in expected}
    for (role, k), lead in expected.items():
        compare(found[(role, k[1:])], lead)
    return {(role, k): found[(role, k[1:])] for role, k in expected}


def test_a_call_and_then_a_question_put_the_victim_at_risk_and_nobody_under_suspicion() -> None:
    leads = told(call(NOON, NOON + 10 * MINUTE), check(NOON + HOUR))
    assert leads.keys() == {OF_PHONE}
    lead = leads[OF_PHONE]
    assert (lead.level.value, lead.stage.value) == ("very-high", "pre-transfer")
    assert [money.minor for money in lead.amount_at_risk] == [50_000_00]
    assert [item.kind for item in lead.evidence] == ["suspicious-number", "risk-check"]
    assert (lead.expires_at - lead.at).total_seconds() == DAY / 1000


def test_a_question_of_the_day_after_next_is_none_about_the_call() -> None:
    assert told(call(NOON, NOON), check(NOON + 2 * DAY)) == {}


def test_a_shop_that_a_thousand_ask_about_is_no_suspect_and_costs_no_more_than_a_few() -> None:
    engine = Engine(0, 1, parse(RULES))
    banks = ["bank-a", "bank-b", "pay-a"]
    asked = [check(NOON + n * MINUTE, 0, member=banks[n % 3]) for n in range(1_000)]
    engine.apply(msgspec.structs.replace(each, event=n.to_bytes(16, "big")) for n, each in enumerate(asked))
    assert engine.flush(0, 0).leads == []
    assert len(engine.store[PAYEE]) < 4_000


def seen_twice() -> list[Alert]:
    """A payee whom its own bank and a platform know, and to whom no money is known to have gone."""
    chat = alert(Class.CHAT, "platform-a", 2, (NOON, NOON), suspect(PAYEE))
    own = alert(Class.PAYEE, "bank-b", 3, (NOON, NOON), suspect(PAYEE))
    return [chat, own]


@pytest.mark.parametrize(
    ("after", "stage"), [(-DAY, "pre-transfer"), (-DAY - 1, "contact"), (0, "pre-transfer"), (3 * DAY, "pre-transfer")]
)
def test_a_question_makes_a_lead_pre_transfer_and_changes_nothing_else(after: int, stage: str) -> None:
    before, lead = told(*seen_twice())[OF_PAYEE], told(*seen_twice(), check(NOON + after))[OF_PAYEE]
    assert before.stage.value == "contact"
    assert lead.stage.value == stage
    assert lead.model_copy(update={"stage": before.stage}) == before


def test_money_that_has_moved_is_further_than_a_question() -> None:
    gone = transfer(NOON, 4, phone=key(kind_of(PHONE), 8))
    assert told(*seen_twice(), gone, check(NOON))[OF_PAYEE].stage.value == "in-flight"


def test_a_question_that_is_taken_back_puts_nobody_at_risk() -> None:
    asked = check(NOON + HOUR)
    assert told(call(NOON, NOON), asked, withdrawn=(withdrawal(asked),)) == {}


@pytest.mark.parametrize(("bank", "stage"), [("bank-a", "in-flight"), ("bank-b", "pre-transfer")])
def test_a_question_is_pending_until_its_bank_has_told_of_the_transfer(bank: str, stage: str) -> None:
    done = transfer(NOON + HOUR, member=bank, transfers=(paid(NOON + HOUR, serial="t1"),))
    lead = told(call(NOON, NOON), check(NOON + HOUR), done)[OF_PHONE]
    assert lead.stage.value == stage
    assert [money.minor for money in lead.amount_at_risk] == [50_000_00]


def test_payments_of_more_than_an_amount_can_be_leave_the_lead_readable() -> None:
    most = tuple(paid(NOON + HOUR, 10**15, serial) for serial in ("t1", "t2"))
    found = by_subject(deliver([call(NOON, NOON), transfer(NOON + HOUR, transfers=most)], 3, parse(RULES), 1).leads())
    assert [money.minor for money in found["victim", PHONE[1:]].amount_at_risk] == [10**15]


def test_questions_neither_close_an_identifier_nor_corroborate_a_caller() -> None:
    """More checks than saturate, of more payees than make a hub; a courier's calls stay uncorroborated."""
    asked = [check(NOON + n * MINUTE, n, payee=key(kind_of(PAYEE), 20 + n)) for n in range(70)]
    caller = call(NOON, NOON)
    alone, beside = told(caller, transfer(NOON + HOUR)), told(caller, transfer(NOON + HOUR), *asked)
    assert beside.keys() == alone.keys()
    assert beside[OF_PAYEE] == alone[OF_PAYEE]


def test_questions_do_not_count_towards_what_saturates() -> None:
    """Four alerts, four questions; five are too many."""
    alerts = [call(NOON + n, NOON + n, n) for n in range(3)]
    asked = [check(NOON + HOUR + n, n) for n in range(4)]
    lowered = ruled(caps={"sightings": 5})
    assert OF_PHONE in told(*asked, *alerts, transfer(NOON + HOUR), rules=lowered)


def test_a_question_is_forgotten_when_no_alert_of_its_day_can_come_any_more() -> None:
    engine = Engine(0, 1, parse(RULES))
    engine.apply([check(NOON)])
    engine.flush(0, 0)
    keys, horizon = list(engine.store), NOON + 8 * DAY
    engine.expire(keys, horizon)
    assert set(engine.store) == set(keys)
    engine.expire(keys, horizon + 1)
    gone = engine.flush(0, 0).changelog
    assert engine.store == {}
    assert gone == dict.fromkeys(keys)


@pytest.mark.parametrize("step", [1, -1])
def test_an_id_of_a_check_that_an_alert_uses_too_is_kept_as_long_as_an_alerts(step: int) -> None:
    engine = Engine(0, 1, parse(RULES))
    asked = check(NOON)
    engine.apply([asked, msgspec.structs.replace(transfer(NOON), event=asked.event)][::step])
    engine.flush(0, 0)
    engine.expire(list(engine.store), NOON + 9 * DAY)
    engine.flush(0, 0)
    assert any(name.startswith("!") for name in engine.store)


def test_intake_reads_all_that_members_send_but_their_answers() -> None:
    """So that somebody refuses what is bad of each, and only one does."""
    assert {topic.name for topic in INBOUND} == {topic.name for topic in TOPICS if topic.inbound} - {ANSWERS.name}
