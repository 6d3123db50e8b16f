"""Tokens are equal wherever the key is, and say nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import schemas
from alliance.keys.tokens import KEPT, TokenKeys, token

PUBLISHED = json.loads((Path(schemas.__path__[0]) / "vectors" / "canonical-v1.json").read_text("utf-8"))["tokens"]
KEY = bytes.fromhex(PUBLISHED["key_hex"])
OTHER = b"\x07" * 32


@pytest.mark.parametrize("vector", PUBLISHED["vectors"], ids=lambda vector: vector["namespace"])
def test_published_token(vector: dict[str, str]) -> None:
    assert token(KEY, vector["namespace"], vector["value"]) == vector["token"]


def test_key_namespace_and_value_all_count() -> None:
    made = {
        token(key, namespace, value)
        for key in (KEY, OTHER)
        for namespace in ("account", "card")
        for value in ("6222021234567890", "6222021234567891")
    }
    assert len(made) == 8


def test_while_epochs_overlap_the_older_token_stands_first() -> None:
    keys = TokenKeys({"e1": KEY, "e2": OTHER})
    assert keys.tokens("number", "+8613812345678") == [
        f"e1:{token(KEY, 'number', '+8613812345678')}",
        f"e2:{token(OTHER, 'number', '+8613812345678')}",
    ]


def test_keys_do_not_show_in_a_log() -> None:
    assert KEY.hex() not in repr(TokenKeys({"e1": KEY}))
    assert repr(KEY) not in repr(TokenKeys({"e1": KEY}))


@pytest.mark.parametrize(
    "epochs",
    [{}, {"e1": KEY, "e2": KEY, "e3": KEY}, {"E 1": KEY}, {"e1": b"short"}],
    ids=["none", "three", "bad-name", "short-key"],
)
def test_unfit_keys_are_refused(epochs: dict[str, bytes]) -> None:
    with pytest.raises(ValueError, match="token keys"):
        TokenKeys(epochs)


def test_what_was_named_before_is_found_by_and_names_nothing() -> None:
    before = TokenKeys({"e1": KEY})
    after = TokenKeys({"e2": OTHER}).in_place_of(before)
    assert after.tokens("number", "+1") == [f"e2:{token(OTHER, 'number', '+1')}"]
    assert after.every("number", "+1") == [*before.tokens("number", "+1"), *after.tokens("number", "+1")]
    assert (after, after.in_place_of(before).ended) == (TokenKeys({"e2": OTHER}), {"e1": KEY})
    assert KEY.hex() not in repr(after)
    assert repr(KEY) not in repr(after)


def test_of_the_epochs_that_are_over_the_newest_are_kept() -> None:
    keys = TokenKeys.generate()
    for _ in range(KEPT + 3):
        keys = (both := keys.rotated().in_place_of(keys)).cut_over().in_place_of(both)
    assert list(keys.epochs) == [f"e{KEPT + 4}"]
    assert list(keys.ended) == [f"e{number}" for number in range(4, KEPT + 4)]


def test_an_epoch_is_rotated_before_it_is_cut_over_and_cut_over_before_the_next() -> None:
    keys = TokenKeys.generate()
    with pytest.raises(ValueError, match="no epoch beside e1; rotate first"):
        keys.cut_over()
    with pytest.raises(ValueError, match="e1 and e2 overlap; cut over first"):
        keys.rotated().rotated()
