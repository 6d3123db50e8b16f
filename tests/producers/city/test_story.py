"""A day of the city is the same for the same seed, and every alert of it is one that a member's client takes."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import Any

import phonenumbers
import pytest
from stdnum import luhn
from stdnum.cn import ric

from alliance.ids import IdSource
from alliance.keys.store import generate
from alliance.keys.tokens import TokenKeys
from alliance.membership import record_of, signing_key
from alliance.registry import Registry
from producers.city import town
from producers.city.acts import Notice, Payment, Story
from producers.city.cast import CAST, MEMBER_OF
from producers.city.honest import ALERTS
from producers.city.story import tell
from producers.clear import check_sender, protect

START = datetime(2026, 11, 10, 0, 0, tzinfo=UTC)
TOKENS = TokenKeys({"e1": bytes(range(32))})


@pytest.fixture(scope="module")
def city() -> town.Town:
    return town.build(1, 1)


@pytest.fixture(scope="module")
def day(city: town.Town) -> Story:
    return tell(city, START, 1, 1)


def registry() -> Registry:
    valid_from = START - timedelta(days=9)
    keys = {spec: generate(spec.member, TOKENS) for spec in CAST}
    return Registry([record_of(spec, own, signing_key(own, (), valid_from)) for spec, own in keys.items()])


def notices(day: Story) -> list[Notice]:
    return [act for act in day.acts if isinstance(act, Notice)]


def identifiers(node: Any) -> list[tuple[str, str]]:
    if isinstance(node, dict):
        own = [(node["kind"], node["value"])] if "value" in node else []
        return own + [found for child in node.values() for found in identifiers(child)]
    return [found for child in node for found in identifiers(child)] if isinstance(node, list) else []


def test_a_seed_and_a_day_give_one_story(city: town.Town, day: Story) -> None:
    assert town.build(1, 1) == city
    assert city not in (town.build(2, 1), town.build(1, 2))
    assert tell(city, START, 1, 1) == day


def test_no_two_days_share_a_serial_or_an_account_of_a_mule(city: town.Town, day: Story) -> None:
    second = tell(city, START, 2, 1)

    def serials(story: Story) -> list[str]:
        return [act.serial for act in story.acts if isinstance(act, Payment)]

    def mules(story: Story) -> set[str]:
        return {mule.number for scam in story.scams for mule in scam.mules}

    assert len(set(serials(day) + serials(second))) == len(serials(day)) + len(serials(second))
    assert not mules(day) & mules(second)


def test_every_alert_of_a_day_passes_the_contract(day: Story) -> None:
    known = registry()
    ids = IdSource(lambda: int(START.timestamp() * 1000), os.urandom)

    for notice in notices(day):
        check_sender(known, notice.actor, notice.event["data"]["kind"])
        protect(notice.event, notice.actor, TOKENS, known, ids, notice.at)

    assert len(notices(day)) > ALERTS


def test_identifiers_are_valid_ones(day: Story) -> None:
    found = {pair for notice in notices(day) for pair in identifiers(notice.event)}

    for kind, value in found:
        if kind == "number":
            assert phonenumbers.is_valid_number(phonenumbers.parse(value, "CN")), value
        elif kind == "person":
            assert ric.is_valid(value), value
        elif kind in ("account", "sim", "device"):
            assert luhn.is_valid(value), value


def test_acts_are_in_order_and_a_payment_is_told_of_only_after_it(day: Story) -> None:
    assert [act.at for act in day.acts] == sorted(act.at for act in day.acts)
    made: set[str] = set()
    for act in day.acts:
        if isinstance(act, Payment):
            made.add(act.serial)
        elif isinstance(act, Notice) and act.about is not None:
            assert act.about.serial in made
    # Who calls at the last minute is told of a little later.
    assert day.acts[0].at >= day.start and day.acts[-1].at < day.end + timedelta(minutes=15)


def test_each_scam_is_seen_in_part_by_three_sectors_and_reported(day: Story) -> None:
    for scam in day.scams:
        accounts = {ref.number for ref in (*scam.victims_accounts, *scam.mules)}
        [phone] = {
            value
            for notice in notices(day)
            for kind, value in identifiers(notice.event["data"].get("customer", {}))
            if kind == "number" and ("person", scam.victim) in identifiers(notice.event)
        }
        kinds: dict[str, set[str]] = {}
        for notice in notices(day):
            values = {value for _, value in identifiers(notice.event)}
            if phone in values or values & accounts:
                kinds.setdefault(notice.event["data"]["kind"], set()).add(notice.actor)
        assert set(kinds) == {"suspicious-account", "suspicious-number", "suspicious-handle", "victim-report"}
        assert len(kinds["suspicious-account"]) >= 3


def test_the_money_of_a_scam_is_gone_if_nobody_acts(day: Story) -> None:
    mules = {(mule.route, mule.number) for scam in day.scams for mule in scam.mules}
    openings = {
        (opening.entry.account): opening.entry.balance for opening in day.openings if hasattr(opening.entry, "balance")
    }
    assert all(openings[number] == 0 for _, number in mules)
    last = {
        (act.payer.route, act.payer.number)
        for act in day.acts
        if isinstance(act, Payment) and act.payee is None and act.amount >= 100_000_000
    }
    assert mules == last
    assert all(route in MEMBER_OF for route, _ in mules)
