"""Brings a cluster to what the code declares: topics, principals, rights and quotas. Running it again changes nothing.

It never deletes a topic and never changes a partition count: both lose data or order, and are a person's decision.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from kafka import KafkaAdminClient
from kafka.admin import (
    ACL,
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ConfigResource,
    ConfigResourceType,
    ResourcePattern,
    ResourcePatternFilter,
    ResourceType,
    ScramMechanism,
    UserScramCredentialDeletion,
    UserScramCredentialUpsertion,
)
from pydantic import TypeAdapter, ValidationError

from alliance import quotas
from alliance.errors import Refused, SetupError
from alliance.kafka import KafkaLogin, admin, probe, until
from alliance.principals import (
    INTERNAL,
    TABLE,
    Grant,
    Right,
    joining_grants,
    joining_principal,
    member_grants,
    member_principal,
)
from schemas.base import MemberId
from schemas.topics import PARTITIONS, TOPICS, Topic, joining_topic, member_topic, unit_topic

Secret = Callable[[str], str]
"""Gives a principal's password, making it up the first time; `DataDir.secret` is one."""

_SCRAM_ITERATIONS = 4096
_MEMBER_ID: TypeAdapter[str] = TypeAdapter(MemberId)


@dataclass
class Report:
    """What `provision` changed, and what it found different but must not change."""

    created: list[str] = field(default_factory=list)
    corrected: list[str] = field(default_factory=list)
    drift: list[str] = field(default_factory=list)


def provision(login: KafkaLogin, members: Iterable[str], secret: Secret, partitions: int = PARTITIONS) -> Report:
    """Declare everything for these members. Refused if `login` may not. `partitions`: of shared topics that are new."""
    names = [checked(member) for member in members]
    report = Report()
    with admin(login) as client:
        shared = (replace(topic, partitions=partitions) if topic.is_shared else topic for topic in TOPICS)
        _declare_topics(client, [*shared, *(member_topic(name) for name in names)], report)
        _correct_units(client, {member_topic(name).name for name in names}, report)
        principals = [*INTERNAL, *(member_principal(name) for name in names)]
        _set_passwords(client, {principal: secret(principal) for principal in principals})
        _set_rights(client, principals, [*TABLE, *(grant for name in names for grant in member_grants(name))])
        quotas.agree_default(client, {*quotas.rates(client), *(member_principal(name) for name in names)})
    _await_password(login_of(principals[-1], login, secret))
    return report


def add_member(login: KafkaLogin, member: str, secret: Secret, rate: int | None = None) -> None:
    """Admit one member: its topic, its password, its rights, and the rate that is agreed with it, else the one that it
    had. The registrar may do this."""
    name = checked(member)
    principal = member_principal(name)
    with admin(login) as client:
        _declare_topics(client, [member_topic(name)], Report())
        _set_passwords(client, {principal: secret(principal)})
        _set_rights(client, [principal], member_grants(name))
        if rate is None:
            quotas.agree_default(client, [principal])
        else:
            quotas.agree(client, {principal: rate})
    _await_password(login_of(principal, login, secret))


def remove_member(login: KafkaLogin, member: str) -> None:
    """Take its rights, at once, and its password. Its topic stays until its retention ends."""
    principal = member_principal(checked(member))
    with admin(login) as client:
        _set_rights(client, [principal], ())
        _take_password(client, principal)


def bar_member(login: KafkaLogin, member: str) -> None:
    """Take its rights alone, at once and on every connection that it has open: the password is good for nothing."""
    with admin(login) as client:
        _set_rights(client, [member_principal(checked(member))], ())


def readmit_member(login: KafkaLogin, member: str) -> None:
    """Give a member that was barred its rights again; it goes on with the password that it has."""
    with admin(login) as client:
        _set_rights(client, [member_principal(checked(member))], member_grants(member))


def agree_rate(login: KafkaLogin, member: str, rate: int) -> None:
    """How many alerts a second are agreed with a member, from now on, also on connections that it has open."""
    with admin(login) as client:
        quotas.agree(client, {member_principal(checked(member)): rate})


