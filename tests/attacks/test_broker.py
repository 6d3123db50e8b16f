"""A member that is logged in at the broker and reaches for what is not its own: refused by the broker itself.

On the real one, with the rights that the provisioning gives. Each attack is made with a client of the attacker's own
choice, not with `probe`, which only asks.
"""

from __future__ import annotations

import asyncio
import gzip
import secrets
from dataclasses import replace

import aiokafka
import orjson
import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import (
    GroupAuthorizationFailedError,
    MessageSizeTooLargeError,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailedError,
)

from alliance import kafka
from alliance.broker.passwords import login_of
from alliance.clock import wall_now
from alliance.embedded.services import EmbeddedServices
from alliance.errors import Refused
from alliance.kafka import KafkaLogin
from alliance.keys.store import generate
from alliance.principals import STREAMS_PREFIX, member_principal
from alliance.provision import add_member, agree_rate, provision, remove_member
from alliance.quotas import AGREED, quota
from producers.bundles import bundle
from schemas.envelope import MAX_EVENTS, event_type, source_of
from schemas.topics import (
    ANSWERS,
    AUDIT,
    CHANGELOG,
    LEADS,
    MEMBERS,
    QUARANTINE,
    RISK_CHECK,
    RULES,
    SIGNALS,
    SUSPICIOUS_ACCOUNT,
    TALLY,
    TOPICS,
    VICTIM_REPORT,
    WITHDRAWAL,
    member_topic,
)
from tests.streams.support import IDS

pytestmark = pytest.mark.services

MALLORY, ALICE = "bank-mallory", "bank-alice"
READABLE = {MEMBERS.name}
SECRET = [member_topic(ALICE).name, *(topic.name for topic in TOPICS if topic.name not in READABLE)]
GUARDED = [
    member_topic(ALICE).name,
    member_topic(MALLORY).name,
    *(topic.name for topic in TOPICS if not topic.inbound),
]


@pytest.fixture(scope="module")
def mallory(services: EmbeddedServices) -> KafkaLogin:
    provision(services.admin, [MALLORY, ALICE], services.data.secret)
    return login_of(member_principal(MALLORY), services.admin, services.data.secret)


def test_the_lists_hold_what_the_issue_names() -> None:
    assert {LEADS.name, SIGNALS.name, ANSWERS.name, VICTIM_REPORT.name, QUARANTINE.name} <= set(SECRET)
    assert {LEADS.name, MEMBERS.name, CHANGELOG.name, SIGNALS.name, RULES.name, AUDIT.name, TALLY.name} <= set(GUARDED)


@pytest.mark.parametrize("topic", SECRET)
def test_reading_what_is_not_its_own(mallory: KafkaLogin, topic: str) -> None:
    """The offsets of what it may not even see are refused, of what it may write the records."""
    with pytest.raises(TopicAuthorizationFailedError):
        read_first(mallory, topic)


def test_reading_what_is_its_own(mallory: KafkaLogin, services: EmbeddedServices) -> None:
    own = member_topic(MALLORY).name
    with kafka.producer(services.admin) as sender:
        sender.send(own, b"a request").get(10)
    assert read_first(mallory, own) == b"a request"


def read_first(login: KafkaLogin, topic: str) -> bytes:
    with kafka.consumer(login, [], None) as reader:
        place = TopicPartition(topic, 0)
        reader.assign([place])
        reader.seek_to_beginning(place)
        reader.position(place)
        [first, *_] = reader.poll(10_000)[place]
        value: bytes = first.value
        return value


@pytest.mark.parametrize("topic", GUARDED)
def test_writing_what_the_hub_or_the_registrar_writes(mallory: KafkaLogin, topic: str) -> None:
    with kafka.producer(mallory, max_block_ms=5_000) as sender, pytest.raises(TopicAuthorizationFailedError):
        sender.send(topic, b"{}", key=b"k", partition=0).get(10)


@pytest.mark.parametrize("group", [f"{ALICE}.inbox", f"{STREAMS_PREFIX}intake", "casebook", "riskdesk", MALLORY])
def test_joining_or_moving_anothers_group(mallory: KafkaLogin, group: str) -> None:
    own = member_topic(MALLORY).name
    with kafka.consumer(mallory, [own], group) as reader, pytest.raises(GroupAuthorizationFailedError):
        reader.poll(10_000)


