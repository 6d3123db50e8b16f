"""Settings: what is missing or can't be read is named as the user has to write it."""

from __future__ import annotations

from pathlib import Path

import pytest

from afa.rules import registrar
from alliance.embedded.datadir import DataDir
from alliance.errors import SetupError
from alliance.registrar import registrar_keys, registrar_public
from alliance.settings import Settings


@pytest.fixture
def password_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "streams"
    file.write_text("a secret\n")
    monkeypatch.setenv("AFA_KAFKA_BOOTSTRAP", "127.0.0.1:9092")
    monkeypatch.setenv("AFA_KAFKA_USERNAME", "streams")
    monkeypatch.setenv("AFA_KAFKA_PASSWORD_FILE", str(file))
    return file


def test_a_process_learns_who_it_is_from_its_environment(password_file: Path) -> None:
    login = Settings().kafka_login()
    assert (login.bootstrap, login.username, login.password) == ("127.0.0.1:9092", "streams", "a secret")
    assert "a secret" not in repr(login)


@pytest.mark.parametrize("name", ["AFA_KAFKA_BOOTSTRAP", "AFA_KAFKA_USERNAME", "AFA_KAFKA_PASSWORD_FILE"])
def test_what_is_not_set_is_named(name: str, password_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(name)
    with pytest.raises(SetupError, match=name):
        Settings().kafka_login()


def test_a_password_file_that_is_away_is_named(password_file: Path) -> None:
    password_file.unlink()
    with pytest.raises(SetupError, match=r"AFA_KAFKA_PASSWORD_FILE: .*streams can't be read"):
        Settings().kafka_login()


@pytest.mark.parametrize(("told", "said"), [("", "is not set"), ("no key", "is no key"), ("A" * 44, "is no key")])
def test_a_registrar_whose_key_is_not_told_is_believed_by_nobody(
    told: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AFA_REGISTRAR", told)
    with pytest.raises(SetupError, match=f"AFA_REGISTRAR {said}.*afa member registrar"):
        Settings().registrar_key()


def test_the_registrars_key_is_what_its_command_prints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    registrar(tmp_path / "data")
    monkeypatch.setenv("AFA_REGISTRAR", capsys.readouterr().out.strip())
    data = DataDir(tmp_path / "data")
    assert Settings().registrar_key() == registrar_public(data) == registrar_keys(data).public.verifier()


def test_the_law_is_that_of_the_default_profile_unless_another_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AFA_PROFILE", raising=False)
    assert Settings().profile == "cn"
    monkeypatch.setenv("AFA_PROFILE", "th")
    assert Settings().profile == "th"


def test_the_cache_is_where_the_desktop_standard_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert Settings().cache_dir == tmp_path / "afa"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert Settings().cache_dir == Path.home() / ".cache" / "afa"
