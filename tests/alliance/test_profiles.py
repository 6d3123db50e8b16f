"""Profiles of places: each value rests on something, none contradicts another, and the page says what they say."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from copy import deepcopy
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alliance import profiles
from alliance.errors import SetupError
from alliance.profiles.checks import contradictions
from alliance.profiles.model import Profile
from alliance.profiles.page import PAGE, duration, with_table
from schemas.requests import Action, AuthorityClass

README = Path(__file__).parents[2] / "README.md"
RAW = {name: tomllib.loads((files("alliance.profiles") / f"{name}.toml").read_text("utf-8")) for name in ("cn", "th")}
NOTED = {"verified": False, "note": "a test's"}
NOTHING = object()


def values(part: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every table that has a value, with its path."""
    for name, below in part.items():
        if isinstance(below, dict):
            here = f"{path}.{name}" if path else name
            if "value" in below:
                yield here, below
            else:
                yield from values(below, here)


PLACES = [(name, path) for name, raw in RAW.items() for path, _ in values(raw)]
INTEGERS = [(n, path) for n, path in PLACES if isinstance(dict(values(RAW[n]))[path]["value"], int | dict)]
"""Of these, a boolean is refused as well, as it is no number."""


def changed(name: str, *changes: tuple[str, Any]) -> dict[str, Any]:
    """The profile with other values at these paths, sections put in, or what is there left out."""
    raw = deepcopy(RAW[name])
    for path, value in changes:
        *above, last = path.split(".")
        part = raw
        for step in above:
            part = part.setdefault(step, {})
        if value is NOTHING:
            del part[last]
        elif isinstance(value, dict) or last in ("name", "currency"):
            part[last] = value
        else:
            part[last] = {"value": value, **NOTED}
    return raw


def said(value: Any) -> dict[str, Any]:
    return {"value": value, **NOTED}


def test_there_are_two_and_each_stands() -> None:
    assert profiles.names() == ["cn", "th"]
    for name, currency in (("cn", "CNY"), ("th", "THB")):
        profile = profiles.load(name)
        assert (profile.name, profile.currency) == (name, currency)


def test_what_the_law_says_of_stops() -> None:
    cn, th = profiles.load("cn"), profiles.load("th")
    assert (cn.stop.duration_s.value, cn.stop.most.value) == (48 * 3600, 2)
    assert (th.stop.duration_s.value, th.stop.most.value) == (7 * 86_400, 1)
    assert (cn.amount_only.value, cn.reduce_at_freeze.value, th.amount_only.value) == (False, True, True)
    assert (cn.own_hold, th.own_hold and th.own_hold.duration_s.value) == (None, 3 * 86_400)
    assert (th.release.due_s.value, th.release.latest_s.value) == (4 * 3600, 86_400)


def test_a_freeze_takes_a_head_of_the_county_level_and_two_persons() -> None:
    cn, th = profiles.load("cn"), profiles.load("th")
    rule = cn.authority[Action.FREEZE]
    assert rule.by.value == [AuthorityClass.POLICE_ORDER]
    assert rule.ranks and rule.ranks.value == ["county-head"]
    assert rule.officers and rule.officers.value == 2
    assert (th.freeze, th.authority.get(Action.FREEZE), th.returns) == (None, None, None)


def test_what_no_legal_text_was_read_for_is_not_called_verified() -> None:
    assert [path for path, value in values(RAW["th"]) if value.get("verified", True)] == []
    verified = {path for path, value in values(RAW["cn"]) if value.get("verified", True)}
    assert {"stop.duration_s", "stop.most", "returns.notice_s"} <= verified
    assert not verified & {"freeze.duration_s", "freeze.renewals", "authority.freeze.officers", "desk.calls_a_day"}
    # The law gives stops to police, and knows of no standing order.
    assert not {path for path, value in values(RAW["cn"]) if path in verified and "mandate" in str(value["value"])}


def test_an_answer_is_due_as_its_action_says_or_as_the_others() -> None:
    answer = profiles.load("cn").answer
    assert answer.to(Action.STOP).final_s.value == 1_800
    assert answer.to(Action.WATCH) is answer.otherwise


def test_a_name_that_nobody_wrote_a_profile_for() -> None:
    for name in ("xx", "../profiles/cn", ""):
        with pytest.raises(SetupError, match=r"^There is no profile '.*'; set AFA_PROFILE to one of: cn, th\.$"):
            profiles.load(name)


@given(st.sampled_from(PLACES))
def test_a_value_that_rests_on_nothing_is_refused_by_its_place(place: tuple[str, str]) -> None:
    name, path = place
    value = dict(values(RAW[name]))[path]["value"]
    for nothing, why in (
        ({"value": value, "note": "n"}, "cite a source"),
        ({"value": value, "verified": False, "source": "s"}, "needs a note"),
    ):
        with pytest.raises(SetupError, match=rf"wrong at {re.escape(path)}: .*{why}"):
            profiles.checked(name, changed(name, (path, nothing)))


