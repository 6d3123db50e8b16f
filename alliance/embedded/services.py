"""Both embedded services on one data folder: started in order, stopped in reverse, whatever happens in between."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from alliance.embedded.datadir import HOST, DataDir
from alliance.embedded.kafka import EmbeddedKafka
from alliance.embedded.kafka_config import ADMIN
from alliance.embedded.postgres import EmbeddedPostgres
from alliance.errors import SetupError
from alliance.kafka import KafkaLogin


class EmbeddedServices:
    """`with EmbeddedServices(path, cache) as services:` holds the folder and runs both until the block ends."""

    def __init__(self, data_dir: Path, cache_dir: Path, heap_mb: int = 512) -> None:
        self.data = DataDir(data_dir)
        self.postgres = EmbeddedPostgres(self.data)
        self.kafka = EmbeddedKafka(self.data, cache_dir, heap_mb)

    @property
    def admin(self) -> KafkaLogin:
        """The broker's administrator; its bootstrap address is everyone's."""
        return self.kafka.login

    @property
    def bootstrap(self) -> str:
        return self.kafka.login.bootstrap

    @property
    def database_url(self) -> str:
        return self.postgres.url()

    def start(self) -> EmbeddedServices:
        """SetupError or ServiceDied say in one sentence what is wrong; then nothing is left running."""
        self.data.open()
        try:
            self.postgres.start()
            self.kafka.start()
        except BaseException:
            self.stop()
            raise
        return self

    def check(self) -> None:
        """Raise ServiceDied if one of them has ended."""
        self.postgres.check()
        self.kafka.check()

    def stop(self) -> None:
        """Kafka first: a process that still writes shall find its database as long as it has messages."""
        self.kafka.stop()
        self.postgres.stop()
        self.data.close()

    def __enter__(self) -> EmbeddedServices:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.stop()


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where another process of this machine finds the services of a run."""

    admin: KafkaLogin
    database_url: str
    data: DataDir


def attach(data_dir: Path) -> Addresses:
    """Find the services that a run on this folder has started; SetupError if there is no such run."""
    data = DataDir(data_dir)
    port = data.ports().get("kafka")
    if port is None or data.holder() is None:
        raise SetupError(
            f"Nothing runs on the data folder {data.path}; start it with `afa up`, name another by --data, or name a "
            "cluster by AFA_KAFKA_BOOTSTRAP."
        )
    admin = KafkaLogin(f"{HOST}:{port}", ADMIN, data.secret(ADMIN))
    return Addresses(admin, EmbeddedPostgres(data).url(), data)
