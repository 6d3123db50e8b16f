"""The `audit` topic as the auditor writes it: where it ends, and what is written behind that.

At least once. After a failure the topic itself is asked where to go on, and nobody's memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from kafka import TopicPartition
from kafka.errors import KafkaError
from pydantic import ValidationError

from alliance import kafka
from alliance.errors import Retry, Stop
from alliance.kafka import KafkaLogin
from consumers.auditor.chain import Head
from consumers.auditor.checkpoints import proven
from schemas.audit import AUDIT_RECORD, AuditCheckpoint, AuditEntry
from schemas.topics import AUDIT

_PLACE = TopicPartition(AUDIT.name, 0)
_ACK_S = 12.0
_READ_S = 15.0
_PATIENCE = {"max_block_ms": 5_000, "request_timeout_ms": 5_000, "delivery_timeout_ms": 10_000}


class AuditTopic:
    """For one thread; `close` when done, or after an error."""

    def __init__(self, login: KafkaLogin) -> None:
        kafka.probe(login)
        self._login = login
        size = AUDIT.max_message_bytes
        self._producer = kafka.producer(login, max_request_size=size, linger_ms=5, **_PATIENCE)

    def end(self, public: Ed25519PublicKey) -> Head:
        """The newest entry that is there. A checkpoint is written behind the entry that it names."""
        with kafka.consumer(self._login, [], None) as reader:
            reader.assign([_PLACE])
            end = reader.end_offsets([_PLACE])[_PLACE]
            if end == 0:
                return Head()
            reader.seek(_PLACE, end - 1)
            for records in reader.poll(timeout_ms=int(_READ_S * 1000)).values():
                return _head(records[-1].value, public)
        raise Retry(f"Kafka gave nothing of {AUDIT.name} for {_READ_S:.0f} s; try again.")

    def write(self, records: Sequence[AuditEntry | AuditCheckpoint]) -> None:
        """Raises Retry if the broker did not take them all."""
        try:
            sent = [
                self._producer.send(AUDIT.name, record.model_dump_json().encode(), _key(record)) for record in records
            ]
            for future in sent:
                future.get(_ACK_S)
        except KafkaError as error:
            raise Retry(f"Kafka did not take the audit ({error}); try again.") from error

    def close(self) -> None:
        self._producer.close(timeout=0)


def _key(record: AuditEntry | AuditCheckpoint) -> bytes:
    return str(record.number).encode() if isinstance(record, AuditEntry) else b"checkpoint"


def _head(value: bytes, public: Ed25519PublicKey) -> Head:
    """Raises Stop for what the auditor can't have written: it can't say what to follow."""
    with suppress(ValidationError):
        record = AUDIT_RECORD.validate_json(value)
        said = record if isinstance(record, AuditEntry) else proven(record, public)
        if said is not None:
            return Head(said.number, bytes.fromhex(said.hash))
    raise Stop(f"The topic {AUDIT.name} ends with what the auditor has not written; see `afa audit verify`.")
