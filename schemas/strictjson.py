"""The one JSON parser of the wire: what it accepts has one meaning only, and every reader sees the same.

Refused: NaN and infinities, duplicate keys, bytes that are not UTF-8, unpaired surrogates, nesting beyond 32. It must
never repair or guess.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, Final, Literal, NoReturn

import orjson

MAX_DEPTH: Final = 32
Reason = Literal["malformed", "duplicate-key", "not-finite", "too-deep"]

# A string (to its end even if unclosed, so that hostile input costs one pass) or a bracket.
_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[\]{}]', re.DOTALL)
_ALL_BUT_SKELETON = bytes(set(range(256)) - set(b'[]{}"'))
_ONE_BRACKET = bytes.maketrans(b"{}", b"[]")


class StrictJsonError(ValueError):
    """The bytes are not JSON of one meaning. `reason` is malformed, duplicate-key, not-finite or too-deep."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason: Reason = reason


def loads(data: bytes) -> Any:
    """Parse `data`, or raise `StrictJsonError`."""
    try:
        value = orjson.loads(data)
        # Written back to the same bytes, nothing was lost: no key stood twice and no number changed.
        if orjson.dumps(value) != data:
            return _loads_slowly(data)
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return _loads_slowly(data)
    # Fewer brackets than the bound can not nest beyond it, which settles a single event.
    if data.count(b"{") + data.count(b"[") > MAX_DEPTH and not _is_shallow(data):
        _refuse_deep(value)
    return value


def dumps(value: Any) -> bytes:
    """Compact UTF-8 JSON, in the order of the keys given; `loads` reads it on its fast path."""
    return orjson.dumps(value)


def _is_shallow(data: bytes) -> bool:
    """Whether the bytes alone show that a JSON text nests within the bound; False if a walk must decide.

    A bundle has many brackets and little depth: taking out its innermost pairs again and again is twice as fast as
    a walk. What is left of a string is its two quotes, unless it holds a bracket: then a quote remains, and tells.
    """
    if b"\\" in data:
        return False
    skeleton = data.translate(_ONE_BRACKET, _ALL_BUT_SKELETON).replace(b'""', b"")
    for _ in range(MAX_DEPTH):
        skeleton = skeleton.replace(b"[]", b"")
        if not skeleton:
            return True
    return False


def _refuse_deep(value: Any) -> None:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            child
            for parent in level
            if type(parent) in (dict, list)
            for child in (parent.values() if type(parent) is dict else parent)
            if type(child) in (dict, list)
        ]
        if not level:
            return
    raise _too_deep()


def _loads_slowly(data: bytes) -> Any:
    """Any other spelling: blanks, escapes, exponents, integers beyond 64 bits. It also finds why one is refused."""
    _refuse_deep_bytes(data)
    try:
        text = data.decode("utf-8")
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse_constant, parse_float=_finite)
        if "\\u" in text:
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except StrictJsonError:
        raise
    except UnicodeDecodeError as error:
        raise StrictJsonError("malformed", f"byte {error.start} is not UTF-8") from error
    except UnicodeEncodeError as error:
        raise StrictJsonError("malformed", "an escape of half a surrogate pair, which is no character") from error
    except json.JSONDecodeError as error:
        raise StrictJsonError("malformed", f"not JSON at character {error.pos}: {error.msg}") from error
    except ValueError as error:
        raise StrictJsonError("malformed", "an integer of more digits than can be read") from error
    return value


def _refuse_deep_bytes(data: bytes) -> None:
    depth = 0
    for match in _TOKEN.finditer(data):
        token = match[0]
        if token in (b"{", b"["):
            depth += 1
            if depth > MAX_DEPTH:
                raise _too_deep()
        elif token in (b"}", b"]"):
            depth -= 1


def _too_deep() -> StrictJsonError:
    return StrictJsonError("too-deep", f"nested beyond {MAX_DEPTH} levels")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise StrictJsonError("duplicate-key", f"the key {key[:64]!a} stands twice in one object")
            seen.add(key)
    return members


def _refuse_constant(name: str) -> NoReturn:
    raise StrictJsonError("not-finite", f"{name} is not a JSON number")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise StrictJsonError("not-finite", "a number beyond the range of a double")
    return number
