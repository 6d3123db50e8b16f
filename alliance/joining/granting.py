"""The token keys of an epoch on their way from the registrar to one member, and the member's word that it has them.

Pure. A member takes no key that its registrar has not signed, that is sealed to another, or that others have followed
already; a key must never show in an error.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import ValidationError

from alliance.errors import Refused
from alliance.keys.encoding import decode, encode
from alliance.keys.seals import BadSeal, seal
from alliance.keys.signatures import BadSignature, KeyLookup, sign_object, verify_object
from alliance.keys.store import MemberKeys
from alliance.keys.tokens import TokenKeys
from schemas.epochs import EpochGrant, EpochKeys, EpochTaken, TokenKeysLetter
from schemas.joining import EpochKey
from schemas.registry import Member

INFO = b"afa-epoch-v1"


def grant(registrar: MemberKeys, to: Member, keys: TokenKeys) -> TokenKeysLetter:
    """These keys for one member: signed by the registrar, sealed to the member's key in the registry."""
    content = EpochKeys(keys=[EpochKey(epoch=epoch, key=encode(key)) for epoch, key in keys.epochs.items()])
    names = list(keys.epochs)
    sealed = seal(decode(to.seal_key), content.model_dump_json().encode(), INFO, _to(to.member, names))
    granted = EpochGrant(member=to.member, epochs=names, sealed=sealed)
    return TokenKeysLetter(jws=sign_object(registrar.signing, registrar.kid, granted.model_dump(mode="json")))


def taken(held: MemberKeys, letter: TokenKeysLetter, registrar: Ed25519PublicKey) -> MemberKeys:
    """The member's keys with those of the letter in place of the token keys, which it finds by from then on; as they
    are, if it has these already.

    Raises Refused, saying why, for what is not to be taken.
    """
    try:
        _, signed = verify_object(letter.jws, lambda kid: registrar)
        granted = EpochGrant.model_validate_json(orjson.dumps(signed))
    except (BadSignature, ValidationError):
        raise Refused("Token keys came that the registrar has not signed; they are not taken.") from None
    if granted.member != held.member:
        raise Refused(f"Token keys came that are {granted.member}'s; {held.member} does not take them.")
    given = _opened(held, granted)
    if held.tokens is None or given == held.tokens:
        return replace(held, tokens=given.in_place_of(held.tokens))
    if not given.follows(held.tokens):
        raise Refused(
            f"Token keys came for {' and '.join(granted.epochs)}, which do not follow those that {held.member} has "
            f"({' and '.join(held.tokens.epochs)}); they are not taken."
        )
    return replace(held, tokens=given.in_place_of(held.tokens))


def confirm(held: MemberKeys) -> bytes:
    """The member's word that it has these epochs' keys."""
    assert held.tokens is not None
    word = EpochTaken(member=held.member, epochs=list(held.tokens.epochs))
    return sign_object(held.signing, held.kid, word.model_dump()).encode()


def confirmed(jws: str, lookup: KeyLookup) -> EpochTaken:
    """Such a word, signed by a key of that member that `lookup` knows. Raises Refused."""
    try:
        kid, signed = verify_object(jws, lookup)
        word = EpochTaken.model_validate_json(orjson.dumps(signed))
    except (BadSignature, ValidationError):
        raise Refused("A member's word on token keys does not verify.") from None
    if kid.rpartition("/")[0] != word.member:
        raise Refused(f"A word on token keys is of {word.member}, and signed by {kid}.")
    return word


def _opened(held: MemberKeys, granted: EpochGrant) -> TokenKeys:
    try:
        clear = held.open(granted.sealed, INFO, _to(granted.member, granted.epochs))
        given = EpochKeys.model_validate_json(clear).keys
        keys = TokenKeys({each.epoch: decode(each.key) for each in given})
    # The cause may quote what was sealed.
    except (BadSeal, ValueError):
        raise Refused(f"The token keys for {held.member} do not open; ask the registrar to send them anew.") from None
    if list(keys.epochs) != granted.epochs:
        raise Refused("Token keys came under other names than the registrar has signed; they are not taken.")
    return keys


def _to(member: str, epochs: Iterable[str]) -> bytes:
    """Binds what is sealed to whom and what it is for."""
    return b"\0".join(part.encode() for part in (member, *epochs))
