"""Values that stand for "not known". Hashed, one would join everyone with everyone: none may become a token."""

from __future__ import annotations

from schemas.canonical.form import placeholder

_CHINESE = {"未知", "无", "暂无", "没有", "空", "不详", "不明", "匿名", "测试"}
_ENGLISH = {"unknown", "unavailable", "undefined", "anonymous", "private", "withheld", "restricted", "test", "empty"}
_TECHNICAL = {"null", "none", "nil", "nan", "n/a", "na", "xxx", "---", "?", "??", "???"}
_WORDS = frozenset(_CHINESE | _ENGLISH | _TECHNICAL)
# China Mobile's own demonstration number; an Android id that a generation of handsets shared; the MAC address Android
# shows to every app; the Ethereum burn address.
_KNOWN = frozenset(["13800138000", "9774d56d682e549c", "020000000000", "ffffffffffff", "0x" + "dead".rjust(40, "0")])
_UP = "1234567890" * 4
_UP_FROM_ZERO = "0123456789" * 4
_DOWN = "9876543210" * 4


def refuse_words(text: str) -> None:
    """Refuse a word for "nothing", in any case, whatever the kind."""
    if not text or text.casefold() in _WORDS or not text.strip("0 -._:/@+"):
        raise placeholder()


def refuse_filler(value: str) -> None:
    """Refuse one repeated digit, keyboard sequences (1234567890) and the known shared values."""
    if value in _KNOWN or not value.strip("0x"):
        raise placeholder()
    if not (value.isascii() and value.isdigit()) or len(value) < 4:
        return
    if value == value[0] * len(value):
        raise placeholder()
    if len(value) >= 6 and (_UP.startswith(value) or _UP_FROM_ZERO.startswith(value) or _DOWN.startswith(value)):
        raise placeholder()
