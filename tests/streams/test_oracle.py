"""Stories worked out by hand from docs/correlation.md, so that the oracle itself is known to be right."""

from __future__ import annotations

import msgspec
import pytest

from schemas.identifiers import IdentifierKind as Kind
from streams.core.alert import Class, Onward, Retraction, Transfer
from tests.oracle import OracleLead
from tests.strategies import BASE, DAY, HOUR, RULES, key, other_content
from tests.streams.stories import (
    CALLER,
    DEVICE,
    HANDLE,
    NOON,
    OF_CALLER,
    OF_PAYEE,
    OF_PHONE,
    PAYEE,
    PHONE,
    PRIOR_0,
    PURSE,
    SECOND_PAYEE,
    SERIAL,
    alert,
    call,
    judged,
    paid,
    report,
    ruled,
    suspect,
    transfer,
    victim,
    weights,
    withdrawal,
)


def test_scam_over_three_sectors() -> None:
    chat = alert(Class.CHAT, "platform-a", 1, (BASE, BASE + 9 * HOUR), suspect(HANDLE), victim(PHONE), score=0.5)
    told = report(NOON - 2 * HOUR, NOON + 3 * HOUR, suspect(PAYEE, 0), victim(PHONE))
    payment = transfer(NOON, score=0.9)
    found = judged(chat, call(NOON - 2 * HOUR, NOON - HOUR, score=0.6), payment, told)
    assert set(found) == {OF_PAYEE, OF_CALLER, ("suspect", HANDLE), OF_PHONE}
    lead = found[OF_PAYEE]
    # 1.6 × 1.4 named; call 2.5 (near) before 2.0 (report); chat 2.0 (report) before 1.8; the one victim is corroborated
    assert weights(lead) == {
        "bank-a": ("named", 2.24),
        "carrier-a": ("call-transfer", 2.5),
        "platform-a": ("report", 2.0),
        "police-a": ("named", 4.0),
    }
    # 2.24 + 2.5 + 2.0 + 4.0, second and third sector 1.0 + 1.5 (police is not counted), prior −4.6
    assert lead.log_odds == 8.64
    assert lead.score == pytest.approx(0.999823, abs=1e-6)
    assert (lead.level, lead.stage, lead.reported) == ("very-high", "in-flight", True)
    assert (lead.sectors, lead.victims_named, lead.victims_corroborated) == (
        ("bank", "carrier", "platform", "police"),
        1,
        1,
    )
    assert (lead.at, lead.expires_at) == (NOON + 3 * HOUR, NOON + 3 * HOUR + 90 * DAY)
    assert lead.amount_at_risk == (("CNY", 50_000_00),)
    # The caller: 1.8 × 1.1 named, call-chat 1.2, call-transfer 2.5, report 2.0, 1.0 + 1.5, −4.6
    assert found[OF_CALLER].log_odds == 5.58
    assert (found[OF_CALLER].stage, found[OF_CALLER].reported, found[OF_CALLER].amount_at_risk) == (
        "in-flight",
        False,
        (),
    )
    # The handle: 1.5 × 1.0 named, call-chat 1.2, chat-transfer 1.8, report 2.0, 1.0 + 1.5, −4.6
    assert found[("suspect", HANDLE)].log_odds == 4.4
    assert (found[OF_PHONE].level, found[OF_PHONE].members) == ("very-high", ("bank-a", "carrier-a", "platform-a"))


def test_hub_is_crossed_and_falls_back() -> None:
    rules = ruled(caps={"hub_suspects": 3})
    calls = [call(NOON - HOUR, NOON, n, key(Kind.NUMBER, n)) for n in range(3)]
    # Three callers and a payee are four suspects through one phone: the payee's bank stands alone
    assert not judged(*calls, transfer(NOON), rules=rules)
    found = judged(*calls, transfer(NOON), withdrawn=(withdrawal(calls[0]),), rules=rules)
    # 2.4 named; 2 × 2.5 of one carrier, at most 3.0; second sector 1.0; −4.6
    assert found[OF_PAYEE].log_odds == 1.8
    assert found[OF_PAYEE].level == "medium"
    # Four suspects, and 90 days still hold them all
    calls[0] = call(NOON - 90 * DAY, NOON, 0, key(Kind.NUMBER, 0))
    assert not judged(*calls, transfer(NOON), rules=rules)
    calls[0] = call(NOON - 90 * DAY - 1, NOON, 0, key(Kind.NUMBER, 0))
    # 3 × 2.5 is at most 3.0 too
    assert judged(*calls, transfer(NOON), rules=rules)[OF_PAYEE].log_odds == 1.8


