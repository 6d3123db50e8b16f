"""Ed25519 signatures as JWS: detached over a bundle's exact bytes (RFC 7515, 7797), attached for orders and mandates.

Only EdDSA is accepted, whatever a header says, and no header field beyond those written here is ever obeyed. These
lines are our own because joserfc caps a detached payload at 128 kB, wants it to be text and attaches some; it verifies
ours, and we its.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Literal

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from alliance.errors import AfaError
from alliance.keys.encoding import decode, encode
from schemas import strictjson

KeyLookup = Callable[[str], Ed25519PublicKey | None]
Reason = Literal["unsigned", "malformed", "algorithm", "unknown-key", "signature"]

_KID = re.compile(r"[A-Za-z0-9._-]+(?:/[A-Za-z0-9._-]+){1,2}")
_MAX_HEADER = 512
_SIGNATURE_BYTES = 64
_DETACHED = {"alg": "EdDSA", "b64": False, "crit": ["b64"]}
_ATTACHED = {"alg": "EdDSA"}


class BadSignature(AfaError):
    """What was to be verified is not proven. `reason` says at which step."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(f"{reason}: {message}")
        self.reason: Reason = reason


def sign(private_key: Ed25519PrivateKey, kid: str, payload: bytes) -> str:
    """The detached JWS of exactly these bytes: `header..signature`. `kid` is member/key or member/officer/key."""
    header = _header(kid, detached=True)
    return f"{header}..{encode(private_key.sign(_detached_input(header, payload)))}"


def verify(jws: str, payload: bytes, lookup: KeyLookup) -> str:
    """The kid whose key signed exactly these bytes; `BadSignature` otherwise."""
    header, body, signature = _split(jws)
    if body:
        raise BadSignature("malformed", "the signature brings a payload of its own; sign detached (RFC 7797)")
    kid = _kid(header, detached=True)
    _check(_key(kid, lookup), signature, _detached_input(header, payload))
    return kid


def sign_object(private_key: Ed25519PrivateKey, kid: str, obj: dict[str, Any]) -> str:
    """A compact JWS that carries `obj` as JSON with sorted keys: what is shown to a person is what was signed."""
    header = _header(kid, detached=False)
    signing_input = f"{header}.{encode(orjson.dumps(obj, option=orjson.OPT_SORT_KEYS))}"
    return f"{signing_input}.{encode(private_key.sign(signing_input.encode('ascii')))}"


def verify_object(jws: str, lookup: KeyLookup) -> tuple[str, dict[str, Any]]:
    """The kid and the object that its key signed; `BadSignature` otherwise."""
    header, body, signature = _split(jws)
    kid = _kid(header, detached=False)
    # Nothing of the payload is read before it is known whose it is.
    _check(_key(kid, lookup), signature, f"{header}.{body}".encode("ascii"))
    try:
        obj = strictjson.loads(decode(body))
        # An integer beyond 64 bits is JSON, and whoever writes the object again would fall over it.
        orjson.dumps(obj)
    except (ValueError, orjson.JSONEncodeError) as error:
        raise BadSignature("malformed", "the signed payload is not JSON of one meaning") from error
    if not isinstance(obj, dict):
        raise BadSignature("malformed", "the signed payload is not a JSON object")
    return kid, obj


@lru_cache(maxsize=1024)
def _header(kid: str, *, detached: bool) -> str:
    if not _KID.fullmatch(kid):
        raise ValueError(f"kid {kid!r} is not member/key or member/officer/key")
    return encode(orjson.dumps({**(_DETACHED if detached else _ATTACHED), "kid": kid}))


def _detached_input(header: str, payload: bytes) -> bytes:
    return b"%b.%b" % (header.encode("ascii"), payload)


def _split(jws: str) -> tuple[str, str, bytes]:
    if not jws:
        raise BadSignature("unsigned", "there is no signature; sign with the key that the registry knows")
    parts = jws.split(".")
    if len(parts) != 3 or not jws.isascii() or len(parts[0]) > _MAX_HEADER:
        raise BadSignature("malformed", "not a compact JWS of three parts")
    try:
        signature = decode(parts[2])
    except ValueError as error:
        raise BadSignature("malformed", "the signature is not base64url") from error
    if len(signature) != _SIGNATURE_BYTES:
        raise BadSignature("malformed", f"the signature has {len(signature)} bytes instead of {_SIGNATURE_BYTES}")
    return parts[0], parts[1], signature


@lru_cache(maxsize=4096)
def _kid(header: str, *, detached: bool) -> str:
    """The kid of a header that says exactly what it must. Cached by its text: a member sends the same one each time."""
    try:
        fields = strictjson.loads(decode(header))
    except ValueError as error:
        raise BadSignature("malformed", "the header is not base64url of JSON") from error
    if not isinstance(fields, dict):
        raise BadSignature("malformed", "the header is not a JSON object")
    if fields.get("alg") != "EdDSA":
        raise BadSignature("algorithm", "the only algorithm is EdDSA")
    kid = fields.pop("kid", None)
    if not isinstance(kid, str) or not _KID.fullmatch(kid):
        raise BadSignature("malformed", "the header has no kid of the form member/key")
    expected = _DETACHED if detached else _ATTACHED
    if fields != expected or (detached and fields["b64"] is not False):
        raise BadSignature("malformed", f"beside kid, the header must be {orjson.dumps(expected).decode()}")
    return kid


def _key(kid: str, lookup: KeyLookup) -> Ed25519PublicKey:
    key = lookup(kid)
    if key is None:
        raise BadSignature("unknown-key", f"no valid key {kid}; register it, or sign with one that is")
    return key


def _check(key: Ed25519PublicKey, signature: bytes, signed: bytes) -> None:
    try:
        key.verify(signature, signed)
    except InvalidSignature as error:
        raise BadSignature("signature", "the signature does not fit these bytes and this key") from error
