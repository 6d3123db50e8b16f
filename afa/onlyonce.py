"""What must be so before a refused bundle is put back: its member has said nothing else of these events since.

By what the hub let in and what it refused; of what was refused twice nothing counts. Must never judge by the present
rules what was let in by former ones: it counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any
from uuid import UUID

import orjson

from afa.quarantine import Quarantined, everything
from alliance import kafka
from alliance.errors import Refused
from alliance.kafka import KafkaLogin
from alliance.keys.encoding import decode
from schemas import strictjson
from schemas.envelope import SIGNATURE_HEADER
from schemas.reasons import Reason
from schemas.strictjson import StrictJsonError
from schemas.topics import WITHDRAWAL

RefusedAt = dict[str, set[UUID] | None]
"""What was refused of a bundle, by its place; None for all of it."""


def check_said_once(login: KafkaLogin, kept: Quarantined, member: str, wanted: set[UUID]) -> None:
    """Raises Refused where the member has sent one of these events again, or taken it back, or its id is spent."""
    refused: RefusedAt = {}
    for other in everything(login):
        about = other.refused()
        refused[other.place] = (
            about if about is None or other.place not in refused else _both(refused, other.place, about)
        )
        if spent := _conflicting(other) & wanted:
            raise Refused(f"The id {min(spent)} was used with two contents, and neither counts: only a new id helps.")
        taken_back = other.note.topic == WITHDRAWAL.name and other.note.member == member
        if taken_back and _named(other.bundle, wanted, _takes_back):
            raise Refused(f"{member} took it back at {other.place}, which was refused too; ask it whether it stands.")
    for place, events in _said(login, kept.note.topic, member, wanted):
        gone = refused.get(place, set())
        if gone is not None and events - gone:
            raise Refused(f"{member} has sent this again, at {place}; put back as well, the two could conflict.")


def _both(refused: RefusedAt, place: str, about: set[UUID]) -> set[UUID] | None:
    """One bundle may be noted twice, as conflicts are found later."""
    before = refused[place]
    return None if before is None else before | about


def _conflicting(other: Quarantined) -> set[UUID]:
    return {each.event_id for each in other.note.refusals if each.reason is Reason.CONFLICT and each.event_id}


def _said(login: KafkaLogin, topic: str, member: str, wanted: set[UUID]) -> Iterator[tuple[str, set[UUID]]]:
    """Where on the topic the member's bundles name these events."""
    for record in kafka.whole(login, topic):
        if (events := _named(record.value or b"", wanted, _is)) and _signer(record) == member:
            yield f"{record.topic}/{record.partition}/{record.offset}", events


def _named(bundle: bytes, ids: set[UUID], by: Callable[[Any], object]) -> set[UUID]:
    """Those that its events name, in whatever spelling; where no parser reads it, those that stand in it anywhere."""
    standing = _standing_in(bundle, ids)
    # Without an escape an id that is there stands there: most of a topic need not be parsed.
    if not standing and b"\\" not in bundle:
        return standing
    try:
        events = strictjson.loads(bundle)
    except StrictJsonError:
        return standing
    return ids & {_uuid(event, by) for event in events} if isinstance(events, list) else set()


def _is(event: Any) -> object:
    return event["id"]


def _takes_back(event: Any) -> object:
    return event["data"]["event_id"]


def _uuid(event: Any, by: Callable[[Any], object]) -> UUID | None:
    try:
        return UUID(str(by(event)))
    except (ValueError, LookupError, TypeError):
        return None


def _standing_in(bundle: bytes, ids: Iterable[UUID]) -> set[UUID]:
    text = bundle.lower()
    return {each for each in ids if str(each).encode() in text or each.hex.encode() in text}


def _signer(record: Any) -> str | None:
    """Who says that it has signed; what was let in bears out that it has."""
    header = (dict(record.headers).get(SIGNATURE_HEADER) or b"").split(b".")[0]
    try:
        return str(orjson.loads(decode(header.decode("ascii")))["kid"]).partition("/")[0]
    except (ValueError, LookupError, TypeError):
        return None
