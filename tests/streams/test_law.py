"""The law: the last snapshot of each subject is a function of the standing alerts, whatever the order,
batches, partitions,
redelivery and crashes. Held against the brute-force oracle, which shares no code with the core.
"""

from __future__ import annotations

import copy
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.leads import Lead
from streams.core.alert import Alert, Retraction
from streams.core.rules import parse
from streams.core.snapshots import Snapshot
from tests import oracle
from tests.strategies import World, capped_worlds, worlds, worlds_of_questions
from tests.streams.network import deliver


def by_subject(leads: dict[str, Snapshot]) -> dict[tuple[str, str], Lead]:
    """Snapshots by role and token, each held against its schema."""
    parsed = (Lead.model_validate_json(orjson.dumps(snapshot)) for snapshot in leads.values())
    return {(lead.subject.role.value, lead.subject.token): lead for lead in parsed}


def found_and_expected(
    world: World, partitions: int, seed: int
) -> tuple[dict[tuple[str, str], Lead], dict[tuple[str, str], oracle.OracleLead]]:
    signals: list[Alert | Retraction] = [*world.alerts, *world.retractions]
    found = by_subject(deliver(signals, partitions, parse(world.rules), seed).leads())
    expected = oracle.leads(world.alerts, world.retractions, world.rules)
    return found, {(role, key[1:]): lead for (role, key), lead in expected.items()}


def told_exactly(world: World, partitions: int, seed: int) -> None:
    """The last snapshots are the oracle's, and no others."""
    found, expected = found_and_expected(world, partitions, seed)
    assert found.keys() == expected.keys()
    for subject, lead in expected.items():
        compare(found[subject], lead)


@given(worlds(), st.integers(1, 5), st.integers(0, 10**6))
def test_the_last_snapshots_are_the_oracles(world: World, partitions: int, seed: int) -> None:
    told_exactly(world, partitions, seed)


@given(worlds(conflicts=True), st.integers(1, 5), st.integers(0, 10**6))
def test_an_id_with_two_contents_counts_for_nothing(world: World, partitions: int, seed: int) -> None:
    told_exactly(world, partitions, seed)


@given(worlds(), st.data(), st.integers(1, 5), st.integers(0, 10**6))
def test_an_allow_list_that_changes_takes_leads_away_and_gives_them_back(
    world: World, data: st.DataObject, partitions: int, seed: int
) -> None:
    named = sorted({named.key for alert in world.alerts for named in alert.named})
    lists = data.draw(st.lists(st.frozensets(st.sampled_from(named)), min_size=1, max_size=4))
    signals: list[Alert | Retraction] = [*world.alerts, *world.retractions]
    found = by_subject(deliver(signals, partitions, parse(world.rules), seed, lists=lists).leads())
    expected = oracle.leads(world.alerts, world.retractions, world.rules, lists[-1])
    assert found.keys() == {(role, key[1:]) for role, key in expected}
    for (role, key), lead in expected.items():
        compare(found[(role, key[1:])], lead)


@given(capped_worlds(caps=("hub_suspects",)), st.integers(1, 5), st.integers(0, 10**6))
def test_hubs_are_crossed_both_ways(world: World, partitions: int, seed: int) -> None:
    told_exactly(world, partitions, seed)


@given(worlds_of_questions(), st.integers(1, 5), st.integers(0, 10**6))
def test_of_many_questions_the_same_are_kept_in_whatever_order_they_come(
    world: World, partitions: int, seed: int
) -> None:
    told_exactly(world, partitions, seed)


@given(capped_worlds(caps=("withdrawn_per_member",)), st.integers(1, 5), st.integers(0, 10**6))
def test_what_was_withdrawn_stays_so_though_no_identifier_remembers_it(
    world: World, partitions: int, seed: int
) -> None:
    told_exactly(world, partitions, seed)


@given(capped_worlds(), st.integers(1, 5), st.integers(0, 10**6))
def test_past_a_cap_evidence_may_be_missing_but_is_never_invented(world: World, partitions: int, seed: int) -> None:
    found, _ = found_and_expected(world, partitions, seed)
    possible = oracle.leads(world.alerts, world.retractions, without_caps(world.rules))
    known = {(role, key[1:]): {item[:2] for item in lead.evidence} for (role, key), lead in possible.items()}
    for subject, lead in found.items():
        assert {(e.member, e.event_id.bytes) for e in lead.evidence} <= known[subject]


def without_caps(rules: dict[str, Any]) -> dict[str, Any]:
    """Rules by which nothing is ever left out: no cap, no end of evidence, and every suspect a lead."""
    loose = copy.deepcopy(rules)
    loose["caps"] = dict.fromkeys(loose["caps"], 10**6)
    loose["windows"]["evidence_s"] = 10**10
    loose["weights"]["prior"] = 50.0
    return loose


def compare(found: Lead, lead: oracle.OracleLead) -> None:
    assert (found.level.value, found.stage.value, found.reported) == (lead.level, lead.stage, lead.reported)
    assert tuple(sorted(s.value for s in found.sectors)) == lead.sectors
    assert tuple(found.members) == lead.members
    assert tuple((m.currency, m.minor) for m in found.amount_at_risk) == lead.amount_at_risk
    assert found.score == pytest.approx(lead.score, abs=1e-6)
    assert found.log_odds == pytest.approx(lead.log_odds, abs=2e-6)
    assert (found.victims_named, found.victims_corroborated) == (lead.victims_named, lead.victims_corroborated)
    assert (round(found.at.timestamp() * 1000), round(found.expires_at.timestamp() * 1000)) == (
        lead.at,
        lead.expires_at,
    )
    evidence = {(e.member, e.event_id.bytes, e.relation.value, round(e.weight, 6)) for e in found.evidence}
    assert evidence == lead.evidence