def test_hub_does_not_part_those_who_name_one_suspect() -> None:
    device = [suspect(key(Kind.SIM, n)) for n in range(3)]
    one = alert(Class.CALL, "carrier-a", 1, (NOON, NOON), suspect(DEVICE), *device)
    other = alert(Class.CALL, "carrier-b", 1, (NOON, NOON), suspect(DEVICE), suspect(CALLER))
    found = judged(one, other, rules=PRIOR_0 | {"caps": RULES["caps"] | {"hub_suspects": 3}})
    # 2.7 named; 1.2 through the device, at a quarter since no victim is named
    assert found[OF_CALLER].log_odds == pytest.approx(2.7 + 1.2 * 0.25)
    assert weights(found[OF_CALLER])["carrier-a"] == ("same-suspect", 1.2)


@pytest.mark.parametrize(("basis", "level"), [(0, "medium"), (1, "high")])
def test_known_only_as_typed_is_at_most_medium(basis: int, level: str) -> None:
    told = report(NOON, NOON, suspect(PAYEE, 0), victim(PHONE))
    again = report(NOON, NOON, suspect(PAYEE, basis), victim(PHONE), member="bank-a")
    lead = judged(told, again)[OF_PAYEE]
    # 4.0 + 4.0 − 4.6; one sector beside police: 0.9677
    assert (lead.log_odds, lead.level) == (3.4, level)


def test_corroborated_share() -> None:
    phones = [key(Kind.NUMBER, n) for n in range(10, 14)]
    calls = [call(NOON - HOUR, NOON, n, phone=phone) for n, phone in enumerate(phones)]
    first, second = transfer(NOON, 1, phones[0]), transfer(NOON, 2, phones[1])
    # Four called, one paid: 4 × 2.7 is at most 3.0; 2.5 and 1.0 × (0.25 + 0.75 / 4); −4.6: below 0
    assert OF_CALLER not in judged(*calls, first)
    # Three called, one paid: 3.0 + (2.5 + 1.0) × 0.5 − 4.6
    assert judged(*calls[:3], first)[OF_CALLER].log_odds == 0.15
    # Four called, two paid: 3.0 + 2 × 2.5 × 0.625, at most 3.0; + 0.625 + 1.2 for the second victim − 4.6
    lead = judged(*calls, first, second)[OF_CALLER]
    assert (lead.log_odds, lead.level) == (3.225, "high")
    assert (lead.victims_named, lead.victims_corroborated) == (4, 2)
    # Three paid: factor 0.8125; 3.0 + 3.0 + 0.8125 + 1.2 + 0.6 − 4.6
    assert judged(*calls, first, second, transfer(NOON, 3, phones[2]))[OF_CALLER].log_odds == 4.0125


def test_groups_that_share_an_identifier_are_one_victim() -> None:
    phones = [key(Kind.NUMBER, n) for n in range(10, 14)]
    told = report(NOON, NOON, suspect(PAYEE), victim(phones[0]), victim(phones[1]))
    payments = [transfer(NOON, n, phone) for n, phone in enumerate(phones)]
    # After the report was taken: it corroborates nothing more of the same victim
    payments.append(transfer(NOON + DAY, 4, phones[0]))
    for order in ([*payments, told], [told, *payments]):
        lead = judged(*order)[OF_PAYEE]
        # The first two payers are the report's victim
        assert (lead.victims_named, lead.victims_corroborated) == (3, 1)


def test_a_lead_begins_at_the_threshold_itself() -> None:
    rules = ruled(weights={"prior": -5.9})
    # 2.4 + 2.5 + 1.0 − 5.9
    assert judged(call(NOON, NOON), transfer(NOON), rules=rules)[OF_PAYEE].score == 0.5


def test_one_bank_alone_makes_no_lead() -> None:
    assert not judged(*(transfer(NOON + n, n) for n in range(10)), rules=PRIOR_0)
    own = report(NOON, NOON, suspect(PAYEE), member="bank-a")
    # With a report of its own: 3.0 + 4.0
    assert judged(*(transfer(NOON + n, n) for n in range(8)), own, rules=PRIOR_0)[OF_PAYEE].log_odds == 7.0


