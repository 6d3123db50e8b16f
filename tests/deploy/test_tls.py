"""TLS as the deployment has it: its own start script, properties, environment and certificates, and real clients.

PostgreSQL is behind a front of the tests' own, as the one that comes as a package is built without TLS.
"""

from __future__ import annotations

import signal
import ssl
import stat
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from urllib.error import URLError

import psycopg
import pytest
from kafka.errors import KafkaError

from alliance import clock, kafka, provision_main
from alliance.clock import wall_now
from alliance.embedded.services import EmbeddedServices
from alliance.errors import Refused, Retry
from alliance.issuing import Authority
from alliance.kafka import KafkaLogin, probe, until
from alliance.membership import MemberSpec, load_keys, read_registry, register, token_keys
from alliance.principals import member_principal
from alliance.provision import add_member, login_of
from consumers.auditor.reading import read_only
from consumers.casebook import database
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


def test_dispatch_works_through_both(deployed: Containers, services: EmbeddedServices, casebook_url: str) -> None:
    port = free_port()
    with front(deployed.tls / "database.pem", socket_of(services)) as at:
        url = deployed.environment("dispatch")["AFA_DATABASE_URL"]
        url = url.replace("postgres/afa?", f"localhost:{at.port}/{name_of(casebook_url)}?")
        dispatch = deployed.start("dispatch", AFA_METRICS_PORT=str(port), AFA_DATABASE_URL=url)

        def runs() -> bool:
            dispatch.check()
            return "dispatch runs" in deployed.log("dispatch") and "afa_dispatch_sent_total" in page(port, deployed)

        until(runs, "dispatch does not run", 30)
        with psycopg.connect(casebook_url, autocommit=True) as db:
            others = "select from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
            until(lambda: db.execute(others).rowcount > 0, "dispatch has no connection")
        deployed.children.pop().stop(signal.SIGTERM, 5)


def socket_of(services: EmbeddedServices) -> Path:
    host = psycopg.conninfo.conninfo_to_dict(services.database_url)["host"]
    return Path(str(host)) / ".s.PGSQL.5432"


def name_of(url: str) -> str:
    return str(psycopg.conninfo.conninfo_to_dict(url)["dbname"])


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
    folder: Path, services: EmbeddedServices, shown: str, trusted: str, remedy: str
) -> None:
    # Of a certificate that has expired libpq says no more than of one that is not trusted.
    told = "if it has expired, whoever runs the server must renew it" if shown == "expired" else remedy
    with front(folder / f"{shown}.pem", socket_of(services)) as at:
        url = f"postgresql://afa@localhost:{at.port}/afa?sslmode=verify-full&sslrootcert={folder / trusted}.pem"
        for opens in (lambda: database.migrate(database.connect(url)), lambda: read_only(url)):
            with pytest.raises(Refused, match=f"certificate of PostgreSQL .*{told}"):
                opens()


def test_the_broker_takes_no_plain_text(deployed: Containers) -> None:
    with pytest.raises(Retry):
        probe(KafkaLogin(deployed.admin.bootstrap, "admin", deployed.admin.password))


def test_the_broker_starts_without_a_password_in_arguments_or_log(deployed: Containers) -> None:
    shown = deployed.log("java") + deployed.log("kafka")
    assert "kafka.Kafka" in shown and "@" in shown
    assert not [name for name in ("admin", "controller") if deployed.data.secret(name) in shown]


def test_no_key_is_readable_by_others(deployed: Containers) -> None:
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in deployed.tls.iterdir()}
    assert modes.pop("ca.pem") == 0o644
    assert set(modes) == {"ca.key", "broker.pem", "database.pem", "metrics.pem"}
    assert set(modes.values()) == {0o600}
