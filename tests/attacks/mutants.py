"""Bundles that are nearly good: a valid one of some member, changed by what a fuzzer chooses, and signed again.

Without the new signature a fuzzer would learn nothing but that signatures are checked.
"""

from __future__ import annotations

import copy
import json
import re
from collections import defaultdict
from datetime import timedelta
from typing import Any

import orjson

from alliance.admission import Admitted, Record
from schemas.envelope import SIGNATURE_HEADER
from schemas.topics import PARTITIONS, TOPICS
from streams import refusals, wire
from streams.intake import collect
from tests.attacks.choices import Choices
from tests.attacks.jws import HOW, SIGNS, signature
from tests.attacks.verdict import SENDERS, Known, verdict
from tests.streams.bundles import KEYS, ROOT, SECTORS, STATUS, let_in
from tests.streams.support import NOW

_EXAMPLES = [orjson.loads(path.read_bytes()) for path in sorted((ROOT / "schemas" / "examples").glob("*.json"))]
EVENTS = [orjson.dumps(one) for one in _EXAMPLES if isinstance(one, dict) and "specversion" in one]
MEMBERS = {
    name: Known(sector.value, {KEYS[name].kid: SIGNS[name]}) for name, sector in SECTORS.items() if name not in STATUS
}
SENDER_OF = {"bank": "bank-a", "carrier": "carrier-a", "platform": "platform-a", "police": "police-a"}
EPOCHS: tuple[tuple[str, ...], ...] = ((), ("e1:",))
"""Before the alliance has rotated its token key, and after."""
TOPIC_NAMES = [topic.name for topic in TOPICS]
AGES = [timedelta()] * 25 + [
    timedelta(days=7), timedelta(days=7, microseconds=1), timedelta(minutes=-5), timedelta(minutes=-5, microseconds=-1),
    timedelta(days=8), timedelta(days=400), timedelta(hours=-1),
]  # fmt: skip
LASTED = [0] * 12 + [300, 301, 10**7, 10**9]
"""Seconds that a call lasts, and after which a chat is said to end."""
ODD: list[Any] = [
    None, True, False, 0, 1, -1, 2**63, 2**64, 10**15 + 1, 0.5, 1.5, 1e308, "", "x", "1.0", "\0", "\x1b[2J", "张伟",
    "😀" * 200, [], {}, [[]], {"kind": "account"}, "2026-11-20T10:00:00Z",
    "9999-12-31T23:59:59-12:00", "e1:" + "a" * 22,
    "0001-01-01T00:00:00+12:00", "bank-b", "/members/bank-b", "/members/police-a", "afa.alias.v2", "afa.alias.v3",
    "alias", "withdrawal", "victim-report", "00000000-0000-4000-8000-000000000000", "{}", [1] * 600, "a" * 501,
    ["a" * 300_000 + ":1"],
]  # fmt: skip
SPELLINGS: list[bytes] = [
    b"NaN", b"-Infinity", b"1e999", b"-0", b"1E2", b"01", b"9" * 400, rb'"\ud800"', rb'"\u0000"', rb'"\u0061"', b"\xff",
    b"[" * 40 + b"]" * 40, b"[" * 9_000, b'{"a":1,"a":1}', b'{"a":1,"\\u0061":1}', b" ", b"//", b"\0", b"\xed\xa0\x80",
    b"null", b"true", b"]", b"}", b",", b'"', b"\\",
]  # fmt: skip
_VALUE = re.compile(rb'(?<=:)(?:"[^"]*"|[^",{}\[\]]+)')
"""A string or a number, of an object."""


def record_of(data: bytes) -> Record:
    """The record that a fuzzer's input stands for."""
    choices = Choices(data)
    how = choices.number(HOW)
    first = _event(choices)
    member = first["source"].rsplit("/", 1)[1]
    topic = SENDERS[first["data"]["kind"]][0]
    events: list[Any] = [first, *(_event(choices, member) for _ in range(choices.one([0, 0, 1])))]
    if choices.yes(1, 8):
        events.append(copy.deepcopy(first))
    for _ in range(choices.number(4)):
        _mutate(choices, events)
    # Too many events, or too many bytes. What is just short of that takes a hundred times as long as another input.
    if choices.yes(1, 512):
        events += [0] * (501 - len(events))
    value = _respelt(choices, _written(events))
    if choices.yes(1, 512):
        value = value.ljust(1_000_001)
    topic = choices.one(TOPIC_NAMES) if choices.yes(1, 16) else topic
    key = choices.one([None, b"", b"\xff", b"bank-b"]) if choices.yes(1, 32) else member.encode()
    return Record(topic, value, {SIGNATURE_HEADER: signature(how, choices, member, value)}, key)


