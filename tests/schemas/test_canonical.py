"""Two members that mean the same identifier must write the same bytes, and nobody may write one for "not known"."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import schemas
from schemas.canonical import KINDS, MAX_LENGTH, VERSION, Canonical, CanonicalError, canonical, is_joinable_number
from schemas.canonical.numbers import _e164

FILE = Path(schemas.__path__[0]) / "vectors" / "canonical-v1.json"
PUBLISHED = json.loads(FILE.read_text("utf-8"))
VECTORS: list[dict[str, Any]] = PUBLISHED["vectors"]

ACCEPTED = [vector for vector in VECTORS if "canonical" in vector]

FULL_WIDTH = str.maketrans("0123456789+-", "０１２３４５６７８９＋－")
SEPARATORS = ["", " ", "-", ".", "\u3000", "\u200b", "‑"]


def outcome(kind: str, value: str) -> Canonical | str:
    try:
        return canonical(kind, value)
    except CanonicalError as error:
        return error.reason


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: f"{vector['kind']}:{vector['input'][:40]}")
def test_published_vector(vector: dict[str, Any]) -> None:
    expected = (
        vector["error"]
        if "error" in vector
        else Canonical(vector["namespace"], vector["canonical"], tuple(vector["warnings"]))
    )
    assert outcome(vector["kind"], vector["input"]) == expected


def test_vectors_cover_every_kind_and_every_refusal() -> None:
    assert PUBLISHED["version"] == VERSION
    assert {vector["kind"] for vector in ACCEPTED} == KINDS
    assert {vector["error"] for vector in VECTORS if "error" in vector} == {"placeholder", "impossible", "malformed"}


@pytest.mark.parametrize("vector", ACCEPTED, ids=lambda vector: f"{vector['kind']}:{vector['canonical']}")
def test_a_canonical_form_is_its_own(vector: dict[str, Any]) -> None:
    again = canonical(vector["kind"], vector["canonical"])
    assert (again.namespace, again.value) == (vector["namespace"], vector["canonical"])


LETTERS = st.sampled_from("0123456789abcxyzABC+-./:@# ０Ａ_~%?=&ß\u200bµ")
TYPED = st.text(LETTERS | st.characters(), max_size=40)


@given(kind=st.sampled_from(sorted(KINDS)), prefix=st.sampled_from(["", "raw:", "short:", "+86", "qq/"]), text=TYPED)
def test_whatever_is_typed_settles_at_once_or_is_refused(kind: str, prefix: str, text: str) -> None:
    first = outcome(kind, prefix + text)
    if isinstance(first, Canonical):
        assert outcome(kind, first.value)[:2] == first[:2]
        assert first.value.encode("utf-8")
        assert "\0" not in first.value


def spaced(digits: str) -> st.SearchStrategy[str]:
    gaps = st.lists(st.sampled_from(SEPARATORS), min_size=len(digits), max_size=len(digits))
    return gaps.map(lambda gap: "".join(digit + after for digit, after in zip(digits, gap, strict=True)))


@given(typed=spaced("13812345678"), prefix=st.sampled_from(["", "0", "+86", "0086", "+86 ", "86"]), wide=st.booleans())
def test_spacing_width_and_prefix_of_a_number_do_not_matter(typed: str, prefix: str, wide: bool) -> None:
    text = prefix + typed
    assert canonical("number", text.translate(FULL_WIDTH) if wide else text).value == "+8613812345678"


@given(typed=spaced("6222021234567890123"), wide=st.booleans())
def test_spacing_and_width_of_an_account_do_not_matter(typed: str, wide: bool) -> None:
    assert canonical("account", typed.translate(FULL_WIDTH) if wide else typed).value == "6222021234567890123"


@given(st.from_regex(r"1(?:[38]\d|5[0-35-9])\d{8}", fullmatch=True).filter(lambda text: text.isascii()))
def test_the_short_way_for_mobiles_agrees_with_the_full_rules(mobile: str) -> None:
    quick = outcome("number", mobile)
    if quick != "placeholder":
        assert quick == Canonical("number", *_e164(mobile))


def test_a_presented_number_meets_the_number_it_shows() -> None:
    assert canonical("presented-number", "138 1234 5678") == canonical("number", "+8613812345678")


@pytest.mark.parametrize(
    ("value", "joins"),
    [
        ("13812345678", True),
        ("010-62345678", True),
        ("17012345678", True),
        ("95588", False),
        ("010-95588", False),
        ("10691234567890", False),
        ("400-812-3456", False),
        ("8008123456", False),
        ("+999 1234567", False),
    ],
)
def test_only_a_subscribers_number_joins(value: str, joins: bool) -> None:
    assert is_joinable_number(canonical("presented-number", value).value) is joins


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize("word", ["", "  ", "未知", "NULL", "n/a", "０", "000000000000000000", "\u200b"])
def test_no_kind_takes_a_word_for_nothing(kind: str, word: str) -> None:
    assert outcome(kind, word) == "placeholder"


def test_an_error_names_the_remedy_and_never_the_value() -> None:
    with pytest.raises(CanonicalError) as caught:
        canonical("account", "6222****7890")
    assert "give it whole" in str(caught.value)
    assert "7890" not in str(caught.value)


def test_bounds_and_control_characters() -> None:
    assert outcome("trunk", "a" * (MAX_LENGTH + 1)) == "malformed"
    assert outcome("trunk", "a\x00b") == "malformed"
    assert outcome("trunk", "a\ud800b") == "malformed"
    assert outcome("shoe-size", "43") == "malformed"
