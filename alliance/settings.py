"""What a process is told from outside: where Kafka, PostgreSQL and the data folder are, by which law it
goes, and who this process is.

The only module that reads the environment (prefix AFA_). It holds paths of secrets, never secrets themselves.
"""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from alliance import profiles
from alliance.errors import SetupError
from alliance.kafka import KafkaLogin, SecurityProtocol
from schemas.topics import PARTITIONS


def _cache_dir() -> Path:
    """The XDG cache folder: what is in it can be fetched again, so it is shared by every data folder."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "afa"


class Settings(BaseSettings):
    """One process's settings; each field is read from `AFA_<NAME>`."""

    model_config = SettingsConfigDict(env_prefix="AFA_", extra="ignore")

    data_dir: Path = Path("data")
    cache_dir: Path = Field(default_factory=_cache_dir)

    kafka_bootstrap: str = ""
    kafka_security_protocol: SecurityProtocol = "SASL_PLAINTEXT"
    kafka_username: str = ""
    kafka_password_file: Path | None = None
    kafka_heap_mb: int = Field(default=512, ge=256)

    database_url: str = ""
    clock_file: Path = Path("data/clock.json")
    auditor_key_file: Path = Path("data/auditor/key.json")
    """Where the auditor alone keeps its key; made by its first start."""
    vault_key_file: Path = Path("data/vault/keys.json")
    """Where the police's vault alone has what it opens with."""
    registrar_key: str = ""
    """The registrar's public key; where it is set, no record of the registry is believed that it did not sign."""
    profile: str = profiles.DEFAULT
    partitions: int = Field(default=PARTITIONS, ge=1, le=1_000)
    """Of shared topics, when they are made."""
    metrics_port: int = Field(default=0, ge=0, le=65535)

    def kafka_login(self) -> KafkaLogin:
        """Raise SetupError naming the variable that is missing or the password file that can't be read."""
        for field in ("kafka_bootstrap", "kafka_username", "kafka_password_file"):
            if not getattr(self, field):
                raise SetupError(
                    f"AFA_{field.upper()} is not set; start with `afa up`, or set it to reach your cluster."
                )
        assert self.kafka_password_file is not None
        try:
            password = self.kafka_password_file.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise SetupError(
                f"AFA_KAFKA_PASSWORD_FILE: {self.kafka_password_file} can't be read ({error.strerror}); "
                "point it at a file that holds the password alone."
            ) from error
        return KafkaLogin(self.kafka_bootstrap, self.kafka_username, password, self.kafka_security_protocol)
