"""Whether a question is on the record: in an entry of the database's chain, as the `audit` topic has that entry.

The database alone does not count: what its owner writes there it can take away again, and nobody would know.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from functools import partial
from hashlib import sha256

from kafka import KafkaConsumer, TopicPartition
from pydantic import ValidationError
from sqlalchemy import Connection, select

from alliance import kafka
from alliance.errors import Retry
from alliance.kafka import KafkaLogin
from consumers.auditor.chain import DIGEST, Entry
from consumers.auditor.records import act_of, told
from consumers.casebook.authority.inquiries import Asked, Said
from consumers.casebook.tables import Audit
from schemas.audit import AUDIT_RECORD, AuditEntry
from schemas.topics import AUDIT

_PLACE = TopicPartition(AUDIT.name, 0)
_ROWS = 200
_STEP = 256
_READ_S = 15.0


def entry_of(db: Connection, asked: Asked, said: Said, at: datetime) -> tuple[int, bytes] | None:
    """The number of the entry of that time that says that the question was accepted, and the act's digest. What the
    act is about must be what was asked: else the record would tell of others than were looked up."""
    query = select(Audit.number, Audit.at, Audit.acts).order_by(Audit.number.desc())
    accepted = (asked.act, asked.subject(said), sha256(asked.jws.encode()).digest())
    for row in db.execute(query.execution_options(yield_per=_ROWS)):
        if row.at < at:
            break
        for one in map(act_of, row.acts):
            if one is not None and (one.act, one.subject, one.content) == accepted:
                return row.number, one.digest
    return None


def is_told(login: KafkaLogin, number: int, digest: bytes) -> bool:
    """Whether the topic has that entry, and it covers the digest. False while the auditor has not copied it."""
    with kafka.consumer(login, [], None) as reader:
        reader.assign([_PLACE])
        begin, end = reader.beginning_offsets([_PLACE])[_PLACE], reader.end_offsets([_PLACE])[_PLACE]
        entry = find(partial(_entries, reader), begin, end, number)
    return entry is not None and covers(entry, digest)


def find(entries: Callable[[int, int], Iterable[Entry]], begin: int, end: int, number: int) -> Entry | None:
    """The entry of that number, sought from the end; `entries` gives what lies between two offsets."""
    step, upper = _STEP, end
    while upper > begin:
        lower = max(begin, upper - step)
        older = [entry for entry in entries(lower, upper) if entry.number <= number]
        if older:
            return next((entry for entry in older if entry.number == number), None)
        upper, step = lower, step * 4
    return None


def covers(entry: Entry, digest: bytes) -> bool:
    """Whether it is one of the acts of the entry."""
    return any(entry.digests[place : place + DIGEST] == digest for place in range(0, len(entry.digests), DIGEST))


def _entries(reader: KafkaConsumer, lower: int, upper: int) -> Iterator[Entry]:
    reader.seek(_PLACE, lower)
    deadline = time.monotonic() + _READ_S
    while reader.position(_PLACE) < upper:
        if time.monotonic() > deadline:
            raise Retry(f"Kafka gave nothing of {AUDIT.name} for {_READ_S:.0f} s; try again.")
        for records in reader.poll(timeout_ms=500, max_records=_ROWS).values():
            yield from (told(said) for record in records if record.offset < upper and (said := _entry(record.value)))


def _entry(value: bytes | None) -> AuditEntry | None:
    """None for a checkpoint, and for what the auditor has not written."""
    with suppress(ValidationError):
        said = AUDIT_RECORD.validate_json(value or b"")
        return said if isinstance(said, AuditEntry) else None
    return None
