"""How a refusal is told: the record as it came into `quarantine`, and a receipt to the member. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from schemas.reasons import REMEDY, Reason
from schemas.receipts import NOTE_HEADER, QuarantineNote, Receipt, Refusal

Headers = list[tuple[str, bytes]]


def note_headers(
    place: tuple[str, int, int], member: str | None, refusals: Sequence[Refusal], at: datetime, original: Headers
) -> Headers:
    """Headers of the quarantined record: those that it came with, and the note. `place` is topic, partition, offset."""
    topic, partition, offset = place
    note = QuarantineNote(
        topic=topic, partition=partition, offset=offset, member=member, refusals=list(refusals), at=at
    )
    kept = [(name, value) for name, value in original if name != NOTE_HEADER]
    return [*kept, (NOTE_HEADER, note.model_dump_json().encode())]


def receipt(place: tuple[str, int, int], accepted: int, refusals: Sequence[Refusal], at: datetime) -> bytes:
    """What the member is told of one of its bundles."""
    topic, partition, offset = place
    told = Receipt(topic=topic, partition=partition, offset=offset, accepted=accepted, refusals=list(refusals), at=at)
    return told.model_dump_json().encode()


def conflict(event: bytes) -> Refusal:
    """The refusal of an event id that was used with two contents."""
    return Refusal(event_id=UUID(bytes=event), reason=Reason.CONFLICT, detail=REMEDY[Reason.CONFLICT])
