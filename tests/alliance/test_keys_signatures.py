"""A signature proves exactly these bytes by exactly this key, under one algorithm, and other JWS software agrees."""

from __future__ import annotations

import json
import warnings
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws as joserfc_jws
from joserfc.jwk import OKPKey

from alliance.keys.encoding import decode, encode
from alliance.keys.signatures import BadSignature, sign, sign_object, verify, verify_object

KEY = Ed25519PrivateKey.from_private_bytes(b"\x01" * 32)
STRANGER = Ed25519PrivateKey.from_private_bytes(b"\x02" * 32)
KID = "bank-a/k1"
BUNDLE = b'[{"id":"1"},{"id":"2"}]'
ORDER = {"order": "stop", "amount": 1050, "target": "张三", "nested": {"b": 1, "a": None}}


def lookup(kid: str) -> Ed25519PublicKey | None:
    return KEY.public_key() if kid == KID else None


def reason(jws: str, payload: bytes = BUNDLE) -> str:
    with pytest.raises(BadSignature) as caught:
        verify(jws, payload, lookup)
    return caught.value.reason


def with_header(header: Any, signer: Ed25519PrivateKey = KEY) -> str:
    encoded = encode(header if isinstance(header, bytes) else json.dumps(header).encode())
    return f"{encoded}..{encode(signer.sign(encoded.encode() + b'.' + BUNDLE))}"


@given(st.binary(max_size=300))
def test_what_is_signed_verifies_and_names_its_key(payload: bytes) -> None:
    assert verify(sign(KEY, KID, payload), payload, lookup) == KID


def test_an_officers_key_has_a_kid_of_three_parts() -> None:
    jws = sign_object(KEY, "police-city/wang/k2", ORDER)
    assert verify_object(jws, lambda kid: KEY.public_key())[0] == "police-city/wang/k2"


@given(at=st.integers(0, len(BUNDLE) - 1), bit=st.integers(0, 7))
def test_one_changed_bit_of_the_bundle_breaks_it(at: int, bit: int) -> None:
    changed = bytearray(BUNDLE)
    changed[at] ^= 1 << bit
    assert reason(sign(KEY, KID, BUNDLE), bytes(changed)) == "signature"


@given(at=st.integers(0, 200), char=st.sampled_from("AZaz09-_.= "))
def test_any_other_spelling_of_the_signature_is_refused(at: int, char: str) -> None:
    jws = sign(KEY, KID, BUNDLE)
    changed = jws[:at] + char + jws[at + 1 :]
    if changed != jws:
        assert reason(changed) in {"malformed", "signature", "algorithm", "unknown-key"}


def test_each_refusal_has_its_reason() -> None:
    good = {"alg": "EdDSA", "b64": False, "crit": ["b64"], "kid": KID}
    assert verify(with_header(good), BUNDLE, lookup) == KID
    assert reason("") == "unsigned"
    assert reason("a.b") == "malformed"
    assert reason("é..") == "malformed"
    assert reason(sign(KEY, "bank-b/k1", BUNDLE)) == "unknown-key"
    assert reason(sign(STRANGER, KID, BUNDLE)) == "signature"
    assert reason(with_header({**good, "alg": "none"})) == "algorithm"
    assert reason(with_header({**good, "alg": "HS256"})) == "algorithm"
    assert reason(with_header({**good, "jku": "https://evil.example/keys"})) == "malformed"
    assert reason(with_header({**good, "b64": 0})) == "malformed"
    assert reason(with_header({**good, "crit": ["b64", "exp"]})) == "malformed"
    assert reason(with_header({"alg": "EdDSA", "kid": KID})) == "malformed"
    assert reason(with_header({**good, "kid": "bank-a"})) == "malformed"
    assert reason(with_header(b'{"alg":"EdDSA","alg":"EdDSA"}')) == "malformed"
    assert reason(with_header(b"not json")) == "malformed"


def test_the_stray_bits_of_the_last_character_are_no_second_spelling() -> None:
    jws = sign(KEY, KID, BUNDLE)
    assert reason(jws[:-1] + chr(ord(jws[-1]) + 1)) == "malformed"


def test_an_empty_signature_is_not_a_signature() -> None:
    header = sign(KEY, KID, BUNDLE).partition(".")[0]
    assert reason(f"{header}..") == "malformed"


def test_a_detached_signature_can_not_bring_its_own_payload() -> None:
    header, _, signature = sign(KEY, KID, b"abc").split(".")
    assert reason(f"{header}.abc.{signature}", b"abc") == "malformed"


def test_an_order_comes_back_as_it_was_signed() -> None:
    assert verify_object(sign_object(KEY, KID, ORDER), lookup) == (KID, ORDER)


def test_the_same_order_is_the_same_bytes_whatever_the_order_of_its_keys() -> None:
    assert sign_object(KEY, KID, ORDER) == sign_object(KEY, KID, dict(reversed(ORDER.items())))


def test_a_changed_order_and_one_of_two_meanings_are_refused() -> None:
    header, body, signature = sign_object(KEY, KID, ORDER).split(".")
    more = encode(decode(body).replace(b"1050", b"9050"))
    with pytest.raises(BadSignature, match=r"^signature"):
        verify_object(f"{header}.{more}.{signature}", lookup)
    for body_bytes in (b'{"amount":1,"amount":2}', b"[1]", b"stop", b'{"amount":1180591620717411303424}'):
        signed = f"{header}.{encode(body_bytes)}"
        with pytest.raises(BadSignature, match=r"^malformed"):
            verify_object(f"{signed}.{encode(KEY.sign(signed.encode()))}", lookup)


def test_a_bundles_signature_is_no_orders_and_the_reverse() -> None:
    with pytest.raises(BadSignature, match=r"^malformed"):
        verify_object(sign(KEY, KID, BUNDLE), lookup)
    order = sign_object(KEY, KID, ORDER)
    header, body, signature = order.split(".")
    assert reason(f"{header}..{signature}", body.encode()) == "malformed"


def test_joserfc_and_we_verify_each_other() -> None:
    key = OKPKey.import_key(
        {
            "kty": "OKP",
            "crv": "Ed25519",
            "x": encode(KEY.public_key().public_bytes_raw()),
            "d": encode(KEY.private_bytes_raw()),
        }
    )
    header = {"alg": "EdDSA", "b64": False, "crit": ["b64"], "kid": KID}
    with warnings.catch_warnings():
        # It would have EdDSA called Ed25519 (RFC 9864); the bytes are the same.
        warnings.simplefilter("ignore")
        theirs = joserfc_jws.serialize_compact(header, BUNDLE, key, algorithms=["EdDSA"])
        joserfc_jws.deserialize_compact(sign(KEY, KID, BUNDLE), key, algorithms=["EdDSA"], payload=BUNDLE)
        order = joserfc_jws.deserialize_compact(sign_object(KEY, KID, ORDER), key, algorithms=["EdDSA"])
    assert verify(theirs, BUNDLE, lookup) == KID
    assert theirs == sign(KEY, KID, BUNDLE)
    assert json.loads(order.payload or b"") == ORDER
