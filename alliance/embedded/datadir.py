"""The data folder: its layout, its version, its lock, and the ports and secrets it remembers.

Whatever makes it unfit is a SetupError of one sentence before any service starts; nothing here deletes data.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
import socket
from io import TextIOWrapper
from pathlib import Path

from alliance.errors import SetupError
from alliance.files import read_password

VERSION = "1"
MIN_FREE_BYTES = 500 * 1024 * 1024
HOST = "127.0.0.1"
_SECRET_BYTES = 24
_LOG_BYTES = 10 * 1024 * 1024


class DataDir:
    """A data folder, held by one run at a time. Use as a context manager, or call `open` and `close`."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._lock: TextIOWrapper | None = None

    @property
    def kafka(self) -> Path:
        return self.path / "kafka"

    @property
    def postgres(self) -> Path:
        return self.path / "postgres"

    @property
    def log(self) -> Path:
        return self.path / "log"

    @property
    def secrets(self) -> Path:
        return self.path / "secrets"

    def open(self) -> DataDir:
        """Create or check the folder and lock it; SetupError says what is wrong with it."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._take_lock()
            self._check_version()
            self._check_space()
            for folder in (self.kafka, self.log, self.secrets):
                folder.mkdir(mode=0o700, exist_ok=True)
                # One that was there may have been open to others.
                folder.chmod(0o700)
        except OSError as error:
            self.close()
            raise SetupError(
                f"The data folder {self.path} can't be used ({error.strerror}); choose another with --data."
            ) from error
        except SetupError:
            self.close()
            raise
        return self

    def close(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def __enter__(self) -> DataDir:
        return self.open()

    def __exit__(self, *exc: object) -> None:
        self.close()

    def port(self, name: str) -> int:
        """The port this folder uses for `name`: chosen free the first time, the same ever after."""
        file, ports = self.path / "ports.json", self.ports()
        if name not in ports:
            ports[name] = _free_port()
            write_private(file, json.dumps(ports, indent=2) + "\n")
        elif not _is_free(ports[name]):
            raise SetupError(
                f"Port {ports[name]} of {name} is in use by another program (see `ss -ltnp 'sport = :{ports[name]}'`); "
                f"end that program, or remove the line {name!r} from {file} to have another port chosen."
            )
        return ports[name]

    def ports(self) -> dict[str, int]:
        """The ports chosen so far, by name."""
        file = self.path / "ports.json"
        return dict(json.loads(file.read_text())) if file.exists() else {}

    def holder(self) -> int | None:
        """The process whose run holds this folder now, or None."""
        lock = self.path / "LOCK"
        if not lock.exists():
            return None
        with lock.open(encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return int(file.read() or 0) or None
        return None

    def is_of_a_run(self) -> bool:
        """Whether a run holds this folder, or has ever held it."""
        return (self.path / "VERSION").exists()

    def secret(self, principal: str) -> str:
        """The principal's password, made up once and kept in a file of mode 0600."""
        file = self.secret_file(principal)
        if not file.exists():
            self.secrets.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_private(file, secrets.token_urlsafe(_SECRET_BYTES) + "\n")
        return read_password(file, "put it there")

    def secret_file(self, principal: str) -> Path:
        return self.secrets / principal

    def log_file(self, name: str) -> Path:
        """The log of a service; one that has grown large is put aside first."""
        file = self.log / f"{name}.log"
        if file.exists() and file.stat().st_size > _LOG_BYTES:
            file.replace(file.with_suffix(".log.1"))
        return file

    def _take_lock(self) -> None:
        self._lock = (self.path / "LOCK").open("a+", encoding="utf-8")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.seek(0)
            holder = self._lock.read().strip() or "not yet known"
            raise SetupError(
                f"The data folder {self.path} is in use by another run (process {holder}); "
                "stop that one with `afa down`, or choose another folder with --data."
            ) from None
        self._lock.truncate(0)
        self._lock.write(f"{os.getpid()}\n")
        self._lock.flush()

    def _check_version(self) -> None:
        file = self.path / "VERSION"
        strangers = {entry.name for entry in self.path.iterdir()} - {"LOCK"}
        if not file.exists() and strangers:
            raise SetupError(
                f"{self.path} holds other files ({sorted(strangers)[0]}, …) and no VERSION of ours; "
                "choose an empty folder with --data."
            )
        found = file.read_text(encoding="utf-8").strip() if file.exists() else ""
        if found not in ("", VERSION):
            raise SetupError(
                f"The data folder {self.path} is of version {found}, this program needs version {VERSION}; "
                "choose another folder with --data, or remove it to start anew."
            )
        if not found:
            file.write_text(VERSION + "\n", encoding="utf-8")

    def _check_space(self) -> None:
        free = shutil.disk_usage(self.path).free
        if free < MIN_FREE_BYTES:
            raise SetupError(
                f"Only {free // 2**20} MB are free on the disk of {self.path}, {MIN_FREE_BYTES // 2**20} MB are "
                "needed; free some space, or choose a folder on another disk with --data."
            )


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As the JVM and PostgreSQL do, so that a connection in TIME_WAIT doesn't count as a holder.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True
