"""Finds clear identifiers and names in any bytes, in whatever spelling and encoding.

The rule for chance hits: digits alone count anywhere if they are 14 or more; 7 to 13, only as all digits that stand
together, or behind a prefix that is dialled; fewer are not searched for: only public services have them. A value
with letters counts where its digits begin and end as they do in it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import NamedTuple

from schemas.canonical import CanonicalError, canonical
from tests.trust.layers import DEPTH, layers

SURE, LEAST = 14, 7
_DIALLED = (b"", b"0", b"00", b"86", b"086", b"0086")
_DIGITS = re.compile(rb"[0-9]{2,}")
_TOKEN = re.compile(rb"[0-9A-Za-z][0-9A-Za-z._@:+-]{6,}")
# Whole runs from their beginning: a page of digits would else be looked at once for each of them.
_GROUPED = re.compile(rb"(?<![0-9])[0-9]++(?:[ .()\-]{1,2}[0-9]++)+")
_RUNS = re.compile(r"[0-9]+")
_BETWEEN = re.compile(rb"[^0-9]")
_ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "gb18030")


class Value(NamedTuple):
    """A clear identifier, or a name under the kind "name", as a member's own systems write it."""

    kind: str
    text: str


class Finder:
    """`find` names the values that bytes hold, and the `secrets`, which are bytes with a name."""

    def __init__(self, values: Iterable[Value], secrets: Mapping[bytes, Value] | None = None) -> None:
        self._digits: dict[bytes, set[Value]] = defaultdict(set)
        self._with_letters: dict[bytes, set[tuple[int, bytes, Value]]] = defaultdict(set)
        self._names: dict[bytes, Value] = {**(secrets or {})}
        for value in values:
            for form in forms(value):
                self._add(value, form)
        self._lengths = sorted({len(digits) for digits in self._digits if len(digits) >= SURE})

    def find(self, data: bytes, depth: int = DEPTH) -> set[Value]:
        return {value for layer in layers(data, depth) for value in self._plain(layer)}

    def _add(self, value: Value, form: str) -> None:
        if form.isascii() and form.isdigit():
            self._digits[form.encode()].add(value)
        elif form.isascii():
            # Found by its digits, so that the rest of it costs nothing where they are not.
            text = form.lower().encode()
            assert _TOKEN.fullmatch(text), f"{value} can not be searched for"
            core = max(_DIGITS.finditer(text), key=lambda found: len(found.group()))
            self._with_letters[core.group()].add((core.start(), text, value))
        else:
            self._names |= {form.encode(encoding): value for encoding in _ENCODINGS}

    def _plain(self, data: bytes) -> Iterator[Value]:
        # Whatever stands there many times is looked at once.
        for token in set(_TOKEN.findall(data)):
            for found in _DIGITS.finditer(token):
                yield from self._of_digits(found.group())
                for before, text, value in self._with_letters.get(found.group(), ()):
                    start = found.start() - before
                    if start >= 0 and token[start : start + len(text)].lower() == text:
                        yield value
        for grouped in set(_GROUPED.findall(data)):
            yield from self._of_digits(_BETWEEN.sub(b"", grouped))
        for name, value in self._names.items():
            if name in data:
                yield value

    def _of_digits(self, run: bytes) -> Iterator[Value]:
        for prefix in _DIALLED:
            if run.startswith(prefix):
                yield from self._digits.get(run[len(prefix) :], ())
        for length in self._lengths:
            for start in range(len(run) - length + 1):
                yield from self._digits.get(run[start : start + length], ())


def forms(value: Value) -> set[str]:
    """The least that all spellings of a value have in common, apart from how they are encoded and grouped."""
    if value.kind == "name":
        return {value.text}
    found = {value.text}
    with suppress(CanonicalError):
        found.add(canonical(value.kind, value.text).value)
    bare = {form for form in map(_bare, found) if not form.isdigit() or len(form) >= LEAST}
    return {form for form in bare if not any(other in form for other in bare - {form})}


def _bare(form: str) -> str:
    """Digits alone where there is nothing but digits and signs, and a number without its country; of a path, the part
    with the most digits."""
    text = form.removeprefix("short:").removeprefix("raw:").removeprefix("+86")
    # An address on the network is its four numbers, and not their digits.
    if re.fullmatch(r"[+0-9 ()\-]+", text):
        return re.sub(r"\D", "", text)
    # The check digit of a citizen's id may be written X, x or left out.
    if re.fullmatch(r"\d{17}[xX]", text):
        return text[:17]
    return max(text.split("/"), key=lambda part: len(max(_RUNS.findall(part), key=len, default="")))
