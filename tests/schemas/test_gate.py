"""The gate lets the contract grow and refuses what would break a member: a sender of yesterday, or a reader."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from schemas import gate
from schemas.compat import refused
from schemas.envelope import VERSION
from schemas.generate import (
    CONTRACTS,
    GENERATED,
    REASONS_PAGE,
    Traffic,
    json_schema,
    main,
    reasons_table,
    rendered,
    stale,
    with_reasons,
    write,
)
from schemas.reasons import REMEDY, Reason

Schema = dict[str, Any]
EVENT = json_schema(next(contract for contract in CONTRACTS if contract.name == "event"))


def changed(change: Callable[[Schema], object]) -> Schema:
    schema = copy.deepcopy(EVENT)
    change(schema)
    assert schema != EVENT
    return schema


def number(schema: Schema) -> Schema:
    found: Schema = schema["$defs"]["SuspiciousNumber"]
    return found


def identifier(schema: Schema) -> Schema:
    found: Schema = schema["$defs"]["Identifier"]
    return found


def money(schema: Schema) -> Schema:
    found: Schema = schema["$defs"]["Money"]["properties"]
    return found


def add_kind(schema: Schema) -> None:
    fresh = copy.deepcopy(schema["$defs"]["Alias"])
    fresh["properties"]["kind"]["const"] = "note"
    schema["$defs"]["Note"] = fresh
    schema["properties"]["data"]["oneOf"].append({"$ref": "#/$defs/Note"})


def require(holder: Schema, name: str) -> None:
    holder["required"] = [*holder["required"], name]


def add_required(schema: Schema) -> None:
    number(schema)["properties"].update(note=TEXT)
    require(number(schema), "note")


TEXT = {"type": "string"}
# The change, and whether it is one that senders of yesterday, and readers of yesterday, do not survive.
CHANGES: list[tuple[str, Callable[[Schema], object], bool, bool]] = [
    ("an optional field more", lambda s: number(s)["properties"].update(note=TEXT), False, True),
    ("a required field more", add_required, True, True),
    ("a field less", lambda s: number(s)["properties"].pop("goip"), True, False),
    ("an optional field made required", lambda s: require(identifier(s), "as_of"), True, False),
    ("a required field made optional", lambda s: number(s)["required"].remove("risk"), False, True),
    ("a value more", lambda s: s["$defs"]["HandleSignal"]["enum"].append("rumour"), False, True),
    ("a value less", lambda s: s["$defs"]["HandleSignal"]["enum"].remove("ride"), True, False),
    ("a kind more", add_kind, False, True),
    ("a kind less", lambda s: s["properties"]["data"]["oneOf"].pop(), True, False),
    ("a lower bound", lambda s: s["properties"]["seals"].update(maxItems=4), True, False),
    ("a higher bound", lambda s: s["properties"]["seals"].update(maxItems=16), False, True),
    ("no bound", lambda s: s["properties"]["seals"].pop("maxItems"), False, True),
    ("another pattern", lambda s: s["properties"]["source"].update(pattern="^/m/[a-z]+$"), True, True),
    ("no format", lambda s: s["properties"]["time"].pop("format"), False, True),
    ("any number for a whole one", lambda s: money(s)["minor"].update(type="number"), False, True),
    ("text for a number", lambda s: money(s).update(minor=TEXT), True, True),
    ("null allowed", lambda s: money(s).update(minor={"anyOf": [money(s)["minor"], {"type": "null"}]}), False, True),
    ("other fields allowed", lambda s: s.update(additionalProperties=True), False, True),
    ("a keyword that the gate does not know", lambda s: s["properties"]["seals"].update(uniqueItems=True), True, False),
    ("other words", lambda s: s.update(description="An event.", title="E"), False, False),
]  # fmt: skip


@pytest.mark.parametrize(("change", "senders", "readers"), [c[1:] for c in CHANGES], ids=[c[0] for c in CHANGES])
def test_what_breaks_whom(change: Callable[[Schema], object], senders: bool, readers: bool) -> None:
    now = changed(change)
    assert bool(gate.breaks("event", Traffic.INBOUND, EVENT, now)) is senders
    assert bool(gate.breaks("event", Traffic.OUTBOUND, EVENT, now)) is readers
    assert bool(gate.breaks("event", Traffic.BOTH, EVENT, now)) is (senders or readers)


def test_one_kind_more_to_members_breaks_nobody_but_a_kind_that_changed_does() -> None:
    now = json_schema(next(contract for contract in CONTRACTS if contract.name == "to-member"))
    fewer = {**now, "oneOf": [one for one in now["oneOf"] if one["$ref"] != "#/$defs/Outcome"]}
    assert len(fewer["oneOf"]) < len(now["oneOf"])
    assert gate.breaks("to-member", Traffic.OUTBOUND, fewer, now) == []
    assert gate.breaks("to-member", Traffic.OUTBOUND, now, fewer) == []
    grown = copy.deepcopy(now)
    grown["$defs"]["Receipt"]["properties"].update(note=TEXT)
    assert gate.breaks("to-member", Traffic.OUTBOUND, fewer, grown) == [
        "to-member: what is sent now older readers refuse: note: the field is not known"
    ]


def test_a_complaint_says_who_suffers_and_where() -> None:
    now = changed(lambda s: require(identifier(s), "as_of"))
    complaints = gate.breaks("event", Traffic.INBOUND, EVENT, now)
    assert "event: what members send is refused now: data.customer.account.as_of: the field is required" in complaints


def test_every_model_allows_all_that_it_allows() -> None:
    for contract in CONTRACTS:
        schema = json_schema(contract)
        assert refused(schema, copy.deepcopy(schema)) == []


def test_a_deliberate_break_needs_a_version_of_its_own(tmp_path: Path) -> None:
    files, now = rendered(), {**rendered(), "event.schema.json": json.dumps(changed(lambda s: require(s, "seals")))}
    assert gate.release(tmp_path / "v1", files) == []
    assert gate.all_breaks(files, now) == ["event: what members send is refused now: seals: the field is required"]
    assert "raise VERSION" in gate.release(tmp_path / "v1", now)[-1]
    assert stale(tmp_path / "v1", files) == []
    assert gate.release(tmp_path / "v2", now) == []
    assert stale(tmp_path / "v2", now) == []


def test_a_model_may_come_but_not_go() -> None:
    files = rendered()
    fewer = {name: text for name, text in files.items() if name != "lead.schema.json"}
    assert gate.all_breaks(files, fewer) == ["lead: the model is gone"]
    assert gate.all_breaks(fewer, files) == []


def test_a_version_without_a_baseline_is_refused(tmp_path: Path) -> None:
    assert gate.check(tmp_path / "v9", rendered()) == [
        f"version {VERSION} has no baseline; run python -m schemas.gate --release"
    ]


def test_what_is_checked_in_is_what_the_models_say_and_keeps_its_promise() -> None:
    assert stale(GENERATED, rendered()) == []
    assert gate.main([]) == 0


def test_an_edited_a_missing_and_a_left_over_schema_are_found(tmp_path: Path) -> None:
    files = rendered()
    write(tmp_path, files)
    assert stale(tmp_path, files) == []
    (tmp_path / "lead.schema.json").write_text("{}", encoding="utf-8")
    (tmp_path / "event.schema.json").unlink()
    (tmp_path / "gone.schema.json").write_text("{}", encoding="utf-8")
    assert stale(tmp_path, files) == ["event.schema.json", "gone.schema.json", "lead.schema.json"]
    write(tmp_path, files)
    assert stale(tmp_path, files) == []


def test_the_table_of_reasons_in_the_docs_is_current() -> None:
    page = REASONS_PAGE.read_text(encoding="utf-8")
    assert page == with_reasons(page)
    assert main(["--check"]) == 0
    rows = reasons_table().splitlines()[2:]
    assert [row.split("`")[1] for row in rows] == [reason.value for reason in Reason]
    assert all(row.count(" | ") == 3 for row in rows)


def test_every_reason_says_what_is_wrong_and_what_to_do() -> None:
    for reason in Reason:
        meaning, found, remedy = REMEDY[reason].partition(": ")
        assert meaning and found and remedy.endswith("."), reason


def test_a_page_without_its_marks_is_not_overwritten() -> None:
    with pytest.raises(ValueError, match="marks"):
        with_reasons("# Nothing here\n")


@pytest.mark.parametrize("arguments", [["--help"], ["--check", "x"]])
def test_wrong_usage_is_said(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == gate.main(arguments) == 2
    assert "usage" in capsys.readouterr().err
