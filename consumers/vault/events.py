"""Finds alerts again where members put them: near the time that their ids name, else anywhere in their topics.

Nothing of them is kept. Whose they are is not verified, since a value that makes the token is the right one, whoever
brings it.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any
from uuid import UUID

from kafka import KafkaConsumer, TopicPartition

from alliance import kafka
from alliance.clock import AllianceClock
from alliance.errors import Retry
from alliance.ids import uuid7_time
from alliance.kafka import KafkaLogin
from consumers.vault.lookup import Wanted
from consumers.vault.opening import SealedEvent
from schemas import strictjson
from schemas.envelope import source_of
from schemas.topics import ALIAS, SUSPICIOUS_ACCOUNT, SUSPICIOUS_HANDLE, SUSPICIOUS_NUMBER, VICTIM_REPORT

TOPICS = (SUSPICIOUS_ACCOUNT, SUSPICIOUS_NUMBER, SUSPICIOUS_HANDLE, VICTIM_REPORT, ALIAS)
Span = tuple[int, int]
"""From and to, in wall milliseconds."""
Offsets = Mapping[TopicPartition, int]
_BEFORE_MS, _AFTER_MS = 5_000, 60_000
_READ_S = 15.0
_BYTES = 16_000_000


def find(login: KafkaLogin, clock: AllianceClock, wanted: Collection[Wanted], unit: str) -> Iterator[SealedEvent]:
    """Those of the events that are still there, each once. Whoever has enough need not read to the end."""
    missing = set(wanted)
    with kafka.consumer(login, [], None, fetch_max_bytes=_BYTES) as reader:
        places = kafka.places_of(reader, (topic.name for topic in TOPICS))
        reader.assign(places)
        begins, ends = reader.beginning_offsets(places), reader.end_offsets(places)
        spans = near([moment for _, event_id in missing if (moment := wall_ms(clock, event_id)) is not None])
        near_by = ((_at(reader, ends, start), _at(reader, ends, end)) for start, end in spans)
        for lower, upper in (*near_by, (begins, ends)):
            if missing:
                for event in _read(reader, lower, upper, missing, unit):
                    missing.discard((event.member, event.event_id))
                    yield event


def near(moments: Iterable[int]) -> list[Span]:
    """A span about each moment; those that touch are one."""
    spans: list[Span] = []
    for moment in sorted(moments):
        start, end = moment - _BEFORE_MS, moment + _AFTER_MS
        if spans and start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
    return spans


def wall_ms(clock: AllianceClock, event_id: UUID) -> int | None:
    """When an event of that id was sent by the wall, if its sender's ids tell and the clock's rate was what it is."""
    try:
        made: datetime = uuid7_time(event_id)
    except ValueError:
        return None
    past = clock.wall_seconds(clock.timestamp() - made.timestamp())
    return round((clock.wall() - past) * 1000)


def named(value: bytes, ids: Mapping[UUID, str], unit: str) -> Iterator[SealedEvent]:
    """The events of a bundle with one of these ids, each of its member; none of what is no bundle."""
    with suppress(ValueError):
        bundle = strictjson.loads(value)
        for one in bundle if isinstance(bundle, list) else ():
            # What is bad in a bundle was quarantined alone, and lies beside what is good.
            with suppress(ValueError, TypeError, KeyError, AttributeError):
                event_id = UUID(one["id"])
                if event_id in ids and one["source"] == source_of(ids[event_id]):
                    blobs = tuple(str(seal["blob"]) for seal in one["seals"] if seal["to"] == unit)
                    yield SealedEvent(ids[event_id], event_id, blobs)


def _read(
    reader: KafkaConsumer, lower: Offsets, upper: Offsets, missing: Collection[Wanted], unit: str
) -> Iterator[SealedEvent]:
    for place, offset in lower.items():
        reader.seek(place, offset)
    deadline = time.monotonic() + _READ_S
    while missing and any(reader.position(place) < upper[place] for place in lower):
        if time.monotonic() > deadline:
            raise Retry(f"Kafka gave nothing of the members' alerts for {_READ_S:.0f} s; try again.")
        by_member = _by_member(missing)
        for records in reader.poll(timeout_ms=500).values():
            deadline = time.monotonic() + _READ_S
            for record in records:
                if ids := by_member.get(record.key or b""):
                    yield from _wanted(record, ids, missing, unit)


def _wanted(record: Any, ids: dict[UUID, str], missing: Collection[Wanted], unit: str) -> Iterator[SealedEvent]:
    # A member may write a record without a value, which is none of its alerts.
    value = record.value or b""
    # Most bundles of a member have nothing of what is wanted, and need not be parsed to know it.
    if any(str(event_id).encode() in value for event_id in ids):
        yield from (event for event in named(value, ids, unit) if (event.member, event.event_id) in missing)


def _by_member(wanted: Collection[Wanted]) -> dict[bytes, dict[UUID, str]]:
    found: dict[bytes, dict[UUID, str]] = defaultdict(dict)
    for member, event_id in wanted:
        found[member.encode()][event_id] = member
    return found


def _at(reader: KafkaConsumer, ends: Offsets, moment: int) -> Offsets:
    """The offset at that time in each place; its end where nothing is so late."""
    found = reader.offsets_for_times(dict.fromkeys(ends, max(moment, 0)))
    return {place: found[place].offset if found.get(place) else end for place, end in ends.items()}
