"""Who may do what on the broker: one table, and nothing beyond it is allowed.

A right not listed here must not be granted anywhere else. The embedded broker's administrator is outside the table.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from schemas.topics import (
    ALIAS,
    ANSWERS,
    AUDIT,
    CHANGELOG,
    LEADS,
    MEMBERS,
    QUARANTINE,
    REGISTRAR_ACTS,
    RISK_CHECK,
    RULES,
    SIGNALS,
    TALLY,
    TOPICS,
    VICTIM_REPORT,
    WITHDRAWAL,
    joining_topic,
    member_topic,
)

Resource = Literal["TOPIC", "GROUP", "CLUSTER", "TRANSACTIONAL_ID"]
Operation = Literal["READ", "WRITE", "CREATE", "ALTER", "DESCRIBE", "DESCRIBE_CONFIGS", "ALTER_CONFIGS"]

_INBOUND = tuple(topic.name for topic in TOPICS if topic.inbound)
_ALERTS = tuple(name for name in _INBOUND if name != ANSWERS.name)
_SEALED = tuple(name for name in _ALERTS if name not in (WITHDRAWAL.name, RISK_CHECK.name))
_TO_ANY_MEMBER = member_topic("").name
_WITH_ANY_MEMBER = joining_topic("").name
STREAMS_PREFIX = "afa-"
"""Consumer groups and transactional ids of the stream workers begin so."""


@dataclass(frozen=True, slots=True)
class Grant:
    """`principal` may do `operations` on the named resources. READ and WRITE imply seeing that the topic exists."""

    principal: str
    resource: Resource
    names: tuple[str, ...]
    operations: tuple[Operation, ...]
    prefix: bool = False

    def rights(self) -> Iterator[Right]:
        for name in self.names:
            for operation in self.operations:
                yield Right(self.principal, self.resource, name, operation, self.prefix)


@dataclass(frozen=True, slots=True)
class Right:
    """One cell of the table."""

    principal: str
    resource: Resource
    name: str
    operation: Operation
    prefix: bool


CLUSTER = ("kafka-cluster",)

TABLE: tuple[Grant, ...] = (
    # Admits members: topic, password, rights and quotas; writes the registry, and the allow-list as police signed it;
    # and what it does beside them, for the record.
    Grant("registrar", "CLUSTER", CLUSTER, ("ALTER", "DESCRIBE", "ALTER_CONFIGS", "DESCRIBE_CONFIGS")),
    Grant(
        "registrar", "TOPIC", (_TO_ANY_MEMBER,), ("CREATE", "WRITE", "DESCRIBE_CONFIGS", "ALTER_CONFIGS"), prefix=True
    ),
    Grant("registrar", "TOPIC", (MEMBERS.name, RULES.name), ("READ", "WRITE")),
    Grant("registrar", "TOPIC", (REGISTRAR_ACTS.name,), ("WRITE",)),
    Grant(
        "registrar",
        "TOPIC",
        (_WITH_ANY_MEMBER,),
        ("CREATE", "READ", "WRITE", "DESCRIBE_CONFIGS", "ALTER_CONFIGS"),
        prefix=True,
    ),
    Grant("registrar", "TOPIC", (TALLY.name,), ("READ",)),
    # Puts back what was refused, unless it came again, under its member's own signature, which it can't make.
    Grant("registrar", "TOPIC", _ALERTS, ("READ", "WRITE")),
    # A deployment's office logs in as it: shows what was refused, verifies the record, says how old all the oldest is.
    Grant("registrar", "TOPIC", (QUARANTINE.name, AUDIT.name), ("READ",)),
    Grant("registrar", "TOPIC", (ANSWERS.name, LEADS.name, SIGNALS.name, CHANGELOG.name), ("DESCRIBE",)),
    # Verifies and correlates: alerts in, leads and receipts out. What members answer is not for it.
    Grant("streams", "TOPIC", (*_ALERTS, MEMBERS.name, RULES.name), ("READ",)),
    Grant("streams", "TOPIC", (SIGNALS.name, CHANGELOG.name), ("READ", "WRITE")),
    Grant("streams", "TOPIC", (LEADS.name, QUARANTINE.name, TALLY.name), ("WRITE",)),
    Grant("streams", "TOPIC", (_TO_ANY_MEMBER,), ("WRITE",), prefix=True),
    Grant("streams", "GROUP", (STREAMS_PREFIX,), ("READ",), prefix=True),
    Grant("streams", "TRANSACTIONAL_ID", (STREAMS_PREFIX,), ("WRITE",), prefix=True),
    # Turns leads into cases; what it sends goes by its database through dispatch.
    Grant("casebook", "TOPIC", (LEADS.name, ANSWERS.name, VICTIM_REPORT.name, WITHDRAWAL.name, ALIAS.name), ("READ",)),
    Grant("casebook", "TOPIC", (MEMBERS.name, RULES.name, REGISTRAR_ACTS.name), ("READ",)),
    # Answers what banks ask before money moves, from the leads; of what it refuses the streams tell.
    Grant("riskdesk", "TOPIC", (LEADS.name, MEMBERS.name, RISK_CHECK.name), ("READ",)),
    Grant("riskdesk", "TOPIC", (_TO_ANY_MEMBER,), ("WRITE",), prefix=True),
    Grant("riskdesk", "GROUP", ("riskdesk",), ("READ",)),
    # Delivers: it writes to members and reads nothing from Kafka.
    Grant("dispatch", "TOPIC", (_TO_ANY_MEMBER,), ("WRITE",), prefix=True),
    # Writes the record that nobody else can, and tells every member where it stands.
    Grant("auditor", "TOPIC", (AUDIT.name,), ("READ", "WRITE")),
    Grant("auditor", "TOPIC", (MEMBERS.name,), ("READ",)),
    Grant("auditor", "TOPIC", (_TO_ANY_MEMBER,), ("WRITE",), prefix=True),
    # Opens for police what alerts have sealed, once the order to do so is on the record. It writes nothing here.
    Grant("vault", "TOPIC", (*_SEALED, MEMBERS.name, AUDIT.name), ("READ",)),
)

INTERNAL: tuple[str, ...] = tuple(dict.fromkeys(grant.principal for grant in TABLE))


def member_principal(member: str) -> str:
    return f"m.{member}"


def joining_principal(member: str) -> str:
    """Who has an invite's code, and nothing else yet."""
    return f"j.{member}"


def joining_grants(member: str, *, may_ask: bool) -> tuple[Grant, ...]:
    """What an invite permits: to ask the registrar, and to read its answer."""
    operations: tuple[Operation, ...] = ("READ", "WRITE") if may_ask else ("READ",)
    return (Grant(joining_principal(member), "TOPIC", (joining_topic(member).name,), operations),)


def member_grants(member: str) -> tuple[Grant, ...]:
    """A member's rights: publish and answer, read its own mail and the registry, in groups named after it; and to ask
    the registrar for new keys."""
    principal = member_principal(member)
    return (
        Grant(principal, "TOPIC", _INBOUND, ("WRITE",)),
        Grant(principal, "TOPIC", (member_topic(member).name, MEMBERS.name), ("READ",)),
        Grant(principal, "TOPIC", (joining_topic(member).name,), ("READ", "WRITE")),
        Grant(principal, "GROUP", (f"{member}.",), ("READ",), prefix=True),
    )