def test_taking_over_a_transaction_of_the_streams(mallory: KafkaLogin) -> None:
    """It would fence the owner of a partition."""
    with (
        kafka.producer(mallory, transactional_id=f"{STREAMS_PREFIX}correlate-0") as sender,
        pytest.raises(TransactionalIdAuthorizationFailedError),
    ):
        sender.init_transactions()


def test_a_record_that_unpacks_to_a_thousand_times_its_size(mallory: KafkaLogin) -> None:
    """The broker measures what it would unpack to: no worker ever reads it."""
    bomb = b"[" + b" " * 40_000_000 + b"]"
    with (
        kafka.producer(mallory, compression_type="gzip", max_request_size=len(bomb) + 1_000) as sender,
        pytest.raises(MessageSizeTooLargeError),
    ):
        sender.send(SUSPICIOUS_ACCOUNT.name, bomb, key=MALLORY.encode()).get(60)
    with kafka.producer(mallory, compression_type="gzip") as sender:
        packed = sender.send(SUSPICIOUS_ACCOUNT.name, b"[" + b" " * 900_000 + b"]", key=MALLORY.encode())
        assert packed.get(30).offset >= 0


class NoUtf8(str):
    """What no client of ours would write as a header's name."""

    __slots__ = ()

    def encode(self, *_: str) -> bytes:
        return b"\xff\xfe"


def test_a_header_whose_name_no_client_can_read(mallory: KafkaLogin, services: EmbeddedServices) -> None:
    """Whatever others sent, and itself before and behind, is read by both clients."""
    place, headers = TopicPartition(WITHDRAWAL.name, 0), [(NoUtf8("x"), b"1")]
    with kafka.producer(mallory) as sender:
        before = sender.send(place.topic, b"before", partition=0).get(10)
        sender.send(place.topic, b"poison", partition=0, headers=headers).get(10)
        sender.send(place.topic, b"behind", partition=0).get(10)
        end = sender.send(place.topic, b"poison", partition=0, headers=headers).get(10).offset + 1
    read = [one.value for one in kafka.whole(services.admin, place.topic) if one.partition == 0]
    assert read[-2:] == [b"before", b"behind"]
    assert asyncio.run(read_until(services.admin, before.offset, end)) == [b"before", b"behind"]


async def read_until(login: KafkaLogin, begin: int, end: int) -> list[bytes | None]:
    """As the streams' client reads."""
    place = aiokafka.TopicPartition(WITHDRAWAL.name, 0)
    options = {name: value for name, value in login.options().items() if name != "bootstrap_servers"}
    consumer = aiokafka.AIOKafkaConsumer(bootstrap_servers=login.bootstrap, **options)
    await consumer.start()
    try:
        consumer.assign([place])
        consumer.seek(place, begin)
        found: list[bytes | None] = []
        while await consumer.position(place) < end:
            found += [one.value for one in (await consumer.getmany(timeout_ms=500)).get(place, [])]
        return found
    finally:
        await consumer.stop()


def slowed(client: KafkaProducer | KafkaConsumer) -> float:
    """Milliseconds, the longest that the broker has told this client to wait."""
    return max(float(told.get("throttle-time-max", 0)) for told in client.metrics().values())


def test_a_member_that_floods(services: EmbeddedServices) -> None:
    """The broker takes what it sends and slows it, at five seconds' worth at once too; what is agreed anew counts at
    once."""
    name = "bank-flood"
    add_member(services.admin, name, services.data.secret, rate=1)
    login = login_of(member_principal(name), services.admin, services.data.secret)
    with kafka.producer(login) as sender:
        sender.send(SUSPICIOUS_ACCOUNT.name, b"x" * 100_000).get(10)
        assert slowed(sender) > 0
    agree_rate(login_of("registrar", services.admin, services.data.secret), name, 10_000)
    with kafka.producer(login) as sender:
        sender.send(SUSPICIOUS_ACCOUNT.name, b"x" * 900_000).get(10)
        assert slowed(sender) == 0


