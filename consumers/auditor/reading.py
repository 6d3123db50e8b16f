"""Reads what a verification needs: the topic, the database, and files of checkpoints that members kept.

Needs no right but to read, and takes no other: the database is opened for reading alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson
import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from psycopg.rows import namedtuple_row
from psycopg.types.json import set_json_loads
from pydantic import ValidationError

from alliance import tls
from alliance.errors import Refused
from consumers.auditor.checkpoints import proven
from consumers.auditor.copy import Copy, fault
from consumers.auditor.records import act_of, entry_of, told
from consumers.auditor.verifying import Stored
from schemas.audit import AUDIT_RECORD, AuditCheckpoint, AuditFault, Checkpoint, Where, Wrong

Tick = Callable[[], None]
_ROWS = 5_000
_QUERY = "select number, at, acts, digests, previous, hash from audit order by number"


@dataclass
class Evidence:
    """What others than the database's owner have of the chain."""

    public: Ed25519PublicKey
    copy: Copy = field(default_factory=Copy)
    signed: list[Checkpoint] = field(default_factory=list)
    faults: list[AuditFault] = field(default_factory=list)

    def take_topic(self, values: Iterable[bytes | None], tick: Tick) -> None:
        """The records of the topic, from its beginning."""
        for place, value in enumerate(values):
            tick()
            try:
                record = AUDIT_RECORD.validate_json(value or b"")
            except ValidationError:
                what = f"record {place} is neither an entry nor a checkpoint"
                self.faults.append(fault(Wrong.INSERTED, Where.TOPIC, 0, 0, what))
                continue
            if isinstance(record, AuditCheckpoint):
                self._take(record, f"record {place} of the topic")
            else:
                self.copy.take(told(record))

    def take_lines(self, name: str, lines: Iterable[str]) -> None:
        """Checkpoints as a member kept them, one letter a line."""
        for place, line in enumerate(lines, start=1):
            try:
                self._take(AuditCheckpoint.model_validate_json(line), f"line {place} of {name}")
            except ValidationError:
                self._unsigned(f"line {place} of {name}")

    def _take(self, record: AuditCheckpoint, place: str) -> None:
        if checkpoint := proven(record, self.public):
            self.signed.append(checkpoint)
        else:
            self._unsigned(place)

    def _unsigned(self, place: str) -> None:
        what = f"{place} is no checkpoint that this key has signed"
        self.faults.append(fault(Wrong.UNSIGNED, Where.CHECKPOINTS, 0, 0, what))


def read_only(database_url: str) -> psycopg.Connection[Any]:
    """The casebook's database, for reading alone, whatever else the login may do. Raises Refused for a server whose
    certificate is not believed."""
    try:
        db = psycopg.connect(database_url, autocommit=True, options="-c default_transaction_read_only=on")
    except psycopg.OperationalError as error:
        if said := tls.untrusted("PostgreSQL", str(error), "sslrootcert of AFA_DATABASE_URL"):
            raise Refused(said) from error
        raise
    set_json_loads(orjson.loads, db)
    return db


def count(db: psycopg.Connection[Any]) -> int:
    """How many entries there are."""
    [[found]] = db.execute("select count(*) from audit").fetchall()
    return int(found)


def stored(db: psycopg.Connection[Any], tick: Tick) -> Iterator[Stored]:
    """The database's chain, by number."""
    with db.transaction(), db.cursor("entries", row_factory=namedtuple_row) as cursor:
        cursor.itersize = _ROWS
        row: Any
        for row in cursor.execute(_QUERY):
            tick()
            yield entry_of(row), [act_of(act) for act in row.acts]
