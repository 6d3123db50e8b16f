"""The clear shape of an event, as a member's own systems write it, and its way to the wire: `protect`.

What is wrong is said here, with the field's path, as the hub would say it later. Nothing clear may leave unsealed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from pydantic import ValidationError

from alliance.admission import MAX_CONTENT, content_of
from alliance.errors import InvalidAlert, Refused
from alliance.ids import IdSource
from alliance.keys.tokens import TokenKeys
from alliance.reach import EARLIEST, reach_of
from alliance.registry import Registry
from producers.bundles import MAX_EVENT_BYTES
from producers.naming import seal_payees
from producers.sealing import make_seals
from producers.tokenise import tokenise
from schemas.envelope import EVENT, Event, event_type, source_of
from schemas.registry import Member, Status
from schemas.topics import BY_KIND

ClearEvent = Mapping[str, Any]
"""`{"id"?, "time", "data", "clear"?}`: see docs/publishing.md."""

MAX_AHEAD = timedelta(minutes=5)
MAX_AGE = timedelta(days=7)
"""The admission age; victim reports are accepted however late."""
_MEMBERS = frozenset({"id", "time", "data", "clear"})
# A question that is answered by tokens alone and forgotten; nobody needs its clear values.
_UNSEALED = frozenset({"risk-check"})


class Protected(NamedTuple):
    """An event ready to be sent. `wire` are its exact bytes, `digest` tells its clear content, whatever the seals.

    `identifiers` are those of its payload in wire form, each once, for a later withdrawal.
    """

    event: Event
    wire: bytes
    digest: bytes
    identifiers: list[dict[str, Any]]


def protect(
    event: ClearEvent, member: str, token_keys: TokenKeys, registry: Registry, ids: IdSource, now: datetime
) -> Protected:
    """Canonical forms, tokens, checks and seals. Raises InvalidAlert with the path of the field that is wrong."""
    for name in event:
        if name not in _MEMBERS:
            raise InvalidAlert(name, f"not in the contract; a clear event has {', '.join(sorted(_MEMBERS))}")
    data, clear = event.get("data"), event.get("clear", {})
    if not isinstance(data, dict):
        raise InvalidAlert("data", "the payload is missing, or not an object")
    if not isinstance(clear, dict) or not all(isinstance(v, str) for kv in clear.items() for v in kv):
        raise InvalidAlert("clear", "not an object of texts")
    event_id = given_id(event) or ids.next()
    digest = content_digest(event)
    payload, found = tokenise(data, token_keys)
    payload, names = seal_payees(payload, registry, event_id)
    draft, checked = validated(event_id, member, event.get("time"), payload)
    _check_time(checked, now)
    seals = [] if checked.data.kind in _UNSEALED else make_seals(found, {**clear, **names}, member, registry, event_id)
    wire = orjson.dumps({**draft, "seals": [{"to": seal.to, "blob": seal.blob} for seal in seals]})
    check_size(draft, wire)
    identifiers = list({identifier.tokens[0]: identifier.wire for identifier in found}.values())
    return Protected(checked.model_copy(update={"seals": seals}), wire, digest, identifiers)


def unsealed(event_id: UUID, member: str, time: datetime, payload: dict[str, Any]) -> Protected:
    """An event without seals, whose payload is in wire form already."""
    draft, event = validated(event_id, member, time, payload)
    wire = orjson.dumps({**draft, "seals": []})
    check_size(draft, wire)
    return Protected(event, wire, hashlib.sha256(wire).digest(), [])


def validated(event_id: UUID, member: str, time: object, payload: dict[str, Any]) -> tuple[dict[str, Any], Event]:
    """The envelope around a payload in wire form, as a dict and as the contract's model. Raises InvalidAlert."""
    if not isinstance(time, str | datetime):
        raise InvalidAlert("time", "the time is missing, or not RFC 3339 text with an offset")
    draft: dict[str, Any] = {
        "specversion": "1.0",
        "id": str(event_id),
        "source": source_of(member),
        "type": event_type(str(payload.get("kind"))),
        "time": time,
        "datacontenttype": "application/json",
        "data": payload,
    }
    try:
        return draft, EVENT.validate_json(orjson.dumps(draft))
    except orjson.JSONEncodeError as error:
        raise InvalidAlert("data", f"can not be written as JSON: {error}") from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise InvalidAlert(_path(first["loc"], first["type"]), first["msg"]) from error


def check_size(draft: dict[str, Any], wire: bytes) -> None:
    """InvalidAlert for what the hub would not take, or no bundle has room for."""
    if len(wire) > MAX_EVENT_BYTES or (len(wire) > MAX_CONTENT and len(content_of(draft)) > MAX_CONTENT):
        raise InvalidAlert("data", f"{len(wire)} bytes are too many for one event; report in several")


def given_id(event: ClearEvent) -> UUID | None:
    """The id that the caller chose, if any; InvalidAlert if it is not a UUIDv7."""
    value = event.get("id")
    if value is None:
        return None
    try:
        chosen = value if isinstance(value, UUID) else UUID(value)
    except (ValueError, TypeError, AttributeError) as error:
        raise InvalidAlert("id", "not a UUID") from error
    if chosen.version != 7:
        raise InvalidAlert("id", "not a UUIDv7; leave it out to have one made")
    return chosen


def content_digest(event: ClearEvent) -> bytes:
    """Tells whether two clear events say the same, whatever their ids, key order, token epoch and seals."""
    content = {name: value for name, value in event.items() if name != "id"}
    try:
        return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).digest()
    except orjson.JSONEncodeError as error:
        raise InvalidAlert("data", f"can not be written as JSON: {error}") from error


def check_sender(registry: Registry, member: str, kind: str) -> Member:
    """The sender as the registry knows it. Refused if it may send nothing, InvalidAlert if not this kind."""
    known = registry.member(member)
    if known is None:
        raise Refused(f"{member} is not in the registry; join with `afa member add`, or read the members topic first.")
    if known.status is not Status.ACTIVE:
        raise Refused(f"{member} is {known.status}; ask the registrar.")
    if kind in BY_KIND and kind not in registry.permits.sent_by(known):
        raise InvalidAlert("data.kind", f"members of the sector {known.sector} in {known.alliance} may not send {kind}")
    return known


def _check_time(event: Event, now: datetime) -> None:
    if event.time > now + MAX_AHEAD:
        raise InvalidAlert("time", "more than 5 minutes in the future; set the clock right")
    if event.time < now - MAX_AGE and event.data.kind != "victim-report":
        raise InvalidAlert("time", "older than 7 days, the admission age of all but victim reports")
    if event.time < EARLIEST:
        raise InvalidAlert("time", f"before {EARLIEST.year}; give the year in full")
    reach = reach_of(event)
    if reach is not None and reach.until > now + MAX_AHEAD:
        raise InvalidAlert(reach.field, f"it would end more than 5 minutes in the future; {reach.remedy}")


def _path(loc: tuple[int | str, ...], error_type: str) -> str:
    """The contract's path in the caller's terms: without the union's tag, and `value` where the wire has tokens."""
    if error_type.startswith("union_tag"):
        return "data.kind"
    parts = [str(part) for part in loc]
    if parts[0] == "data":
        del parts[1:2]
    if parts[-1] == "tokens":
        parts[-1] = "value"
    return ".".join(parts)
