"""What passes between a unit and the registrar, made and verified: the request for keys, and the answer to it.

Pure. Nothing is believed that is not signed, and what is secret in an answer is sealed to the keys that asked.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TypeVar

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import ValidationError

from alliance.errors import Refused
from alliance.keys.encoding import decode, encode, public_key
from alliance.keys.seals import BadSeal, seal, sealing_key, unseal
from alliance.keys.signatures import BadSignature, KeyLookup, sign_object, verify_object
from alliance.keys.store import MemberKeys, PublicKeys
from schemas.base import Message
from schemas.joining import Admission, Endorsed, Invite, KeyRequest, Welcome

WELCOME_INFO = b"afa-welcome-v1"
_FINGERPRINT_BYTES = 16
_M = TypeVar("_M", bound=Message)


def fingerprint(request: KeyRequest | PublicKeys) -> str:
    """What two people compare by telephone: 128 bits of SHA-256 over whose keys they are and both of them."""
    digest = hashlib.sha256(_bound(request.member, request.signing, request.sealing)).hexdigest()
    shown = digest[: 2 * _FINGERPRINT_BYTES]
    return "-".join(shown[start : start + 4] for start in range(0, len(shown), 4))


def proof(code: str, member: str, signing: str, sealing: str) -> str:
    """That who names these keys has the invite's code, which no one on the way can do for keys of its own."""
    return encode(hmac.digest(decode(code), _bound(member, signing, sealing), "sha256"))


def joining(keys: MemberKeys, invite: Invite) -> bytes:
    """A newcomer's request."""
    public = keys.public
    shown = proof(invite.code, keys.member, public.signing, public.sealing)
    return _request(keys, _named(public).model_copy(update={"invite_id": invite.invite_id, "proof": shown}))


def changing(new: MemberKeys, present: MemberKeys) -> bytes:
    """A member's request for new keys, signed by both the new key and the present one."""
    inner = _request(new, _named(new.public)).decode()
    return sign_object(present.signing, present.kid, Endorsed(request=inner).model_dump()).encode()


def requested(jws: str) -> KeyRequest:
    """The request, signed by the very key that it names. Raises Refused."""
    try:
        kid, signed = verify_object(jws, lambda kid: _named_key(jws))
        request = _parsed(KeyRequest, signed)
        sealing_key(request.sealing)
    except BadSignature as error:
        raise Refused(f"The request for keys does not verify ({error}).") from error
    except BadSeal as error:
        raise Refused(f"The request for keys is of no use ({error}); ask with new keys.") from error
    if kid != f"{request.member}/{request.key_id}":
        raise Refused(f"The request for keys is signed as {kid}, whom it does not name.")
    # What such a key signed would count as that officer's word, and no fingerprint tells what a key is called.
    if "/" in request.key_id:
        raise Refused(f"The request is for a key that is named as an officer's ({kid}); ask with another key id.")
    return request


def endorsed(jws: str, lookup: KeyLookup) -> KeyRequest:
    """A member's request for new keys, signed also by a key of the same member that `lookup` knows. Raises Refused."""
    try:
        kid, signed = verify_object(jws, lookup)
    except BadSignature as error:
        raise Refused(f"The change of keys does not verify ({error}).") from error
    request = requested(_parsed(Endorsed, signed).request)
    if kid.rpartition("/")[0] != request.member:
        raise Refused(f"The change of keys is of {request.member}, and signed by {kid}.")
    return request


def admission(registrar: MemberKeys, request: KeyRequest, welcome: Welcome) -> bytes:
    """The registrar's answer, which only the holder of the requested keys can open."""
    sealed = seal(decode(request.sealing), welcome.model_dump_json().encode(), WELCOME_INFO, _to(request))
    answer = Admission(member=request.member, key_id=request.key_id, sealed=sealed)
    return sign_object(registrar.signing, registrar.kid, answer.model_dump()).encode()


def admitted(jws: str, keys: MemberKeys, registrar: Ed25519PublicKey) -> Welcome | None:
    """What the registrar answered to these keys; None if the answer is to others, or of somebody else.

    Raises Refused if the registrar signed what these keys do not open.
    """
    answer = answered(jws, registrar)
    if answer is None or not answers(answer, keys.public):
        return None
    try:
        clear = unseal(keys.sealing, answer.sealed, WELCOME_INFO, _to(keys.public))
        return Welcome.model_validate_json(clear)
    except (BadSeal, ValidationError):
        # The cause may quote what was sealed.
        raise Refused(
            f"The registrar's answer to {keys.member} does not open; ask the registrar to approve once more."
        ) from None


def answered(jws: str, registrar: Ed25519PublicKey) -> Admission | None:
    """An answer of the registrar, to whomever; None for anything else."""
    try:
        return _parsed(Admission, verify_object(jws, lambda kid: registrar)[1])
    except (BadSignature, Refused):
        return None


def answers(answer: Admission, keys: KeyRequest | PublicKeys) -> bool:
    """Whether it is the one to these keys."""
    return (answer.member, answer.key_id) == (keys.member, keys.key_id)


def _request(keys: MemberKeys, request: KeyRequest) -> bytes:
    return sign_object(keys.signing, keys.kid, request.model_dump(mode="json", exclude_none=True)).encode()


def _named(public: PublicKeys) -> KeyRequest:
    return KeyRequest(member=public.member, key_id=public.key_id, signing=public.signing, sealing=public.sealing)


def _named_key(jws: str) -> Ed25519PublicKey | None:
    """The key that the request itself names: that it signed is proof of possession, and of nothing else."""
    try:
        return public_key(str(orjson.loads(decode(jws.split(".")[1]))["signing"]))
    except (ValueError, LookupError, TypeError):
        return None


def _parsed(model: type[_M], signed: object) -> _M:
    try:
        return model.model_validate_json(orjson.dumps(signed))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise Refused(f"What was signed is no {model.__name__} ({first['msg']}).") from None


def _bound(member: str, signing: str, sealing: str) -> bytes:
    return b"afa-keys-v1\0" + b"\0".join((member.encode(), decode(signing), decode(sealing)))


def _to(keys: KeyRequest | PublicKeys) -> bytes:
    """Binds an answer to all that asked for it."""
    return _bound(keys.member, keys.signing, keys.sealing)
