"""The auditor: what is new in the database's chain goes to the topic once it is found to follow what is there, and now
and then a signed checkpoint goes to every member.

Must never write to the database, nor sign what does not follow: a chain that was altered is said, and no more copied.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from kafka.errors import KafkaError
from psycopg.rows import namedtuple_row

from alliance import metrics
from alliance.errors import Refused, Retry, SetupError
from alliance.kafka import KafkaLogin
from alliance.keys.store import MemberKeys
from alliance.membership import proven_registry
from consumers.auditor import checkpoints
from consumers.auditor.chain import Entry, Head, link
from consumers.auditor.reading import read_only
from consumers.auditor.records import entry_of, message_of
from consumers.auditor.topic import AuditTopic
from consumers.post import Post
from schemas.audit import AuditCheckpoint, Checkpoint

EVERY_S = 600.0
_BATCH = 1_000
_IDLE_S = 0.5
_RETRY_S = 1.0
_QUERY = "select number, at, digests, previous, hash from audit where number >= %s order by number limit %s"
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Letter:
    """A checkpoint for one member."""

    member: str
    key: str
    value: str


class Auditor:
    """`run` returns when `stop` is set."""

    def __init__(
        self,
        database_url: str,
        login: KafkaLogin,
        keys: MemberKeys,
        registrar: Ed25519PublicKey,
        now: Callable[[], datetime],
        signed_file: Path,
        every_s: float = EVERY_S,
    ) -> None:
        self._database_url, self._login, self._keys, self._now = database_url, login, keys, now
        self._registrar, self._signed_file = registrar, signed_file
        self._public = keys.signing.public_key()
        self._post = Post(login)
        self._every_s, self._signed, self._signed_at = every_s, 0, -every_s

    def run(self, stop: threading.Event) -> None:
        """Raises Stop if the topic is not the auditor's own, Refused if it may not do its work."""
        while not stop.is_set():
            try:
                with read_only(self._database_url) as db:
                    self._serve(db, stop)
            except (psycopg.OperationalError, KafkaError, Retry) as error:
                log.warning("the audit waits for the database or the broker", reason=str(error).strip())
                stop.wait(_RETRY_S)
        self._post.discard()

    def checkpoint(self) -> Checkpoint:
        """Sign where the chain is now, once the topic has all of it. Raises Refused for one that is not sound."""
        with read_only(self._database_url) as db:
            topic = AuditTopic(self._login)
            try:
                return self._sign(topic, self._copy(db, topic, self._begin(db, topic)))
            finally:
                topic.close()
                self._post.discard()

    def _serve(self, db: psycopg.Connection[Any], stop: threading.Event) -> None:
        topic = AuditTopic(self._login)
        try:
            head = self._begin(db, topic)
            while not stop.is_set():
                head = self._copy(db, topic, head)
                if head.number > self._signed and time.monotonic() - self._signed_at >= self._every_s:
                    self._sign(topic, head)
                stop.wait(_IDLE_S)
        except (Refused, SetupError) as error:
            # The hub goes on: holds must end in time, whoever has altered the record.
            metrics.AUDIT_BROKEN.set(1)
            log.error("nothing more is copied or signed", reason=str(error))
            stop.wait()
        finally:
            topic.close()

    def _begin(self, db: psycopg.Connection[Any], topic: AuditTopic) -> Head:
        """Where the topic ends. Raises Refused where the database lacks what was signed last: who rewrites both must
        not have the auditor sign that, too. What the topic has lost it gets again, as that is what was signed."""
        head, last = topic.end(self._public), checkpoints.kept(self._signed_file, self._public)
        if last is None:
            return head
        found = db.execute("select hash from audit where number = %s", [last.number]).fetchone()
        if found is None or found[0].hex() != last.hash:
            wrong = "is missing" if found is None else "is not what was signed"
            raise Refused(f"Entry {last.number} in the database {wrong}; see `afa audit verify`.")
        if head.number < last.number:
            log.error("the topic has lost what was signed, and gets it again", ends=head.number, signed=last.number)
        return head

    def _copy(self, db: psycopg.Connection[Any], topic: AuditTopic, head: Head) -> Head:
        """Until nothing is new; where the chain stands then."""
        while True:
            with db.cursor(row_factory=namedtuple_row) as cursor:
                found = [entry_of(row) for row in cursor.execute(_QUERY, [head.number, _BATCH])]
            fresh = following(head, found)
            if not fresh:
                return head
            topic.write([message_of(entry) for entry in fresh])
            metrics.AUDITED.inc(len(fresh))
            head = fresh[-1].head

    def _sign(self, topic: AuditTopic, head: Head) -> Checkpoint:
        if head.number == 0:
            raise Refused("Nothing is on record yet, so that there is nothing to sign.")
        said = Checkpoint(number=head.number, hash=head.hash.hex(), at=self._now())
        signed = checkpoints.sign(self._keys, said)
        checkpoints.keep(self._signed_file, signed)
        topic.write([signed])
        self._send(signed)
        self._signed, self._signed_at = head.number, time.monotonic()
        metrics.CHECKPOINTS.inc()
        return said

    def _send(self, signed: AuditCheckpoint) -> None:
        """To every member that has a topic; who missed one gets the next, which says more."""
        value = signed.model_dump_json()
        names = [member.member for member in proven_registry(self._login, self._registrar)]
        _, failed = self._post.send([Letter(name, "checkpoint", value) for name in names])
        if failed:
            log.warning("members did not get a checkpoint", members=[letter.member for letter in failed])


def following(head: Head, found: Sequence[Entry]) -> Sequence[Entry]:
    """What is behind `head`, where what was found begins with it. Raises Refused where the two are not one chain."""
    if head.number > 0:
        if not found or found[0].head != head:
            raise Refused(f"Entry {head.number} in the database is not what the topic has; see `afa audit verify`.")
        found = found[1:]
    for entry in found:
        sound = entry.number == head.number + 1 and entry.previous == head.hash
        if not sound or entry.hash != link(entry.number, entry.previous, entry.body):
            raise Refused(
                f"Entry {entry.number} in the database does not follow the one before; see `afa audit verify`."
            )
        head = entry.head
    return found
