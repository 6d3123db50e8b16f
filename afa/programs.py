"""Which processes make up the alliance on one machine, and the little each is told: addresses, paths and the law of
the place, no secret.

A process gets the password file of its own principal and nothing of another's; only the city, which plays the members,
is told where members keep their keys, and only the police's vault where its own lie.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field, replace
from pathlib import Path

from alliance import profiles
from alliance.embedded.datadir import DataDir
from alliance.membership import vault_key_file
from alliance.registrar import registrar_keys

ENV = "/usr/bin/env"


@dataclass(frozen=True, slots=True)
class Program:
    """`python -m module` with `environment`; one that `ends` by itself is done, not dead, when it returns 0."""

    name: str
    module: str
    environment: dict[str, str]
    arguments: tuple[str, ...] = ()
    ends: bool = False
    metrics_port: int = field(default=0)

    def command(self) -> list[str]:
        """The child inherits nothing of our environment, so that what it knows is what stands here."""
        told = {**self.environment, "PYTHONUNBUFFERED": "1"}
        if self.metrics_port:
            told["AFA_METRICS_PORT"] = str(self.metrics_port)
        # -P: a folder that happens to be called like one of ours must not shadow it.
        python = [sys.executable, "-P", "-m", self.module, *self.arguments]
        return [ENV, *(f"{name}={value}" for name, value in told.items()), *python]


@dataclass(frozen=True, slots=True)
class Place:
    """Where everything is on this machine, and by which law it goes."""

    data: DataDir
    bootstrap: str
    database_url: str
    profile: str = profiles.DEFAULT

    @property
    def clock_file(self) -> Path:
        return clock_file(self.data)

    def login(self, principal: str) -> dict[str, str]:
        return {
            "AFA_KAFKA_BOOTSTRAP": self.bootstrap,
            "AFA_KAFKA_USERNAME": principal,
            "AFA_KAFKA_PASSWORD_FILE": str(self.data.secret_file(principal)),
            "AFA_CLOCK_FILE": str(self.clock_file),
            "AFA_REGISTRAR": registrar_keys(self.data).public.signing,
        }

    def with_database(self, principal: str) -> dict[str, str]:
        return {**self.login(principal), "AFA_DATABASE_URL": self.database_url}


def hub(place: Place, workers: int) -> list[Program]:
    """The alliance's own processes, in the order in which they start; they stop in the reverse."""
    names = ["streams", *(f"streams-{number}" for number in range(2, workers + 1))]
    consumers = (_casebook(place), _consumer(place, "dispatch"), _riskdesk(place), _auditor(place))
    return [*(_worker(place, name) for name in names), *consumers]


def vault(place: Place) -> Program:
    """The police's own process, apart from the hub."""
    told = {**place.with_database("vault"), "AFA_VAULT_KEY_FILE": str(vault_key_file(place.data))}
    return Program("vault", "consumers.vault", told, metrics_port=place.data.port("vault-metrics"))


def city(place: Place, days: int, options: tuple[str, ...] = ()) -> Program:
    """The simulated members, their police, and the days that befall them; 0 days are days without end."""
    told = {
        "AFA_CLOCK_FILE": str(place.clock_file),
        "AFA_DATA_DIR": str(place.data.path),
        "AFA_DATABASE_URL": place.database_url,
        "AFA_PROFILE": place.profile,
    }
    port = place.data.port("city-metrics")
    arguments = ("--days", str(days), *options)
    return Program("city", "afa.play", told, arguments, ends=days > 0, metrics_port=port)


def clock_file(data: DataDir) -> Path:
    return data.path / "clock.json"


def _worker(place: Place, name: str) -> Program:
    told = {**place.login("streams"), "FAUST_DATADIR": str(place.data.path / name)}
    return Program(name, "streams", told, metrics_port=place.data.port(f"{name}-metrics"))


def _casebook(place: Place) -> Program:
    made = _consumer(place, "casebook")
    return replace(made, environment={**made.environment, "AFA_PROFILE": place.profile})


def _riskdesk(place: Place) -> Program:
    """It has no use for the database, and so is not told where it is."""
    port = place.data.port("riskdesk-metrics")
    return Program("riskdesk", "consumers.riskdesk", place.login("riskdesk"), metrics_port=port)


def auditor_key(data: DataDir) -> Path:
    """On one machine, where the auditor has none of its own."""
    return data.path / "auditor" / "key.json"


def _auditor(place: Place) -> Program:
    made = _consumer(place, "auditor")
    told = {**made.environment, "AFA_AUDITOR_KEY_FILE": str(auditor_key(place.data))}
    return replace(made, environment=told)


def _consumer(place: Place, name: str) -> Program:
    port = place.data.port(f"{name}-metrics")
    return Program(name, f"consumers.{name}", place.with_database(name), metrics_port=port)
