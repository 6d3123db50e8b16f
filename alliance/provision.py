"""What a cluster, a member and an invited unit get at the broker: topics, a password, rights and a quota. Running it
again changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from pydantic import TypeAdapter, ValidationError

from alliance import quotas
from alliance.broker import passwords, rights, topics
from alliance.broker.passwords import Secret, login_of
from alliance.broker.topics import Report
from alliance.errors import SetupError
from alliance.kafka import KafkaLogin, admin
from alliance.principals import (
    INTERNAL,
    TABLE,
    joining_grants,
    joining_principal,
    member_grants,
    member_principal,
)
from schemas.base import MemberId
from schemas.topics import PARTITIONS, TOPICS, joining_topic, member_topic

_MEMBER_ID: TypeAdapter[str] = TypeAdapter(MemberId)


def provision(login: KafkaLogin, members: Iterable[str], secret: Secret, partitions: int = PARTITIONS) -> Report:
    """Declare everything for these members. Refused if `login` may not. `partitions`: of shared topics that are new."""
    names = [checked(member) for member in members]
    report = Report()
    with admin(login) as client:
        shared = (replace(topic, partitions=partitions) if topic.is_shared else topic for topic in TOPICS)
        topics.declare(client, [*shared, *(member_topic(name) for name in names)], report)
        topics.correct_units(client, {member_topic(name).name for name in names}, report)
        principals = [*INTERNAL, *(member_principal(name) for name in names)]
        passwords.give(client, {principal: secret(principal) for principal in principals})
        rights.give(client, principals, [*TABLE, *(grant for name in names for grant in member_grants(name))])
        quotas.agree_default(client, {*quotas.rates(client), *(member_principal(name) for name in names)})
    passwords.await_taken_over(login_of(principals[-1], login, secret))
    return report


def add_member(login: KafkaLogin, member: str, secret: Secret, rate: int | None = None) -> None:
    """Admit one member: its topic, its password, its rights, and the rate that is agreed with it, else the one that it
    had. The registrar may do this."""
    name = checked(member)
    principal = member_principal(name)
    with admin(login) as client:
        topics.declare(client, [member_topic(name)], Report())
        passwords.give(client, {principal: secret(principal)})
        rights.give(client, [principal], member_grants(name))
        if rate is None:
            quotas.agree_default(client, [principal])
        else:
            quotas.agree(client, {principal: rate})
    passwords.await_taken_over(login_of(principal, login, secret))


def remove_member(login: KafkaLogin, member: str) -> None:
    """Take its rights, at once, and its password. Its topic stays until its retention ends."""
    principal = member_principal(checked(member))
    with admin(login) as client:
        rights.give(client, [principal], ())
        passwords.take(client, principal)


def bar_member(login: KafkaLogin, member: str) -> None:
    """Take its rights alone, at once and on every connection that it has open: the password is good for nothing."""
    with admin(login) as client:
        rights.give(client, [member_principal(checked(member))], ())


def readmit_member(login: KafkaLogin, member: str) -> None:
    """Give a member that was barred its rights again; it goes on with the password that it has."""
    with admin(login) as client:
        rights.give(client, [member_principal(checked(member))], member_grants(member))


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
        return passwords.is_there(client, member_principal(checked(member)))


def open_joining(login: KafkaLogin, member: str, code: str) -> None:
    """Let whoever has the code ask, on a topic of the unit's own."""
    principal = joining_principal(checked(member))
    with admin(login) as client:
        topics.declare(client, [joining_topic(member)], Report())
        passwords.give(client, {principal: code})
        rights.give(client, [principal], joining_grants(member, may_ask=True))
        quotas.agree(client, {principal: quotas.INVITED})
    passwords.await_taken_over(replace(login, username=principal, password=code))


def close_joining(login: KafkaLogin, member: str, *, may_read: bool) -> None:
    """The invite can be used no more; who used it may read its answer, if so said."""
    principal = joining_principal(checked(member))
    with admin(login) as client:
        rights.give(client, [principal], joining_grants(member, may_ask=False) if may_read else ())
        if not may_read:
            passwords.take(client, principal)


def checked(member: str) -> str:
    """The name, if a member may have it. Raises SetupError."""
    try:
        return _MEMBER_ID.validate_python(member)
    except ValidationError as error:
        # A dot would let `a` read the consumer groups of `a.b`.
        raise SetupError(
            f"{member!r} is no member's name: at most 40 small letters, digits and single hyphens, as in bank-042."
        ) from error
