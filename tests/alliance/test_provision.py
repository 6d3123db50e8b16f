"""Who may do what, tried on a real broker: a member sees its own mail and nothing else, whatever it attempts."""

from __future__ import annotations

import pytest
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import TopicAuthorizationFailedError, TransactionalIdAuthorizationFailedError

from alliance import kafka
from alliance.broker.passwords import login_of
from alliance.broker.topics import Report
from alliance.embedded.services import EmbeddedServices
from alliance.errors import Refused, Retry, SetupError
from alliance.kafka import KafkaLogin, probe
from alliance.principals import INTERNAL, STREAMS_PREFIX, TABLE, member_principal
from alliance.provision import add_member, provision, remove_member
from schemas.topics import (
    ALIAS,
    ANSWERS,
    AUDIT,
    CHANGELOG,
    LEADS,
    MEMBERS,
    SIGNALS,
    SUSPICIOUS_ACCOUNT,
    TOPICS,
    member_topic,
)

pytestmark = pytest.mark.services

BANK, CARRIER = "bank-provision", "carrier-provision"


@pytest.fixture(scope="module")
def provisioned(services: EmbeddedServices) -> Report:
    return provision(services.admin, [BANK, CARRIER], services.data.secret)


@pytest.fixture
def bank(services: EmbeddedServices, provisioned: Report) -> KafkaLogin:
    return login_of(member_principal(BANK), services.admin, services.data.secret)


@pytest.fixture
def streams(services: EmbeddedServices, provisioned: Report) -> KafkaLogin:
    return login_of("streams", services.admin, services.data.secret)


def test_a_second_run_changes_nothing(services: EmbeddedServices, provisioned: Report) -> None:
    again = provision(services.admin, [BANK, CARRIER], services.data.secret)
    assert again == Report()


def test_a_changed_setting_is_put_right_and_a_changed_partition_count_reported(
    services: EmbeddedServices, kafka_admin: KafkaAdminClient, provisioned: Report
) -> None:
    name = member_topic(CARRIER).name
    kafka_admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, configs={"retention.ms": "1000"})])
    kafka_admin.create_partitions({name: 2})

    report = provision(services.admin, [BANK, CARRIER], services.data.secret)

    assert report.corrected == [f"{name}: retention.ms"]
    assert len(report.drift) == 1
    assert name in report.drift[0]


def test_a_units_topic_is_put_right_also_where_the_unit_is_not_named(
    services: EmbeddedServices, kafka_admin: KafkaAdminClient, provisioned: Report
) -> None:
    name = member_topic(BANK).name
    kafka_admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, configs={"retention.ms": "1000"})])
    assert f"{name}: retention.ms" in provision(services.admin, [CARRIER], services.data.secret).corrected


def test_a_record_is_let_go_of_as_soon_as_it_was_declared(kafka_admin: KafkaAdminClient, provisioned: Report) -> None:
    """The broker deletes and compacts whole segments, so that how long one lasts counts as well."""
    resources = [ConfigResource(ConfigResourceType.TOPIC, topic.name) for topic in TOPICS]
    found = kafka_admin.describe_configs(resources, config_filter="all")["topic"]
    for topic in TOPICS:
        values = {key: entry["value"] for key, entry in found[topic.name].items()}
        assert (values["retention.ms"], values["segment.ms"]) == (str(topic.retention_ms), str(topic.slack_ms))
        assert "compact" not in topic.cleanup or values["max.compaction.lag.ms"] == str(topic.slack_ms)


def test_more_partitions_than_asked_for_are_taken_as_they_are_and_fewer_reported(
    services: EmbeddedServices, kafka_admin: KafkaAdminClient, provisioned: Report
) -> None:
    made = len(kafka_admin.describe_topics([ALIAS.name])[0]["partitions"])
    assert not provision(services.admin, [BANK], services.data.secret, partitions=made - 1).drift
    report = provision(services.admin, [BANK], services.data.secret, partitions=made + 1)
    assert len(report.drift) == sum(topic.is_shared for topic in TOPICS)


def test_a_member_publishes_and_reads_its_own_mail(services: EmbeddedServices, bank: KafkaLogin) -> None:
    mine = member_topic(BANK).name
    probe(bank, reads=[mine, MEMBERS.name], writes=[SUSPICIOUS_ACCOUNT.name, ANSWERS.name], groups=[f"{BANK}.inbox"])

    with kafka.producer(bank) as sender:
        assert sender.send(SUSPICIOUS_ACCOUNT.name, b"[]").get(10).offset >= 0
    dispatch = login_of("dispatch", services.admin, services.data.secret)
    with kafka.producer(dispatch) as sender:
        sender.send(mine, b"a request").get(10)
    with kafka.consumer(bank, [mine], f"{BANK}.inbox", consumer_timeout_ms=20_000) as inbox:
        assert next(iter(inbox)).value == b"a request"


