"""The deployment by TLS: its own start scripts, configuration, environment and certificates; real clients, and the
commands of its office."""

from __future__ import annotations

import json
import re
import ssl
import stat
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.error import URLError

import psutil
import psycopg
import pytest
from kafka.errors import KafkaError, TopicAuthorizationFailedError
from psycopg.conninfo import make_conninfo
from psycopg.pq import PGconn, Ping
from typer.testing import CliRunner

from afa.cli import app
from alliance import kafka, provision_main
from alliance.broker.passwords import login_of
from alliance.clock import wall_now
from alliance.errors import Refused, Retry
from alliance.issuing import CertificateAuthority
from alliance.joining import memberfile
from alliance.joining.memberfile import MemberFile
from alliance.kafka import KafkaLogin, probe, until
from alliance.membership import read_registry
from consumers.auditor.reading import read_only
from consumers.casebook import database as casebook
from producers.client import MemberClient
from schemas.topics import LEADS
from tests.deploy.containers import COMPOSE, Containers
from tests.deploy.front import front
from tests.producers.support import transfer
from tests.streams.support import free_port

pytestmark = pytest.mark.services

BANK, POLICE = "bank-tls", "police-tls"
OFFICER = ("--as", POLICE, "--officer", "chen")
LISTINGS = ("leads", "requests", "tasks", "scorecard", "order", "member list", "member pending", "mandate list",
            "hold list", "appeal list", "dispute list", "return list", "refer list", "allow list", "epoch list",
            "audit list")  # fmt: skip


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


@pytest.fixture(scope="module")
def hub(deployed: Containers, database: str) -> dict[str, int]:
    """Its processes, which serve their metrics at these ports."""
    ports = {name: free_port() for name in ("casebook", "streams", "dispatch", "auditor")}
    began = {name: deployed.start(name, AFA_METRICS_PORT=str(ports[name])) for name in ("casebook", "streams")}

    def run() -> bool:
        for child in began.values():
            child.check()
        return all("# HELP" in page(ports[name], deployed) for name in began)

    # These end, to be started again, as long as the casebook has not made the tables.
    until(run, "the hub does not run", 120)
    began |= {name: deployed.start(name, AFA_METRICS_PORT=str(ports[name])) for name in ("dispatch", "auditor")}
    until(run, "the hub does not run", 60)
    return ports


@pytest.fixture(scope="module")
def joined(deployed: Containers, hub: dict[str, int], tmp_path_factory: pytest.TempPathFactory) -> MemberFile:
    """A bank that the registrar has invited and approved, on a machine of its own; after police, to whom it seals."""
    police = ("--name", "Police", "--sector", "police", "--alliance", "comprehensive", "--officer", "chen:captain")
    deployed.office("member", "add", POLICE, *police)
    bank = ("--sector", "bank", "--alliance", "police-bank", "--route", "cnaps:102161000012")
    deployed.office("member", "invite", BANK, *bank)
    invite, file = deployed.folder / "office" / f"{BANK}.invite", tmp_path_factory.mktemp("bank") / "bank.member"
    join = ("member", "join", invite, "--member-file", file, "--wait")
    assert "has not approved" in unit(*join, 0, fails=True)
    [asked] = [json.loads(line) for line in deployed.office("member", "pending", "--json").splitlines()]
    deployed.office("member", "approve", BANK, "--fingerprint", asked["fingerprint"])
    unit(*join, 15)
    return memberfile.load(file)


def unit(*arguments: object, fails: bool = False) -> str:
    """A command of a member, which has its file and nothing else; what it says on stderr."""
    done = CliRunner().invoke(app, [*map(str, arguments)])
    assert done.exit_code == int(fails), done.output
    return done.stderr


def publish(joined: MemberFile, fails: bool = False) -> str:
    file = joined.path.with_suffix(".jsonl")
    file.write_text(json.dumps({**transfer(), "time": joined.clock().now().isoformat()}), encoding="utf-8")
    return unit("publish", file, "--member-file", joined.path, fails=fails)


def test_who_the_registrar_invited_publishes_and_the_stream_lets_it_in(
    deployed: Containers, hub: dict[str, int], joined: MemberFile
) -> None:
    assert joined.broker.bootstrap == f"127.0.0.1:{deployed.member}"
    publish(joined)
    let_in = 'afa_intake_events_accepted_total{kind="suspicious-account"} 1.0'
    until(lambda: let_in in page(hub["streams"], deployed), "the alert is not let in", 60)
    with pytest.raises((OSError, URLError)):
        urllib.request.urlopen(f"http://127.0.0.1:{hub['streams']}/metrics", timeout=5)


