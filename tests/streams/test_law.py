"""The law: the last snapshot of each subject is a function of the standing alerts, whatever the order,
batches, partitions,
redelivery and crashes. Held against the brute-force oracle, which shares no code with the core.
"""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.leads import Lead
from streams.app import RULES_FILE
from streams.core.alert import Alert, Retraction
from streams.core.rules import parse
from streams.core.snapshots import Snapshot
from tests import oracle
from tests.strategies import worlds
from tests.streams.network import deliver

DOCUMENT: dict[str, Any] = tomllib.loads(RULES_FILE.read_text(encoding="utf-8"))
RULES = parse(DOCUMENT)
World = tuple[list[Alert], list[Retraction]]


def by_subject(leads: dict[str, Snapshot]) -> dict[tuple[str, str], Lead]:
    """Snapshots by role and token, each held against its schema."""
    parsed = (Lead.model_validate_json(_json(snapshot)) for snapshot in leads.values())
    return {(lead.subject.role.value, lead.subject.token): lead for lead in parsed}


def _json(snapshot: Snapshot) -> bytes:
    import orjson

    return orjson.dumps(snapshot)


@given(worlds(), st.integers(1, 5), st.integers(0, 10**6))
@settings(max_examples=150, deadline=None)
def test_the_last_snapshots_are_the_oracles(world: World, partitions: int, seed: int) -> None:
    alerts, retractions = world
    found = by_subject(deliver([*alerts, *retractions], partitions, RULES, seed).leads())
    expected = {(role, key[1:]): lead for (role, key), lead in oracle.leads(alerts, retractions, DOCUMENT).items()}
    assert found.keys() == expected.keys()
    for subject, lead in expected.items():
        compare(found[subject], lead)


def compare(found: Lead, lead: oracle.OracleLead) -> None:
    assert (found.level.value, found.stage.value, found.reported) == (lead.level, lead.stage, lead.reported)
    assert tuple(sorted(s.value for s in found.sectors)) == lead.sectors
    assert tuple(found.members) == lead.members
    assert tuple((m.currency, m.minor) for m in found.amount_at_risk) == lead.amount_at_risk
    assert found.score == pytest.approx(lead.score, abs=1e-6)
    if found.subject.role.value == "suspect":
        assert found.log_odds == pytest.approx(lead.log_odds, abs=2e-6)
        assert (found.victims_named, found.victims_corroborated) == (lead.victims_named, lead.victims_corroborated)
    assert (round(found.at.timestamp() * 1000), round(found.expires_at.timestamp() * 1000)) == (
        lead.at,
        lead.expires_at,
    )
    assert {(e.member, e.event_id.bytes, e.relation.value) for e in found.evidence} == {
        (member, event, relation) for member, event, relation, _ in lead.evidence
    }
