"""The broker's jars: a half or altered download is never used, whatever happened to the run that fetched it."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import jgo.util.http
import pytest
import requests

from alliance.embedded import jars
from alliance.errors import SetupError

WHOLE = b"a whole jar"
JAR = Path("kafka-4.3.1/org/example/thing/1.0/thing-1.0.jar")


@pytest.fixture(autouse=True)
def one_jar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = tmp_path / "jars.lock"
    lock.write_text(f"{hashlib.sha256(WHOLE).hexdigest()}  org.example:thing:1.0\n")
    monkeypatch.setattr(jars, "_LOCK", lock)


def offered(content: bytes, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the network gives from now on; returns the addresses asked for."""
    asked: list[str] = []

    def get(url: str, **options: object) -> requests.Response:
        asked.append(url)
        response = requests.Response()
        response.status_code = 404 if url.endswith(".sha1") else 200
        response.raw = io.BytesIO(content)
        return response

    monkeypatch.setattr(jgo.util.http, "get", get)
    return asked


def put(cache: Path, content: bytes) -> None:
    (cache / JAR).parent.mkdir(parents=True)
    (cache / JAR).write_bytes(content)


def test_what_is_missing_is_fetched_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = offered(WHOLE, monkeypatch)
    assert jars.class_path(tmp_path) == str(tmp_path / JAR)
    assert jars.is_complete(tmp_path)
    before = len(asked)
    jars.class_path(tmp_path)
    assert len(asked) == before > 0


def test_an_interrupted_download_is_fetched_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, WHOLE[:4])
    offered(WHOLE, monkeypatch)
    jars.fetch(tmp_path)
    assert (tmp_path / JAR).read_bytes() == WHOLE


def test_what_is_already_there_and_right_needs_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, WHOLE)
    asked = offered(b"never wanted", monkeypatch)
    jars.fetch(tmp_path)
    assert asked == []


def test_an_altered_jar_is_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    offered(b"something else", monkeypatch)
    with pytest.raises(SetupError, match=r"thing-1\.0\.jar .*another content"):
        jars.class_path(tmp_path)
    assert not jars.is_complete(tmp_path)


def test_no_network_is_said_in_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def get(url: str, **options: object) -> requests.Response:
        raise requests.ConnectionError("no route to host")

    monkeypatch.setattr(jgo.util.http, "get", get)
    with pytest.raises(SetupError, match=r"thing-1\.0\.jar can't be fetched \(no route to host\).*make setup"):
        jars.fetch(tmp_path)
    assert not jars.is_complete(tmp_path)


def test_a_new_lock_file_makes_the_old_cache_incomplete(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    offered(WHOLE, monkeypatch)
    jars.fetch(tmp_path)
    jars._LOCK.write_text(jars._LOCK.read_text() + f"{'0' * 64}  org.example:other:1.0\n")
    assert not jars.is_complete(tmp_path)
