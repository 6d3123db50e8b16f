"""What a process is told from outside: where Kafka, PostgreSQL and the data folder are, by which law it
goes, and who this process is.

The only module that reads the environment (prefix AFA_). It holds paths of secrets, never secrets themselves.
"""

from __future__ import annotations

import os
import ssl
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from alliance import profiles, tls
from alliance.errors import SetupError
from alliance.files import read_password
from alliance.kafka import KafkaLogin, SecurityProtocol
from alliance.keys.encoding import public_key
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
    kafka_ca_file: Path | None = None
    """PEM of the authority that signs the brokers' certificates; those that the machine trusts unless set."""
    kafka_username: str = ""
    kafka_password_file: Path | None = None
    member_address: str = ""
    """HOST:PORT at which members reach Kafka, for their invites; `kafka_bootstrap` unless set."""
    kafka_heap_mb: int = Field(default=512, ge=256)

    database_url: str = ""
    clock_file: Path = Path("data/clock.json")
    auditor_key_file: Path = Path("data/auditor/key.json")
    """Where the auditor alone keeps its key; made by its first start."""
    vault_key_file: Path = Path("data/vault/keys.json")
    """Where the police's vault alone has what it opens with."""
    registrar: str = ""
    """The registrar's public key, by which each record of the registry is believed."""
    profile: str = profiles.DEFAULT
    partitions: int = Field(default=PARTITIONS, ge=1, le=1_000)
    """Of shared topics, when they are made."""
    metrics_port: int = Field(default=0, ge=0, le=65535)
    metrics_tls_file: Path | None = None
    """PEM of the key and certificate with which metrics are served; in plain text unless set."""

    def kafka_login(self) -> KafkaLogin:
        """Raise SetupError naming the variable that is missing, or the password file that can't be read, or by others
        too."""
        for field in ("kafka_bootstrap", "kafka_username", "kafka_password_file"):
            if not getattr(self, field):
                raise SetupError(
                    f"AFA_{field.upper()} is not set; start with `afa up`, or set it to reach your cluster."
                )
        assert self.kafka_password_file is not None
        password = read_password(
            self.kafka_password_file, "point AFA_KAFKA_PASSWORD_FILE at one that holds the password alone"
        )
        return KafkaLogin(
            self.kafka_bootstrap, self.kafka_username, password, self.kafka_security_protocol, self.kafka_ca()
        )

    def kafka_ca(self) -> str | None:
        """The authority of `kafka_ca_file`; SetupError if it is none."""
        if self.kafka_ca_file is None:
            return None
        try:
            pem = self.kafka_ca_file.read_text(encoding="utf-8")
            ssl.create_default_context(cadata=pem)
        except (ssl.SSLError, ValueError, TypeError):
            raise SetupError(
                f"AFA_KAFKA_CA_FILE: {self.kafka_ca_file} is no certificate; point it at {_PEM}."
            ) from None
        except OSError as error:
            raise SetupError(
                f"AFA_KAFKA_CA_FILE: {self.kafka_ca_file} can't be read ({error.strerror}); point it at {_PEM}."
            ) from error
        return pem

    def database(self) -> str:
        """The URL of the database. SetupError if there is none, it holds a secret, or it leaves this machine in other
        ways than by TLS to a server that proves its name."""
        from psycopg import ProgrammingError
        from psycopg.conninfo import conninfo_to_dict

        if not self.database_url.startswith("postgresql://"):
            raise SetupError("AFA_DATABASE_URL is not a postgresql:// URL; start with `afa up`, or set it.")
        try:
            told = conninfo_to_dict(self.database_url)
        # The cause may quote a password.
        except ProgrammingError:
            raise SetupError("AFA_DATABASE_URL can't be read as a URL; write postgresql://USER@HOST/NAME.") from None
        if told.get("password"):
            raise SetupError(
                "AFA_DATABASE_URL holds a password, which others could read with it; put it into a file as libpq's "
                "`pgpass`, and name that by ?passfile=FILE."
            )
        if secret := next((name for name in _SECRETS if told.get(name)), None):
            raise SetupError(
                f"AFA_DATABASE_URL holds {secret}, which others could read with it; name a file with the password by "
                "?passfile=FILE, or one with a key that has none by ?sslkey=FILE."
            )
        hosts = [host for name in ("host", "hostaddr") for host in str(told.get(name) or "").split(",") if host]
        away = [host for host in hosts if not host.startswith("/") and not tls.is_loopback(host)]
        if away and told.get("sslmode") != "verify-full":
            raise SetupError(
                f"AFA_DATABASE_URL: {away[0]} is another machine, and must prove its name by TLS; add "
                "sslmode=verify-full, and sslrootcert=FILE with its authority (or `system`)."
            )
        return self.database_url

    def registrar_key(self) -> Ed25519PublicKey:
        """Raise SetupError if it is not set, or is no key."""
        if not self.registrar:
            raise SetupError(
                "AFA_REGISTRAR is not set; start with `afa up`, or set it to what `afa member registrar` prints."
            )
        try:
            return public_key(self.registrar)
        except ValueError as error:
            raise SetupError("AFA_REGISTRAR is no key; set it to what `afa member registrar` prints.") from error


_PEM = "the PEM of an authority's certificate"
_SECRETS = ("sslpassword", "scram_client_key", "scram_server_key", "oauth_client_secret")
