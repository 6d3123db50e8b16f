"""What is let in: one record of an inbound topic in, its good events and the reasons against the bad ones out.

Pure but for the registry that it is given. A bundle that can't be trusted or read is refused whole; else each bad event
is refused alone, and nothing after it is delayed. `docs/quarantine.md` lists the reasons.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from pydantic import ValidationError

from alliance.errors import Quarantine
from alliance.keys.signatures import BadSignature, verify
from alliance.reach import EARLIEST, reach_of
from alliance.registry import Registry
from schemas import strictjson
from schemas.alerts import VictimReport, Withdrawal
from schemas.answers import Answer
from schemas.envelope import (
    EVENT,
    EVENTS,
    MAX_BYTES,
    MAX_EVENTS,
    SIGNATURE_HEADER,
    VERSION,
    Event,
    event_type,
    source_of,
)
from schemas.reasons import REMEDY, Reason
from schemas.receipts import Refusal
from schemas.registry import Member, Sector, Status
from schemas.topics import BY_KIND

_SIGNATURE_REASONS = {
    "unsigned": Reason.UNSIGNED,
    "malformed": Reason.BAD_SIGNATURE,
    "algorithm": Reason.BAD_SIGNATURE,
    "signature": Reason.BAD_SIGNATURE,
    "unknown-key": Reason.UNKNOWN_KEY,
}
_JSON_REASONS = {"duplicate-key": Reason.DUPLICATE_KEY, "not-finite": Reason.NOT_FINITE}


@dataclass(frozen=True, slots=True)
class Limits:
    """How far an event's time may lie from now."""

    max_age_s: int
    max_future_s: int


LIMITS = Limits(max_age_s=604_800, max_future_s=300)
"""The alliance's. The stream's rules say the same, since its windows rest on them."""
MAX_CONTENT = 250_000
"""Bytes of one event without its seals. A report of 64 transfers and all that can be known of each has half as many."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """One good event and the fingerprint of its content, which its seals are no part of."""

    event: Event
    digest: bytes


@dataclass(slots=True)
class Admitted:
    """What became of one record. `member` is who signed it or, where that failed, who seems to have sent it."""

    member: Member | None
    accepted: list[Accepted] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Record:
    """One record as read: the topic, the exact bytes, the headers and the key."""

    topic: str
    value: bytes
    headers: Mapping[str, bytes | None]
    key: bytes | None


def admit(record: Record, registry: Registry, now: datetime, limits: Limits) -> Admitted:
    """Verify, read and check one record at alliance time `now`."""
    try:
        member = _signer(record, registry, now)
    except Quarantine as refused:
        return Admitted(_claimed(record, registry), refusals=[_whole(refused)])
    try:
        parsed = _parse(record.value)
    except Quarantine as refused:
        return Admitted(member, refusals=[_whole(refused)])
    admitted, may_send = Admitted(member), registry.permits.sent_by(member)
    for index, (raw, event) in enumerate(_events(record.value, parsed)):
        try:
            _check(raw, event, record.topic, member, may_send, now, limits)
            assert isinstance(event, Event)
            admitted.accepted.append(Accepted(event, _fingerprint(_bounded(content_of(raw)))))
        except Quarantine as refused:
            admitted.refusals.append(Refusal(index=index, event_id=_id(raw), **_why(refused)))
    return admitted


def _signer(record: Record, registry: Registry, now: datetime) -> Member:
    """The active member that signed these exact bytes; nothing of them is read before."""
    if len(record.value) > MAX_BYTES:
        raise Quarantine(Reason.OVERSIZED, f"{len(record.value)} bytes")
    jws = (record.headers.get(SIGNATURE_HEADER) or b"").decode("ascii", "replace")
    try:
        kid = verify(jws, record.value, lambda kid: _key(kid, registry, now))
    except BadSignature as bad:
        raise Quarantine(_SIGNATURE_REASONS[bad.reason], str(bad)) from bad
    member = registry.member(kid.split("/", 1)[0])
    if member is None or kid.count("/") != 1:
        raise Quarantine(Reason.UNKNOWN_KEY, f"kid {kid} is no member's key for bundles")
    if member.status is not Status.ACTIVE:
        raise Quarantine(Reason.SUSPENDED_MEMBER, f"{member.member} is {member.status.value}")
    return member


def _key(kid: str, registry: Registry, now: datetime) -> Any:
    if registry.member(kid.split("/", 1)[0]) is None:
        raise Quarantine(Reason.UNKNOWN_MEMBER, f"kid {kid[:100]}")
    return registry.key(kid, now)


def _claimed(record: Record, registry: Registry) -> Member | None:
    """Whom the record's key names: not proven, but the one who should know of a refusal."""
    return registry.member(record.key.decode("ascii", "replace")) if record.key else None


def _parse(value: bytes) -> list[Any]:
    try:
        parsed = strictjson.loads(value)
    except strictjson.StrictJsonError as bad:
        raise Quarantine(_JSON_REASONS.get(bad.reason, Reason.MALFORMED), str(bad)) from bad
    if not isinstance(parsed, list) or not parsed:
        raise Quarantine(Reason.MALFORMED, "not a JSON array of one event or more")
    if len(parsed) > MAX_EVENTS:
        raise Quarantine(Reason.TOO_MANY_EVENTS, f"{len(parsed)} events")
    return parsed


def _events(value: bytes, parsed: list[Any]) -> Iterator[tuple[Any, Event | ValidationError]]:
    """The bundle in one go where all of it is good; else each event alone."""
    try:
        yield from zip(parsed, EVENTS.validate_json(value), strict=True)
    except ValidationError:
        for raw in parsed:
            try:
                # Not orjson, which falls over an integer of more than 64 bits.
                yield raw, EVENT.validate_json(json.dumps(raw))
            except ValidationError as bad:
                yield raw, bad


