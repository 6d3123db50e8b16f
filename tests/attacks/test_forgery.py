"""What an outsider, or one member in the name of another, does to the signature of a bundle: nothing of it is let in.

Each attack starts from a bundle that is let in as it is, so that it is the attack alone that is refused.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from cryptography.hazmat.primitives import serialization

from alliance.admission import Record
from alliance.keys.encoding import encode
from alliance.keys.signatures import sign
from schemas.envelope import SIGNATURE_HEADER
from schemas.reasons import Reason
from tests.streams.bundles import KEYS, OFFICER, STRANGER, let_in, signed, transfer

VALUE = orjson.dumps([transfer()])
GENUINE = signed(VALUE)
KID = KEYS["bank-a"].kid
PUBLIC = KEYS["bank-a"].signing.public_key()
PEM = PUBLIC.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def under(jws: str, key: bytes | None = b"bank-a") -> Record:
    """The same bytes on the same topic, under another signature."""
    return Record(GENUINE.topic, VALUE, {SIGNATURE_HEADER: jws.encode()}, key)


def reasons(record: Record) -> list[Reason]:
    """Why it was refused; fails if anything of it was let in."""
    admitted = let_in(record)
    assert admitted.accepted == []
    return [refusal.reason for refusal in admitted.refusals]


def test_the_bundle_that_all_attacks_start_from_is_let_in() -> None:
    assert len(let_in(GENUINE).accepted) == 1


@pytest.mark.parametrize(
    "jws",
    [
        sign(STRANGER.signing, KID, VALUE),
        sign(KEYS["bank-a"].signing, KID, orjson.dumps([transfer()])),
        sign(KEYS["bank-a"].signing, KID, VALUE).rsplit(".", 1)[0] + "." + encode(bytes(64)),
        sign(KEYS["bank-a"].signing, KID, VALUE).replace("..", f".{encode(VALUE)}."),
    ],
    ids=["by a stranger", "of other bytes", "all zeros", "with a payload of its own"],
)
def test_a_forged_signature(jws: str) -> None:
    assert reasons(under(jws)) == [Reason.BAD_SIGNATURE]


@pytest.mark.parametrize("kid", [KEYS["bank-b"].kid, KEYS["police-a"].kid])
def test_the_kid_of_another_member(kid: str) -> None:
    assert reasons(under(sign(KEYS["bank-a"].signing, kid, VALUE))) == [Reason.BAD_SIGNATURE]


def test_the_own_kid_over_the_events_of_another_member() -> None:
    value = orjson.dumps([transfer("bank-b")])
    assert reasons(signed(value, "bank-a")) == [Reason.WRONG_SOURCE]


def test_an_officers_key_over_a_bundle() -> None:
    assert reasons(under(sign(OFFICER.signing, "police-a/wang/k1", VALUE))) == [Reason.UNKNOWN_KEY]


@pytest.mark.parametrize(
    "headers",
    [{}, {SIGNATURE_HEADER: b""}, {SIGNATURE_HEADER: None},
     {SIGNATURE_HEADER.upper(): GENUINE.headers[SIGNATURE_HEADER]}],
    ids=["none", "empty", "null", "under another name"],
)  # fmt: skip
def test_a_stripped_header(headers: dict[str, bytes | None]) -> None:
    assert reasons(Record(GENUINE.topic, VALUE, headers, b"bank-a")) == [Reason.UNSIGNED]


def _ed25519(signing_input: bytes) -> bytes:
    return KEYS["bank-a"].signing.sign(signing_input)


def _hs256(secret: bytes) -> Callable[[bytes], bytes]:
    return lambda signing_input: hmac.digest(secret, signing_input, "sha256")


HEADER = {"alg": "EdDSA", "b64": False, "crit": ["b64"], "kid": KID}


@pytest.mark.parametrize(
    ("header", "seal"),
    [
        ({"alg": "none"}, lambda _: b""),
        ({"alg": "none"}, _ed25519),
        ({"alg": "NONE"}, lambda _: bytes(64)),
        ({"alg": "HS256"}, _hs256(PUBLIC.public_bytes_raw())),
        ({"alg": "HS256"}, _hs256(encode(PUBLIC.public_bytes_raw()).encode())),
        ({"alg": "HS256"}, _hs256(PEM)),
        ({"alg": "HS512"}, lambda signing_input: hmac.digest(PEM, signing_input, "sha512")),
        ({"alg": "ES256"}, _ed25519),
        ({"alg": ["EdDSA"]}, _ed25519),
        ({"jwk": {"kty": "OKP", "crv": "Ed25519", "x": STRANGER.public.signing}}, STRANGER.signing.sign),
        ({"jku": "https://example.com/keys.json"}, STRANGER.signing.sign),
        ({"crit": []}, _ed25519),
        ({"b64": 0}, _ed25519),
    ],
    ids=["none, empty", "none, signed", "NONE, zeros", "HS256, raw key", "HS256, base64url key", "HS256, PEM",
         "HS512 of 64 bytes", "ES256", "a list", "brings its key", "names a place of keys", "not critical", "b64 is 0"],
)  # fmt: skip
def test_algorithm_confusion(header: dict[str, Any], seal: Callable[[bytes], bytes]) -> None:
    """Only the algorithm that the code names is ever used, and no key but the registry's."""
    text = encode(json.dumps({**HEADER, **header}).encode())
    assert reasons(under(f"{text}..{encode(seal(f'{text}.'.encode() + VALUE))}")) == [Reason.BAD_SIGNATURE]


def test_the_header_of_these_attacks_is_the_right_one_but_for_the_attack() -> None:
    text = encode(json.dumps(HEADER).encode())
    assert len(let_in(under(f"{text}..{encode(_ed25519(f'{text}.'.encode() + VALUE))}")).accepted) == 1


def test_a_bit_flip_at_every_position_of_the_bundle() -> None:
    for at in range(len(VALUE) * 8):
        flipped = bytearray(VALUE)
        flipped[at // 8] ^= 1 << at % 8
        record = Record(GENUINE.topic, bytes(flipped), GENUINE.headers, GENUINE.key)
        assert reasons(record) == [Reason.BAD_SIGNATURE], at


def test_a_bit_flip_at_every_position_of_the_signature() -> None:
    jws = GENUINE.headers[SIGNATURE_HEADER] or b""
    assert len(jws) > 100
    for at in range(len(jws) * 8):
        flipped = bytearray(jws)
        flipped[at // 8] ^= 1 << at % 8
        [reason] = reasons(Record(GENUINE.topic, VALUE, {SIGNATURE_HEADER: bytes(flipped)}, GENUINE.key))
        assert reason in (Reason.BAD_SIGNATURE, Reason.UNKNOWN_KEY, Reason.UNKNOWN_MEMBER), at


@pytest.mark.parametrize("member", ["bank-gone", "bank-out"], ids=["revoked", "suspended"])
def test_a_member_that_was_shut_out(member: str) -> None:
    """Its key is still known, and it may still be logged in."""
    assert reasons(signed(orjson.dumps([transfer(member)]), member)) == [Reason.SUSPENDED_MEMBER]