@given(st.sampled_from(INTEGERS), st.integers(max_value=-1))
def test_no_value_is_negative(place: tuple[str, str], negative: int) -> None:
    name, path = place
    with pytest.raises(SetupError, match=rf"wrong at {re.escape(path)}"):
        profiles.checked(name, changed(name, (path, negative)))


@given(st.sampled_from([place for place in INTEGERS if place[1] != "freeze.renewals"]))
def test_none_but_the_renewals_is_zero(place: tuple[str, str]) -> None:
    name, path = place
    with pytest.raises(SetupError, match=rf"wrong at {re.escape(path)}"):
        profiles.checked(name, changed(name, (path, 0)))


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (("stop.duraton_s", 5), "stop.duraton_s"),
        (("name", "th"), "name"),
        (("currency", "yuan"), "currency"),
        (("stop", NOTHING), "stop"),
        (("stop.duration_s", 3_600.0), "stop.duration_s"),
        (("stop.most", 6), "stop.most"),
        (("authority.freeze.officers", 5), "authority.freeze.officers"),
        (("authority.stop.by", []), "authority.stop.by"),
        (("authority.stop.by", ["court"]), "authority.stop.by"),
        (("authority.arrest.by", ["police-order"]), "authority.arrest"),
        (("authority.freeze.ranks", ["a head"]), "authority.freeze.ranks"),
        (("taint.rule", "lowest-balance"), "taint.rule"),
    ],
)
def test_what_a_profile_can_not_say(change: tuple[str, Any], place: str) -> None:
    with pytest.raises(SetupError, match=rf"^The profile cn is wrong at {re.escape(place)}\b.*: [^\n]+\.$"):
        profiles.checked("cn", changed("cn", change))


def test_a_file_that_is_no_toml_is_named() -> None:
    with pytest.raises(SetupError, match=r"^The profile cn is no TOML: "):
        profiles.parse("cn", "name = cn")


POLICE = {"by": said(["police-order"]), "officers": said(1)}
VOID = ("authorised", "member_request")
QUIET = [("release.member_measure", "proposed"), ("release.mandate", "as-the-mandate-says"),
         ("release.order", "proposed"), ("release.at_end", "stays-until-expiry")]  # fmt: skip
"""Where the hub's word lets go of nothing."""
SOONER = {
    "answer.otherwise.final_s": "its answer is due",
    "release.decision_s": "its release is decided",
    "appeal.review_s": "an appeal against it is decided",
    "dispute.review_s": "a dispute of it is decided",
}
"""What must come before a suspension is over, a day each under `cn`."""

