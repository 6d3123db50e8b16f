"""The deployment as containers: valid by the compose specification, closed to the network, and true to the code."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from ruamel.yaml import YAML

from alliance.certificates import SERVERS
from alliance.embedded.kafka_config import ADMIN, MAX_MESSAGE_BYTES, server_properties
from alliance.errors import SetupError
from alliance.principals import INTERNAL
from alliance.provision_main import run
from alliance.settings import Settings
from tests.deploy.containers import COMPOSE, ROOT, unless_set

SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = ("provision", "streams", "casebook", "dispatch", "riskdesk", "auditor")
OFFICE = "office"
ONCE = ("certificates", "provision", OFFICE)
PRINCIPAL = {"provision": ADMIN, OFFICE: "registrar"}
TLS = {"ca", "broker-tls", "database-tls", "metrics-tls"}
PROMETHEUS = YAML(typ="safe").load((ROOT / "deploy" / "prometheus.yml").read_text(encoding="utf-8"))


def specification() -> Any:
    """The compose specification's schema as check-jsonschema carries it."""
    package = importlib.util.find_spec("check_jsonschema")
    assert package is not None and package.origin is not None
    carried = Path(package.origin).parent / "builtin_schemas" / "vendor" / "compose-spec.json"
    return json.loads(carried.read_text(encoding="utf-8"))


def test_it_is_valid_by_the_compose_specification() -> None:
    checker = jsonschema.validators.validator_for(specification())(specification())
    assert [f"{error.json_path}: {error.message}" for error in checker.iter_errors(COMPOSE)] == []
    assert not checker.is_valid({**COMPOSE, "services": {"kafka": {"image": ["two", "images"]}}})


def test_the_services_and_their_images() -> None:
    images = {name: service["image"] for name, service in SERVICES.items()}
    assert images == {
        "kafka": "apache/kafka:4.3.1",
        "postgres": "postgres:18",
        "prometheus": "prom/prometheus:v3.5.0",
        **dict.fromkeys((*OURS, OFFICE, "certificates"), "anti-fraud-alliance-matrix"),
    }
    # A first part with a dot or a colon would be the name of a registry's host.
    assert not any(re.match(r"[^/]*[.:][^/]*/", image) for image in images.values())


@pytest.mark.parametrize("name", SERVICES)
def test_nothing_is_published_beyond_the_loopback(name: str) -> None:
    service = SERVICES[name]
    assert all(unless_set(port).startswith("127.0.0.1:") for port in service.get("ports", []))
    assert service.get("network_mode") in (None, "none", "service:prometheus")
    assert not service.get("privileged")


@pytest.mark.parametrize("name", [name for name in SERVICES if name not in ONCE])
def test_what_goes_on_is_watched_and_started_again(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"]
    assert SERVICES[name]["restart"] == "unless-stopped"


def test_provisioning_comes_before_whoever_needs_it() -> None:
    assert SERVICES["provision"]["depends_on"] == {"kafka": {"condition": "service_healthy"}}
    for name in ("streams", "casebook", "dispatch", "riskdesk", "auditor"):
        assert SERVICES[name]["depends_on"]["provision"] == {"condition": "service_completed_successfully"}
    for name in ("casebook", "dispatch", "auditor"):
        assert SERVICES[name]["depends_on"]["postgres"] == {"condition": "service_healthy"}


@pytest.mark.parametrize("name", (*OURS, OFFICE))
def test_our_processes_are_told_only_what_they_read(name: str) -> None:
    told = SERVICES[name]["environment"]
    ours = {key.removeprefix("AFA_").lower(): unless_set(v) for key, v in told.items() if key.startswith("AFA_")}
    assert ours.keys() <= Settings.model_fields.keys()
    assert {key for key in told if not key.startswith("AFA_")} <= {"FAUST_DATADIR"}
    settings = Settings.model_validate(ours)
    assert settings.kafka_username == PRINCIPAL.get(name, name)
    assert str(settings.clock_file) == "/alliance/clock.json"


@pytest.mark.parametrize("name", OURS)
def test_our_processes_are_modules_of_ours(name: str) -> None:
    *python, module = SERVICES[name]["command"]
    assert python == ["python", "-P", "-m"]
    package = importlib.util.find_spec(module)
    assert package is not None
    if package.submodule_search_locations:
        assert importlib.util.find_spec(f"{module}.__main__") is not None


@pytest.mark.parametrize("name", (*OURS, OFFICE, "certificates"))
def test_our_containers_can_do_little(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]


def secret_paths(service: dict[str, Any]) -> dict[str, str]:
    """Where the service finds its secrets: path → source."""
    given = [s if isinstance(s, dict) else {"source": s, "target": s} for s in service.get("secrets", [])]
    return {str(Path("/run/secrets") / secret["target"]): secret["source"] for secret in given}


@pytest.mark.parametrize("name", SERVICES)
def test_a_secret_is_a_file_that_only_who_needs_it_is_given(name: str) -> None:
    paths = secret_paths(SERVICES[name])
    told = SERVICES[name].get("environment", {})
    files = {value for key, value in told.items() if key.endswith("_FILE") and "PASSWORD" in key}
    files |= {value for key, value in told.items() if re.search(r"_(CA|TLS)_FILE$", key)}
    files |= set(re.findall(r"(?:passfile|sslrootcert)=([^&]+)", told.get("AFA_DATABASE_URL", "")))
    assert files <= paths.keys()
    assert not any(re.search(r"(PASSWORD|SECRET|TOKEN)$", key) for key in told)
    if name in (*OURS, OFFICE) and name != "provision":
        assert set(paths) == files


def test_a_servers_key_is_given_to_that_server_alone_and_the_authoritys_to_nobody() -> None:
    holders = {key: {n for n in SERVICES if key in secret_paths(SERVICES[n]).values()} for key in TLS}
    assert holders["broker-tls"] == {"kafka"}
    assert holders["database-tls"] == {"postgres"}
    assert holders["metrics-tls"] == set(OURS) - {"provision"}
    assert holders["ca"] == {*OURS, OFFICE, "kafka", "prometheus"}
    files = {Path(unless_set(secret["file"])) for name, secret in COMPOSE["secrets"].items() if name in TLS}
    assert {path.parent for path in files} == {Path("deploy/secrets/tls")}
    assert {path.name for path in files} == {"ca.pem", *(f"{server}.pem" for server in SERVERS)}


def test_every_secret_is_a_file_that_the_script_makes_up(tmp_path: Path) -> None:
    wanted = {Path(secret["file"]) for name, secret in COMPOSE["secrets"].items() if name not in TLS}
    assert {path.parent for path in wanted} == {Path("deploy/secrets")}
    (tmp_path / "secrets").mkdir()
    shutil.copy(ROOT / "deploy" / "secrets.sh", tmp_path)
    made = [_made(tmp_path), _made(tmp_path)]
    assert made[0] == made[1]
    assert made[0].keys() == {path.name for path in wanted}
    assert made[0]["pgpass"] == b"*:*:*:*:" + made[0]["postgres"]
    assert len(set(made[0].values())) == len(made[0])
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "secrets").iterdir()} == {0o600}


