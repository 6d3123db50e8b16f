"""How a command reaches what it works on: the run of a data folder, or the cluster that the settings name.

Each opens nothing that it is not asked for. What is meant must never be guessed: a folder that `afa up` has made is
only ever its run's, and where the settings name a cluster too, such a run must be named by --data.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Connection, Engine

from afa import runfile
from afa.options import data_dir
from afa.programs import clock_file
from alliance import clock, profiles
from alliance.broker.passwords import login_of
from alliance.clock import AllianceClock
from alliance.embedded.datadir import DataDir
from alliance.embedded.services import attach
from alliance.errors import SetupError
from alliance.kafka import KafkaLogin
from alliance.keys.store import MemberKeys
from alliance.membership import load_member, proven_registry
from alliance.profiles import Profile
from alliance.registrar import registrar_public
from alliance.registry import Registry
from alliance.settings import Settings
from consumers.casebook.database import connect


def cluster(data: Path | None) -> Settings | None:
    """The settings, if a cluster that they name is meant; None if a run on this machine is.

    Raises SetupError if it may be either.
    """
    settings, folder = Settings(), DataDir(data_dir(data))
    if not settings.kafka_bootstrap:
        return None
    if not folder.is_of_a_run():
        return settings
    if data is None:
        raise SetupError(
            f"AFA_KAFKA_BOOTSTRAP names a cluster, and {folder.path} is the folder of a run of `afa up`; name that run "
            "by --data, or the folder that the cluster's office keeps."
        )
    return None


class Run:
    """The run on a data folder, or a cluster and the folder in which its office keeps keys. SetupError if there is
    neither."""

    def __init__(self, data: Path | None) -> None:
        self.data = DataDir(data_dir(data))
        self.cluster = cluster(data)
        if self.cluster is None:
            # Whatever is asked of it later, that nothing runs is said first.
            attach(self.data.path)

    @property
    def admin(self) -> KafkaLogin:
        """Who reads what no member may: a run's administrator; at a cluster whoever the settings name."""
        return self.cluster.kafka_login() if self.cluster else attach(self.data.path).admin

    @property
    def database_url(self) -> str:
        return self.cluster.database() if self.cluster else attach(self.data.path).database_url

    @property
    def clock(self) -> AllianceClock:
        return clock.load(self.cluster.clock_file if self.cluster else clock_file(self.data))

    @property
    def profile(self) -> Profile:
        """The law by which the casebook goes: that of a run, whatever the caller's own environment says."""
        if self.cluster:
            return profiles.load(self.cluster.profile)
        running = runfile.load(self.data)
        return profiles.load(running.profile if running else profiles.DEFAULT)

    @property
    def reached_at(self) -> str:
        """Where members reach Kafka."""
        return (self.cluster.member_address if self.cluster else "") or self.admin.bootstrap

    @property
    def trusted(self) -> Ed25519PublicKey:
        """By whose signature the registry is believed."""
        return self.cluster.registrar_key() if self.cluster else registrar_public(self.data)

    def registrar(self) -> KafkaLogin:
        """Who may read and write the registry. SetupError if another registrar's key than the cluster's is here: what
        that one signs would be believed by nobody, and lie over what is."""
        if self.cluster is None:
            return login_of("registrar", self.admin, self.data.secret)
        if registrar_public(self.data) != self.trusted:
            raise SetupError(
                f"The registrar's key in {self.data.path} is another than AFA_REGISTRAR; name the folder that the "
                "cluster's office keeps by --data or AFA_DATA_DIR."
            )
        return self.admin

    def registry(self) -> Registry:
        return proven_registry(self.admin, self.trusted)

    def member(self, member: str) -> tuple[MemberKeys, KafkaLogin]:
        """A member whose keys are in the data folder, and its login."""
        return load_member(self.data, member, self.admin)

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
