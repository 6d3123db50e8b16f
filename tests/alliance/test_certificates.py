"""Certificates for trials: made once, kept while they are good, renewed in time, and no more said than must be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from alliance import certificates
from alliance.certificates import RENEW_BEFORE, SERVERS, VALID, make
from alliance.errors import SetupError
from alliance.issuing import CertificateAuthority

NOW = datetime(2026, 11, 10, 12, 0, tzinfo=UTC)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def names(file: Path) -> list[str]:
    found = x509.load_pem_x509_certificate(file.read_bytes())
    told = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return [str(name.value) for name in told]


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "tls"
    assert len(make(folder, {}, NOW)) == 1 + len(SERVERS)
    made = contents(folder)
    assert make(folder, {}, NOW + VALID - RENEW_BEFORE - timedelta(seconds=1)) == []
    assert contents(folder) == made
    assert set(made) == {"ca.key", "ca.pem", *(f"{server}.pem" for server in SERVERS)}


def test_what_is_near_its_end_is_renewed_by_the_same_authority_with_its_names(tmp_path: Path) -> None:
    make(tmp_path, {"broker": ["kafka.police.example", "10.0.0.3"]}, NOW)
    before = contents(tmp_path)
    assert len(make(tmp_path, {}, NOW + VALID - RENEW_BEFORE)) == len(SERVERS)
    after = contents(tmp_path)
    assert {name for name in after if after[name] == before[name]} == {"ca.key", "ca.pem"}
    assert names(tmp_path / "broker.pem") == [*SERVERS["broker"], "kafka.police.example", "10.0.0.3"]


def test_a_name_that_a_certificate_lacks_is_put_into_it_alone(tmp_path: Path) -> None:
    make(tmp_path, {}, NOW)
    before = contents(tmp_path)
    [said] = make(tmp_path, {"database": ["db.police.example"]}, NOW)
    assert "database.pem" in said and "db.police.example" in said
    assert {name for name, found in contents(tmp_path).items() if found != before[name]} == {"database.pem"}


def test_a_certificate_of_another_authority_is_replaced(tmp_path: Path) -> None:
    make(tmp_path, {}, NOW)
    stranger = CertificateAuthority.new("a stranger", NOW, NOW + VALID)
    (tmp_path / "broker.pem").write_bytes(stranger.issue("broker", SERVERS["broker"], NOW, NOW + VALID))
    assert len(make(tmp_path, {}, NOW)) == 1


def test_an_authority_near_its_end_is_no_reason_to_make_another_unasked(tmp_path: Path) -> None:
    make(tmp_path, {}, NOW)
    with pytest.raises(SetupError, match=r"authority ends on 2036-11-07; remove .*ca.pem and .*ca.key"):
        make(tmp_path, {}, NOW + timedelta(days=3625))


@pytest.mark.parametrize("lost", ["ca.key", "ca.pem"])
def test_half_an_authority_is_refused(tmp_path: Path, lost: str) -> None:
    make(tmp_path, {}, NOW)
    (tmp_path / lost).unlink()
    with pytest.raises(SetupError, match=rf"{lost}: can not be read .*; remove"):
        make(tmp_path, {}, NOW)


def test_what_is_no_key_is_not_quoted(tmp_path: Path) -> None:
    make(tmp_path, {}, NOW)
    (tmp_path / "ca.key").write_text("a secret in the wrong place")
    with pytest.raises(SetupError, match="these are no key and certificate") as raised:
        make(tmp_path, {}, NOW)
    assert "a secret" not in str(raised.value)


def test_the_command_says_what_it_made_and_what_is_no_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert certificates.main(["--out", str(tmp_path), "--broker", "kafka.police.example"]) == 0
    assert "broker.pem, for kafka, localhost, 127.0.0.1, kafka.police.example, until " in capsys.readouterr().err
    assert certificates.main(["--out", str(tmp_path)]) == 0
    assert "nothing to do" in capsys.readouterr().err
    assert certificates.main(["--out", str(tmp_path), "--database", "银行"]) == 1
    assert "银行: not all of these are names of a server" in capsys.readouterr().err
