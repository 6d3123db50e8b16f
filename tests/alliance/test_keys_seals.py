"""A seal opens for one recipient and one event, and is what RFC 9180 says, by an opener written apart from ours."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from alliance.keys.encoding import decode, encode
from alliance.keys.seals import BadSeal, seal, unseal

POLICE = X25519PrivateKey.from_private_bytes(b"\x03" * 32)
BANK = X25519PrivateKey.from_private_bytes(b"\x04" * 32)
PUBLIC = POLICE.public_key().public_bytes_raw()
EVENT = bytes.fromhex("0198c5f07b1c70008000000000000001")
OTHER_EVENT = bytes.fromhex("0198c5f07b1c70008000000000000002")
INFO = b"afa seal v1"


@given(st.binary(max_size=400))
def test_the_recipient_opens_what_was_sealed(clear: bytes) -> None:
    assert unseal(POLICE, seal(PUBLIC, clear, INFO, EVENT), INFO, EVENT) == clear


def test_two_seals_of_one_value_have_nothing_in_common() -> None:
    assert seal(PUBLIC, b"6222", INFO, EVENT)[:40] != seal(PUBLIC, b"6222", INFO, EVENT)[:40]


def test_no_one_else_no_other_event_no_other_use() -> None:
    sealed = seal(PUBLIC, b"6222", INFO, EVENT)
    for key, info, event in ((BANK, INFO, EVENT), (POLICE, INFO, OTHER_EVENT), (POLICE, b"afa other", EVENT)):
        with pytest.raises(BadSeal):
            unseal(key, sealed, info, event)


@given(st.integers(0, 60), st.integers(1, 255))
def test_a_changed_byte_does_not_open(at: int, mask: int) -> None:
    blob = bytearray(decode(seal(PUBLIC, b"6222021234567890", INFO, EVENT)))
    blob[at] ^= mask
    with pytest.raises(BadSeal):
        unseal(POLICE, encode(bytes(blob)), INFO, EVENT)


@pytest.mark.parametrize("blob", ["", "AAAA", "not base64url!", "A" * 43])
def test_what_is_no_seal_does_not_open(blob: str) -> None:
    with pytest.raises(BadSeal):
        unseal(POLICE, blob, INFO, EVENT)


@pytest.mark.parametrize("key", [b"", b"\x00" * 31, b"\x00" * 32], ids=["empty", "short", "low-order"])
def test_an_unfit_recipient_key_is_named(key: bytes) -> None:
    with pytest.raises(BadSeal, match="registry"):
        seal(key, b"6222", INFO, EVENT)


def test_info_can_not_be_stretched_into_the_associated_data() -> None:
    with pytest.raises(ValueError, match="NUL"):
        seal(PUBLIC, b"6222", b"afa\0", EVENT)


def extract(suite: bytes, salt: bytes, label: bytes, keying: bytes) -> bytes:
    return hmac.digest(salt, b"HPKE-v1" + suite + label + keying, "sha256")


def expand(suite: bytes, secret: bytes, label: bytes, info: bytes, length: int) -> bytes:
    labelled = length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info
    return hmac.digest(secret, labelled + b"\x01", "sha256")[:length]


def open_by_the_rfc(private: X25519PrivateKey, enc: bytes, ciphertext: bytes, info: bytes, aad: bytes) -> bytes:
    """RFC 9180 base mode, sections 4.1, 5.1 and 5.2, for DHKEM(X25519), HKDF-SHA256, AES-128-GCM, message 0."""
    kem = b"KEM\x00\x20"
    suite = b"HPKE\x00\x20\x00\x01\x00\x01"
    shared = private.exchange(X25519PublicKey.from_public_bytes(enc))
    context = enc + private.public_key().public_bytes_raw()
    secret = expand(kem, extract(kem, b"", b"eae_prk", shared), b"shared_secret", context, hashlib.sha256().digest_size)
    schedule = b"\x00" + extract(suite, b"", b"psk_id_hash", b"") + extract(suite, b"", b"info_hash", info)
    main = extract(suite, secret, b"secret", b"")
    key = expand(suite, main, b"key", schedule, 16)
    nonce = expand(suite, main, b"base_nonce", schedule, 12)
    return AESGCM(key).decrypt(nonce, ciphertext, aad)


def test_the_independent_opener_opens_the_rfcs_own_vector() -> None:
    """RFC 9180, appendix A.1.1, sequence number 0."""
    private = X25519PrivateKey.from_private_bytes(
        bytes.fromhex("4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8")
    )
    enc = bytes.fromhex("37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431")
    ciphertext = bytes.fromhex(
        "f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a96d8770ac83d07bea87e13c512a"
    )
    clear = open_by_the_rfc(private, enc, ciphertext, b"Ode on a Grecian Urn", b"Count-0")
    assert clear == b"Beauty is truth, truth beauty"


def test_the_independent_opener_opens_our_seal() -> None:
    blob = decode(seal(PUBLIC, b"6222021234567890", INFO, EVENT))
    assert open_by_the_rfc(POLICE, blob[:32], blob[32:], INFO + b"\0" + EVENT, b"") == b"6222021234567890"