def test_whom_the_registrar_suspends_publishes_nothing_until_it_is_restored(
    deployed: Containers, joined: MemberFile
) -> None:
    deployed.office("member", "suspend", BANK)
    [bank, _] = [json.loads(line) for line in deployed.office("member", "list", "--json").splitlines()]
    assert (bank["member"], bank["status"]) == (BANK, "suspended")
    assert "The broker lets bank-tls do nothing" in publish(joined, fails=True)
    deployed.office("member", "restore", BANK)
    publish(joined)


def refused_at(deployed: Containers) -> str | None:
    """Where the bank's first bundle in quarantine came from."""
    notes = map(json.loads, deployed.office("quarantine", "list", "--json").splitlines())
    return next(("{topic}/{partition}/{offset}".format(**note) for note in notes if note["member"] == BANK), None)


def test_what_a_wrong_rule_refused_is_seen_in_the_office_and_put_back(
    deployed: Containers, joined: MemberFile, tmp_path: Path
) -> None:
    known, shown = read_registry(joined.login(), joined.trusted), deployed.office("member", "rules")

    def set_rules(text: str) -> None:
        (deployed.folder / "office" / "rules.toml").write_text(text, encoding="utf-8")
        deployed.office("member", "set-rules", "rules.toml")

    def refused() -> str | None:
        """Where it was that the bank, which goes by the rules that it knows, was refused something."""
        member.publish({**transfer(), "time": joined.clock().now().isoformat()})
        member.flush(30)
        return refused_at(deployed)

    with MemberClient(joined.keys, joined.login(), known, tmp_path / "spool", joined.clock()) as member:
        set_rules(shown.replace('suspicious-account = ["bank", ', "suspicious-account = ["))
        until(lambda: refused() is not None, "nothing is in quarantine", 60)
    set_rules(shown)
    place = refused_at(deployed)
    assert BANK in deployed.office("quarantine", "show", place)
    deployed.office("quarantine", "reinject", place, "--reason", "the rules were wrong", *OFFICER)
    assert "reinjection verified" in deployed.office("audit", "list", "--about", place, "--json")


def test_an_officer_acts_from_the_office_and_the_record_of_it_is_whole(
    deployed: Containers, joined: MemberFile
) -> None:
    filed = json.loads(deployed.office("mandate", "add", *OFFICER, "--legal-basis", "article 20", "--json"))
    deployed.office("mandate", "revoke", filed["mandate"]["mandate_id"], *OFFICER, "--reason", "a trial")
    assert deployed.office("holds", "--json") == ""
    # The casebook does it, and says so.
    assert json.loads(deployed.office("retention", "run", "--json"))["ended_at"]
    kept = {view["name"]: view for view in map(json.loads, deployed.office("retention", "show", "--json").splitlines())}
    assert kept["mandate"]["oldest"] and kept["members"]["oldest"] and not kept["leads"]["oldest"]
    assert kept["to.<member>"]["oldest"]

    public = deployed.folder / "office" / "auditor.pub"
    public.write_bytes((deployed.folder / "auditor" / "key.pub").read_bytes())

    def report() -> dict[str, Any]:
        found: dict[str, Any] = json.loads(deployed.office("audit", "verify", "--key", public.name, "--json"))
        return found

    until(lambda: report()["told"] == report()["entries"] > 0, "the auditor has not copied the record", 60)
    assert report()["faults"] == []
    assert "registry record" in deployed.office("audit", "list", "--about", BANK, "--json")
    # As a member whose keys are in the office: what it has in its mail.
    deployed.office("audit", "kept", "--as", POLICE)


@pytest.mark.parametrize("command", LISTINGS)
def test_the_office_is_shown(command: str, deployed: Containers, hub: dict[str, int]) -> None:
    deployed.office(*command.split())


def test_of_processes_the_office_says_where_they_are_told_of(deployed: Containers) -> None:
    assert "Prometheus tells" in deployed.office("status", fails=True)
    assert "names the cluster" in deployed.office("up", fails=True)
    assert deployed.office("down") == ""


def test_another_registrars_key_signs_nothing(deployed: Containers) -> None:
    other = ("--data", deployed.folder / "office" / "another")
    deployed.office("member", "registrar", *other)
    assert "is another than AFA_REGISTRAR" in deployed.office("member", "suspend", BANK, *other, fails=True)
    assert "`afa member registrar` makes it" in deployed.office("member", "pending", "--data", "none", fails=True)
    assert not (deployed.folder / "office" / "none").exists()


