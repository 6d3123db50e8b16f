"""What an allow-list entry does to one lead, told by hand, and what the engine counts of it."""

from __future__ import annotations

from schemas.identifiers import IdentifierKind as Kind
from streams.core.alert import Alert
from streams.core.engine import Engine, Flush
from streams.core.rules import parse
from tests.oracle import leads
from tests.strategies import HOUR, RULES, key
from tests.streams.stories import CALLER, NOON, OF_CALLER, OF_PAYEE, OF_PHONE, PAYEE, PHONE, call, ruled, transfer

LATER = 5_000
STORY = (call(NOON - HOUR, NOON), transfer(NOON))


def engine(*alerts: Alert) -> Engine:
    made = Engine(0, 1, parse(RULES))
    made.apply(alerts)
    return made


def told(flush: Flush) -> dict[str, str]:
    return {key: snapshot["level"] for key, snapshot in flush.leads}


def test_the_oracle_leaves_out_what_is_allow_listed_and_nothing_else() -> None:
    assert leads(STORY, (), RULES).keys() == {OF_PAYEE, OF_CALLER, OF_PHONE}
    without = leads(STORY, (), RULES, [PAYEE, PHONE])
    assert without == {OF_CALLER: leads(STORY, (), RULES)[OF_CALLER]}


def test_a_lead_falls_to_none_with_what_is_known_of_it_and_comes_back_whole() -> None:
    made = engine(*STORY)
    before = dict(made.flush(0, 0).leads)
    made.allow({PAYEE: "entry"})
    spared = made.flush(LATER, 0)
    assert told(spared) == {PAYEE: "none"}
    assert spared.leads[0][1] == {**before[PAYEE], "level": "none"}
    made.allow({})
    assert made.flush(2 * LATER, 0).leads == [(PAYEE, before[PAYEE])]


def test_a_victim_at_risk_is_spared_too() -> None:
    made = engine(*STORY)
    made.allow({PHONE: "entry"})
    assert told(made.flush(0, 0)).keys() == {PAYEE, CALLER}


def test_a_lead_that_never_was_is_not_told_and_each_new_sparing_counts_for_its_entry() -> None:
    made = Engine(0, 1, parse(RULES))
    made.allow({PAYEE: "escrow", CALLER: "hotline", key(Kind.ACCOUNT, 5): "unused"})
    made.apply([transfer(NOON), transfer(NOON, 2)])
    made.flush(0, 0)
    assert not +made.spared
    made.apply([call(NOON - HOUR, NOON)])
    assert told(made.flush(LATER, 0)).keys() == {PHONE}
    assert made.spared == {"escrow": 1, "hotline": 1}
    made.flush(2 * LATER, 0)
    assert made.spared == {"escrow": 1, "hotline": 1}
    made.apply([transfer(NOON + HOUR, 3)])
    made.flush(3 * LATER, 0)
    assert made.spared == {"escrow": 2, "hotline": 2}


def test_saturated_identifiers_are_known_until_they_no_longer_are() -> None:
    made = Engine(0, 1, parse(ruled(caps={"sightings": 2})))
    calls = [call(NOON, NOON, n, key(Kind.NUMBER, n)) for n in range(3)]
    made.apply(calls[:2])
    made.flush(0, 0)
    assert not made.saturated
    made.apply(calls[2:])
    made.flush(LATER, 0)
    assert made.saturated == {PHONE}
    made.expire([PHONE], NOON + 200 * 24 * HOUR)
    made.flush(2 * LATER, 0)
    assert not made.saturated