def test_a_sector_saturates() -> None:
    both = [transfer(NOON, n, member=member) for n in range(2) for member in ("bank-a", "bank-b")]
    # 2 × 2.4 is at most 3.0 a member, 2 × 3.0 at most 5.0 a sector
    assert judged(*both, rules=PRIOR_0)[OF_PAYEE].log_odds == 5.0


def test_amount_counts_each_serial_once() -> None:
    payer = transfer(NOON, transfers=(paid(NOON, 10_000_00, SERIAL),))
    payee = alert(Class.PAYEE, "bank-b", 1, (NOON, NOON), suspect(PAYEE), transfers=(paid(NOON, 10_050_00, SERIAL),))
    told = (
        paid(NOON + DAY, 10_000_00),  # the same amount as the payer's bank says, within 24 h
        paid(NOON, 7_000_00),
        paid(NOON + DAY, 7_000_00),  # as the one before
        paid(NOON + DAY + 1, 7_000_00),  # beyond 24 h from the one that counts
        paid(NOON, 500_00, currency="USD"),
    )
    lead = judged(payer, payee, report(NOON, NOON + 2 * DAY, suspect(PAYEE), transfers=told))[OF_PAYEE]
    assert lead.amount_at_risk == (("CNY", 10_050_00 + 2 * 7_000_00), ("USD", 500_00))


def test_victim_at_risk() -> None:
    chat = alert(Class.CHAT, "platform-a", 1, (NOON - DAY, NOON + HOUR), suspect(HANDLE), victim(PHONE), score=0.0)
    lead = judged(chat, transfer(NOON, transfers=(paid(NOON, pending=True),), score=0.0))[OF_PHONE]
    assert lead == OracleLead(
        level="high",
        log_odds=2.197225,  # ln 9
        score=0.9,
        stage="pre-transfer",
        sectors=("bank", "platform"),
        members=("bank-a", "platform-a"),
        amount_at_risk=(("CNY", 50_000_00),),
        victims_named=0,
        victims_corroborated=0,
        reported=False,
        at=NOON + HOUR,
        expires_at=NOON + DAY,
        evidence=frozenset((member, bytes([1] * 16), "chat-transfer", 1.8) for member in ("bank-a", "platform-a")),
    )
    assert OF_PHONE not in judged(chat, call(NOON, NOON), rules=PRIOR_0)


def test_report_is_withdrawn_by_police_only() -> None:
    told = report(NOON, NOON, suspect(PAYEE), victim(PHONE), member="bank-a")
    assert OF_PAYEE in judged(told, withdrawn=(withdrawal(told),), rules=PRIOR_0)
    assert not judged(told, withdrawn=(withdrawal(told, by_police=True),), rules=PRIOR_0)


def test_repeated_counts_once_and_two_contents_not_at_all() -> None:
    ringing, payment = call(NOON, NOON), transfer(NOON)
    assert judged(ringing, payment, payment) == judged(ringing, payment)
    assert not judged(ringing, payment, other_content(payment), rules=PRIOR_0)
    elsewhere = Retraction("bank-a", payment.event, False, (), NOON, conflict=True)
    assert not judged(ringing, payment, withdrawn=(elsewhere,), rules=PRIOR_0)
    assert judged(ringing, payment, withdrawn=(msgspec.structs.replace(elsewhere, member="bank-b"),), rules=PRIOR_0)


def test_old_evidence_is_left_out() -> None:
    old, fresh = transfer(NOON), transfer(NOON + 1, 2)
    told = report(NOON + 90 * DAY + 1, NOON + 90 * DAY + 1, suspect(PAYEE), victim(PURSE))
    lead = judged(old, fresh, told)[OF_PAYEE]
    assert {(member, event[0]) for member, event, *_ in lead.evidence} == {("bank-a", 2), ("police-a", 9)}
    assert (lead.amount_at_risk, lead.victims_named, lead.victims_corroborated) == ((("CNY", 50_000_00),), 2, 1)