@pytest.mark.parametrize(
    "forbidden",
    [member_topic(CARRIER).name, LEADS.name, SUSPICIOUS_ACCOUNT.name, SIGNALS.name, ANSWERS.name, AUDIT.name],
)
def test_a_member_may_not_read(bank: KafkaLogin, forbidden: str) -> None:
    with pytest.raises(Refused, match=forbidden):
        probe(bank, reads=[forbidden])


@pytest.mark.parametrize("forbidden", [LEADS.name, MEMBERS.name, member_topic(CARRIER).name, member_topic(BANK).name])
def test_a_member_may_not_write(bank: KafkaLogin, forbidden: str) -> None:
    with pytest.raises(Refused, match=forbidden):
        probe(bank, writes=[forbidden])
    with kafka.producer(bank, max_block_ms=5_000) as sender, pytest.raises(TopicAuthorizationFailedError):
        sender.send(forbidden, b"[]").get(10)


def test_a_member_may_not_use_the_group_of_another(bank: KafkaLogin) -> None:
    with pytest.raises(Refused, match=CARRIER):
        probe(bank, groups=[f"{CARRIER}.inbox"])


def test_a_wrong_password_is_told_from_a_broker_that_is_away(bank: KafkaLogin) -> None:
    with pytest.raises(Refused, match="wrong password"):
        probe(KafkaLogin(bank.bootstrap, bank.username, "a guess"))


def test_a_topic_that_is_not_there_is_named(services: EmbeddedServices) -> None:
    with pytest.raises(Refused, match="no topic 'never-declared'"):
        probe(services.admin, reads=["never-declared"])


def test_no_broker_is_worth_another_try() -> None:
    with pytest.raises(Retry, match=r"127\.0\.0\.1:1"):
        probe(KafkaLogin("127.0.0.1:1", "anyone", "secret"))


def test_the_stream_writes_state_and_outputs_in_one_transaction_of_its_own(streams: KafkaLogin) -> None:
    probe(streams, reads=[SIGNALS.name], writes=[CHANGELOG.name, LEADS.name], groups=[f"{STREAMS_PREFIX}correlate"])
    with kafka.producer(streams, transactional_id=f"{STREAMS_PREFIX}provision-0") as sender:
        sender.init_transactions()
        sender.begin_transaction()
        sender.send(CHANGELOG.name, b"state", key=b"token")
        sender.send(LEADS.name, b"{}", key=b"token")
        sender.send(member_topic(BANK).name, b"a receipt")
        sender.commit_transaction()
    with (
        kafka.producer(streams, transactional_id="another-0") as sender,
        pytest.raises(TransactionalIdAuthorizationFailedError),
    ):
        sender.init_transactions()
    with pytest.raises(Refused, match="answers"):
        probe(streams, reads=[ANSWERS.name])


def test_the_registrar_admits_and_removes_a_member(services: EmbeddedServices, provisioned: Report) -> None:
    registrar = login_of("registrar", services.admin, services.data.secret)
    newcomer = "platform-provision"
    add_member(registrar, newcomer, services.data.secret)
    login = login_of(member_principal(newcomer), services.admin, services.data.secret)
    probe(login, reads=[member_topic(newcomer).name], writes=[SUSPICIOUS_ACCOUNT.name])

    remove_member(registrar, newcomer)

    with pytest.raises(Refused):
        probe(login)
    with pytest.raises(Refused):
        probe(registrar, reads=[LEADS.name])


def test_the_registrar_learns_how_old_a_topic_is_and_reads_nothing_of_it(
    services: EmbeddedServices, provisioned: Report
) -> None:
    registrar = login_of("registrar", services.admin, services.data.secret)
    with kafka.producer(services.admin) as sender:
        for partition in range(2):
            sender.send(CHANGELOG.name, b"state", b"token", partition=partition).get(15)
    first: dict[int, int] = {}
    for record in kafka.whole(services.admin, CHANGELOG.name):
        first.setdefault(record.partition, record.timestamp)
    assert len(first) > 1
    names = (CHANGELOG.name, ANSWERS.name, LEADS.name, SIGNALS.name)
    assert kafka.oldest(registrar, names)[CHANGELOG.name] == min(first.values()) / 1000
    for name in names:
        with pytest.raises(Refused, match=f"may not READ the topic '{name}'"):
            probe(registrar, reads=[name])


@pytest.mark.parametrize("name", ["", "bank.a", "Bank", "m" * 41, "bank_a", "银行"])
def test_a_name_that_could_reach_anothers_rights_is_refused(services: EmbeddedServices, name: str) -> None:
    with pytest.raises(SetupError, match="no member's name"):
        add_member(services.admin, name, services.data.secret)


def test_secrets_are_their_owners_alone(services: EmbeddedServices, provisioned: Report) -> None:
    for principal in (*INTERNAL, member_principal(BANK)):
        assert services.data.secret_file(principal).stat().st_mode & 0o777 == 0o600


def test_only_the_registrar_may_change_the_cluster() -> None:
    assert {grant.principal for grant in TABLE if grant.resource == "CLUSTER"} == {"registrar"}