def _check(
    raw: Any,
    event: Event | ValidationError,
    topic: str,
    member: Member,
    may_send: AbstractSet[str],
    now: datetime,
    limits: Limits,
) -> None:
    _check_version(raw)
    if isinstance(event, ValidationError):
        raise _invalid(event)
    kind = event.data.kind
    # The contract's JSON Schema can only say that it is a UUID of some version.
    if event.id.version != 7:
        raise Quarantine(Reason.INVALID_FIELD, "id: not a UUIDv7 (RFC 9562)")
    if event.source != source_of(member.member):
        raise Quarantine(Reason.WRONG_SOURCE, f"source {event.source} in a bundle of {member.member}")
    if kind not in may_send:
        who = f"a {member.sector.value} of {member.alliance.value}"
        raise Quarantine(Reason.WRONG_SECTOR, f"{who} may not send {kind}")
    if BY_KIND[kind].name != topic:
        raise Quarantine(Reason.WRONG_TOPIC, f"{kind} belongs on {BY_KIND[kind].name}, not on {topic}")
    _check_whose(event, member)
    _check_time(event, now, limits)


def _check_whose(event: Event, member: Member) -> None:
    """Only police may speak of another member's event."""
    data = event.data
    foreign = isinstance(data, Withdrawal) and data.event_member not in (None, member.member)
    if foreign and member.sector is not Sector.POLICE:
        raise Quarantine(Reason.NOT_YOURS, "the withdrawal names another member's event")


def _check_version(raw: Any) -> None:
    if not isinstance(raw, dict):
        raise Quarantine(Reason.MALFORMED, "an event is not a JSON object")
    kind, spec = raw.get("type"), raw.get("specversion")
    if spec != "1.0":
        raise Quarantine(Reason.WRONG_VERSION, f"specversion {str(spec)[:20]!r}, expected '1.0'")
    if isinstance(kind, str) and kind not in _KNOWN_TYPES and kind.rsplit(".v", 1)[0] in _KNOWN_STEMS:
        raise Quarantine(Reason.WRONG_VERSION, f"type {kind[:80]!r}, this alliance speaks version {VERSION}")


def _check_time(event: Event, now: datetime, limits: Limits) -> None:
    age = (now - event.time).total_seconds()
    if age < -limits.max_future_s:
        raise Quarantine(Reason.FUTURE, f"time {event.time.isoformat()} is {-age:.0f} s ahead")
    # An answer of any age is put on record, and a victim may report late.
    if age > limits.max_age_s and not isinstance(event.data, VictimReport | Answer):
        raise Quarantine(Reason.TOO_OLD, f"time {event.time.isoformat()} is {age / 86400:.1f} days past")
    if event.time < EARLIEST:
        raise Quarantine(Reason.INVALID_FIELD, f"time: {event.time.isoformat()} is before {EARLIEST.year}")
    reach = reach_of(event)
    if reach is not None and (ahead := (reach.until - now).total_seconds()) > limits.max_future_s:
        raise Quarantine(Reason.FUTURE, f"{reach.field}: it would end {ahead:.0f} s ahead; {reach.remedy}")


def _invalid(error: ValidationError) -> Quarantine:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = ".".join(str(part) for part in first["loc"]) or "event"
    reason = Reason.UNKNOWN_FIELD if first["type"] == "extra_forbidden" else Reason.INVALID_FIELD
    return Quarantine(reason, f"{place}: {first['msg']}")


def digest_of(raw: dict[str, Any]) -> bytes:
    """Fingerprint of an event's content, seals apart; the same id with another fingerprint is a conflict."""
    return _fingerprint(content_of(raw))


def content_of(raw: Mapping[str, Any]) -> bytes:
    """What an event says, seals apart."""
    content: Sequence[Any] = (raw["type"], raw["time"], _unsealed(raw["data"]))
    return orjson.dumps(content, option=orjson.OPT_SORT_KEYS)


def _fingerprint(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()[:8]


def _bounded(content: bytes) -> bytes:
    """One alert is one signal of the stream, which nobody can part."""
    if len(content) > MAX_CONTENT:
        raise Quarantine(
            Reason.INVALID_FIELD, f"data: {len(content)} bytes are more than {MAX_CONTENT}; tell it in several"
        )
    return content


def _unsealed(data: dict[str, Any]) -> dict[str, Any]:
    """Without the names, which are sealed anew, to other bytes, whenever the same event is."""
    for key in ("transfers", "outflows"):
        if told := data.get(key):
            kept = [{name: value for name, value in each.items() if name != "payee_name"} for each in told]
            data = {**data, key: kept}
    return data


def _id(raw: Any) -> UUID | None:
    try:
        return UUID(raw["id"])
    except (TypeError, KeyError, ValueError, AttributeError):
        return None


def _why(refused: Quarantine) -> dict[str, Any]:
    reason = Reason(refused.reason)
    return {"reason": reason, "detail": f"{_told(refused.detail)}. {REMEDY[reason]}"}


def _told(detail: str) -> str:
    """What may quote the sender is shown on terminals, and stands 500 times in a header that the broker must take."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in detail[:250])


def _whole(refused: Quarantine) -> Refusal:
    return Refusal(**_why(refused))


_KNOWN_TYPES = frozenset(event_type(kind) for kind in BY_KIND)
_KNOWN_STEMS = frozenset(name.rsplit(".v", 1)[0] for name in _KNOWN_TYPES)
