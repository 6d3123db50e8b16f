"""The desk's calls of a day: the gravest go out, the rest is shown with the reason and goes out when there is room."""

from __future__ import annotations

from dataclasses import replace

import pytest
from prometheus_client import REGISTRY

from consumers.casebook.asking.desk import FULL, within
from consumers.casebook.model import Draft
from schemas.identifiers import Identifier, IdentifierKind
from schemas.leads import Lead, Relation, SubjectRole
from schemas.requests import Action
from schemas.risk import Level
from tests.consumers.facts import account, evidence, identifier, lead
from tests.consumers.office import Office
from tests.consumers.test_decide import decided


def victim(name: str) -> Identifier:
    return identifier(IdentifierKind.NUMBER, name, "carrier:one")


def at_risk(name: str, level: Level) -> Lead:
    met = {"relation": Relation.CALL_TRANSFER}
    seen = [evidence("carrier-one", "suspicious-number", **met), evidence("bank-one", **met)]
    return lead(victim(name), level, SubjectRole.VICTIM, evidence=seen)


def drafts() -> list[Draft]:
    """Two calls of High before one of Very High, and what else is asked about them."""
    leads = [at_risk("a", Level.HIGH), at_risk("b", Level.HIGH), at_risk("c", Level.VERY_HIGH)]
    return [draft for one in leads for draft in decided(one)]


@pytest.mark.parametrize(
    ("left", "called"), [(-1, []), (0, []), (1, ["c"]), (2, ["a", "c"]), (3, ["a", "b", "c"]), (9, ["a", "b", "c"])]
)
def test_the_gravest_are_called_and_of_equals_the_first(left: int, called: list[str]) -> None:
    made = within(drafts(), left)
    names = {victim(name).tokens[0]: name for name in "abc"}
    calls = [draft for draft in made if draft.action is Action.CALL]
    assert [names[draft.target.tokens[0]] for draft in calls if draft.to] == called
    assert {draft.unroutable for draft in calls if draft.to is None} <= {FULL}
    assert len(calls) == 3


def test_nothing_but_calls_is_held_back() -> None:
    others = [draft for draft in drafts() if draft.action is not Action.CALL]
    assert [draft for draft in within(drafts(), 0) if draft.action is not Action.CALL] == others
    assert within(decided(lead(account("m"))), 0) == decided(lead(account("m")))


def test_a_call_that_nobody_can_be_asked_to_make_takes_no_room() -> None:
    gravest = next(draft for draft in drafts() if draft.action is Action.CALL and draft.level is Level.VERY_HIGH)
    rest = [draft for draft in drafts() if draft.request_id != gravest.request_id]
    made = within([replace(gravest, to=None, unroutable="no police"), *rest], 2)
    assert [draft.unroutable for draft in made if draft.action is Action.CALL] == ["no police", None, None]


@pytest.mark.services
def test_a_call_beyond_the_days_is_shown_with_the_reason_and_made_when_there_is_room(office: Office) -> None:
    before = beyond()
    office.desk_can_call(2)
    office.suspect(at_risk("a", Level.HIGH))
    office.pass_time(hours=12)
    office.suspect(at_risk("b", Level.HIGH), at_risk("c", Level.VERY_HIGH))
    assert called(office) == {victim("a").tokens[0], victim("c").tokens[0]}
    assert [one.unroutable for one in office.requests() if one.to is None] == [FULL]
    assert beyond() == before + 1
    office.registry_changed()
    assert called(office) == set()
    assert beyond() == before + 1
    office.pass_time(hours=12)
    office.suspect(at_risk("b", Level.VERY_HIGH))
    assert called(office) == {victim("b").tokens[0]}


@pytest.mark.services
def test_as_soon_as_there_is_room_the_gravest_that_waits_is_called(office: Office) -> None:
    office.desk_can_call(2)
    office.suspect(at_risk("a", Level.HIGH))
    office.pass_time(hours=6)
    office.suspect(at_risk("b", Level.HIGH))
    office.pass_time(hours=1)
    for name, level in (("c", Level.HIGH), ("d", Level.VERY_HIGH)):
        office.suspect(at_risk(name, level))
    assert called(office) == {victim(name).tokens[0] for name in "ab"}
    office.pass_time(hours=17, seconds=-1)
    assert called(office) == set()
    office.pass_time(seconds=1)
    assert called(office) == {victim("d").tokens[0]}
    office.pass_time(hours=6, seconds=-1)
    assert called(office) == set()
    office.pass_time(seconds=1)
    assert called(office) == {victim("c").tokens[0]}


@pytest.mark.services
def test_a_call_that_waited_counts_from_when_it_went_out(office: Office) -> None:
    office.desk_can_call(1)
    office.suspect(at_risk("a", Level.HIGH))
    assert called(office) == {victim("a").tokens[0]}
    office.pass_time(hours=20)
    office.suspect(at_risk("b", Level.HIGH))
    office.pass_time(hours=4)
    assert called(office) == {victim("b").tokens[0]}
    office.pass_time(hours=21)
    office.suspect(at_risk("c", Level.HIGH))
    assert called(office) == set()


@pytest.mark.services
def test_what_overflows_as_the_day_begins_is_called_a_day_later(office: Office) -> None:
    """Just then its own time would be over too."""
    office.desk_can_call(1)
    office.suspect(at_risk("a", Level.VERY_HIGH), at_risk("b", Level.HIGH))
    assert len(called(office)) == 1
    office.pass_time(hours=24)
    assert len(called(office)) == 1


def test_who_is_at_risk_no_more_is_not_called_as_there_is_room(office: Office) -> None:
    office.desk_can_call(1)
    office.suspect(at_risk("a", Level.HIGH))
    assert called(office) == {victim("a").tokens[0]}
    office.pass_time(hours=12)
    office.suspect(at_risk("b", Level.HIGH))
    office.suspect(at_risk("b", Level.NONE))
    office.pass_time(hours=12)
    assert called(office) == set()


@pytest.mark.services
def test_a_call_that_nobody_made_in_time_does_not_use_up_the_victims_one(office: Office) -> None:
    office.desk_can_call(0)
    office.suspect(at_risk("a", Level.HIGH))
    office.pass_time(days=2)
    office.desk_can_call(1)
    office.suspect(at_risk("a", Level.HIGH))
    assert called(office) == {victim("a").tokens[0]}
    office.suspect(at_risk("a", Level.VERY_HIGH))
    assert called(office) == set()


def beyond() -> float:
    return REGISTRY.get_sample_value("afa_casebook_calls_beyond_total", {"level": Level.HIGH.value}) or 0.0


def called(office: Office) -> set[str]:
    return {letter.target.tokens[0] for letter in office.deliver() if letter.action is Action.CALL}
