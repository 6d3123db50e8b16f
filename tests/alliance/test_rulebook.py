"""The rulebook: what it lets whom do, against a reading of its tables by hand; and what is none, with the reason."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alliance.errors import SetupError
from alliance.rulebook import asked_as, changes, objection, parse, prepare, read, standard, written
from alliance.rulebook.checks import FLOOR
from alliance.rulebook.permits import RECEIVED, SENT
from schemas.registry import Alliance, Sector
from schemas.requests import Action, AuthorityClass
from schemas.rulebook import Matrices, Matrix, Rulebook
from tests.attacks.verdict import ALL_BUT_PUBLIC, SENDERS

ALWAYS = {"release", "reduce", "return"}
PLACES = list(product(Sector, Alliance))
PARTIES = [*(sector.value for sector in Sector), *(f"{sector}@{alliance}" for sector, alliance in PLACES)]
MATRICES = ("publicity", "crackdown", "governance")


def matrices(kinds: st.SearchStrategy[list[str]]) -> st.SearchStrategy[Matrices]:
    alliances = st.lists(st.sampled_from(list(Alliance)), min_size=1, unique=True)
    one = st.builds(Matrix, purpose=st.just("x"), kinds=kinds, alliances=alliances)
    return st.builds(Matrices, publicity=one, crackdown=one, governance=one)


def tables(known: frozenset[str]) -> st.SearchStrategy[dict[str, list[str]]]:
    return st.fixed_dictionaries({kind: st.lists(st.sampled_from(PARTIES), max_size=4) for kind in sorted(known)})


BOOKS = st.builds(
    Rulebook,
    send=tables(SENT),
    receive=tables(RECEIVED),
    matrices=matrices(st.lists(st.sampled_from(sorted(SENT | RECEIVED)), min_size=1)),
)


def by_hand(book: Rulebook, table: dict[str, list[str]], sector: str, alliance: str) -> set[str]:
    """Row by row, as a person would read it."""
    found = set()
    for kind, parties in table.items():
        for party in parties:
            who, _, where = party.partition("@")
            for name in MATRICES:
                matrix = getattr(book.matrices, name)
                if who == sector and where in ("", alliance) and kind in matrix.kinds and alliance in matrix.alliances:
                    found.add(kind)
    return found


@settings(max_examples=25)
@given(BOOKS)
def test_what_is_prepared_is_what_the_tables_say(book: Rulebook) -> None:
    permits = prepare(book)
    for sector, alliance in PLACES:
        assert permits.sends[sector, alliance] == by_hand(book, book.send, sector, alliance)
        assert permits.receives[sector, alliance] == by_hand(book, book.receive, sector, alliance) | ALWAYS


@st.composite
def near(draw: st.DrawFn) -> Rulebook:
    """What ships, with a few parties, kinds or alliances taken out or added: about as often right as wrong."""
    raw = standard().model_dump(mode="json")
    lists = [*raw["send"].values(), *raw["receive"].values()]
    lists += [matrix[field] for matrix in raw["matrices"].values() for field in ("kinds", "alliances")]
    for _ in range(draw(st.integers(0, 3))):
        chosen = draw(st.sampled_from(lists))
        if len(chosen) > 1 and draw(st.booleans()):
            chosen.remove(draw(st.sampled_from(chosen)))
        elif chosen in lists[: len(SENT | RECEIVED)]:
            chosen.append(draw(st.sampled_from(PARTIES)))
    return Rulebook.model_validate_json(orjson.dumps(raw))


@given(near())
def test_who_must_be_able_to_is_barred_by_no_rulebook_to_which_there_is_no_objection(book: Rulebook) -> None:
    permits = prepare(book)
    barred = any(
        kind not in permits.sends[sector, alliance]
        for kind, sectors in FLOOR.items()
        for sector, alliance in product(sectors, Alliance)
    )
    unanswered = any(
        permits.receives[place] - ALWAYS - {"advisory", "outcome"} and "answer" not in permits.sends[place]
        for place in PLACES
    )
    if barred or unanswered:
        assert objection(book) is not None


def test_the_floor_is_that_what_began_can_end() -> None:
    assert {kind: set(sectors) for kind, sectors in FLOOR.items()} == {
        "withdrawal": set(ALL_BUT_PUBLIC),
        "answer": set(ALL_BUT_PUBLIC),
        "dispute": set(ALL_BUT_PUBLIC) - {"police"},
        "appeal": {"bank", "payment", "securities", "insurance", "police"},
        "victim-report": {"police"},
    }


def test_what_ships_is_what_held_before_there_was_a_rulebook() -> None:
    permits = prepare(standard())
    for sector, alliance in PLACES:
        assert permits.sends[sector, alliance] == {kind for kind, (_, who) in SENDERS.items() if sector in who}
        asked = {action.value for action in Action} - {"call"} if sector in ALL_BUT_PUBLIC else ALWAYS
        call = {"call"} if sector is Sector.POLICE else set()
        told = {"advisory", "outcome"} if sector in ALL_BUT_PUBLIC else {"advisory"}
        assert permits.receives[sector, alliance] == asked | call | told


def test_every_action_is_ruled_or_reaches_everybody() -> None:
    assert {action.value for action in Action} | {"advisory", "outcome"} == RECEIVED | ALWAYS
    assert not RECEIVED & ALWAYS
    assert asked_as(Action.WATCH, AuthorityClass.ADVISORY) == "advisory"
    assert asked_as(Action.WATCH, AuthorityClass.MEMBER_REQUEST) == "watch"


def test_what_is_shown_can_be_edited_and_given_back(tmp_path: Path) -> None:
    odd = standard().model_copy(deep=True)
    purpose = {"purpose": 'a "quoted" \\ word,\n\tand a second line'}
    publicity = odd.matrices.publicity.model_copy(update=purpose)
    odd = odd.model_copy(update={"matrices": odd.matrices.model_copy(update={"publicity": publicity})})
    for book in (standard(), odd):
        file = tmp_path / "rules.toml"
        file.write_text(written(book), encoding="utf-8")
        assert read(file) == book


def edited(old: str, new: str) -> str:
    text = written(standard())
    assert text.count(old) >= 1, old
    return text.replace(old, new)


BANKS = 'suspicious-number = ["carrier"]'


@pytest.mark.parametrize(("text", "said"), [
    ("nonsense", "is no TOML of a rulebook"),
    ("at = 1979-05-27", "is wrong at send: Field required"),
    (edited(BANKS, 'suspicious-nuber = ["carrier"]'), "wrong at send.suspicious-nuber: is no kind here; there are"),
    (edited(BANKS, ""), "wrong at send.suspicious-number: it is not said who may"),
    (edited(BANKS, 'suspicious-number = ["bakery"]'), "wrong at send.suspicious-number.0: String should match"),
    (edited(BANKS, 'suspicious-number = ["carrier@police-moon"]'), "wrong at send.suspicious-number.0"),
    (edited(BANKS, 'suspicious-number = ["carrier", "carrier"]'), "carrier is named twice"),
    (edited(BANKS, 'suspicious-number = ["carrier", "carrier@police-bank"]'), "carrier@police-bank is named twice"),
    (edited(BANKS, BANKS + "\nno-such = []"), "wrong at send.no-such: is no kind here"),
    (edited('call = ["police"]', 'call = ["police"]\nrelease = []'), "wrong at receive.release: lets somebody go"),
    (edited('call = ["police"]', 'call = ["police", "public"]'), "public@government-affairs may be asked, and"),
    (edited('kinds = ["warn", "call",', 'kinds = ["reduce", "warn", "call",'), "publicity.kinds: 'reduce' lets"),
    (edited('kinds = ["warn", "call",', 'kinds = ["warn", "warn", "call",'), "publicity.kinds: one is named twice"),
    (edited('kinds = ["warn", "call",', 'kinds = ["call",'), "receive.warn: no matrix has it"),
    (edited("[matrices.publicity]", "[matrices.publicty]"), "wrong at matrices.publicity: Field required"),
    (edited('victim-report = ["police", ', "victim-report = ["), "victim-report: police@government-affairs must"),
    (edited('"ride", "police"]', '"ride"]'), "police@government-affairs must be able to, or what it began"),
    (edited('appeal = ["bank", ', "appeal = ["), "wrong at send.appeal: bank@government-affairs must be able to"),
])  # fmt: skip
def test_what_is_no_rulebook_is_refused_with_its_place(text: str, said: str) -> None:
    with pytest.raises(SetupError) as refused:
        parse("rules.toml", text)
    assert str(refused.value).startswith("rules.toml is ")
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_party_of_an_alliance_outside_all_its_matrices_is_a_contradiction() -> None:
    book = changed(lambda raw: raw["send"].update({"suspicious-number": ["carrier@police-media"]}))
    assert objection(book) is None
    book = changed(lambda raw: raw["matrices"]["crackdown"]["alliances"].remove("police-media"), book)
    assert objection(book) == (
        "send.suspicious-number",
        "carrier@police-media is named, and police-media takes part in no matrix that has it",
    )


def test_an_alliance_that_leaves_the_crackdown_sends_no_alert_and_can_still_answer() -> None:
    book = changed(lambda raw: raw["matrices"]["crackdown"]["alliances"].remove("police-media"))
    book = changed(lambda raw: raw["matrices"]["governance"]["kinds"].append("victim-report"), book)
    assert objection(book) is None
    permits = prepare(book)
    assert "suspicious-account" not in permits.sends[Sector.BANK, Alliance.POLICE_MEDIA]
    assert {"answer", "withdrawal", "appeal"} <= permits.sends[Sector.BANK, Alliance.POLICE_MEDIA]
    assert "suspicious-account" in permits.sends[Sector.BANK, Alliance.POLICE_BANK]
    assert "stop" not in permits.receives[Sector.BANK, Alliance.POLICE_MEDIA]
    assert "takedown" in permits.receives[Sector.BANK, Alliance.POLICE_MEDIA]


def test_a_change_is_told_by_its_effect() -> None:
    narrower = changed(lambda raw: raw["send"].update({"suspicious-number": ["carrier@police-telecom"]}))
    assert changes(standard(), standard()) == []
    [less] = changes(standard(), narrower)
    assert less.startswith("carrier of government-affairs, comprehensive, ")
    assert less.endswith("may no longer send suspicious-number")
    wider = changed(lambda raw: raw["receive"].update({"outcome": [*raw["receive"]["outcome"], "public"]}))
    assert changes(standard(), wider) == ["public may now be sent outcome"]


def changed(edit: Any, book: Rulebook | None = None) -> Rulebook:
    raw = (book or standard()).model_dump(mode="json")
    edit(raw)
    return Rulebook.model_validate_json(orjson.dumps(raw))
