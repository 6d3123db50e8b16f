"""Seals: clear values that only one recipient can open, bound to one event (HPKE base mode, RFC 9180).

Suite: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-128-GCM. A seal must never be taken as proof of its sender: that is
the bundle's signature. The associated data goes into HPKE's `info`, as RFC 9180 section 8.1 asks of single-shot use:
`info`, NUL, `aad`.
"""

from __future__ import annotations

from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from alliance.errors import AfaError
from alliance.keys.encoding import decode, encode

EVENT_INFO = b"afa-seal-v1"
"""The use of the seals in an event, with the event's id as associated data."""
TARGET_INFO = b"afa-clear-target-v1"
"""The use of what the vault seals to the member that a request asks, with the request's id."""
NAME_INFO = b"afa-account-name-v1"
"""The use of an account holder's name sealed to its bank, with the id of the report, or of the request answered."""
_PROBE = X25519PrivateKey.from_private_bytes(bytes(32))
_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_128_GCM)


class BadSeal(AfaError):
    """The seal can not be made or opened with this key, for this event."""


def seal(recipient_public: bytes, clear: bytes, info: bytes, aad: bytes) -> str:
    """base64url of encapsulated key and ciphertext: 64 characters and 4/3 of `clear`'s length.

    `recipient_public` is a raw X25519 key, `info` names the use, `aad` is the event id's 16 bytes.
    """
    bound = _bound(info, aad)
    try:
        return encode(_SUITE.encrypt(clear, _public_key(recipient_public), bound))
    except ValueError as error:
        raise BadSeal("the recipient's sealing key is not an X25519 public key; correct it in the registry") from error


def sealing_key(text: str) -> bytes:
    """The raw key that is written so; BadSeal for what nothing can be sealed to, a point of small order too."""
    try:
        raw = decode(text)
        _PROBE.exchange(_public_key(raw))
    except ValueError as error:
        raise BadSeal("the sealing key is not an X25519 public key") from error
    return raw


def unseal(private_key: X25519PrivateKey, sealed: str, info: bytes, aad: bytes) -> bytes:
    """The clear bytes; `BadSeal` for another recipient, another event, or a changed byte."""
    bound = _bound(info, aad)
    try:
        return _SUITE.decrypt(decode(sealed), private_key, bound)
    except (InvalidTag, ValueError) as error:
        raise BadSeal("the seal does not open: it is for another recipient or event, or was changed") from error


@lru_cache(maxsize=1024)
def _public_key(raw: bytes) -> X25519PublicKey:
    return X25519PublicKey.from_public_bytes(raw)


def _bound(info: bytes, aad: bytes) -> bytes:
    if b"\0" in info:
        raise ValueError("info must not hold a NUL, which parts it from the associated data")
    return info + b"\0" + aad