def test_what_is_linked_is_left_out_when_old_and_makes_the_lead_last() -> None:
    long = alert(Class.CHAT, "platform-a", 1, (NOON - 90 * DAY, NOON), suspect(HANDLE), victim(PHONE))
    told = report(NOON, NOON + 90 * DAY, suspect(PAYEE), victim(PHONE))
    lead = judged(long, transfer(NOON), told, rules=PRIOR_0)[OF_PAYEE]
    # All end exactly 90 days before the report was taken: it is not older
    assert (lead.members, lead.at) == (("bank-a", "platform-a", "police-a"), NOON + 90 * DAY)
    told = report(NOON, NOON + 90 * DAY + 1, suspect(PAYEE), victim(PHONE))
    assert judged(long, transfer(NOON), told, rules=PRIOR_0)[OF_PAYEE].members == ("police-a",)


@pytest.mark.parametrize(
    ("onward", "payer", "time", "stage"),
    [
        (Onward.CASH_OUT, PURSE, NOON, "cash-out"),
        (Onward.TRANSFER, PURSE, NOON, "layering"),
        (Onward.NONE, PAYEE, NOON, "layering"),  # the suspect itself pays on
        (Onward.NONE, PAYEE, NOON - 1, "in-flight"),  # it paid before it was paid
        (Onward.NONE, PURSE, NOON, "in-flight"),
    ],
)
def test_stage_follows_the_money(onward: Onward, payer: str, time: int, stage: str) -> None:
    seen = alert(Class.PAYEE, "bank-b", 1, (NOON, NOON), suspect(PAYEE), onward=onward)
    further = Transfer(SECOND_PAYEE, "", 1_00, "CNY", time, False)
    on = alert(Class.PAYER, "bank-b", 2, (time, time), suspect(SECOND_PAYEE), victim(payer), transfers=(further,))
    before = transfer(NOON + 1, 2)
    assert judged(before, transfer(NOON), seen, on, rules=PRIOR_0)[OF_PAYEE].stage == stage


def test_stage_of_a_caller_is_that_of_what_its_victims_pay() -> None:
    chat = alert(Class.CHAT, "platform-a", 1, (NOON, NOON), suspect(HANDLE), victim(PHONE))
    pending = transfer(NOON, transfers=(paid(NOON, pending=True),))
    assert judged(call(NOON, NOON), chat, rules=PRIOR_0)[OF_CALLER].stage == "contact"
    found = judged(call(NOON, NOON), pending, rules=PRIOR_0)
    assert (found[OF_CALLER].stage, found[OF_PAYEE].stage) == ("pre-transfer", "pre-transfer")
    found = judged(call(NOON, NOON), pending, transfer(NOON + HOUR, 2), rules=PRIOR_0)
    assert (found[OF_CALLER].stage, found[OF_PAYEE].stage) == ("in-flight", "in-flight")
    # The victim's lead asks first what can still be stopped, and lasts a day from the later transfer
    assert (found[OF_PHONE].stage, found[OF_PHONE].expires_at) == ("pre-transfer", NOON + HOUR + DAY)
    # What a report in L tells of other payees is no transfer in L
    told = report(NOON, NOON, suspect(PAYEE), victim(PHONE), transfers=(paid(NOON),))
    assert judged(call(NOON, NOON), told, rules=PRIOR_0)[OF_CALLER].stage == "contact"


def test_saturated_identifier_links_nothing_whatever_is_withdrawn() -> None:
    rules = ruled(caps={"sightings": 2})
    ringing, other = call(NOON, NOON), call(NOON, NOON, 2)
    elsewhere = call(NOON, NOON, 3, phone=key(Kind.NUMBER, 10))
    assert OF_PAYEE in judged(ringing, elsewhere, transfer(NOON), rules=rules)
    assert not judged(ringing, other, transfer(NOON), withdrawn=(withdrawal(other),), rules=rules)


def test_of_one_member_the_latest_sightings_are_kept() -> None:
    rules = ruled(caps={"evidence_per_member": 2}, weights={"prior": 0.0})
    told = report(NOON, NOON, suspect(PAYEE))
    lead = judged(*(transfer(NOON + n // 2, n) for n in range(4)), told, rules=rules)[OF_PAYEE]
    assert {event[0] for member, event, *_ in lead.evidence if member == "bank-a"} == {2, 3}
    # The latest by their ends: the call that began first ended last
    calls = [call(NOON - n * HOUR, NOON + n * HOUR, n) for n in range(4)]
    lead = judged(*calls, report(NOON, NOON, suspect(CALLER)), rules=rules)[OF_CALLER]
    assert {event[0] for member, event, *_ in lead.evidence if member == "carrier-a"} == {2, 3}
