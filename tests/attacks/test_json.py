"""Hostile JSON under a good signature: a member's own bundle, made to break or to mislead whoever reads it.

Against the intake, which must answer and let the neighbours in where it can, and against the parser that reads orders.
"""

from __future__ import annotations

import orjson
import pytest

from alliance.keys.encoding import encode
from alliance.keys.signatures import BadSignature, sign_object, verify_object
from schemas import strictjson
from schemas.envelope import MAX_BYTES
from schemas.reasons import Reason
from tests.streams.bundles import KEYS, let_in, signed, transfer

PLACE, SCORE, MINOR = b'"Taiyuan"', b'"score":0.5', b'"minor":100'
DEEP = 10_000
NUMBERS = b"[" + b",".join([b"7"] * 470_000) + b"]"

WHOLE = [
    ("arrays nested 10,000 deep", PLACE, b"[" * DEEP + b"]" * DEEP, Reason.MALFORMED),
    ("objects nested 10,000 deep", PLACE, b'{"a":' * DEEP + b"1" + b"}" * DEEP, Reason.MALFORMED),
    ("10,000 brackets that never close", PLACE, b"[" * DEEP, Reason.MALFORMED),
    ("one number of 900,000 digits", b"0.5", b"9" * 900_000, Reason.MALFORMED),
    ("a duplicate key", MINOR, MINOR + b',"minor":9', Reason.DUPLICATE_KEY),
    ("a duplicate key in another spelling", MINOR, MINOR + rb',"\u006dinor":9', Reason.DUPLICATE_KEY),
    ("NaN", SCORE, b'"score":NaN', Reason.NOT_FINITE),
    ("Infinity", SCORE, b'"score":Infinity', Reason.NOT_FINITE),
    ("a number beyond a double", SCORE, b'"score":1e400', Reason.NOT_FINITE),
    ("a high surrogate alone", PLACE, rb'"\ud83d"', Reason.MALFORMED),
    ("a low surrogate alone", PLACE, rb'"\ude00"', Reason.MALFORMED),
    ("surrogates in the wrong order", PLACE, rb'"\ude00\ud83d"', Reason.MALFORMED),
    ("a surrogate as raw bytes", PLACE, b'"\xed\xa0\x80"', Reason.MALFORMED),
    ("a surrogate alone as a key", PLACE, rb'{"\ud83d":1}', Reason.MALFORMED),
    ("a raw NUL", PLACE, b'"Tai\0yuan"', Reason.MALFORMED),
    ("a NUL after the end", b"}]", b"}]\0", Reason.MALFORMED),
]  # fmt: skip
ALONE = [
    ("a NUL as an escape", PLACE, rb'"Tai\u0000yuan"', Reason.INVALID_FIELD),
    ("1 MB of numbers in a field", PLACE, NUMBERS, Reason.INVALID_FIELD),
    ("1 MB of numbers in a field unheard of", PLACE, PLACE + b',"odd":' + NUMBERS, Reason.UNKNOWN_FIELD),
    ("a number of 4,000 digits", b'100,"currency"', b"9" * 4_000 + b',"currency"', Reason.INVALID_FIELD),
]


def spliced(old: bytes, new: bytes) -> bytes:
    """A bundle of two events of which the first says `new` for `old`."""
    value = orjson.dumps([transfer(), transfer()])
    made = value.replace(old, new, 1) if old != b"}]" else value[: -len(old)] + new
    assert made != value and len(made) <= MAX_BYTES
    return made


@pytest.mark.parametrize(("old", "new", "reason"), [w[1:] for w in WHOLE], ids=[w[0] for w in WHOLE])
def test_what_has_no_one_meaning_is_refused_whole(old: bytes, new: bytes, reason: Reason) -> None:
    value = spliced(old, new)
    admitted = let_in(signed(value))
    assert (admitted.accepted, [refusal.reason for refusal in admitted.refusals]) == ([], [reason])
    with pytest.raises(strictjson.StrictJsonError):
        strictjson.loads(value)


@pytest.mark.parametrize(("old", "new", "reason"), [a[1:] for a in ALONE], ids=[a[0] for a in ALONE])
def test_what_is_json_and_no_event_is_refused_alone(old: bytes, new: bytes, reason: Reason) -> None:
    admitted = let_in(signed(spliced(old, new)))
    assert [(refusal.index, refusal.reason) for refusal in admitted.refusals] == [(0, reason)]
    assert len(admitted.accepted) == 1


def test_1_mb_of_numbers_for_a_bundle() -> None:
    admitted = let_in(signed(NUMBERS))
    assert [refusal.reason for refusal in admitted.refusals] == [Reason.TOO_MANY_EVENTS]


@pytest.mark.parametrize("part", ["header", "payload"])
@pytest.mark.parametrize("text", [b'{"a":1,"a":2}', b'{"a":NaN}', rb'{"a":"\ud83d"}', b"[" * 9_000], ids=str)
def test_hostile_json_in_an_order(part: str, text: bytes) -> None:
    """An officer's signature is read by every member; its parts are parsed as strictly."""
    key = KEYS["police-a"].signing
    header, _, _ = sign_object(key, "police-a/wang/k1", {}).split(".")
    signing_input = f"{encode(text) if part == 'header' else header}.{encode(text)}"
    with pytest.raises(BadSignature, match="malformed"):
        verify_object(f"{signing_input}.{encode(key.sign(signing_input.encode()))}", lambda _: key.public_key())