CONTRADICTIONS = [
    ("th", [("reduce_at_freeze", True), ("freeze", RAW["cn"]["freeze"]), ("authority.freeze", POLICE),
            ("authority.renew", POLICE)], "reduce_at_freeze", "never more than the amount"),
    ("th", [("reduce_at_freeze", True), ("amount_only", False)], "reduce_at_freeze", "no freeze"),
    ("cn", [("stop.approximate_tolerance_s", 3_599)], "stop.approximate_tolerance_s", "more closely"),
    ("th", [("stop.most", 2), ("authority.extend", POLICE)], "stop.most", "there is none"),
    ("cn", [("freeze.duration_s", 172_800), ("returns.notice_s", 86_400), ("returns.objection_s", 86_400)],
     "freeze.duration_s", "outlast the stop"),
    ("th", [("delay.duration_s", 259_201)], "delay.duration_s", "own_hold"),
    *(("cn", [("suspend.duration_s", 80_000), *((path, 70_000) for path in SOONER if path != late)],
       "suspend.duration_s", f"the suspension is over before {what}") for late, what in SOONER.items()),
    ("cn", [("authority.query", NOTHING)], "authority.query", "does not say who"),
    ("cn", [("freeze", NOTHING), ("reduce_at_freeze", False), ("stop.most", 1), ("authority.extend", NOTHING),
            ("answer.of.extend", NOTHING), ("authority.renew", NOTHING), ("returns", NOTHING),
            ("authority.return", NOTHING)], "authority.freeze", r"\[freeze\] leaves no room"),
    ("cn", [("freeze.renewals", 0)], "authority.renew", "freeze.renewals leaves no room"),
    ("th", [("authority.renew", POLICE)], "authority.renew", "freeze.renewals leaves no room"),
    ("th", [("authority.extend", POLICE)], "authority.extend", "stop.most leaves no room"),
    ("th", [("authority.return", POLICE)], "authority.return", r"\[returns\] leaves no room"),
    ("cn", [("authority.renew", NOTHING)], "authority.renew", "nobody may authorise what"),
    ("cn", [("authority.stop.by", ["mandate", "police-order", "mandate"])], "authority.stop.by", "twice"),
    *(("cn", [(f"authority.{act}.by", ["police-order", kind])], f"authority.{act}.by", "law forbids")
      for act in ("stop", "extend", "freeze", "renew", "return", "suspend", "reduce")
      for kind in ("member-request", "advisory")),
    ("cn", [("authority.stop.officers", NOTHING)], "authority.stop.officers", "how many officers"),
    ("cn", [("authority.query.officers", 1)], "authority.query.officers", "no officer's order"),
    ("cn", [("authority.query.ranks", ["county-head"])], "authority.query.ranks", "no officer's order"),
    ("cn", [("authority.query.second_from", said({"minor": 1, "currency": "CNY"}))], "authority.query.second_from",
     "no officer's order"),
    ("cn", [("authority.freeze.ranks", ["county-head", "county-head"])], "authority.freeze.ranks", "twice"),
    ("cn", [("authority.stop.officers", 2)], "authority.stop.second_from", "in any case"),
    ("cn", [("authority.stop.second_from", said({"minor": 1, "currency": "THB"}))], "authority.stop.second_from",
     "currency CNY"),
    ("cn", [("authority.stop.second_from", said({"minor": 0, "currency": "CNY"}))], "authority.stop.second_from",
     "officers = 2"),
    ("cn", [("answer.otherwise.acknowledge_s", 86_401)], "answer.otherwise.acknowledge_s", "acknowledged before"),
    ("cn", [("answer.of.stop.acknowledge_s", 1_801)], "answer.of.stop.acknowledge_s", "acknowledged before"),
    ("th", [("answer.of.freeze", RAW["cn"]["answer"]["of"]["freeze"])], "answer.of.freeze", "nobody answers it"),
    ("cn", [("answer.of.delay.final_s", 86_401)], "answer.of.delay.final_s", "void_after.member_request_s"),
    ("cn", [("answer.of.freeze.final_s", 86_401)], "answer.of.freeze.final_s", "void_after.authorised_s ends a police"),
    ("cn", [("authority.call.by", ["mandate"]), ("answer.of.call.final_s", 86_401)], "answer.of.call.final_s",
     "void_after.authorised_s ends a mandate"),
    ("cn", [("authority.call.by", ["advisory"]), ("answer.of.call.final_s", 604_801)], "answer.of.call.final_s",
     "void_after.advisory_s"),
    ("th", [("void_after.authorised_s", 700_000), ("answer.of.stop.final_s", 604_800)], "answer.of.stop.final_s",
     "the stop is over"),
    ("cn", [("release.member_measure", "as-the-mandate-says")], "release.member_measure", "no mandate behind it"),
    ("cn", [("release.order", "as-the-mandate-says")], "release.order", "no mandate behind it"),
    ("cn", [("release.decision_s", 172_800)], "release.decision_s", "the stop is over"),
    ("cn", [("release.due_s", 86_401)], "release.due_s", "latest_s"),
    ("cn", [("answer.of.release.final_s", 3_601)], "answer.of.release.final_s", "release.due_s"),
    ("cn", [("answer.of.release", NOTHING)], "answer.otherwise.final_s", "release.due_s"),
    ("cn", [("release.due_s", 60), ("answer.of.release.acknowledge_s", 61), ("answer.of.release.final_s", 60)],
     "answer.of.release.acknowledge_s", "acknowledged before"),
    ("cn", [("release.latest_s", 172_800), *((f"void_after.{one}_s", 604_800) for one in VOID)], "release.latest_s",
     "the stop is over before its release"),
    ("cn", [("release.latest_s", 86_401), ("void_after.authorised_s", 604_800)], "release.latest_s",
     "void_after.member_request_s ends"),
    ("cn", [("release.latest_s", 86_401), ("void_after.member_request_s", 604_800)], "release.latest_s",
     "void_after.authorised_s ends"),
    ("cn", [("authority.release.by", ["police-order", "mandate"])], "release.member_measure", "a member-request lets"),
    ("cn", [("authority.release.by", ["police-order", "member-request"])], "release.mandate", "a mandate lets go"),
    *((place, [("authority.release.by", ["police-order", "mandate"]), *QUIET, (f"release.{way}", how)],
       f"release.{way}", "a member-request lets go")
      for place in ("cn", "th") for way, how in (("mandate", "at-once"), ("order", "at-once"), ("at_end", "released"))),
    *(("cn", [(f"authority.{act}.by", ["mandate"]),
              *((f"authority.{act}.{more}", NOTHING) for more in RAW["cn"]["authority"][act] if more != "by")],
       f"authority.{act}.by", "by an officer's hand")
      for act in ("extend", "freeze", "renew", "return", "suspend", "reduce")),
    ("cn", [("authority.release.by", ["mandate", "member-request"]), ("authority.release.officers", NOTHING)],
     "authority.release.by", "by an officer's hand"),
    ("cn", [("answer.referred_s", 86_401)], "answer.referred_s", "void_after.authorised_s ends"),
    ("cn", [("appeal.review_s", 172_800)], "appeal.review_s", "the stop is over"),
    ("cn", [("dispute.review_s", 172_800)], "dispute.review_s", "the stop is over"),
    ("cn", [("returns.objection_s", 2_592_001)], "returns.objection_s", "while the notice runs"),
    ("cn", [("returns.notice_s", 4 * 15_552_000)], "returns.notice_s", "longest hold"),
    ("cn", [("desk.scam_s", 5_399)], "desk.scam_s", "can be made"),
    ("th", [("desk.most", 5), ("desk.again_s", 120_961)], "desk.scam_s", "can be made"),
    ("cn", [("retention.suspicion_s", 15_551_999)], "retention.suspicion_s", "would come back"),
    ("cn", [("retention.case_s", 15_551_999)], "retention.case_s", "for less time"),
    ("cn", [("appeal.file_s", 157_680_001)], "retention.case_s", "may still be filed"),
    ("th", [("returns", {**RAW["cn"]["returns"], "objection_s": said(1)}), ("authority.return", POLICE)],
     "returns.notice_s", "longest hold"),
]  # fmt: skip
"""Of each check one that breaks it and nothing else."""


