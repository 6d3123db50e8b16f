"""Where money lies and what it moves through: accounts, cards, wallets, merchants, serials, crypto addresses."""

from __future__ import annotations

import re

from stdnum import iban, luhn
from stdnum.exceptions import ValidationError

from schemas.canonical.form import Form, impossible, malformed
from schemas.canonical.numbers import number
from schemas.canonical.placeholders import refuse_filler
from schemas.canonical.text import alnum, compact, digits, opaque

_IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}")
_EMAIL = re.compile(r"[^@]+@[^@]+\.[^@]+")
_PHONE = re.compile(r"(?:\+|00)\d{7,15}|1[3-9]\d{9}")
_ETHEREUM = re.compile(r"0x[0-9a-f]{40}", re.IGNORECASE)
_BECH32 = re.compile(r"[a-z]{2,10}1[02-9ac-hj-np-z]{6,87}", re.IGNORECASE)
_BASE58 = re.compile(r"[1-9A-HJ-NP-Za-km-z]{25,95}")


def account(text: str) -> Form:
    """Digits alone, 6 to 34: its bank is a holder and not part of the key. An IBAN is kept, and checked."""
    bare = compact(text).upper()
    if _IBAN.fullmatch(bare):
        return Form(_checked_iban(bare))
    bare = digits(text, 6, 34, "an account")
    refuse_filler(bare)
    return Form(bare)


def _checked_iban(bare: str) -> str:
    try:
        return str(iban.validate(bare, check_country=False))
    except ValidationError as error:
        raise impossible("an IBAN whose check digits do not hold; copy it again") from error


def card(text: str) -> Form:
    """12 to 19 digits (ISO/IEC 7812). A failed Luhn digit warns only: some issuers' own cards have none."""
    bare = digits(text, 12, 19, "a card")
    refuse_filler(bare)
    return Form(bare, () if luhn.is_valid(bare) else ("luhn",))


def payment_account(text: str) -> Form:
    """An e-mail address, a phone (in its E.164 form) or an id that the payment firm issued."""
    if _PHONE.fullmatch(compact(text)):
        return number(text)
    bare = opaque(text, 4, 128, "a payment account")
    if "@" in bare and not _EMAIL.fullmatch(bare):
        raise malformed("not an e-mail address; give it as name@domain")
    refuse_filler(bare)
    return Form(bare)


def wallet(text: str) -> Form:
    bare = alnum(text, 4, 64, "a wallet")
    refuse_filler(bare)
    return Form(bare)


def merchant(text: str) -> Form:
    bare = alnum(text, 4, 64, "a merchant")
    refuse_filler(bare)
    return Form(bare)


def transfer_serial(text: str) -> Form:
    bare = alnum(text, 4, 64, "a transfer serial")
    refuse_filler(bare)
    return Form(bare)


def crypto_address(text: str) -> Form:
    """Lower case where the chain ignores case (0x, bech32); as it is where case carries meaning (base58)."""
    if _ETHEREUM.fullmatch(text):
        refuse_filler(text.lower())
        return Form(text.lower())
    if text in (text.lower(), text.upper()) and _BECH32.fullmatch(text):
        return Form(text.lower())
    if _BASE58.fullmatch(text):
        return Form(text)
    raise malformed("not a 0x, bech32 or base58 address; give the address alone, without a scheme or an amount")
