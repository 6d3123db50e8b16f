"""Bundles: every event in one, in order, none too big, and signed over the very bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alliance.keys.signatures import BadSignature, verify
from producers.bundles import MAX_EVENT_BYTES, bundle, pack
from schemas.envelope import MAX_BYTES, MAX_EVENTS, SIGNATURE_HEADER
from tests.producers.support import BANK, KEYS

SIZES = st.integers(0, 20).flatmap(
    lambda few: st.lists(st.sampled_from([0, 1, 1500, 200_000, MAX_EVENT_BYTES]), max_size=few or 1200)
)


@given(SIZES)
def test_bundles_are_as_large_as_allowed_and_no_larger(sizes: list[int]) -> None:
    counts = list(pack(sizes))
    assert sum(counts) == len(sizes)
    position = 0
    for index, count in enumerate(counts):
        group = sizes[position : position + count]
        position += count
        assert 1 <= count <= MAX_EVENTS
        assert len(bundle([b"x" * size for size in group], KEYS[BANK]).value) <= MAX_BYTES
        if index + 1 < len(counts):
            longer = [*group, sizes[position]]
            assert count == MAX_EVENTS or sum(longer) + len(longer) + 1 > MAX_BYTES


def test_an_event_that_fits_no_bundle() -> None:
    with pytest.raises(ValueError, match="fits no bundle"):
        list(pack([MAX_EVENT_BYTES + 1]))


def test_the_signature_is_over_the_exact_bytes() -> None:
    made = bundle([b'{"a":1}', b'{"b": 2}'], KEYS[BANK])
    jws = dict(made.headers)[SIGNATURE_HEADER].decode()

    assert made.value == b'[{"a":1},{"b": 2}]'
    assert dict(made.headers)["content-type"] == b"application/cloudevents-batch+json"
    assert verify(jws, made.value, lambda kid: KEYS[BANK].signing.public_key()) == f"{BANK}/k1"
    with pytest.raises(BadSignature):
        verify(jws, made.value.replace(b" ", b""), lambda kid: KEYS[BANK].signing.public_key())