@pytest.mark.parametrize(("name", "changes", "place", "why"), CONTRADICTIONS)
def test_a_contradiction_is_refused_by_its_place(
    name: str, changes: list[tuple[str, Any]], place: str, why: str
) -> None:
    raw = changed(name, *changes)
    found = list(contradictions(Profile.model_validate(raw)))
    assert {where for where, _ in found} == {place}
    with pytest.raises(SetupError, match=rf"^The profile {name} is wrong at {re.escape(place)}: .*{why}.*\.$"):
        profiles.checked(name, raw)


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("cn", [("authority.stop.second_from", said({"minor": 10**15, "currency": "CNY"}))]),
        ("cn", [("freeze.renewals", 0), ("authority.renew", NOTHING)]),
        ("cn", [("stop.most", 1), ("authority.extend", NOTHING), ("answer.of.extend", NOTHING)]),
        ("cn", [("stop.approximate_tolerance_s", 3_600), ("release.decision_s", 172_799)]),
        ("cn", [("returns.notice_s", 4 * 15_552_000 - 1)]),
        ("cn", [("answer.of.stop.acknowledge_s", 1_800)]),
        ("cn", [("suspend.duration_s", 86_401)]),
        ("cn", [("release.latest_s", 86_399)]),
        ("th", [("authority.release.by", ["police-order", "mandate"]), *QUIET]),
        ("cn", [("authority.release.by", ["police-order", "member-request"]), ("release.mandate", "proposed")]),
        ("cn", [("authority.release.by", ["police-order", "member-request"]), ("authority.stop.by", ["police-order"])]),
        ("cn", [("release.latest_s", 3_600)]),
        ("cn", [("desk.scam_s", 5_400)]),
        ("cn", [("amount_only", True), ("reduce_at_freeze", False)]),
        ("th", [("release.mandate", "as-the-mandate-says"), ("appeal.review_s", 604_799)]),
    ],
)
def test_what_only_looks_like_a_contradiction_stands(name: str, changes: list[tuple[str, Any]]) -> None:
    profiles.checked(name, changed(name, *changes))


def test_the_page_has_every_value_of_every_profile() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == with_table(page), "run python -m alliance.profiles.page"
    rows = {line.split(" | ")[0].strip("|` "): line for line in page.splitlines() if line.startswith("| `")}
    assert rows.keys() == {"currency", *(path for _, path in PLACES)}
    for column, raw in enumerate(RAW.values(), 2):
        for path, value in values(raw):
            cell = rows[path].strip("| ").split(" | ")[column]
            assert cell.endswith("*") is not value.get("verified", True)
            source = re.search(r"\[(\d+)\]", cell)
            assert (source is not None) is ("source" in value)
            assert source is None or f"\n{source[1]}. {value['source']}\n" in page
    assert "(docs/profiles.md)" in README.read_text(encoding="utf-8")


SIZES = {"d": 86_400, "h": 3_600, "min": 60, "s": 1}


@given(st.sampled_from(list(SIZES.values())), st.integers(1, 10_000))
def test_a_duration_is_shown_without_loss(size: int, times: int) -> None:
    number, unit = duration(size * times).split()
    assert int(number.replace(",", "")) * SIZES[unit] == size * times
