"""The audit: what lies on the `audit` topic and goes to every member, and how the record is shown and judged.

Entries cover what was done by salted digests alone: must never carry the text of an act but where it is shown.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, TypeAdapter

from schemas.base import Message, Text, Timestamp
from schemas.requests import Jws

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
EntryNumber = Annotated[int, Field(ge=1, lt=2**63)]


class AuditEntry(Message):
    """One transaction of the casebook. `hash` is SHA-256 over the number (8 bytes), `previous`, and the SHA-256 of the
    time (µs since 1970, 8 bytes) and the digests; numbers big-endian, digests as bytes."""

    kind: Literal["entry"] = "entry"
    number: EntryNumber
    at: Timestamp
    digests: Annotated[list[Sha256], Field(min_length=1)]
    """One an act: SHA-256 over salt (16 bytes), SHA-256 of the content, length of the act's name (2 bytes), name and
    subject."""
    previous: Sha256
    """The hash of the entry before; zeros for the first."""
    hash: Sha256


class Checkpoint(Message):
    """What the auditor signs: at this time the chain ended so, and had this before it."""

    number: EntryNumber
    hash: Sha256
    at: Timestamp


class AuditCheckpoint(Message):
    """A `Checkpoint` within the auditor's signature, on `audit` and to every member: to be kept, since with it the
    hub's whole record up to there can be held against what it was."""

    kind: Literal["checkpoint"] = "checkpoint"
    jws: Jws


class AuditAct(Message):
    """One act of an entry; both null where its text was erased."""

    act: str | None
    subject: str | None


class AuditView(Message):
    """An entry as it is listed."""

    number: EntryNumber
    at: Timestamp
    acts: list[AuditAct]
    hash: Sha256


class Wrong(StrEnum):
    """What was done to an entry."""

    EDITED = "edited"
    DELETED = "deleted"
    INSERTED = "inserted"
    REORDERED = "reordered"
    BROKEN = "broken"
    """It does not follow the one before it: one of the two was replaced."""
    REWRITTEN = "rewritten"
    """The auditor signed another chain: something up to there was replaced."""
    UNSIGNED = "unsigned"
    """A checkpoint that is not the auditor's."""


class Where(StrEnum):
    DATABASE = "database"
    TOPIC = "topic"
    CHECKPOINTS = "checkpoints"


class AuditFault(Message):
    """One fault, by the entry's number; 0 where none can be named."""

    what: Wrong
    where: Where
    number: Annotated[int, Field(ge=0)]
    last: int | None = None
    """Of several entries in a row."""
    detail: Text


class AuditReport(Message):
    """What a verification found."""

    entries: int
    """In the database."""
    acts: int
    erased: int
    """Acts whose text was erased; what their entries cover stands."""
    told: int
    """Entries on the topic; the newest may not be there yet."""
    checkpoints: int
    """That the auditor signed, from the topic and the members."""
    signed_to: int
    """The newest entry that one of them covers; 0 if none does."""
    faults: list[AuditFault]


AuditRecord = Annotated[AuditEntry | AuditCheckpoint, Field(discriminator="kind")]
AUDIT_RECORD: TypeAdapter[AuditEntry | AuditCheckpoint] = TypeAdapter(AuditRecord)
