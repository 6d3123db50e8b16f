"""Records to members' own topics through one producer that lives as long as its broker does.

At least once: what the broker did not acknowledge is handed back. Must never decide what is sent, nor to whom.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Protocol, TypeVar

import structlog
from kafka import KafkaProducer
from kafka.errors import KafkaError

from alliance import kafka
from alliance.errors import Retry
from alliance.kafka import KafkaLogin
from schemas.topics import member_topic

_TO_ANY_MEMBER = member_topic("")
_ACK_S = 12.0
_OPTIONS = {
    "max_request_size": _TO_ANY_MEMBER.max_message_bytes,
    "max_block_ms": 2_000,
    "request_timeout_ms": 5_000,
    "delivery_timeout_ms": 10_000,
    "reconnect_backoff_max_ms": 1_000,
}
"""A broker that was away is found again at once, and one member's missing topic delays the rest little."""
log = structlog.get_logger()


class Letter(Protocol):
    """One record for `to.<member>`."""

    @property
    def member(self) -> str: ...
    @property
    def key(self) -> str: ...
    @property
    def value(self) -> str: ...


L = TypeVar("L", bound=Letter)


class Post:
    """For one thread."""

    def __init__(self, login: KafkaLogin) -> None:
        self._login = login
        self._producer: KafkaProducer | None = None

    def send(self, letters: Sequence[L]) -> tuple[list[L], list[L]]:
        """What the broker took and what it did not. After a failure nothing more goes to that member, for the order."""
        producer = self.connected() if letters else None
        if producer is None:
            return [], list(letters)
        broken: set[str] = set()
        pending = [(letter, self._offer(producer, letter, broken)) for letter in letters]
        sent, failed = [], []
        for letter, future in pending:
            if future is None or letter.member in broken:
                failed.append(letter)
                continue
            try:
                future.get(_ACK_S)
            except KafkaError as error:
                self._fail(letter, error, broken)
                failed.append(letter)
                # An idempotent producer that has lost its place may never find it again.
                self.discard()
            else:
                sent.append(letter)
        return sent, failed

    def connected(self) -> KafkaProducer | None:
        """None while the broker is away."""
        if self._producer is None:
            try:
                # A producer that is born while the broker is away may never find it.
                kafka.probe(self._login)
                self._producer = kafka.producer(self._login, **_OPTIONS)
                self._acquaint(self._producer)
            except (Retry, KafkaError) as error:
                log.warning("the broker is away; it is tried again", reason=str(error))
        return self._producer

    def discard(self) -> None:
        """Away with the producer: closing alone would wait for what can't be sent, and let it go on trying."""
        producer, self._producer = self._producer, None
        if producer is not None:
            producer._sender.force_close()
            with suppress(KafkaError):
                producer.close(timeout=0)

    def _offer(self, producer: KafkaProducer, letter: Letter, broken: set[str]) -> Any | None:
        if letter.member in broken:
            return None
        try:
            return producer.send(member_topic(letter.member).name, key=letter.key.encode(), value=letter.value.encode())
        except KafkaError as error:
            self._fail(letter, error, broken)
            return None

    def _fail(self, letter: Letter, error: KafkaError, broken: set[str]) -> None:
        broken.add(letter.member)
        log.warning("the broker did not take a record; it is tried again", member=letter.member, reason=str(error))

    def _acquaint(self, producer: KafkaProducer) -> None:
        """Know all members' topics before the first record is due: of an unknown one the client asks alone, and no
        more than one in 100 ms."""
        with kafka.admin(self._login) as client:
            names = [name for name in client.list_topics() if name.startswith(_TO_ANY_MEMBER.name)]
        with ThreadPoolExecutor(max_workers=32) as pool:
            list(pool.map(producer.partitions_for, names))
