"""base64url without padding (RFC 7515 section 2), in its one spelling: what decodes must encode to the same text."""

from __future__ import annotations

import base64
import binascii

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def decode(text: str) -> bytes:
    """The bytes of `text`; ValueError for padding, other alphabets and stray bits, which would be a second spelling."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("not base64url") from error
    if encode(data) != text:
        raise ValueError("not base64url in its one spelling")
    return data


def public_key(text: str) -> Ed25519PublicKey:
    """The Ed25519 key that is written so; ValueError for what is none."""
    return Ed25519PublicKey.from_public_bytes(decode(text))
