"""State keys: one letter for the namespace, then the token as it travels, so that a key is readable and can be
turned back."""

from __future__ import annotations

from schemas.identifiers import IdentifierKind

LETTERS: dict[str, str] = {
    IdentifierKind.ACCOUNT: "a",
    IdentifierKind.CARD: "c",
    IdentifierKind.PAYMENT_ACCOUNT: "y",
    IdentifierKind.MERCHANT: "m",
    IdentifierKind.WALLET: "w",
    IdentifierKind.TRANSFER_SERIAL: "t",
    IdentifierKind.PERSON: "p",
    IdentifierKind.NUMBER: "n",
    IdentifierKind.PRESENTED_NUMBER: "n",
    IdentifierKind.SIM: "s",
    IdentifierKind.DEVICE: "d",
    IdentifierKind.TRUNK: "k",
    IdentifierKind.HANDLE: "h",
    IdentifierKind.URL: "u",
    IdentifierKind.APP: "g",
    IdentifierKind.PARCEL: "e",
    IdentifierKind.TRIP: "r",
    IdentifierKind.CRYPTO_ADDRESS: "x",
    IdentifierKind.IP: "i",
    IdentifierKind.TERMINAL: "l",
}
KINDS: dict[str, IdentifierKind] = {letter: IdentifierKind(kind) for kind, letter in reversed(LETTERS.items())}
"""The kind that a key's letter stands for; a presented number is a number."""


def key_of(kind: str, token: str) -> str:
    """State key of an identifier's token."""
    return LETTERS[kind] + token


def kind_of(key: str) -> IdentifierKind:
    """The kind of identifier that a key stands for."""
    return KINDS[key[0]]


def token_of(key: str) -> str:
    """The token that a key stands for."""
    return key[1:]


def prefix_of(token: str) -> str:
    """How all tokens of its epoch begin: `e1:`."""
    return token[: token.index(":") + 1]
