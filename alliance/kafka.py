"""Kafka clients as this project uses them, and an early, clear answer to "may I?".

The clients themselves hang for 30 s on a wrong password and read nothing, silently, from a forbidden topic: every
process calls `probe` once before it starts. No client may be built anywhere with weaker guarantees than these.
"""

from __future__ import annotations

import asyncio
import math
import ssl
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from aiokafka.conn import create_conn
from aiokafka.errors import KafkaError, SaslAuthenticationFailed
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import (
    CoordinatorLoadInProgressError,
    CoordinatorNotAvailableError,
    GroupAuthorizationFailedError,
    NotCoordinatorError,
)

from alliance import tls, unreadable
from alliance.errors import Refused, Retry, SetupError

if TYPE_CHECKING:
    import faust

unreadable.install()
SecurityProtocol = Literal["SASL_PLAINTEXT", "SASL_SSL"]
COORDINATOR_BUSY = (CoordinatorNotAvailableError, CoordinatorLoadInProgressError, NotCoordinatorError)
"""What a broker answers of its groups for a moment after its start."""
MECHANISM = "SCRAM-SHA-256"
_PROBE_TIMEOUT_MS = 5_000
_READ_TIMEOUT_S = 15.0
_POLL_S = 0.02


@dataclass(frozen=True, slots=True)
class KafkaLogin:
    """Where a cluster is and who we are there; `bootstrap` is `host:port[,host:port…]`.

    Raises SetupError for a broker on another machine without TLS.
    """

    bootstrap: str
    username: str
    password: str = field(repr=False)
    security_protocol: SecurityProtocol = "SASL_PLAINTEXT"
    ca: str | None = field(default=None, repr=False)
    """PEM of the authority that signs the broker's certificate; None for those that the machine trusts."""

    def __post_init__(self) -> None:
        for address in () if self.security_protocol == "SASL_SSL" else self.bootstrap.split(","):
            if not tls.is_loopback(address.rpartition(":")[0]):
                raise SetupError(
                    f"The broker {address} is on another machine, and SASL_PLAINTEXT would send all in clear; set "
                    "AFA_KAFKA_SECURITY_PROTOCOL=SASL_SSL, and AFA_KAFKA_CA_FILE for a private authority (in an "
                    "invite: --ca)."
                )

    def options(self) -> dict[str, Any]:
        """The options that every kafka-python client shares."""
        return {
            "ssl_context": self.ssl_context(),
            "bootstrap_servers": self.bootstrap.split(","),
            "security_protocol": self.security_protocol,
            "sasl_mechanism": MECHANISM,
            "sasl_plain_username": self.username,
            "sasl_plain_password": self.password,
        }

    def ssl_context(self) -> ssl.SSLContext | None:
        return ssl.create_default_context(cadata=self.ca) if self.security_protocol == "SASL_SSL" else None


def producer(login: KafkaLogin, **over: Any) -> KafkaProducer:
    """Idempotent, acks=all: what was acknowledged is on the broker once, in order."""
    defaults = {"acks": "all", "enable_idempotence": True, "allow_auto_create_topics": False}
    return KafkaProducer(**login.options(), **{**defaults, **over})


def consumer(
    login: KafkaLogin, topics: Sequence[str], group: str | None, read_committed: bool = True, **over: Any
) -> KafkaConsumer:
    """Reads from the earliest uncommitted offset; commits nothing by itself."""
    defaults = {
        "group_id": group,
        "auto_offset_reset": "earliest",
        "enable_auto_commit": False,
        "allow_auto_create_topics": False,
        "isolation_level": "read_committed" if read_committed else "read_uncommitted",
    }
    return KafkaConsumer(*topics, **login.options(), **{**defaults, **over})


def whole(login: KafkaLogin, *topics: str) -> Iterator[Any]:
    """Every committed record that these topics have now. Raises Retry if the broker gives none for too long."""
    with consumer(login, [], None) as reader:
        places = places_of(reader, topics)
        reader.assign(places)
        reader.seek_to_beginning()
        ends = reader.end_offsets(places)
        deadline = time.monotonic() + _READ_TIMEOUT_S
        while any(reader.position(place) < ends[place] for place in places):
            if time.monotonic() > deadline:
                raise Retry(f"Kafka gave nothing of {', '.join(topics)} for {_READ_TIMEOUT_S:.0f} s; try again.")
            for records in reader.poll(timeout_ms=500, max_records=5_000).values():
                yield from records
                deadline = time.monotonic() + _READ_TIMEOUT_S


def oldest(login: KafkaLogin, topics: Iterable[str]) -> dict[str, float]:
    """Of each topic that has a record: when its oldest was stamped, in Unix seconds. Takes no right to read them.

    Raises Retry if the broker does not know one of them.
    """
    found: dict[str, float] = {}
    with consumer(login, [], None) as reader:
        first = reader.offsets_for_times(dict.fromkeys(places_of(reader, topics), 0))
    for place, one in first.items():
        if one is not None:
            found[place.topic] = min(found.get(place.topic, math.inf), one.timestamp / 1000)
    return found