def judge(data: bytes) -> Admitted:
    """Take in what the input stands for; AssertionError unless exactly that is let in which the oracle lets in."""
    record = record_of(data)
    admitted = let_in(record)
    good = verdict(record.topic, record.value, record.headers[SIGNATURE_HEADER] or b"", MEMBERS, NOW)
    refused = [refusal.index for refusal in admitted.refusals]
    assert refused == ([index for index, fine in enumerate(good) if not fine] if good else [None]), (record, refused)
    assert len(admitted.accepted) == sum(good), record
    _one_digest_a_content(record.value, good, admitted)
    _pass_on(record, admitted)
    return admitted


def _pass_on(record: Record, admitted: Admitted) -> None:
    """What intake does next: a record on which that broke would be read for ever."""
    member = admitted.member.member if admitted.member else None
    signals: dict[int, list[Any]] = defaultdict(list)
    collect(admitted, signals, PARTITIONS, EPOCHS[len(record.value) % 2])
    for gathered in signals.values():
        assert [signal for value in wire.encode(gathered) for signal in wire.decode(value)] == gathered
    if admitted.refusals:
        place, accepted = (record.topic, 0, 0), len(admitted.accepted)
        refusals.note_headers(place, member, admitted.refusals, NOW, [])
        refusals.receipt(place, accepted, admitted.refusals, NOW)


def _one_digest_a_content(value: bytes, good: list[bool], admitted: Admitted) -> None:
    """By its digest an id that comes twice is known as repeated, or as one in conflict."""
    if len(admitted.accepted) < 2:
        return
    raws = [raw for raw, fine in zip(json.loads(value), good, strict=True) if fine]
    contents = [json.dumps([raw["type"], raw["time"], raw["data"]], sort_keys=True) for raw in raws]
    digests = [accepted.digest for accepted in admitted.accepted]
    assert len(set(zip(contents, digests, strict=True))) == len(set(digests)), value


def _event(choices: Choices, member: str | None = None) -> dict[str, Any]:
    made: dict[str, Any] = orjson.loads(choices.one(EVENTS))
    # Long blobs cost the fuzzer half its time, and are opened by nobody here.
    made["seals"] = [{"to": "police-ty", "blob": "yWknCLiq5BpWhf"}] if made.get("seals") else []
    kind = made["data"]["kind"]
    able = [name for sector, name in SENDER_OF.items() if sector in SENDERS[kind][1]]
    made["source"] = f"/members/{member or choices.one(able)}"
    made["time"] = (NOW - choices.one(AGES)).isoformat()
    if "duration_s" in made["data"]:
        made["data"]["duration_s"] = choices.one(LASTED)
    if "last_seen" in made["data"]:
        made["data"]["last_seen"] = (NOW + timedelta(seconds=choices.one(LASTED))).isoformat()
    return made


def _mutate(choices: Choices, events: list[Any]) -> None:
    """Another value, key or element somewhere in the tree, or one less, or one moved from elsewhere."""
    parent, key = _place(choices, events)
    if parent is None:
        return
    act = choices.number(6)
    if act == 0:
        del parent[key]
    elif act == 1:
        other, elsewhere = _place(choices, events)
        parent[key] = _copied(other[elsewhere]) if other is not None else None
    elif act == 2 and isinstance(parent, dict):
        parent[choices.one(["odd", "kind", "event_member", "", "\0", "id", "seals", "tokens"])] = choices.one(ODD)
    elif act == 3 and isinstance(parent[key], str):
        at, text = choices.number(len(parent[key]) + 1), parent[key]
        parent[key] = text[:at] + choices.one(["", "0", "x", "\n", "é", "-", ":", " "]) + text[at + 1 :]
    elif act == 4 and isinstance(parent[key], int | float):
        parent[key] += choices.one([-1, 1, 0.5, 2**40])
    else:
        parent[key] = _copied(choices.one(ODD))


def _copied(value: Any) -> Any:
    return copy.deepcopy(value) if isinstance(value, dict | list) else value


def _place(choices: Choices, node: Any) -> tuple[Any, Any]:
    """A container and one of its keys, each depth as likely to be the end."""
    while True:
        keys: list[Any] = list(node) if isinstance(node, dict) else list(range(len(node)))
        if not keys:
            return None, None
        key = choices.one(keys)
        if not isinstance(node[key], dict | list) or choices.yes(1, 4):
            return node, key
        if not node[key]:
            return node, key
        node = node[key]


def _written(events: list[Any]) -> bytes:
    try:
        return orjson.dumps(events)
    except orjson.JSONEncodeError:
        return json.dumps(events).encode()


def _respelt(choices: Choices, value: bytes) -> bytes:
    """The bytes with something put in, taken out or overwritten, anywhere or in a value's place; mostly as they are."""
    for _ in range(choices.one([0, 0, 0, 0, 0, 1, 1, 2])):
        new = choices.one(SPELLINGS) if choices.yes(3, 4) else bytes([choices.number(256)])
        values = [match.span() for match in _VALUE.finditer(value)] if choices.yes(1, 2) else []
        at = choices.number(len(value)) if value else 0
        start, end = choices.one(values) if values else (at, at + choices.one([0, 1, 1, 2]))
        value = value[:start] + new + value[end:]
    return value
