"""Amounts as people and files write them, to minor units, by decimal arithmetic only: never through a float."""

from __future__ import annotations

import re
from decimal import Decimal

# ISO 4217: the currencies whose minor unit is not a hundredth.
_BY_DIGITS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
_DIGITS = {currency: digits for digits, currencies in _BY_DIGITS.items() for currency in currencies.split()}
_PLAIN = re.compile(r"[0-9]{1,18}(?:\.[0-9]+)?")


def minor_from_major(text: str, currency: str) -> int:
    """286.97 CNY is 28697. ValueError for signs, separators, exponents, or more decimals than the currency has."""
    if not _PLAIN.fullmatch(text):
        raise ValueError(f"{text!r} is not a plain amount; write digits and at most one decimal point")
    digits = _DIGITS.get(currency, 2)
    amount = Decimal(text)
    exponent = amount.as_tuple().exponent
    assert isinstance(exponent, int)
    if -exponent > digits:
        raise ValueError(f"{text!r} has more decimals than {currency} has ({digits})")
    return int(amount.scaleb(digits))
