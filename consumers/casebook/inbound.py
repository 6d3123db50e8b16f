"""Signed bundles of answers, reports and withdrawals: verified as the stream verifies, since neither trusts the other.

Alert topics are quarantined by the stream, which tells the member; of what is wrong on `answers` the casebook tells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from alliance import metrics
from alliance.admission import LIMITS, Record, admit
from consumers.casebook.rows import insert_rows
from consumers.casebook.tables import Outbox
from consumers.casebook.turn import Turn
from schemas.envelope import Event
from schemas.reasons import REMEDY, Reason
from schemas.receipts import Receipt, Refusal
from schemas.registry import Sector
from schemas.topics import ANSWERS


@dataclass(frozen=True, slots=True)
class Admitted:
    """A good event, who signed it, and the fingerprint of its content."""

    member: str
    police: bool
    event: Event
    digest: bytes


@dataclass(slots=True)
class Bundle:
    """One record, what is good in it, and what was refused so far."""

    topic: str
    partition: int
    offset: int
    member: str | None
    events: Sequence[Admitted]
    refusals: list[Refusal]


def read(turn: Turn, record: Any) -> Bundle:
    """The bundle of a Kafka record. What is refused is counted and put on record."""
    headers = dict(record.headers or ())
    found = admit(Record(record.topic, record.value or b"", headers, record.key), turn.registry, turn.now, LIMITS)
    member = found.member.member if found.member else None
    police = found.member is not None and found.member.sector is Sector.POLICE
    events = [Admitted(member or "", police, accepted.event, accepted.digest) for accepted in found.accepted]
    return Bundle(record.topic, record.partition, record.offset, member, events, list(found.refusals))


def refuse(bundle: Bundle, admitted: Admitted, reason: Reason, detail: str) -> None:
    """One event of the bundle, after it was let in."""
    told = f"{detail}. {REMEDY[reason]}"[:500]
    bundle.refusals.append(Refusal(event_id=admitted.event.id, reason=reason, detail=told))


def close(turn: Turn, bundles: Sequence[Bundle]) -> None:
    """Count and record what was refused; tell members of what they sent on `answers`."""
    rows = []
    for bundle in bundles:
        for refusal in bundle.refusals:
            metrics.REFUSED_INBOUND.labels(bundle.topic, refusal.reason.value).inc()
        if bundle.refusals:
            place = f"{bundle.topic}/{bundle.partition}/{bundle.offset}"
            turn.trail.note("refused", place, b"".join(r.model_dump_json().encode() for r in bundle.refusals))
        if bundle.refusals and bundle.member and bundle.topic == ANSWERS.name:
            rows.append({"member": bundle.member, "key": bundle.member, "value": _receipt(turn, bundle)})
    insert_rows(turn.db, Outbox, rows)


def _receipt(turn: Turn, bundle: Bundle) -> str:
    whole = any(refusal.index is None and refusal.event_id is None for refusal in bundle.refusals)
    known = {admitted.event.id for admitted in bundle.events}
    refused = sum(refusal.event_id in known for refusal in bundle.refusals)
    receipt = Receipt(
        topic=bundle.topic,
        partition=bundle.partition,
        offset=bundle.offset,
        accepted=0 if whole else len(bundle.events) - refused,
        refusals=bundle.refusals,
        at=turn.now,
    )
    return receipt.model_dump_json()