def test_the_office_is_no_administrator(deployed: Containers) -> None:
    office = deployed.settings("office").kafka_login()
    assert office.username == "registrar"
    with pytest.raises(Refused, match="may not READ the topic 'leads'"):
        probe(office, reads=[LEADS.name])


def test_the_hub_reaches_the_database_by_tls_alone(hub: dict[str, int], database: str) -> None:
    with psycopg.connect(database, autocommit=True) as db:
        others = (
            "select ssl, version from pg_stat_ssl join pg_stat_activity using (pid)"
            " where client_port is not null and pid <> pg_backend_pid()"
        )
        until(lambda: db.execute(others).rowcount >= 3, "they have no connections")
        assert set(db.execute(others)) == {(True, "TLSv1.3")}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificates that are not to be believed, by the authority `ca.pem`; and another authority."""
    made, now = tmp_path_factory.mktemp("bad"), wall_now()
    here, later = ("localhost", "127.0.0.1"), now + timedelta(days=1)
    ours, other = (CertificateAuthority.new(name, now, later) for name in ("ours", "another"))
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


def test_the_logs_tell_who_was_let_in_and_who_was_not(deployed: Containers, database: str) -> None:
    vault = login_of("vault", deployed.admin, deployed.data.secret)
    with pytest.raises(Refused):
        probe(replace(vault, password="another"))
    with kafka.producer(vault, max_block_ms=5_000) as sender, pytest.raises(TopicAuthorizationFailedError):
        sender.send(LEADS.name, b"{}", partition=0).get(10)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(database, user="mallory", password="another")
    is_told(deployed, "kafka", r"Failed authentication with /127\.0\.0\.1 .*invalid credentials")
    is_told(deployed, "kafka", r"Successfully authenticated with /127\.0\.0\.1 ")
    is_told(deployed, "kafka", f"User:vault is Denied operation = .*Topic:LITERAL:{LEADS.name} ")
    is_told(deployed, "postgres", r' 127\.0\.0\.1 FATAL:  password authentication failed for user "mallory"')
    is_told(deployed, "postgres", r" 127\.0\.0\.1 LOG:  connection authorized: user=afa database=afa")
    assert "disconnected (org.apache.kafka.common.network.Selector)" not in deployed.log("kafka")


def is_told(deployed: Containers, name: str, line: str) -> None:
    until(lambda: re.search(line, deployed.log(name)) is not None, f"the log of {name} has no {line!r}")


def test_the_databases_health_check_fills_no_log(deployed: Containers, database: str) -> None:
    def let_in() -> int:
        return deployed.log("postgres").count("connection authorized")

    before = let_in()
    _, program, *options = COMPOSE["services"]["postgres"]["healthcheck"]["test"]
    told = dict(option.removeprefix("--").split("=") for option in options)
    where = make_conninfo(host=told["host"], port=deployed.database, user=told["username"], dbname=told["dbname"])
    assert (program, PGconn.ping(where.encode())) == ("pg_isready", Ping.OK)
    psycopg.connect(database).close()
    until(lambda: let_in() > before, "who connects is not told")
    assert let_in() == before + 1


def test_broker_and_database_start_without_a_password_in_arguments_or_log(deployed: Containers, database: str) -> None:
    shown = "".join(deployed.log(name) for name in ("java", "kafka", "postgres"))
    for child in deployed.children:
        shown += " ".join(psutil.Process(child.pid).cmdline())
    assert "kafka.Kafka" in shown and "postgresql.conf" in shown
    assert not [name for name in ("admin", "controller", "postgres") if deployed.data.secret(name) in shown]
    assert not re.search("(salt|stored_?key|server_?key) ?[=:]", shown, re.IGNORECASE)


def test_no_key_is_readable_by_others(deployed: Containers, joined: MemberFile) -> None:
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in deployed.tls.iterdir()}
    assert modes.pop("ca.pem") == 0o644
    assert set(modes) == {"ca.key", "broker.pem", "database.pem", "metrics.pem"}
    assert set(modes.values()) == {0o600}
    kept = [path for path in (deployed.folder / "office").rglob("*") if path.is_file()]
    assert {path.name for path in kept} >= {f"{BANK}.invite", "keys.json", "tokens.json", "chen.json", f"m.{POLICE}"}
    public = {"key.pub", "auditor.pub", "rules.toml"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in kept if path.name not in public} == {0o600}
