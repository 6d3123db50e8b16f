"""How a command reaches a run: its clock, law, registry and database. Each opens nothing that it is not asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine

from afa import runfile
from afa.options import data_dir
from afa.programs import clock_file
from alliance import clock, profiles
from alliance.clock import AllianceClock
from alliance.embedded.services import attach
from alliance.kafka import KafkaLogin
from alliance.membership import proven_registry
from alliance.profiles import Profile
from alliance.provision import login_of
from alliance.registrar import registrar_public
from alliance.registry import Registry
from consumers.casebook.database import connect


class Run:
    """The run on a data folder. SetupError if there is none."""

    def __init__(self, data: Path | None) -> None:
        place = attach(data_dir(data))
        self.admin = place.admin
        self.data = place.data
        self.database_url = place.database_url

    @property
    def clock(self) -> AllianceClock:
        return clock.load(clock_file(self.data))

    @property
    def profile(self) -> Profile:
        """The law by which the casebook of this run goes, whatever the caller's own environment says."""
        running = runfile.load(self.data)
        return profiles.load(running.profile if running else profiles.DEFAULT)

    def registrar(self) -> KafkaLogin:
        """Who may read and write the registry."""
        return login_of("registrar", self.admin, self.data.secret)

    def registry(self) -> Registry:
        return proven_registry(self.registrar(), registrar_public(self.data))

    @contextmanager
    def database(self) -> Iterator[Connection]:
        """One transaction, committed at the end of the block."""
        with database(self.database_url) as engine, engine.begin() as db:
            yield db


@contextmanager
def database(url: str) -> Iterator[Engine]:
    """The casebook's database, its connections closed at the end of the block."""
    engine = connect(url)
    try:
        yield engine
    finally:
        engine.dispose()