def places_of(reader: KafkaConsumer, topics: Iterable[str]) -> list[TopicPartition]:
    """All partitions of these topics. Raises Retry if the broker does not know one of them."""
    places = []
    for topic in topics:
        numbers = reader.partitions_for_topic(topic)
        if not numbers:
            raise Retry(f"Kafka does not know the topic {topic!r} yet, or hides it; try again.")
        places += [TopicPartition(topic, number) for number in sorted(numbers)]
    return places


def admin(login: KafkaLogin, **over: Any) -> KafkaAdminClient:
    return KafkaAdminClient(**login.options(), **over)


def faust_credentials(login: KafkaLogin) -> faust.SASLCredentials:
    """What `faust.App(broker_credentials=…)` takes."""
    import faust

    return faust.SASLCredentials(
        mechanism=MECHANISM, username=login.username, password=login.password, ssl_context=login.ssl_context()
    )


def probe(
    login: KafkaLogin, *, reads: Sequence[str] = (), writes: Sequence[str] = (), groups: Sequence[str] = ()
) -> None:
    """Raise Refused if the password is wrong or a topic or group is forbidden or absent; Retry if no broker answers."""
    # In a thread of its own, since the caller may already run an event loop.
    with ThreadPoolExecutor(max_workers=1) as pool:
        pool.submit(asyncio.run, _authenticate(login)).result()
    if reads or writes or groups:
        with admin(login, bootstrap_timeout_ms=_PROBE_TIMEOUT_MS) as client:
            _check_topics(login, client, reads, writes)
            _check_groups(login, client, groups)


async def _authenticate(login: KafkaLogin) -> None:
    """Log in to the first broker of the list that can be reached."""
    unreachable = ""
    for address in login.bootstrap.split(","):
        host, _, port = address.rpartition(":")
        try:
            connection = await create_conn(
                host,
                int(port),
                request_timeout_ms=_PROBE_TIMEOUT_MS,
                security_protocol=login.security_protocol,
                ssl_context=login.ssl_context(),
                sasl_mechanism=MECHANISM,
                sasl_plain_username=login.username,
                sasl_plain_password=login.password,
            )
        except SaslAuthenticationFailed as error:
            raise Refused(
                f"Kafka at {address} refuses {login.username!r}: wrong password or unknown principal; "
                "check its password file."
            ) from error
        except (OSError, TimeoutError, KafkaError) as error:
            if said := tls.untrusted(f"Kafka at {address}", str(error), "AFA_KAFKA_CA_FILE, or in the invite,"):
                raise Refused(said) from error
            unreachable = f"{address} ({error or type(error).__name__})"
        else:
            connection.close()
            return
    raise Retry(f"Kafka can't be reached at {unreachable}; check that it runs and that the address is right.")


def _check_topics(login: KafkaLogin, client: KafkaAdminClient, reads: Sequence[str], writes: Sequence[str]) -> None:
    if not reads and not writes:
        return
    found = {topic["name"]: topic for topic in client.describe_topics([*reads, *writes])}
    for names, operation in ((reads, "READ"), (writes, "WRITE")):
        for name in names:
            topic = found.get(name)
            if topic is None or topic["error_code"] == 3:  # UNKNOWN_TOPIC_OR_PARTITION
                raise Refused(
                    f"Kafka has no topic {name!r}, or hides it from {login.username!r}; run the provisioning."
                )
            if topic["error_code"] or operation not in topic["authorized_operations"]:
                raise Refused(f"{login.username!r} may not {operation} the topic {name!r}; its ACLs don't allow it.")


def _check_groups(login: KafkaLogin, client: KafkaAdminClient, groups: Sequence[str]) -> None:
    for name in groups:
        until(partial(_group_is_allowed, login, client, name), f"Kafka can't tell who leads the group {name!r}")


def _group_is_allowed(login: KafkaLogin, client: KafkaAdminClient, name: str) -> bool:
    """True if it is, Refused if not; False while a new broker still makes its offsets topic."""
    try:
        allowed = client.describe_groups([name])[name].get("authorized_operations")
    except COORDINATOR_BUSY:
        return False
    except GroupAuthorizationFailedError:
        allowed = []
    # Of a group that has never been used the broker tells only that we may know of it.
    if allowed is not None and "READ" not in allowed:
        raise Refused(f"{login.username!r} may not use the consumer group {name!r}; its ACLs don't allow it.")
    return True


def until(done: Callable[[], bool], complaint: str, timeout_s: float = 15.0) -> None:
    """Wait for what a broker does after it has answered, and tells nobody of; Retry with `complaint` past the time."""
    deadline = time.monotonic() + timeout_s
    while not done():
        if time.monotonic() > deadline:
            raise Retry(f"{complaint} after {timeout_s:.0f} s; try again.")
        time.sleep(_POLL_S)
