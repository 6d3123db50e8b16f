"""Attacks on a rotation of the token epoch: keys that a member must not take, and words that the registrar must not
believe.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from alliance.errors import Refused
from alliance.joining import granting
from alliance.keys.signatures import sign_object, verify_object
from alliance.keys.store import MemberKeys, generate
from alliance.keys.tokens import TokenKeys
from schemas.epochs import TokenKeysLetter
from schemas.registry import Alliance, Member, Sector, SigningKey

REGISTRAR, HUB = generate("registrar"), generate("registrar")
FIRST = TokenKeys.generate()
SECOND = FIRST.rotated()
THIRD = SECOND.cut_over().rotated()
BANK, OTHER = generate("bank-a", FIRST), generate("bank-b", FIRST)


def record(keys: MemberKeys) -> Member:
    key = SigningKey(key_id=keys.key_id, public=keys.public.signing, valid_from=datetime.now(UTC))
    return Member(
        member=keys.member,
        name=keys.member,
        sector=Sector.BANK,
        alliance=Alliance.POLICE_BANK,
        keys=[key],
        seal_key=keys.public.sealing,
    )


def letter(keys: TokenKeys, to: MemberKeys = BANK, by: MemberKeys = REGISTRAR) -> TokenKeysLetter:
    return granting.grant(by, record(to), keys)


def take(held: MemberKeys, *letters: TokenKeysLetter) -> MemberKeys:
    for each in letters:
        held = granting.taken(held, each, REGISTRAR.signing.public_key())
    return held


def test_the_registrars_keys_are_taken_in_their_order_and_each_once() -> None:
    assert take(BANK, letter(SECOND)).tokens == SECOND
    after = take(BANK, letter(SECOND), letter(SECOND), letter(SECOND.cut_over()), letter(THIRD))
    assert after.tokens == THIRD
    assert take(BANK, letter(THIRD)).tokens == THIRD
    assert replace(after, tokens=BANK.tokens) == BANK
    for held in (after, take(after, letter(THIRD))):
        assert held.tokens is not None
        assert held.tokens.ended == FIRST.epochs


def test_what_was_sealed_before_the_members_keys_changed_opens() -> None:
    new = replace(generate("bank-a", FIRST), former=(BANK.sealing,))
    assert take(new, letter(SECOND)).tokens == SECOND


def test_token_keys_that_another_than_the_registrar_signed() -> None:
    with pytest.raises(Refused, match="has not signed"):
        take(BANK, letter(SECOND, by=HUB))
    head, body, signature = letter(SECOND).jws.split(".")
    with pytest.raises(Refused, match="has not signed"):
        take(BANK, TokenKeysLetter(jws=f"{head}.{body[:-2]}AA.{signature}"))


def test_token_keys_that_are_anothers() -> None:
    with pytest.raises(Refused, match="bank-b's"):
        take(BANK, letter(SECOND, to=OTHER))


def test_token_keys_sealed_to_another_under_the_own_name() -> None:
    """The hub's registry named another key to seal to."""
    with pytest.raises(Refused, match="do not open"):
        take(BANK, granting.grant(REGISTRAR, record(replace(OTHER, member="bank-a")), SECOND))


def test_token_keys_put_into_anothers_letter() -> None:
    """A seal is bound to whom and what it is for, also where the registrar can be made to sign it."""
    _, first = verify_object(letter(SECOND).jws, lambda kid: REGISTRAR.signing.public_key())
    forged = sign_object(REGISTRAR.signing, REGISTRAR.kid, {**first, "epochs": ["e2", "e3"]})
    with pytest.raises(Refused, match="do not open"):
        take(BANK, TokenKeysLetter(jws=forged))


@pytest.mark.parametrize("earlier", [FIRST, SECOND, SECOND.cut_over()], ids=["first", "overlap", "alone"])
def test_token_keys_of_an_older_epoch(earlier: TokenKeys) -> None:
    """A letter of the registrar's own, shown again after others have followed it."""
    held = take(BANK, letter(THIRD))
    with pytest.raises(Refused, match="do not follow"):
        take(held, letter(earlier))


def test_token_keys_under_which_a_known_epoch_has_another_key() -> None:
    """Tokens would join nothing any more, in silence."""
    other = TokenKeys({"e1": bytes(32), "e2": bytes(32)})
    with pytest.raises(Refused, match="do not follow"):
        take(BANK, letter(other))


def test_a_members_word_that_another_gave() -> None:
    own = {BANK.kid: BANK.signing.public_key(), OTHER.kid: OTHER.signing.public_key()}.get
    assert granting.confirmed(granting.confirm(BANK).decode(), own).epochs == ["e1"]
    for false in (
        sign_object(OTHER.signing, OTHER.kid, {"member": "bank-a", "epochs": ["e2"]}),
        sign_object(OTHER.signing, BANK.kid, {"member": "bank-a", "epochs": ["e2"]}),
    ):
        with pytest.raises(Refused):
            granting.confirmed(false, own)


def test_no_key_shows_in_an_error_or_in_what_is_signed() -> None:
    _, signed = verify_object(letter(SECOND).jws, lambda kid: REGISTRAR.signing.public_key())
    shown = [str(signed), repr(take(BANK, letter(SECOND))), repr(SECOND)]
    for bad in (letter(SECOND, to=OTHER), letter(TokenKeys({"e1": bytes(32)}))):
        with pytest.raises(Refused) as refused:
            take(BANK, bad)
        shown.append(str(refused.value))
    secrets = [part for key in SECOND.epochs.values() for part in (key.hex(), repr(key))]
    assert not [secret for secret in secrets if any(secret in text for text in shown)]
