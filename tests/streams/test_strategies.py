"""The strategies reach what they are for, and the oracle sees no more than what stands."""

from __future__ import annotations

import pytest
from hypothesis import Phase, find, given, settings

from schemas.leads import Relation
from streams.core.alert import Class
from tests.oracle import OracleLead, leads
from tests.strategies import RULES, World, capped_worlds, worlds

GENERATE = settings(max_examples=2_000, derandomize=True, database=None, phases=[Phase.generate])
NO_CAPS = dict.fromkeys(RULES["caps"], 1_000)


@given(worlds(conflicts=True))
def test_what_does_not_stand_might_as_well_never_have_come(world: World) -> None:
    ids = [(a.member, a.event) for a in dict.fromkeys(world.alerts)]
    stand = [
        a
        for a in world.alerts
        if ids.count((a.member, a.event)) == 1
        and not any(
            (r.member, r.event) == (a.member, a.event) and (r.by_police or a.cls != Class.REPORT)
            for r in world.retractions
        )
    ]
    assert leads(world.alerts[::-1], world.retractions, world.rules) == leads(stand, [], world.rules)


@pytest.mark.parametrize("relation", Relation)
def test_small_worlds_hold_every_relation(relation: Relation) -> None:
    find(worlds(), lambda world: holds(world, relation), settings=GENERATE)


def holds(world: World, relation: Relation) -> bool:
    found = leads(world.alerts, world.retractions, world.rules)
    return any(relation.value == said for lead in found.values() for _, _, said, _ in lead.evidence)


@pytest.mark.parametrize("role", ["suspect", "victim"])
def test_small_worlds_hold_checks_that_change_leads_of_both_roles(role: str) -> None:
    find(worlds(), lambda w: of_role(w, role, checks=True) != of_role(w, role, checks=False), settings=GENERATE)


def of_role(world: World, role: str, *, checks: bool) -> dict[str, OracleLead]:
    alerts = [alert for alert in world.alerts if checks or alert.cls != Class.CHECK]
    return {key: lead for (kind, key), lead in leads(alerts, (), world.rules).items() if kind == role}


@pytest.mark.parametrize("caps", [["hub_suspects"], ["sightings"], ["evidence_per_member"], ["checks"]])
def test_capped_worlds_cross_each_cap(caps: list[str]) -> None:
    find(
        capped_worlds(caps),
        lambda w: leads(w.alerts, (), w.rules) != leads(w.alerts, (), w.rules | {"caps": NO_CAPS}),
        settings=GENERATE,
    )