def test_what_a_power_cut_left_empty_is_made_up_then(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    shutil.copy(ROOT / "deploy" / "secrets.sh", tmp_path)
    for name in ("registrar", "postgres", "pgpass"):
        (tmp_path / "secrets" / name).touch(mode=0o600)
    made = _made(tmp_path)
    assert all(len(secret) >= 32 for secret in made.values())
    assert made["pgpass"] == b"*:*:*:*:" + made["postgres"]


def _made(folder: Path) -> dict[str, bytes]:
    subprocess.run(["bash", str(folder / "secrets.sh")], check=True, timeout=30)
    return {path.name: path.read_bytes() for path in (folder / "secrets").iterdir()}


def test_provisioning_is_given_every_principals_password() -> None:
    folder = Path(SERVICES["provision"]["environment"]["AFA_DATA_DIR"]) / "secrets"
    assert secret_paths(SERVICES["provision"]) == {
        "/run/secrets/ca": "ca",
        **{str(folder / name): name for name in (ADMIN, *INTERNAL)},
    }


def test_provisioning_makes_up_no_password(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    for name in (ADMIN, *INTERNAL[:-1]):
        (tmp_path / "secrets" / name).write_text("secret", encoding="utf-8")
        (tmp_path / "secrets" / name).chmod(0o600)
    settings = Settings(
        kafka_bootstrap="127.0.0.1:1",
        kafka_username=ADMIN,
        kafka_password_file=tmp_path / "secrets" / ADMIN,
        data_dir=tmp_path,
    )
    with pytest.raises(SetupError, match=f"no password of {INTERNAL[-1]}"):
        run(settings)


def test_the_office_is_the_registrar_at_the_broker_and_keeps_its_keys_in_a_folder_of_its_own() -> None:
    office = SERVICES[OFFICE]
    assert set(secret_paths(office).values()) == {"registrar", "pgpass", "ca"}
    assert set(office["volumes"]) == {"clock:/alliance:ro", "./deploy/office:/office"}
    told, here = office["environment"], Path(office["working_dir"])
    assert (here, Path(told["AFA_DATA_DIR"])) == (Path("/office"), here / "data")
    holders = [
        name for name, service in SERVICES.items() if any("office" in each for each in service.get("volumes", []))
    ]
    assert holders == [OFFICE]
    # Nothing in it is ever committed, and git makes it: a folder that Docker makes is root's.
    assert (ROOT / "deploy" / "office" / ".gitignore").read_text(encoding="utf-8").split() == ["*", "!.gitignore"]


def test_the_office_is_there_when_it_is_asked_for_also_before_the_hub_runs() -> None:
    office = SERVICES[OFFICE]
    assert (office["profiles"], office["entrypoint"]) == (["tools"], ["afa"])
    assert not {"depends_on", "ports", "network_mode", "restart"} & office.keys()
    # What must be set stops every command of Compose, so that the office could never say what to set it to.
    assert ":?" not in (ROOT / "docker-compose.yml").read_text(encoding="utf-8")


def test_the_office_goes_by_what_the_hub_goes_by() -> None:
    told = SERVICES[OFFICE]["environment"]
    assert told["AFA_MEMBER_ADDRESS"] == SERVICES["kafka"]["environment"]["KAFKA_MEMBER_ADDRESS"]
    for name in ("AFA_PROFILE", "AFA_REGISTRAR", "AFA_DATABASE_URL", "AFA_CLOCK_FILE"):
        assert told[name] == SERVICES["casebook"]["environment"][name]


def test_prometheus_reads_every_process_where_it_serves_its_metrics() -> None:
    scraped = {job["job_name"]: job["static_configs"][0]["targets"] for job in PROMETHEUS["scrape_configs"]}
    served = {name: SERVICES[name]["environment"].get("AFA_METRICS_PORT") for name in OURS if name != "provision"}
    assert scraped == {name: [f"127.0.0.1:{port}"] for name, port in served.items()}
    for name, port in served.items():
        assert f"https://127.0.0.1:{port}/metrics" in SERVICES[name]["healthcheck"]["test"][-1]


def test_whoever_connects_does_so_by_tls_and_asks_for_a_proof() -> None:
    for job in PROMETHEUS["scrape_configs"]:
        assert (job["scheme"], job["tls_config"]) == ("https", {"ca_file": "/run/secrets/ca"})
    for name in (*OURS, OFFICE):
        told = SERVICES[name]["environment"]
        assert (told["AFA_KAFKA_SECURITY_PROTOCOL"], told["AFA_KAFKA_CA_FILE"]) == ("SASL_SSL", "/run/secrets/ca")
        if url := told.get("AFA_DATABASE_URL"):
            assert Settings(database_url=url).database() == url
        assert name in ONCE or "cafile='/run/secrets/ca'" in SERVICES[name]["healthcheck"]["test"][-1]


def test_the_database_takes_none_but_tls_with_a_password_from_the_network() -> None:
    folder = ROOT / "deploy" / "postgres"
    rules = [line.split() for line in (folder / "pg_hba.conf").read_text().splitlines() if line[:1] not in ("", "#")]
    assert [rule[0] for rule in rules] == ["local", "hostssl"]
    assert rules[1][1:] == ["all", "all", "all", "scram-sha-256"]
    config = (folder / "postgresql.conf").read_text()
    for line in ("ssl = on", "hba_file = '/deploy/pg_hba.conf'", "ssl_key_file = '/run/tls/database.pem'"):
        assert f"{line}\n" in config
    assert SERVICES["postgres"]["entrypoint"] == ["/deploy/start.sh"]
    assert "-c config_file=/deploy/postgresql.conf" in (folder / "start.sh").read_text()


def test_the_image_installs_what_is_locked_and_runs_as_nobody_in_particular() -> None:
    lines = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
    assert lines.count("FROM ") == 1 and "FROM python:3.11-slim\n" in lines
    assert lines.count("--require-hashes") == 2
    assert re.search(r"^USER (?!root|0)\w+$", lines, re.MULTILINE)
    for package in re.findall(r"^COPY (\w+) \w+$", lines, re.MULTILINE):
        assert (ROOT / package / "__init__.py").is_file()


def test_the_broker_is_as_closed_as_the_embedded_one() -> None:
    text = (ROOT / "deploy" / "kafka" / "server.properties").read_text(encoding="utf-8")
    theirs = dict(line.split("=", 1) for line in text.splitlines() if line and not line.startswith("#"))
    embedded = server_properties(Path("/x"), 1, 2, "a", "c").splitlines()
    ours = dict(line.split("=", 1) for line in embedded)
    for key in (
        "authorizer.class.name",
        "super.users",
        "allow.everyone.if.no.acl.found",
        "auto.create.topics.enable",
        "sasl.mechanism.inter.broker.protocol",
        "message.max.bytes",
        "replica.fetch.max.bytes",
        "quota.window.num",
    ):
        assert theirs[key] == ours[key], key
    assert int(theirs["message.max.bytes"]) == MAX_MESSAGE_BYTES
    assert theirs["listener.security.protocol.map"] == "HUB:SASL_SSL,MEMBER:SASL_SSL,CONTROLLER:SASL_PLAINTEXT"
    assert theirs["listeners"].endswith(",CONTROLLER://127.0.0.1:9093")
    for listener in ("hub", "member"):
        assert theirs[f"listener.name.{listener}.sasl.enabled.mechanisms"] == "SCRAM-SHA-256"
