"""Principals' passwords: given, taken, and waited for until the broker goes by them. Must never show one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from kafka import KafkaAdminClient
from kafka.admin import ScramMechanism, UserScramCredentialDeletion, UserScramCredentialUpsertion

from alliance.errors import Refused
from alliance.kafka import KafkaLogin, probe, until

Secret = Callable[[str], str]
"""Gives a principal's password, making it up the first time; `DataDir.secret` is one."""

_SCRAM_ITERATIONS = 4096


def login_of(principal: str, login: KafkaLogin, secret: Secret) -> KafkaLogin:
    """The same cluster, as another principal."""
    return replace(login, username=principal, password=secret(principal))


def give(client: KafkaAdminClient, passwords: dict[str, str]) -> None:
    upsertions = [
        UserScramCredentialUpsertion(user, ScramMechanism.SCRAM_SHA_256, password, iterations=_SCRAM_ITERATIONS)
        for user, password in passwords.items()
    ]
    _refuse_errors(client.alter_user_scram_credentials(upsertions))


def take(client: KafkaAdminClient, principal: str) -> None:
    if is_there(client, principal):
        deletion = UserScramCredentialDeletion(principal, ScramMechanism.SCRAM_SHA_256)
        _refuse_errors(client.alter_user_scram_credentials([deletion]))
        taken = "Kafka has not taken over that {!r} has no password any more"
        until(lambda: not is_there(client, principal), taken.format(principal))


def is_there(client: KafkaAdminClient, principal: str) -> bool:
    return principal in client.describe_user_scram_credentials()


def await_taken_over(login: KafkaLogin) -> None:
    until(lambda: _is_admitted(login), f"Kafka has not taken over the password of {login.username!r}")


def _refuse_errors(results: dict[str, str | None]) -> None:
    for user, error in results.items():
        if error:
            raise Refused(f"Kafka refuses to change the password of {user!r}: {error}; use the administrator's login.")


def _is_admitted(login: KafkaLogin) -> bool:
    try:
        probe(login)
    except Refused:
        return False
    return True
