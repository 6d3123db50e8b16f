"""What each process of a run is told, and that a run by a law that nobody wrote never begins."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from afa.cli import app
from afa.programs import Place, hub, vault
from afa.up import plan_of
from alliance.embedded.datadir import DataDir


def test_the_law_of_the_run_reaches_the_casebook_alone(tmp_path: Path) -> None:
    with DataDir(tmp_path / "data") as data:
        told = {program.name: program.command() for program in hub(Place(data, "broker:1", "postgresql://", "th"), 2)}
    assert "AFA_PROFILE=th" in told.pop("casebook")
    assert told.keys() == {"streams", "streams-2", "dispatch", "riskdesk", "auditor"}
    assert not any(word.startswith("AFA_DATABASE_URL") for word in told["riskdesk"])
    assert not any(word.startswith("AFA_PROFILE") for command in told.values() for word in command)


def test_only_the_vault_is_told_where_the_polices_keys_are(tmp_path: Path) -> None:
    with DataDir(tmp_path / "data") as data:
        place = Place(data, "broker:1", "postgresql://")
        own, others = vault(place).command(), [program.command() for program in hub(place, 2)]
    assert f"AFA_VAULT_KEY_FILE={tmp_path}/data/vault/keys.json" in own
    assert not [word for command in others for word in command if "VAULT" in word or "data/vault" in word]
    assert not [word for command in (own, *others) for word in command if "data/members" in word]


def test_the_plan_of_a_run_goes_by_what_is_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("cn", "th"):
        monkeypatch.setenv("AFA_PROFILE", name)
        assert plan_of(tmp_path, 1.0, 1, city_days=None).profile == name


def test_a_law_that_nobody_wrote_is_one_sentence_and_starts_nothing(tmp_path: Path) -> None:
    data = tmp_path / "data"
    refused = CliRunner().invoke(app, ["up", "--data", str(data)], env={"AFA_PROFILE": "xx"})
    assert refused.exit_code == 1
    assert refused.stderr.splitlines() == ["afa: There is no profile 'xx'; set AFA_PROFILE to one of: cn, th."]
    assert not data.exists()
