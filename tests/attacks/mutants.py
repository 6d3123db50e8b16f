"""Bundles that are nearly good: a valid one of some member, changed by what a fuzzer chooses, and signed again.

Without the new signature a fuzzer would learn nothing but that signatures are checked. Every choice is read from the
fuzzer's bytes, so that one input is always the same record.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from typing import Any, TypeVar

import orjson

from alliance.admission import Admitted, Record
from alliance.keys.signatures import sign
from schemas.envelope import SIGNATURE_HEADER
from schemas.topics import TOPICS
from tests.attacks.verdict import SENDERS, Known, verdict
from tests.streams.bundles import KEYS, ROOT, SECTORS, STATUS, STRANGER, let_in
from tests.streams.support import NOW

T = TypeVar("T")
_EXAMPLES = [orjson.loads(path.read_bytes()) for path in sorted((ROOT / "schemas" / "examples").glob("*.json"))]
EVENTS = [orjson.dumps(one) for one in _EXAMPLES if isinstance(one, dict) and "specversion" in one]
MEMBERS = {
    name: Known(sector.value, {KEYS[name].kid: KEYS[name].signing})
    for name, sector in SECTORS.items()
    if name not in STATUS
}
SENDER_OF = {"bank": "bank-a", "carrier": "carrier-a", "platform": "platform-a", "police": "police-a"}
TOPIC_NAMES = [topic.name for topic in TOPICS]
ODD: list[Any] = [
    None, True, False, 0, 1, -1, 2**63, 2**64, 10**15 + 1, 0.5, 1.5, 1e308, "", "x", "1.0", "\0", "\x1b[2J", "张伟",
    "😀" * 200, [], {}, [[]], {"kind": "account"}, "2026-11-20T10:00:00Z",
    "9999-12-31T23:59:59-12:00", "e1:" + "a" * 22,
    "0001-01-01T00:00:00+12:00", "bank-b", "/members/bank-b", "/members/police-a", "afa.alias.v2", "afa.alias.v3",
    "alias", "withdrawal", "victim-report", "00000000-0000-4000-8000-000000000000", "{}", [1] * 600, "a" * 501,
]  # fmt: skip
SPELLINGS: list[bytes] = [
    b"NaN", b"-Infinity", b"1e999", b"-0", b"1E2", b"01", b"9" * 400, rb'"\ud800"', rb'"\u0000"', rb'"\u0061"', b"\xff",
    b"[" * 40 + b"]" * 40, b"[" * 9_000, b'{"a":1,"a":1}', b'{"a":1,"\\u0061":1}', b" ", b"//", b"\0", b"\xed\xa0\x80",
    b"null", b"true", b"]", b"}", b",", b'"', b"\\",
]  # fmt: skip


class Choices:
    """Reads choices from bytes; once these are used up, each is the first."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def number(self, below: int) -> int:
        """0 ≤ n < `below`, of two bytes."""
        pair = self._data[self._at : self._at + 2]
        self._at += 2
        return int.from_bytes(pair, "big") % below

    def one(self, of: Sequence[T]) -> T:
        return of[self.number(len(of))]

    def yes(self, times: int, of: int) -> bool:
        return of - self.number(of) <= times


def record_of(data: bytes) -> Record:
    """The record that a fuzzer's input stands for."""
    choices = Choices(data)
    first = _event(choices)
    member = first["source"].rsplit("/", 1)[1]
    topic = SENDERS[first["data"]["kind"]][0]
    events: list[Any] = [first, *(_event(choices, member) for _ in range(choices.one([0, 0, 1])))]
    if choices.yes(1, 8):
        events.append(copy.deepcopy(first))
    for _ in range(choices.number(4)):
        _mutate(choices, events)
    value = _respelt(choices, _written(events))
    topic = choices.one(TOPIC_NAMES) if choices.yes(1, 16) else topic
    return Record(topic, value, {SIGNATURE_HEADER: _signature(choices, member, value)}, member.encode())


def judge(data: bytes) -> Admitted:
    """Admit what the input stands for; AssertionError unless exactly that is let in which the oracle lets in."""
    record = record_of(data)
    admitted = let_in(record)
    good = verdict(record.topic, record.value, record.headers[SIGNATURE_HEADER] or b"", MEMBERS, NOW)
    if not good:
        assert (admitted.accepted, [refusal.index for refusal in admitted.refusals]) == ([], [None]), record
        return admitted
    refused = [refusal.index for refusal in admitted.refusals]
    assert refused == [index for index, fine in enumerate(good) if not fine], (record, admitted.refusals)
    assert len(admitted.accepted) == sum(good), record
    _one_digest_a_content(record.value, good, admitted)
    return admitted


def _one_digest_a_content(value: bytes, good: list[bool], admitted: Admitted) -> None:
    """By its digest an id that comes twice is known as repeated, or as one in conflict."""
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
    made |= {"source": f"/members/{member or choices.one(able)}", "time": NOW.isoformat()}
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
        parent[key] = copy.deepcopy(other[elsewhere]) if other is not None else None
    elif act == 2 and isinstance(parent, dict):
        parent[choices.one(["odd", "kind", "event_member", "", "\0", "id", "seals", "tokens"])] = choices.one(ODD)
    elif act == 3 and isinstance(parent[key], str):
        at, text = choices.number(len(parent[key]) + 1), parent[key]
        parent[key] = text[:at] + choices.one(["", "0", "x", "\n", "é", "-", ":", " "]) + text[at + 1 :]
    elif act == 4 and isinstance(parent[key], int | float):
        parent[key] += choices.one([-1, 1, 0.5, 2**40])
    else:
        parent[key] = copy.deepcopy(choices.one(ODD))


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
    """The bytes with something put in, taken out or overwritten; mostly as they are."""
    for _ in range(choices.one([0, 0, 0, 0, 0, 1, 1, 2])):
        at = choices.number(len(value)) if value else 0
        new = choices.one(SPELLINGS) if choices.yes(3, 4) else bytes([choices.number(256)])
        value = value[:at] + new + value[at + choices.one([0, 1, 1, 2]) :]
    return value


def _signature(choices: Choices, member: str, value: bytes) -> bytes:
    """Mostly the member's own; else another's, a stranger's, or one that was touched."""
    how = choices.number(32)
    signer = choices.one(list(KEYS)) if how == 31 else member
    keys = STRANGER if how == 30 else KEYS[signer]
    jws = bytearray(sign(keys.signing, KEYS[member].kid if how in (29, 30) else keys.kid, value).encode())
    if how == 28:
        jws[choices.number(len(jws))] ^= 1 << choices.number(8)
    return bytes(jws)