def test_a_member_that_guesses_tokens_by_its_questions(services: EmbeddedServices) -> None:
    """Slowed as by any flood. What remains within the quota is told in docs/security.md, by the figures held here."""
    name = "bank-guesses"
    add_member(services.admin, name, services.data.secret, rate=1)
    login = login_of(member_principal(name), services.admin, services.data.secret)
    guesses = bundle([guess(name) for _ in range(MAX_EVENTS)], generate(name))
    with kafka.producer(login) as sender:
        sender.send(RISK_CHECK.name, guesses.value, key=name.encode(), headers=guesses.headers).get(10)
        assert slowed(sender) > 0
    a_second = quota(AGREED)["producer_byte_rate"]
    alone = bundle([guess(name)], generate(name))
    assert round(a_second / (len(alone.value) + sum(len(value) for _, value in alone.headers)), -3) == 3_000
    assert round(a_second / len(guesses.value) * MAX_EVENTS, -3) == 5_000
    assert round(a_second / len(gzip.compress(guesses.value)) * MAX_EVENTS, -4) == 60_000


def guess(member: str) -> bytes:
    """A question with no more in it than must be, about a payee at random."""
    payer, payee = ({"kind": "account", "tokens": [f"e1:{token}"]} for token in ("x" * 22, secrets.token_urlsafe(16)))
    data = {"kind": "risk-check", "payer": payer, "payee": payee, "amount": {"minor": 1, "currency": "CNY"}}
    fixed = {"specversion": "1.0", "id": str(IDS.next()), "source": source_of(member), "type": event_type("risk-check")}
    return orjson.dumps({**fixed, "time": wall_now(), "datacontenttype": "application/json", "data": data})


def test_a_member_that_reads_without_end(services: EmbeddedServices) -> None:
    name = "bank-greedy"
    add_member(services.admin, name, services.data.secret, rate=1)
    with kafka.producer(services.admin) as sender:
        for sent in [sender.send(member_topic(name).name, b"x" * 900_000) for _ in range(12)]:
            sent.get(30)
        assert slowed(sender) == 0, "the hub's own principals are not slowed"
    login = login_of(member_principal(name), services.admin, services.data.secret)
    with kafka.consumer(login, [], None) as reader:
        reader.assign([TopicPartition(member_topic(name).name, 0)])
        reader.seek_to_beginning()

        def is_slowed() -> bool:
            reader.poll(100)
            return slowed(reader) > 0

        kafka.until(is_slowed, "the broker does not slow it")


def test_a_member_that_was_revoked(services: EmbeddedServices, mallory: KafkaLogin) -> None:
    """Its password and its rights are gone, so that it neither publishes nor reads on."""
    eve = "bank-eve"
    add_member(services.admin, eve, services.data.secret)
    login = login_of(member_principal(eve), services.admin, services.data.secret)
    kafka.probe(login, reads=[member_topic(eve).name], writes=[SUSPICIOUS_ACCOUNT.name])
    remove_member(services.admin, eve)

    def is_refused() -> bool:
        # What describes passwords knows of it a moment before what checks them.
        try:
            kafka.probe(login)
        except Refused as refused:
            return "wrong password or unknown principal" in str(refused)
        return False

    kafka.until(is_refused, "the broker lets it in")


@pytest.mark.parametrize("principal", [member_principal(ALICE), "streams"])
def test_a_principal_of_the_hub_by_a_guessed_password(
    services: EmbeddedServices, mallory: KafkaLogin, principal: str
) -> None:
    """The broker's log tells of it: from where, and not as whom."""

    def refused() -> int:
        return told(services).count("Failed authentication with /127.0.0.1")

    before = refused()
    with pytest.raises(Refused, match="wrong password or unknown principal"):
        kafka.probe(replace(mallory, username=principal))
    kafka.until(lambda: refused() == before + 1, "the broker's log does not tell of it")


def test_what_was_refused_to_whom_is_in_the_brokers_log(services: EmbeddedServices, mallory: KafkaLogin) -> None:
    line = (
        f"Principal = User:{mallory.username} is Denied operation = DESCRIBE from host = 127.0.0.1 on resource = Topic"
    )
    before = told(services).count(line)
    test_writing_what_the_hub_or_the_registrar_writes(mallory, LEADS.name)
    kafka.until(lambda: told(services).count(line) > before, "the broker's log does not tell of it")


def told(services: EmbeddedServices) -> str:
    return services.data.log_file("kafka").read_text(encoding="utf-8")
