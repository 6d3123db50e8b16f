"""From clear to wire: every `{"kind", "value"}` in a payload becomes `{"kind", "tokens"}`.

Each value is brought to its canonical form first, since another spelling would join nothing. A clear value must never
appear in what is returned as the payload, nor in an error.
"""

from __future__ import annotations

import math
import re
from typing import Any, NamedTuple

from alliance.errors import InvalidAlert
from alliance.keys.tokens import TokenKeys
from schemas.canonical import Canonical, CanonicalError, canonical, is_joinable_number

_DECIMAL = re.compile(r"\s*[0-9]+\.0+\s*")


class Tokenised(NamedTuple):
    """One identifier of a payload: its kind, its canonical value, its tokens, who may hold it, and how it travels."""

    kind: str
    value: str
    tokens: list[str]
    holders: list[str]
    wire: dict[str, Any]


def tokenise(payload: dict[str, Any], keys: TokenKeys) -> tuple[dict[str, Any], list[Tokenised]]:
    """The payload as it travels, and its identifiers in order. Raises InvalidAlert with the path of what is wrong."""
    walk = _Walk(keys)
    return walk.members(payload, "data"), walk.found


class _Walk:
    def __init__(self, keys: TokenKeys) -> None:
        self.found: list[Tokenised] = []
        self._keys = keys
        self._last = Canonical("", "")

    def members(self, node: dict[str, Any], path: str) -> dict[str, Any]:
        wire: dict[str, Any] = {}
        forms: dict[str, Canonical] = {}
        for key, child in node.items():
            wire[key] = self._node(child, f"{path}.{key}")
            if isinstance(child, dict) and "value" in child:
                forms[key] = self._last
        # What follows from the form alone is not left to the sender, who may not know it.
        if "presented" in forms and "impossible" in forms["presented"].warnings:
            wire["presented_possible"] = False
        if "identifier" in forms and not is_joinable_number(forms["identifier"].value):
            wire["joinable"] = False
        return wire

    def _node(self, node: Any, path: str) -> Any:
        if isinstance(node, dict):
            if "tokens" in node:
                raise InvalidAlert(f"{path}.tokens", "tokens are made here; give the clear value as `value`")
            return self._identifier(node, path) if "value" in node else self.members(node, path)
        if isinstance(node, list | tuple):
            return [self._node(child, f"{path}.{index}") for index, child in enumerate(node)]
        if isinstance(node, float) and not math.isfinite(node):
            raise InvalidAlert(path, "not a finite number; leave it out when it is not known")
        return node

    def _identifier(self, node: dict[str, Any], path: str) -> dict[str, Any]:
        kind, value = node.get("kind"), node["value"]
        if not isinstance(kind, str):
            raise InvalidAlert(f"{path}.kind", "an identifier needs its kind, as text")
        if not isinstance(value, str):
            raise InvalidAlert(f"{path}.value", "an identifier is text, also where it is made of digits; quote it")
        if _DECIMAL.fullmatch(value):
            # Without its dot it would be another's.
            raise InvalidAlert(
                f"{path}.value", "malformed: a decimal number, as spreadsheets make of digits; give text"
            )
        try:
            self._last = canonical(kind, value)
        except CanonicalError as error:
            raise InvalidAlert(f"{path}.value", f"{error.reason}: {error}") from error
        tokens = self._keys.tokens(self._last.namespace, self._last.value)
        holders = node.get("holders", [])
        wire = {"kind": kind, "tokens": tokens, **{key: node[key] for key in node if key not in ("kind", "value")}}
        self.found.append(Tokenised(kind, self._last.value, tokens, holders if isinstance(holders, list) else [], wire))
        return wire
