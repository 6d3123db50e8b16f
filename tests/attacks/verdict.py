"""What may be let in of a record, said again and apart: the oracle of the intake's fuzzing.

Of the code under test it shares the models of the contract alone, and holds what these accept against the JSON Schema
that was released: signature, JSON, sectors, topics, times and ids are judged by the standard library and by tables
written out here.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, NoReturn
from uuid import UUID

import jsonschema  # type: ignore[import-untyped]
from pydantic import TypeAdapter, ValidationError

from schemas.envelope import Event

MONEY = ("bank", "payment", "securities", "insurance")
ALL_BUT_PUBLIC = (*MONEY, "carrier", "platform", "express", "ride", "police")
SENDERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "suspicious-account": ("suspicious-account", MONEY),
    "suspicious-number": ("suspicious-number", ("carrier",)),
    "suspicious-handle": ("suspicious-handle", ("platform", "express", "ride", "payment")),
    "victim-report": ("victim-report", ("police", "bank", "payment")),
    "alias": ("alias", MONEY),
    "risk-check": ("risk-check", MONEY),
    "withdrawal": ("withdrawal", ALL_BUT_PUBLIC),
    "answer": ("answers", ALL_BUT_PUBLIC),
    "appeal": ("answers", (*MONEY, "police")),
    "dispute": ("answers", tuple(sector for sector in ALL_BUT_PUBLIC if sector != "police")),
}
"""Kind → its topic, and the sectors that may send it."""
OF_ANY_AGE = ("victim-report", "answer")
_EVENT: TypeAdapter[Event] = TypeAdapter(Event)
_RELEASED = json.loads((Path(__file__).parents[2] / "schemas/generated/event.schema.json").read_bytes())


@dataclass(frozen=True)
class Known:
    """A member that may send: its sector and what its keys that are valid now sign with, by `kid`."""

    sector: str
    signs: dict[str, Callable[[bytes], bytes]]


class Bad(Exception):
    """The whole record is refused."""


def verdict(topic: str, value: bytes, jws: bytes, members: dict[str, Known], now: datetime) -> list[bool]:
    """Of each event of the bundle whether it may be let in; empty if the record is refused whole."""
    try:
        name = _signer(value, jws, members)
        events = _events(value)
    except Bad:
        return []
    return [_is_good(event, topic, name, members[name].sector, now) for event in events]


def _signer(value: bytes, jws: bytes, members: dict[str, Known]) -> str:
    if len(value) > 1_000_000:
        raise Bad
    try:
        header, empty, signature = jws.split(b".")
        said = base64.b64decode(header + b"=" * (-len(header) % 4), altchars=b"-_", validate=True)
        fields = _parsed(said)
        kid = fields["kid"]
        name = kid.split("/")[0]
        # Ed25519 is deterministic (RFC 8032, 5.1.6): its owner signs to the same bytes, at a third of a verification.
        genuine = members[name].signs[kid](header + b"." + value)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise Bad from error
    # Not as Python compares, to which 0 is false.
    meant = json.dumps({"alg": "EdDSA", "b64": False, "crit": ["b64"], "kid": kid})
    if empty or len(header) > 512 or json.dumps(fields, sort_keys=True) != meant:
        raise Bad
    if (header, signature) != (_base64url(said), _base64url(genuine)):
        raise Bad
    assert isinstance(name, str)
    return name


def _base64url(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def _events(value: bytes) -> list[Any]:
    try:
        parsed = _parsed(value)
        json.dumps(parsed, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise Bad from error
    if not isinstance(parsed, list) or not 1 <= len(parsed) <= 500 or _depth(parsed) > 32:
        raise Bad
    return parsed


def _parsed(value: bytes) -> Any:
    return json.loads(value.decode(), object_pairs_hook=_once, parse_constant=_no_constant, parse_float=_finite)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) < len(pairs):
        raise ValueError("a key twice")
    return dict(pairs)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _finite(digits: str) -> float:
    if math.isinf(float(digits)):
        raise ValueError(digits)
    return float(digits)


def _depth(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(_depth, inner), default=0)


def _is_good(raw: Any, topic: str, name: str, sector: str, now: datetime) -> bool:
    try:
        _EVENT.validate_json(json.dumps(raw))
    except ValidationError:
        return False
    data = raw["data"]
    kind = data["kind"]
    belongs, senders = SENDERS[kind]
    # What the models take as an absent field has its default, which is the right one.
    right = raw["specversion"] == "1.0" if "specversion" in raw else False
    time = datetime.fromisoformat(raw["time"])
    age = now - time
    young = age <= timedelta(days=7) or kind in OF_ANY_AGE
    foreign = kind == "withdrawal" and data.get("event_member") not in (None, name)
    return (
        right
        and set(raw) <= set(_RELEASED["properties"])
        and _is_released(kind, json.dumps(data))
        and raw["type"] == f"afa.{kind}.v2"
        and raw["source"] == f"/members/{name}"
        and (topic, sector in senders) == (belongs, True)
        and -timedelta(minutes=5) <= age
        and time >= datetime.fromisoformat("1970-01-01T00:00:00+00:00")
        and _ends(data, time) <= now + timedelta(minutes=5)
        and young
        and _said(raw) <= 250_000
        and (sector == "police" or not foreign)
        and (UUID(raw["id"]).int >> 76 & 0xF, UUID(raw["id"]).int >> 62 & 0b11) == (7, 0b10)
    )


def _ends(data: dict[str, Any], time: datetime) -> datetime:
    """Of an event whose own time is good."""
    if data["kind"] == "suspicious-handle" and data.get("last_seen"):
        return datetime.fromisoformat(data["last_seen"])
    lasted = data.get("duration_s", 0) if data["kind"] == "suspicious-number" else 0
    return time + timedelta(seconds=lasted)


def _said(raw: Any) -> int:
    """Bytes of what the event says, without what it seals."""
    told = dict(raw["data"])
    for name in ("transfers", "outflows"):
        if told.get(name):
            told[name] = [{key: value for key, value in each.items() if key != "payee_name"} for each in told[name]]
    content = json.dumps([raw["type"], raw["time"], told], ensure_ascii=False, separators=(",", ":"))
    return len(content.encode())


@lru_cache(maxsize=20_000)
def _is_released(kind: str, data: str) -> bool:
    return bool(_schema_of(kind).is_valid(json.loads(data)))


@cache
def _schema_of(kind: str) -> Any:
    body = _RELEASED["properties"]["data"]["discriminator"]["mapping"][kind]
    return jsonschema.Draft202012Validator({"$ref": body, "$defs": _RELEASED["$defs"]})
