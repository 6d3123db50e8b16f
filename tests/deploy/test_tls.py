"""TLS as the deployment has it: its own start scripts, configuration, environment and certificates; real clients."""

from __future__ import annotations

import signal
import ssl
import stat
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.error import URLError

import psutil
import psycopg
import pytest
from kafka.errors import KafkaError

from alliance import clock, kafka, provision_main
from alliance.clock import wall_now
from alliance.errors import Refused, Retry
from alliance.issuing import Authority
from alliance.kafka import KafkaLogin, probe, until
from alliance.membership import MemberSpec, load_keys, read_registry, register, token_keys
from alliance.principals import member_principal
from alliance.provision import add_member, login_of
from consumers.auditor.reading import read_only
from consumers.casebook import database as casebook
from producers.client import MemberClient
from schemas.registry import Alliance, Sector
from tests.deploy.containers import Containers
from tests.deploy.front import front
from tests.producers.support import transfer
from tests.streams.support import free_port

pytestmark = pytest.mark.services

BANK = "bank-tls"
MEMBERS = [
    MemberSpec(BANK, "Bank", Sector.BANK, Alliance.POLICE_BANK, ("cnaps:102161000012",)),
    MemberSpec("police-tls", "Police", Sector.POLICE, Alliance.COMPREHENSIVE, ("police:tls",)),
]


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Containers]:
    """The broker, provisioned as by the service `provision`."""
    made = Containers.prepared(tmp_path_factory.mktemp("deployed"))
    try:
        made.start_kafka()
        provision_main.run(made.settings("provision"))
        yield made
    finally:
        made.stop()


@pytest.fixture(scope="module")
def database(deployed: Containers) -> str:
    """The URL of PostgreSQL, as the casebook is told it."""
    deployed.start_postgres()
    return deployed.database_url


def page(port: int, deployed: Containers) -> str:
    """The metrics, as Prometheus asks for them; nothing while the process still starts."""
    context = ssl.create_default_context(cafile=str(deployed.tls / "ca.pem"))
    with suppress(URLError), urllib.request.urlopen(f"https://127.0.0.1:{port}/metrics", context=context) as answer:
        text: str = answer.read().decode()
        return text
    return ""


def test_a_member_publishes_and_the_stream_lets_it_in(deployed: Containers, tmp_path: Path) -> None:
    port = free_port()
    worker = deployed.start("streams", AFA_METRICS_PORT=str(port))
    data, ticking = deployed.data, clock.load(deployed.settings("streams").clock_file)
    registrar = login_of("registrar", deployed.admin, data.secret)
    add_member(registrar, BANK, data.secret)
    register(data, registrar, MEMBERS, token_keys(data), ticking)
    login = login_of(member_principal(BANK), deployed.admin, data.secret)
    alert = {**transfer(), "time": ticking.now().isoformat()}
    with MemberClient(load_keys(data, BANK), login, read_registry(login), tmp_path / "spool", ticking) as member:
        member.publish(alert)
        member.flush(30)

    def is_let_in() -> bool:
        worker.check()
        return 'afa_intake_events_accepted_total{kind="suspicious-account"} 1.0' in page(port, deployed)

    until(is_let_in, "the alert is not let in", 60)
    with pytest.raises((OSError, URLError)), urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5):
        pass


