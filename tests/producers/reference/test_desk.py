"""The police's duty desk: a call comes to one of four outcomes, the same for the same victim in every run."""

from __future__ import annotations

from collections import Counter

import msgspec
import pytest

from producers.reference.authority import Proof
from producers.reference.desk import Desk
from schemas.answers import Answer, AnswerStatus, Dissuasion
from schemas.identifiers import Identifier, IdentifierKind
from schemas.requests import Action
from tests.producers.reference.support import NOW, TOKENS, request

VICTIMS = [
    Identifier(kind=IdentifierKind.NUMBER, tokens=TOKENS.tokens("number", f"139000{n:05}"), holders=[])
    for n in range(200)
]


def asked(desk: Desk, victim: Identifier, action: Action = Action.CALL) -> Answer:
    """The desk's answer, once its books have it."""
    decision = desk.decide(request(len(desk.calls), action, target=victim, match=None), Proof(), NOW)
    for entry in decision.entries:
        desk.apply(desk.decode(msgspec.json.encode(entry)))
    return decision.answer


def outcomes(desk: Desk) -> list[Dissuasion | None]:
    answers = [asked(desk, victim) for victim in VICTIMS]
    assert {one.status for one in answers} == {AnswerStatus.EXECUTED}
    return [one.dissuasion for one in answers]


def test_every_outcome_comes_up_and_most_victims_are_reached() -> None:
    first = outcomes(Desk("police-ty"))
    counted = Counter(first)
    assert set(counted) == set(Dissuasion)
    assert counted.most_common(1)[0][0] is Dissuasion.REACHED
    assert outcomes(Desk("police-ty")) == first


def test_a_second_call_reaches_some_of_whom_the_first_did_not_and_changes_nothing_else() -> None:
    desk = Desk("police-ty")
    first, second = outcomes(desk), outcomes(desk)
    moved = Counter((before, after) for before, after in zip(first, second, strict=True) if before is not after)
    assert set(moved) == {(Dissuasion.UNREACHABLE, Dissuasion.REACHED)}
    assert Dissuasion.UNREACHABLE in second


@pytest.mark.parametrize("action", [Action.QUERY, Action.WATCH, Action.VERIFY, Action.WARN])
def test_what_is_no_call_has_no_outcome(action: Action) -> None:
    desk = Desk("police-ty")
    assert {asked(desk, victim, action).dissuasion for victim in VICTIMS} == {None}
    assert outcomes(desk) == outcomes(Desk("police-ty"))


def test_a_desk_stops_nothing() -> None:
    assert asked(Desk("police-ty"), VICTIMS[0], Action.STOP).status is AnswerStatus.REFUSED
