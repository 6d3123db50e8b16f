"""One parser, one meaning: whatever two readers could understand differently is refused, with its reason."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.strictjson import MAX_DEPTH, StrictJsonError, dumps, loads

WRITTEN = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
SCALARS = WRITTEN | st.integers()
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)
BRACKETS = st.recursive(
    st.sampled_from(["", "[", "]", "{}", '"', "\\", "]["]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "]", "[", '"{']), inner, max_size=3)
    ),
    max_leaves=60,
)


def reason(data: bytes) -> str:
    with pytest.raises(StrictJsonError) as caught:
        loads(data)
    return caught.value.reason


@given(value=VALUES, ascii_only=st.booleans(), indent=st.sampled_from([None, 1]))
def test_reads_what_the_standard_library_writes(value: Any, ascii_only: bool, indent: int | None) -> None:
    assert loads(json.dumps(value, ensure_ascii=ascii_only, indent=indent).encode("utf-8")) == value


@given(value=st.recursive(WRITTEN, st.lists, max_leaves=10))
def test_reads_back_what_it_writes(value: Any) -> None:
    assert loads(dumps(value)) == value


@given(st.binary(max_size=60) | st.text('[]{}",:\\u0d8e1.-NaInfty ', max_size=40).map(str.encode))
def test_takes_nothing_that_the_standard_library_refuses(data: bytes) -> None:
    try:
        value = loads(data)
    except StrictJsonError:
        return
    assert json.loads(data.decode("utf-8")) == value


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "malformed"),
        (b"{", "malformed"),
        (b"[1,]", "malformed"),
        (b"{'a':1}", "malformed"),
        (b"[1] [2]", "malformed"),
        (b'"\xff"', "malformed"),
        (b'\xef\xbb\xbf{"a":1}', "malformed"),
        (rb'"\ud800"', "malformed"),
        (rb'{"\udc00":1}', "malformed"),
        (b"1" * 5000, "malformed"),
        (b"NaN", "not-finite"),
        (b'{"score":NaN}', "not-finite"),
        (b"[-Infinity]", "not-finite"),
        (b"[1e999]", "not-finite"),
        (b'{"a":1,"a":1}', "duplicate-key"),
        (rb'{"a":1,"\u0061":2}', "duplicate-key"),
        (b'[{"x":{"a":1, "b":2, "a":3}}]', "duplicate-key"),
        (b"[" * 100_000, "too-deep"),
        (b'{"a":' * 100_000, "too-deep"),
        (b'"' + rb"\"" * 200_000, "malformed"),
    ],
)
def test_refused_with_its_reason(data: bytes, why: str) -> None:
    assert reason(data) == why


@pytest.mark.parametrize("blank", [b"", b" "], ids=["compact", "spaced"])
def test_the_depth_is_exactly_bounded_on_both_ways(blank: bytes) -> None:
    def nested(depth: int) -> bytes:
        # Brackets in strings are no nesting, whichever way they would tip the count.
        return b'["[[[","]]",' * depth + b"1" + b"]" * depth + blank

    assert loads(nested(MAX_DEPTH))
    assert reason(nested(MAX_DEPTH + 1)) == "too-deep"


def test_brackets_in_strings_do_not_hide_depth() -> None:
    # Read without strings, each level of this closes at once and opens again at the end.
    depth = 40
    assert reason(b'["]",' * depth + b"1" + b',"["]' * depth) == "too-deep"
    # The same with escaped quotes around the bracket, which pair up with the string's own.
    assert reason(rb'["\"]\"",' * depth + b"1" + rb',"\"[\""]' * depth) == "too-deep"


@given(inner=BRACKETS, around=st.integers(0, MAX_DEPTH + 8))
def test_depth_agrees_with_a_plain_recursion(inner: Any, around: int) -> None:
    value = inner
    for _ in range(around):
        value = [value, "]"]

    def depth(item: Any) -> int:
        children = item.values() if isinstance(item, dict) else item if isinstance(item, list) else None
        return 0 if children is None else 1 + max(map(depth, children), default=0)

    # Enough brackets that the count alone does not settle it.
    data = dumps([value, *[[] for _ in range(MAX_DEPTH)]])
    if 1 + max(depth(value), 1) > MAX_DEPTH:
        assert reason(data) == "too-deep"
    else:
        assert loads(data)[0] == value


def test_numbers_keep_their_value() -> None:
    assert loads(b"[123456789012345678901234567890, 1E2, -0.0]") == [123456789012345678901234567890, 100.0, 0.0]
    assert math.copysign(1, loads(b"-0.0")) == -1
