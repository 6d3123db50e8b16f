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
    file.chmod(0o600)
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
    with pytest.raises(SetupError, match=r"streams: there is no password file; point AFA_KAFKA_PASSWORD_FILE"):
        Settings().kafka_login()


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o444, 0o602])
def test_a_password_file_that_others_can_reach_is_refused_with_the_remedy(password_file: Path, mode: int) -> None:
    password_file.chmod(mode)
    with pytest.raises(SetupError, match=rf"streams: others can read this password file .*{mode:04o}.*chmod 600"):
        Settings().kafka_login()
    password_file.chmod(0o400)
    assert Settings().kafka_login().password == "a secret"


@pytest.mark.parametrize("left", [b"", b"\n"])
def test_a_password_file_in_which_nothing_is_left_is_no_password(password_file: Path, left: bytes) -> None:
    """As a full disk or a power cut leaves one: the broker would take it, and everybody would know it."""
    password_file.write_bytes(left)
    with pytest.raises(SetupError, match=r"streams: the password file is empty; point AFA_KAFKA_PASSWORD_FILE"):
        Settings().kafka_login()


def test_a_password_that_is_no_text_is_told_in_one_sentence_without_it(password_file: Path) -> None:
    password_file.write_bytes(b"a secret\xff")
    with pytest.raises(SetupError, match=r"streams: the password file is no text in UTF-8") as raised:
        Settings().kafka_login()
    assert "secret" not in str(raised.value)
    assert raised.value.__cause__ is None


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


@pytest.mark.parametrize("host", ["127.0.0.1", "127.3.0.9", "localhost", "[::1]"])
def test_plain_text_stays_on_this_machine(host: str, password_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFA_KAFKA_BOOTSTRAP", f"{host}:9092")
    assert Settings().kafka_login().security_protocol == "SASL_PLAINTEXT"


@pytest.mark.parametrize("host", ["kafka", "10.0.0.3", "localhost.example", "[fd00::1]", "127.0.0.1:9092,kafka"])
def test_plain_text_to_another_machine_is_refused(
    host: str, password_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AFA_KAFKA_BOOTSTRAP", f"{host}:9092")
    with pytest.raises(SetupError, match=r"another machine.*set AFA_KAFKA_SECURITY_PROTOCOL=SASL_SSL"):
        Settings().kafka_login()
    monkeypatch.setenv("AFA_KAFKA_SECURITY_PROTOCOL", "SASL_SSL")
    assert Settings().kafka_login().bootstrap == f"{host}:9092"


def test_an_authority_that_is_none_is_named(
    password_file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AFA_KAFKA_CA_FILE", str(tmp_path / "ca.pem"))
    with pytest.raises(SetupError, match=r"AFA_KAFKA_CA_FILE: .*ca.pem can't be read"):
        Settings().kafka_login()
    for other in (b"no certificate", "kein \N{SNOWMAN}".encode(), b"\xff"):
        (tmp_path / "ca.pem").write_bytes(other)
        with pytest.raises(SetupError, match=r"AFA_KAFKA_CA_FILE: .*ca.pem is no certificate"):
            Settings().kafka_login()


VERIFIED = "sslmode=verify-full&sslrootcert=system"


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://afa@/afa?host=/run/socket",
        "postgresql://afa@localhost/afa",
        "postgresql://afa@127.0.0.1:5433,[::1]/afa",
        f"postgresql://afa@db.example/afa?{VERIFIED}",
        f"postgresql://afa@db.example/afa?passfile=/run/pgpass&{VERIFIED}",
    ],
)
def test_a_database_here_or_by_tls_that_proves_its_name(url: str) -> None:
    assert Settings(database_url=url).database() == url


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("", "is not a postgresql:// URL"),
        ("mysql://afa@localhost/afa", "is not a postgresql:// URL"),
        ("postgresql://afa@localhost/afa?nonsense=1", "can't be read as a URL"),
        ("postgresql://afa@db.example/afa", "db.example is another machine.*add sslmode=verify-full"),
        ("postgresql://afa@db.example/afa?sslmode=require", "db.example is another machine"),
        ("postgresql://afa@localhost,db.example/afa", "db.example is another machine"),
        ("postgresql://afa@localhost/afa?hostaddr=10.0.0.3", "10.0.0.3 is another machine"),
        ("postgresql://afa:a-secret@localhost/afa", "holds a password"),
        ("postgresql://afa@localhost/afa?password=a-secret", "holds a password"),
        ("postgresql://afa@localhost/afa?sslkey=/k&sslpassword=a-secret", "holds sslpassword"),
        ("postgresql://afa@localhost/afa?scram_client_key=a-secret", "holds scram_client_key"),
        ("postgresql://afa:a-secret@localhost/afa?nonsense=1", "can't be read as a URL"),
    ],
)
def test_any_other_database_is_refused_and_its_password_not_told(url: str, complaint: str) -> None:
    with pytest.raises(SetupError, match=rf"AFA_DATABASE_URL.*{complaint}") as raised:
        Settings(database_url=url).database()
    assert "a-secret" not in str(raised.value)