def agreed_rate(login: KafkaLogin, member: str) -> int | None:
    """The same as the broker has it; None of who was never admitted."""
    with admin(login) as client:
        return quotas.rates(client).get(member_principal(checked(member)))


def has_password(login: KafkaLogin, member: str) -> bool:
    """Whether the broker would let the member in."""
    with admin(login) as client:
        return _has_password(client, member_principal(checked(member)))


def open_joining(login: KafkaLogin, member: str, code: str) -> None:
    """Let whoever has the code ask, on a topic of the unit's own."""
    principal = joining_principal(checked(member))
    with admin(login) as client:
        _declare_topics(client, [joining_topic(member)], Report())
        _set_passwords(client, {principal: code})
        _set_rights(client, [principal], joining_grants(member, may_ask=True))
        quotas.agree(client, {principal: quotas.INVITED})
    _await_password(replace(login, username=principal, password=code))


def close_joining(login: KafkaLogin, member: str, *, may_read: bool) -> None:
    """The invite can be used no more; who used it may read its answer, if so said."""
    principal = joining_principal(checked(member))
    with admin(login) as client:
        _set_rights(client, [principal], joining_grants(member, may_ask=False) if may_read else ())
        if not may_read:
            _take_password(client, principal)


def login_of(principal: str, login: KafkaLogin, secret: Secret) -> KafkaLogin:
    """The same cluster, as another principal."""
    return replace(login, username=principal, password=secret(principal))


def checked(member: str) -> str:
    """The name, if a member may have it. Raises SetupError."""
    try:
        return _MEMBER_ID.validate_python(member)
    except ValidationError as error:
        # A dot would let `a` read the consumer groups of `a.b`.
        raise SetupError(
            f"{member!r} is no member's name: at most 40 small letters, digits and single hyphens, as in bank-042."
        ) from error


def _config(topic: Topic) -> dict[str, str]:
    config = {
        "cleanup.policy": topic.cleanup,
        "retention.ms": str(topic.retention_ms),
        "max.message.bytes": str(topic.max_message_bytes),
        "segment.ms": str(topic.slack_ms),
    }
    if "compact" in topic.cleanup:
        # Else a topic that hardly grows is never compacted, and what was replaced or removed stays in it.
        config["max.compaction.lag.ms"] = str(topic.slack_ms)
    if topic.inbound:
        # A member's clock must not decide how long its alerts are kept.
        config["message.timestamp.type"] = "LogAppendTime"
        # The broker unpacks what a member compressed, and measures it: no reader meets a thousand times its bound.
        config["compression.type"] = "uncompressed"
    return config


def _declare_topics(client: KafkaAdminClient, topics: Sequence[Topic], report: Report) -> None:
    found = {topic["name"]: len(topic["partitions"]) for topic in client.describe_topics() if not topic["error_code"]}
    new = [topic for topic in topics if topic.name not in found]
    if new:
        wanted = {topic.name: {"num_partitions": topic.partitions, "configs": _config(topic)} for topic in new}
        client.create_topics(wanted, wait_for_metadata=True)
        report.created += [topic.name for topic in new]
    old = [topic for topic in topics if topic.name in found]
    for topic in old:
        enough = topic.is_shared and found[topic.name] >= topic.partitions
        if not enough and found[topic.name] != topic.partitions:
            report.drift.append(
                f"topic {topic.name} has {found[topic.name]} partitions, {topic.partitions} are declared; "
                "move its data to a new generation, since more partitions would part keys from their past."
            )
    if old:
        _correct_configs(client, old, report)


def _correct_units(client: KafkaAdminClient, done: set[str], report: Report) -> None:
    """What a unit got when it was admitted goes by the present declaration too, whoever is named now."""
    there = (unit_topic(topic["name"]) for topic in client.describe_topics() if topic["name"] not in done)
    if units := [topic for topic in there if topic is not None]:
        _correct_configs(client, units, report)