def test_casebook_and_dispatch_work_through_both(deployed: Containers, database: str) -> None:
    port = free_port()
    both = [
        deployed.start(name, AFA_METRICS_PORT=str(at)) for name, at in (("casebook", free_port()), ("dispatch", port))
    ]

    def run() -> bool:
        for child in both:
            child.check()
        logs = all(f"{name} runs" in deployed.log(name) for name in ("casebook", "dispatch"))
        return logs and "afa_dispatch_sent_total" in page(port, deployed)

    until(run, "casebook and dispatch do not run", 60)
    with psycopg.connect(database, autocommit=True) as db:
        others = (
            "select ssl, version from pg_stat_ssl join pg_stat_activity using (pid)"
            " where client_port is not null and pid <> pg_backend_pid()"
        )
        until(lambda: db.execute(others).rowcount >= 2, "they have no connections")
        assert set(db.execute(others)) == {(True, "TLSv1.3")}
    for _ in range(2):
        deployed.children.pop().stop(signal.SIGTERM, 5)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificates that are not to be believed, by the authority `ca.pem`; and another authority."""
    made, now = tmp_path_factory.mktemp("bad"), wall_now()
    here, later = ("localhost", "127.0.0.1"), now + timedelta(days=1)
    ours, other = (Authority.new(name, now, later) for name in ("ours", "another"))
    (made / "ca.pem").write_bytes(ours.pem())
    (made / "other.pem").write_bytes(other.pem())
    (made / "expired.pem").write_bytes(ours.issue("server", here, now, now - timedelta(seconds=1)))
    (made / "name.pem").write_bytes(ours.issue("server", ("elsewhere.example",), now, later))
    (made / "good.pem").write_bytes(ours.issue("server", here, now, later))
    return made


WRONG = [
    ("expired", "ca", "has expired.*must renew it"),
    ("name", "ca", "is for other names: reach the server by one of those"),
    ("good", "other", "is not trusted.*put there the certificate of the one that did"),
]


def login_at(port: int, folder: Path, trusted: str) -> KafkaLogin:
    ca = (folder / f"{trusted}.pem").read_text(encoding="utf-8")
    return KafkaLogin(f"127.0.0.1:{port}", "streams", "secret", "SASL_SSL", ca)


@pytest.mark.parametrize(("shown", "trusted", "remedy"), WRONG)
def test_a_broker_that_is_not_believed_is_refused_with_the_remedy(
    folder: Path, shown: str, trusted: str, remedy: str
) -> None:
    with front(folder / f"{shown}.pem") as at, pytest.raises(Refused, match=rf"Kafka at 127\.0\.0\.1:\d+ {remedy}"):
        probe(login_at(at.port, folder, trusted))
    assert not at.believed


@pytest.mark.parametrize(("shown", "trusted"), [("good", "ca"), *((shown, trusted) for shown, trusted, _ in WRONG)])
def test_the_other_client_of_kafka_believes_no_more(folder: Path, shown: str, trusted: str) -> None:
    with front(folder / f"{shown}.pem") as at:
        with pytest.raises(KafkaError):
            kafka.admin(login_at(at.port, folder, trusted), bootstrap_timeout_ms=500)
        assert bool(at.believed) == (shown == "good" and trusted == "ca")


@pytest.mark.parametrize(("shown", "trusted", "remedy"), WRONG)
def test_a_database_that_is_not_believed_is_refused_with_the_remedy(
    folder: Path, deployed: Containers, database: str, shown: str, trusted: str, remedy: str
) -> None:
    # Of a certificate that has expired libpq says no more than of one that is not trusted.
    told = "if it has expired, whoever runs the server must renew it" if shown == "expired" else remedy
    url = f"{database.rpartition('=')[0]}={folder / trusted}.pem"
    with showing((folder / f"{shown}.pem").read_bytes(), deployed):
        for opens in (lambda: casebook.migrate(casebook.connect(url)), lambda: read_only(url)):
            with pytest.raises(Refused, match=f"certificate of PostgreSQL .*{told}"):
                opens()


def test_the_database_whose_certificate_is_another_good_one_is_believed(
    folder: Path, deployed: Containers, database: str
) -> None:
    with showing((folder / "good.pem").read_bytes(), deployed):
        read_only(f"{database.rpartition('=')[0]}={folder / 'ca'}.pem").close()


@contextmanager
def showing(certificate: bytes, deployed: Containers) -> Iterator[None]:
    """PostgreSQL's certificate meanwhile, for whoever connects."""
    file = deployed.folder / "run" / "tls" / "database.pem"
    own = file.read_bytes()
    try:
        show(certificate, file, deployed.database_url)
        yield
    finally:
        show(own, file, deployed.database_url)


def show(certificate: bytes, file: Path, url: str) -> None:
    unverified = f"{url.partition('&sslmode')[0]}&sslmode=require"

    def loaded() -> Any:
        with psycopg.connect(unverified) as db:
            return db.execute("select pg_conf_load_time()").fetchone()

    before = loaded()
    file.write_bytes(certificate)
    with psycopg.connect(unverified) as db:
        db.execute("select pg_reload_conf()")
    until(lambda: loaded() != before, "PostgreSQL does not read its configuration anew")


def test_the_database_takes_no_plain_text_and_no_other_password(database: str) -> None:
    with psycopg.connect(database):
        pass
    with pytest.raises(psycopg.OperationalError, match=r"no pg_hba\.conf entry .* no encryption"):
        psycopg.connect(database.replace("verify-full", "disable"))
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(database, password="another")


def test_the_broker_takes_no_plain_text(deployed: Containers) -> None:
    with pytest.raises(Retry):
        probe(KafkaLogin(deployed.admin.bootstrap, "admin", deployed.admin.password))


def test_broker_and_database_start_without_a_password_in_arguments_or_log(deployed: Containers, database: str) -> None:
    shown = "".join(deployed.log(name) for name in ("java", "kafka", "postgres"))
    for child in deployed.children:
        shown += " ".join(psutil.Process(child.pid).cmdline())
    assert "kafka.Kafka" in shown and "postgresql.conf" in shown
    assert not [name for name in ("admin", "controller", "postgres") if deployed.data.secret(name) in shown]


def test_no_key_is_readable_by_others(deployed: Containers) -> None:
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in deployed.tls.iterdir()}
    assert modes.pop("ca.pem") == 0o644
    assert set(modes) == {"ca.key", "broker.pem", "database.pem", "metrics.pem"}
    assert set(modes.values()) == {0o600}
