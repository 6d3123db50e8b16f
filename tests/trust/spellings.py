"""The ways in which a clear value may be written down by whoever should not have it."""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from collections.abc import Callable
from urllib.parse import quote

SPELLINGS: dict[str, Callable[[str], bytes]] = {
    "utf-8": str.encode,
    "upper": lambda text: text.upper().encode(),
    "utf-16-le": lambda text: text.encode("utf-16-le"),
    "utf-16-be": lambda text: text.encode("utf-16-be"),
    "gb18030": lambda text: text.encode("gb18030"),
    "hex": lambda text: text.encode().hex().encode(),
    "HEX": lambda text: text.encode().hex().upper().encode(),
    "base64": lambda text: base64.b64encode(text.encode()),
    "base64url": lambda text: base64.urlsafe_b64encode(text.encode()).rstrip(b"="),
    "base64 behind one byte": lambda text: base64.b64encode(b" " + text.encode()),
    "base64 behind two bytes": lambda text: base64.b64encode(b"  " + text.encode()),
    "percent": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()).encode(),
    "url": lambda text: quote(text, safe="").encode(),
    "json": lambda text: json.dumps(text).replace("/", "\\/").encode(),
    "escaped": lambda text: "".join(f"\\u{ord(character):04x}" for character in text).encode(),
    "json in base64 in hex": lambda text: base64.b64encode(json.dumps({"x": text}).encode()).hex().encode(),
    "a row of bytea": lambda text: b"\\\\x" + json.dumps({"value": text}).encode().hex().encode(),
    "gzip": lambda text: gzip.compress(text.encode()),
    "zlib": lambda text: zlib.compress(text.encode()),
}
