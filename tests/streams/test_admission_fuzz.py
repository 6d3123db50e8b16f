"""Whatever a member sends, admission answers: it never falls over, and lets nothing in that is not proven."""

from __future__ import annotations

from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from alliance.admission import Admitted, Record
from schemas.envelope import SIGNATURE_HEADER
from schemas.reasons import Reason
from schemas.topics import TOPICS
from streams import refusals
from tests.streams.bundles import ROOT, let_in, signed, transfer
from tests.streams.support import NOW

EXAMPLES = [orjson.loads(path.read_bytes()) for path in sorted((ROOT / "schemas" / "examples").glob("*.json"))]
EVENTS = [made for made in EXAMPLES if isinstance(made, dict) and "specversion" in made]
GOOD = orjson.dumps([transfer(), transfer()])
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | TEXT
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3))


@st.composite
def mutated_bytes(draw: st.DrawFn) -> bytes:
    """A good bundle after a few bytes were changed, put in or taken out."""
    value = bytearray(GOOD)
    for _ in range(draw(st.integers(1, 5))):
        at, byte = draw(st.integers(0, len(value) - 1)), draw(st.integers(0, 255))
        value[at : at + draw(st.integers(0, 2))] = [byte][: draw(st.integers(0, 1))]
    return bytes(value)


@st.composite
def mutated_events(draw: st.DrawFn) -> Any:
    """An event of any kind, the sender's own, in which a few values or keys were replaced by anything."""
    value = orjson.loads(orjson.dumps(draw(st.sampled_from(EVENTS))))
    value |= {"source": "/members/bank-a", "time": NOW.isoformat()}
    for _ in range(draw(st.integers(1, 3))):
        node = value
        while True:
            keys = list(node) if isinstance(node, dict) else range(len(node))
            key = draw(st.sampled_from(keys)) if keys else None
            if key is None or not isinstance(node[key], dict | list) or draw(st.booleans()):
                break
            node = node[key]
        if isinstance(node, dict) and draw(st.booleans()):
            key = draw(TEXT)
        if key is not None:
            node[key] = draw(JSON)
    return value


def answered(admitted: Admitted) -> None:
    """Each refusal says why, and can be told to the member and kept with the bundle."""
    place = ("suspicious-account", 0, 0)
    assert refusals.receipt(place, len(admitted.accepted), admitted.refusals, NOW)
    assert refusals.note_headers(place, "bank-a", admitted.refusals, NOW, [])


@given(mutated_bytes())
def test_changed_bytes_with_a_signature_that_fits_never_break_it(value: bytes) -> None:
    answered(let_in(signed(value)))


@given(mutated_bytes())
def test_changed_bytes_under_the_old_signature_are_never_let_in(value: bytes) -> None:
    record = signed(GOOD)
    admitted = let_in(Record(record.topic, value, record.headers, record.key))
    assert value == GOOD or [r.reason for r in admitted.refusals] == [Reason.BAD_SIGNATURE]
    assert value == GOOD or admitted.accepted == []


@given(st.lists(mutated_events() | JSON, min_size=1, max_size=4), st.sampled_from(TOPICS), st.integers(0, 4))
def test_anything_beside_a_good_event_leaves_it_good(odd: list[Any], topic: Any, at: int) -> None:
    good = transfer()
    events = [*odd[:at], good, *odd[at:]]
    admitted = let_in(signed(orjson.dumps(events), topic=topic.name))
    answered(admitted)
    assert len(admitted.accepted) + len(admitted.refusals) == len(events)
    wrong = {Reason.WRONG_TOPIC} if topic.name != "suspicious-account" else set()
    mine = {refusal.reason for refusal in admitted.refusals if str(refusal.event_id) == good["id"]}
    assert mine == wrong


@given(
    st.binary(max_size=200),
    st.dictionaries(st.just(SIGNATURE_HEADER) | TEXT, st.binary(max_size=300)),
    st.none() | st.binary(max_size=50),
)
def test_any_record_is_answered(value: bytes, headers: dict[str, bytes], key: bytes | None) -> None:
    admitted = let_in(Record("alias", value, headers, key))
    answered(admitted)
    assert admitted.accepted == []
    assert len(admitted.refusals) == 1
