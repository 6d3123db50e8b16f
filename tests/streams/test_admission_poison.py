"""Input that would take a worker down each time it is read again: refused like any other, with what follows let in."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import orjson
import pytest

from alliance.admission import Record
from schemas.envelope import MAX_BYTES, SIGNATURE_HEADER, event_type
from schemas.reasons import Reason
from schemas.topics import QUARANTINE, member_topic
from streams import refusals
from tests.streams.bundles import let_in, signed, transfer
from tests.streams.support import NOW

GOOD = orjson.dumps([transfer(), transfer()])


@pytest.mark.parametrize("digits", ["9" * 19, "9" * 20, "9" * 4000, "-" + "9" * 30], ids=len)
def test_a_number_beyond_all_bounds_is_refused_alone(digits: str) -> None:
    value = GOOD.replace(b'"minor":100', f'"minor":{digits}'.encode(), 1)
    admitted = let_in(signed(value))
    assert [(refusal.index, refusal.reason) for refusal in admitted.refusals] == [(0, Reason.INVALID_FIELD)]
    assert len(admitted.accepted) == 1


def test_a_number_in_the_place_of_an_event_is_refused_alone() -> None:
    admitted = let_in(signed(b"[" + b"9" * 30 + b"," + GOOD[1:]))
    assert [(refusal.index, refusal.reason) for refusal in admitted.refusals] == [(0, Reason.MALFORMED)]
    assert len(admitted.accepted) == 2


def test_a_signature_header_without_a_value_is_no_signature() -> None:
    headers: dict[str, Any] = {SIGNATURE_HEADER: None}
    admitted = let_in(Record("alias", GOOD, headers, b"bank-a"))
    assert [refusal.reason for refusal in admitted.refusals] == [Reason.UNSIGNED]


@pytest.mark.parametrize("character", ["\0", "\x1b", "\x7f", "\x9b"], ids=repr)
def test_control_characters_neither_come_in_nor_go_back(character: str) -> None:
    odd: dict[str, Any] = {f"odd{character}": 1}
    odd_text, odd_name = transfer(place=f"Taiyuan{character}"), transfer(**odd)
    admitted = let_in(signed(orjson.dumps([odd_text, odd_name, transfer()])))
    reasons = [refusal.reason for refusal in admitted.refusals]
    assert reasons == [Reason.INVALID_FIELD, Reason.UNKNOWN_FIELD]
    assert all(refusal.detail.isprintable() for refusal in admitted.refusals)


def test_what_is_refused_of_the_largest_bundle_can_be_kept_and_told() -> None:
    """The worst that fits: 500 events whose refusals quote as much as they can, and headers up to the topic's bound."""
    name = "\N{GRINNING FACE}" * 440
    odd = {"specversion": "1.0", "source": "/members/b", "type": event_type("a"), "time": "2026-11-24T00:00Z"}
    value = orjson.dumps([{**odd, "id": str(UUID(int=i)), "data": {"kind": name}} for i in range(500)])
    assert 950_000 < len(value) <= MAX_BYTES
    admitted = let_in(signed(value))
    place, more = ("suspicious-account", 0, 10**9), [("x", b"x" * 95_000)]
    headers = refusals.note_headers(place, "bank-a", admitted.refusals, NOW, more)
    kept = len(value) + sum(len(name) + len(content) for name, content in headers)
    assert kept < QUARANTINE.max_message_bytes - 1_000
    assert len(refusals.receipt(place, 0, admitted.refusals, NOW)) < member_topic("bank-a").max_message_bytes - 1_000
