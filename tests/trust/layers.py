"""What bytes hold once their encodings are undone: UTF-16, hexadecimal, base64, percent signs, JSON escapes, zlib; and
these within each other.

What no library here undoes (lz4, zstd, PostgreSQL's own) must be read through whoever wrote it.
"""

from __future__ import annotations

import base64
import re
import zlib
from collections.abc import Callable, Iterable, Iterator

DEPTH = 3
_MOST = 1 << 16
"""Of one compressed stream."""
_TEXT = re.compile(rb"[\x20-\x7e]{6,}")
_WIDE = re.compile(rb"[0-9]\0[0-9]")
"""Every value but a name has two digits together, and names are searched for as they are in UTF-16."""
_NEAR = 512
_LITTLE, _BIG = re.compile(rb"(?:[\x20-\x7e]\0){6,}"), re.compile(rb"(?:\0[\x20-\x7e]){6,}")
_HEX = re.compile(rb"[0-9A-Fa-f]{12,}")
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{10,}")
_PERCENT = re.compile(rb"%([0-9A-Fa-f]{2})")
_JSON = re.compile(rb"(?:\\u[0-9A-Fa-f]{4})+")
_ZLIB = re.compile(rb"\x1f\x8b\x08|\x78[\x01\x5e\x9c\xda]")
_LEGIBLE = re.compile(
    rb"[\x20-\x7e]{10}|(?:[\x20-\x7e]\0){6}|(?:\0[\x20-\x7e]){6}|\x1f\x8b\x08|^\x78[\x01\x5e\x9c\xda]"
)
_STANDARD = bytes.maketrans(b"-_", b"+/")


def layers(data: bytes, depth: int = DEPTH) -> Iterator[bytes]:
    """The bytes themselves, and all that is within them."""
    yield data
    yield from _within(data, depth)


def _within(data: bytes, depth: int) -> Iterator[bytes]:
    for undo in _UNDO if depth else ():
        parts = list(undo(data))
        if parts:
            yield b"\n".join(parts)
            # Of what is sealed nothing legible comes out, and within that is nothing to undo.
            yield from _within(b"\n".join(part for part in parts if _LEGIBLE.search(part)), depth - 1)


def _utf16(data: bytes) -> Iterator[bytes]:
    done = 0
    for digits in _WIDE.finditer(data):
        if digits.start() >= done:
            done = digits.end() + _NEAR
            near = data[max(0, digits.start() - _NEAR) : done + _NEAR]
            yield from (found.group()[::2] for found in _LITTLE.finditer(near))
            yield from (found.group()[1::2] for found in _BIG.finditer(near))


def _hexadecimal(data: bytes) -> Iterator[bytes]:
    for run in set(_HEX.findall(data)):
        for text in (run, run[1:]):
            yield bytes.fromhex(text[: len(text) // 2 * 2].decode())


def _base64(data: bytes) -> Iterator[bytes]:
    """Whatever stood before it in the same text, so that each of four beginnings is tried."""
    for run in set(_BASE64.findall(data)):
        text = run.translate(_STANDARD)
        for start in range(4):
            part = text[start:]
            # One character more than whole bytes is no base64.
            part = part[:-1] if len(part) % 4 == 1 else part
            yield base64.b64decode(part + b"=" * (-len(part) % 4))


def _percent(data: bytes) -> Iterator[bytes]:
    if _PERCENT.search(data):
        for text in set(_TEXT.findall(data)):
            if _PERCENT.search(text):
                yield _PERCENT.sub(lambda found: bytes([int(found[1], 16)]), text)


def _json(data: bytes) -> Iterator[bytes]:
    if b"\\u" in data or b"\\/" in data:
        for text in set(_TEXT.findall(data)):
            if b"\\" in text:
                plain = _JSON.sub(_unescaped, text).replace(b"\\/", b"/")
                if plain != text:
                    yield plain


def _unescaped(found: re.Match[bytes]) -> bytes:
    units = bytes.fromhex(found.group().replace(b"\\u", b"").decode())
    return units.decode("utf-16-be", "replace").encode()


def _inflated(data: bytes) -> Iterator[bytes]:
    for found in _ZLIB.finditer(data):
        try:
            yield zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(data[found.start() : found.start() + _MOST], _MOST)
        except zlib.error:
            continue


_UNDO: tuple[Callable[[bytes], Iterable[bytes]], ...] = (_utf16, _hexadecimal, _base64, _percent, _json, _inflated)
