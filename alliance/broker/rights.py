"""Principals' rights: exactly those that `alliance/principals.py` grants."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kafka import KafkaAdminClient
from kafka.admin import (
    ACL,
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ResourcePattern,
    ResourcePatternFilter,
    ResourceType,
)

from alliance.errors import Refused
from alliance.kafka import until
from alliance.principals import Grant, Right


def give(client: KafkaAdminClient, principals: Sequence[str], grants: Iterable[Grant]) -> None:
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