def _correct_configs(client: KafkaAdminClient, topics: Sequence[Topic], report: Report) -> None:
    resources = [ConfigResource(ConfigResourceType.TOPIC, topic.name) for topic in topics]
    found = client.describe_configs(resources, config_filter="all")["topic"]
    changes = []
    for topic in topics:
        actual = {key: entry["value"] for key, entry in found[topic.name].items()}
        wrong = {key: value for key, value in _config(topic).items() if _differs(actual.get(key), value)}
        if wrong:
            changes.append(ConfigResource(ConfigResourceType.TOPIC, topic.name, configs=wrong))
            report.corrected.append(f"{topic.name}: {', '.join(sorted(wrong))}")
    if changes:
        client.alter_configs(changes)


def _differs(actual: object, wanted: str) -> bool:
    return sorted(str(actual).split(",")) != sorted(wanted.split(","))


def _set_passwords(client: KafkaAdminClient, passwords: dict[str, str]) -> None:
    upsertions = [
        UserScramCredentialUpsertion(user, ScramMechanism.SCRAM_SHA_256, password, iterations=_SCRAM_ITERATIONS)
        for user, password in passwords.items()
    ]
    _refuse_errors(client.alter_user_scram_credentials(upsertions))


def _take_password(client: KafkaAdminClient, principal: str) -> None:
    if _has_password(client, principal):
        deletion = UserScramCredentialDeletion(principal, ScramMechanism.SCRAM_SHA_256)
        _refuse_errors(client.alter_user_scram_credentials([deletion]))
        taken = "Kafka has not taken over that {!r} has no password any more"
        until(lambda: not _has_password(client, principal), taken.format(principal))


def _has_password(client: KafkaAdminClient, principal: str) -> bool:
    return principal in client.describe_user_scram_credentials()


def _refuse_errors(results: dict[str, str | None]) -> None:
    for user, error in results.items():
        if error:
            raise Refused(f"Kafka refuses to change the password of {user!r}: {error}; use the administrator's login.")


def _set_rights(client: KafkaAdminClient, principals: Sequence[str], grants: Iterable[Grant]) -> None:
    """Give these principals exactly these rights: what is missing is added, what is too much is taken."""
    wanted = {_acl(right) for grant in grants for right in grant.rights()}
    actual = _acls_of(client, principals)
    if missing := wanted - actual:
        failed = client.create_acls(list(missing))["failed"]
        if failed:
            raise Refused(f"Kafka refuses to grant rights ({failed[0].__name__}); use the administrator's login.")
    if surplus := actual - wanted:
        client.delete_acls([_exactly(rule) for rule in surplus])
    # The controller answers before the brokers have taken a change over; who comes at once would be turned away.
    until(lambda: _acls_of(client, principals) == wanted, "Kafka has not taken over the rights of its principals")


def _await_password(login: KafkaLogin) -> None:
    until(lambda: _is_admitted(login), f"Kafka has not taken over the password of {login.username!r}")


def _is_admitted(login: KafkaLogin) -> bool:
    try:
        probe(login)
    except Refused:
        return False
    return True


def _acls_of(client: KafkaAdminClient, principals: Sequence[str]) -> set[ACL]:
    owners = {f"User:{principal}" for principal in principals}
    return {rule for rule in _all_acls(client) if rule.principal in owners}


def _all_acls(client: KafkaAdminClient) -> list[ACL]:
    anything = ResourcePatternFilter(ResourceType.ANY, None, ACLResourcePatternType.ANY)
    rules, error = client.describe_acls(ACLFilter(None, None, ACLOperation.ANY, ACLPermissionType.ANY, anything))
    if error is not None and error.errno:
        raise Refused(f"Kafka refuses to show the rights ({error.__name__}); use the administrator's login.")
    return list(rules)


def _acl(right: Right) -> ACL:
    kind = ACLResourcePatternType.PREFIXED if right.prefix else ACLResourcePatternType.LITERAL
    pattern = ResourcePattern(ResourceType[right.resource], right.name, kind)
    operation = ACLOperation[right.operation]
    return ACL(f"User:{right.principal}", "*", operation, ACLPermissionType.ALLOW, pattern)


def _exactly(rule: ACL) -> ACLFilter:
    pattern = rule.resource_pattern
    only = ResourcePatternFilter(pattern.resource_type, pattern.resource_name, pattern.pattern_type)
    return ACLFilter(rule.principal, rule.host, rule.operation, rule.permission_type, only)
