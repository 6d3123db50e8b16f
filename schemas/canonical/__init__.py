"""The one spelling of each identifier, version 1: two members that mean the same must hash the same bytes.

A change of any rule changes tokens and breaks joins in silence: it needs a new version, new vectors
(`schemas/vectors/canonical-v1.json`) and a new token epoch.
"""

from __future__ import annotations

from collections.abc import Callable

from schemas.canonical import devices, money, numbers, people, web
from schemas.canonical.form import Canonical, CanonicalError, Form, Reason, malformed
from schemas.canonical.numbers import is_joinable_number
from schemas.canonical.placeholders import refuse_filler, refuse_words
from schemas.canonical.text import MAX_LENGTH, alnum, clean

__all__ = ["KINDS", "MAX_LENGTH", "VERSION", "Canonical", "CanonicalError", "Reason", "canonical", "is_joinable_number"]

VERSION = 1


def _parcel(text: str) -> Form:
    bare = alnum(text, 6, 40, "a waybill")
    refuse_filler(bare)
    return Form(bare)


def _trip(text: str) -> Form:
    bare = alnum(text, 4, 64, "a trip")
    refuse_filler(bare)
    return Form(bare)


_RULES: dict[str, tuple[str, Callable[[str], Form]]] = {
    "account": ("account", money.account),
    "card": ("card", money.card),
    "payment-account": ("payment-account", money.payment_account),
    "merchant": ("merchant", money.merchant),
    "wallet": ("wallet", money.wallet),
    "transfer-serial": ("transfer-serial", money.transfer_serial),
    "person": ("person", people.person),
    "number": ("number", numbers.number),
    # A presented caller id must meet the number it shows.
    "presented-number": ("number", numbers.presented_number),
    "sim": ("sim", devices.sim),
    "device": ("device", devices.device),
    "trunk": ("trunk", devices.trunk),
    "terminal": ("terminal", devices.terminal),
    "ip": ("ip", devices.ip),
    "handle": ("handle", web.handle),
    "url": ("url", web.url),
    "app": ("app", web.app),
    "parcel": ("parcel", _parcel),
    "trip": ("trip", _trip),
    "crypto-address": ("crypto-address", money.crypto_address),
}
KINDS = frozenset(_RULES)


def canonical(kind: str, value: str) -> Canonical:
    """The canonical form of `value` as an identifier of `kind`.

    Raises `CanonicalError`: `placeholder`, `impossible` or `malformed`. Repeating it on its own result changes nothing.
    """
    if kind not in _RULES:
        raise malformed(f"no identifier kind {kind!r}; one of {', '.join(sorted(_RULES))}")
    namespace, rule = _RULES[kind]
    text = clean(value)
    refuse_words(text)
    form = rule(text)
    return Canonical(namespace, form.value, form.warnings)
