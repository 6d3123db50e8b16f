"""What a command works on, where a run of this machine and a cluster may both be meant: never a guess."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from afa.cli import app
from afa.place import Run
from alliance.embedded.datadir import DataDir
from alliance.errors import SetupError
from alliance.registrar import registrar_keys

RUNNER = CliRunner()
CLUSTER = "kafka.example:9092"


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Settings that name a cluster, and a folder that no run has made, with the cluster's registrar's key."""
    folder, password = tmp_path / "office", tmp_path / "registrar"
    password.write_text("a secret", encoding="utf-8")
    password.chmod(0o600)
    told = {
        "KAFKA_BOOTSTRAP": CLUSTER,
        "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
        "KAFKA_USERNAME": "registrar",
        "KAFKA_PASSWORD_FILE": str(password),
        "REGISTRAR": registrar_keys(DataDir(folder)).public.signing,
        "DATA_DIR": str(folder),
    }
    for name, value in told.items():
        monkeypatch.setenv(f"AFA_{name}", value)
    return folder


@pytest.fixture
def of_a_run(tmp_path: Path) -> Path:
    """A folder that a run has made, and that none holds now."""
    with DataDir(tmp_path / "run") as data:
        registrar_keys(data)
    return data.path


def test_the_cluster_that_the_settings_name_is_what_the_office_works_on(office: Path) -> None:
    run = Run(None)
    assert run.data.path == office
    assert (run.admin.bootstrap, run.admin.username) == (CLUSTER, "registrar")
    assert run.registrar() == run.admin
    assert Run(office).admin == run.admin


def test_the_folder_of_a_run_that_is_named_is_never_taken_for_a_clusters(office: Path, of_a_run: Path) -> None:
    with pytest.raises(SetupError, match=f"Nothing runs on the data folder {of_a_run}"):
        Run(of_a_run)


def test_where_both_may_be_meant_the_run_must_be_named(
    office: Path, of_a_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AFA_DATA_DIR", str(of_a_run))
    for command in ("down", "status", "holds", "audit list", "member pending"):
        said = RUNNER.invoke(app, command.split())
        assert (said.exit_code, said.stdout) == (1, "")
        assert f"AFA_KAFKA_BOOTSTRAP names a cluster, and {of_a_run} is the folder of a run" in said.stderr


def test_an_invite_names_where_members_reach_the_cluster(office: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Run(None).reached_at == CLUSTER
    monkeypatch.setenv("AFA_MEMBER_ADDRESS", "kafka.police.example:19092")
    assert Run(None).reached_at == "kafka.police.example:19092"


def test_with_the_key_of_another_registrar_nothing_is_signed(office: Path, tmp_path: Path) -> None:
    registrar_keys(DataDir(tmp_path / "another"))
    with pytest.raises(SetupError, match="another than AFA_REGISTRAR"):
        Run(tmp_path / "another").registrar()
    with pytest.raises(SetupError, match="`afa member registrar` makes it"):
        Run(tmp_path / "empty").registrar()
    assert not (tmp_path / "empty").exists()


def test_what_tells_of_this_machine_says_that_a_cluster_is_elsewhere(office: Path) -> None:
    status, down, up = (RUNNER.invoke(app, [command]) for command in ("status", "down", "up"))
    assert (status.exit_code, down.exit_code, up.exit_code) == (1, 0, 1)
    assert f"of what is at {CLUSTER} Prometheus tells" in status.stderr
    assert f"Nothing of this machine is to be stopped; what is at {CLUSTER} stops where it was started." in down.stderr
    assert f"AFA_KAFKA_BOOTSTRAP names the cluster {CLUSTER}; for a run on this machine name a folder" in up.stderr


def test_what_a_command_does_not_need_is_not_asked_for(office: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An officer who only reads the database has no password of the broker."""
    monkeypatch.delenv("AFA_KAFKA_PASSWORD_FILE")
    monkeypatch.setenv("AFA_DATABASE_URL", "postgresql://afa@127.0.0.1/afa")
    assert Run(None).database_url == "postgresql://afa@127.0.0.1/afa"
    with pytest.raises(SetupError, match="AFA_KAFKA_PASSWORD_FILE is not set"):
        _ = Run(None).admin
