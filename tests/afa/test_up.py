"""`afa up` as a person meets it: it comes up, says what runs, goes down whole, and names what is wrong."""

from __future__ import annotations

import json
import re
import signal
import socket
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from alliance.embedded.datadir import HOST, DataDir
from alliance.kafka import until
from tests.afa.runs import Up, afa, ended_within, result, still_alive, up

pytestmark = pytest.mark.services

PROCESSES = {"kafka", "postgres", "streams", "casebook", "dispatch", "riskdesk", "auditor", "vault"}
VERIFIER = re.compile("(salt|stored_?key|server_?key) ?[=:]|ScramCredential", re.IGNORECASE)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def one_sentence(said: str) -> str:
    """The one line that begins with the command's name; no traceback anywhere."""
    assert "Traceback" not in said
    lines = [line for line in said.splitlines() if line.startswith("afa: ")]
    assert len(lines) == 1, said
    return lines[0]


def test_up_status_down_and_up_again_on_the_same_data_until_ctrl_c(data: Path) -> None:
    with up(data) as run:
        listed = afa("member", "list", "--json", data=data)
        assert (listed.returncode, listed.stdout) == (0, "")
        assert "No member has been admitted yet" in listed.stderr
        result("member", "add", "bank-a", "--name", "Bank", "--sector", "bank", "--alliance", "police-bank", data=data)

        until(lambda: status_of(data)["lag"].get("casebook", {}).get("leads") == 0, "the casebook has not read all")
        status = status_of(data)
        assert status["pid"] == run.process.pid
        assert {process["name"] for process in status["processes"] if process["alive"]} == PROCESSES
        assert set(status["counts"]) == {"alerts", "quarantined", "leads", "requests", "answers", "risk-checks"}
        assert_no_secret_shows(data, run)

        family = run.family()
        began = time.monotonic()
        down = afa("down", data=data)
        assert (down.returncode, run.process.wait(10)) == (0, 0)
        assert time.monotonic() - began < 60, "nothing waited for a timeout"
        assert still_alive(family) == []
    with up(data) as run:
        assert json.loads(result("member", "list", "--json", data=data))["member"] == "bank-a"
        family = run.family()
        code, said = run.end(signal.SIGINT)
        assert (code, said.splitlines()[-1]) == (0, "Stopped.")
        assert still_alive(family) == []
    assert DataDir(data).holder() is None


def status_of(data: Path) -> dict[str, Any]:
    status: dict[str, Any] = json.loads(result("status", "--json", data=data))
    return status


def assert_no_secret_shows(data: Path, run: Up) -> None:
    """In no process, by arguments or environment, no log, nothing that a command says, no file that others can read;
    nor what the broker verifies a password by."""
    kept = secrets_of(data)
    assert {"admin", "controller", "registrar", "m.bank-a", "auditor"} <= {path.name for path in kept}
    assert {path.parent.name for path in kept} >= {"secrets", "bank-a", "registrar", "auditor", "members"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in kept} == {0o600}
    shown = {f"process {process.pid}": said_by(process) for process in [*run.family(), psutil.Process(run.process.pid)]}
    logs = list((data / "log").iterdir())
    assert {f"{name}.log" for name in PROCESSES} <= {path.name for path in logs}
    assert {stat.S_IMODE(path.stat().st_mode) for path in logs} == {0o600}
    assert stat.S_IMODE((data / "log").stat().st_mode) == 0o700
    shown |= {str(path): path.read_text(encoding="utf-8") for path in logs}
    shown |= {
        str(path): path.read_text(encoding="utf-8", errors="replace") for path in data.iterdir() if path.is_file()
    }
    for command in ("status", "member list", "member pending"):
        done = afa(*command.split(), "--json", data=data)
        shown[command] = done.stdout + done.stderr
    refused = afa("publish", "nowhere.jsonl", "--as", "bank-a", data=data)
    shown["an error"] = refused.stdout + refused.stderr
    secrets = {secret for found in kept.values() for secret in found}
    assert [where for where, text in shown.items() if any(secret in text for secret in secrets)] == []
    assert [where for where, text in shown.items() if VERIFIER.search(text)] == []


def secrets_of(data: Path) -> dict[Path, set[str]]:
    """Every file of passwords or keys, and what is in it."""
    files = [*(data / "secrets").iterdir(), *(data / "members").rglob("*.json")]
    files += [data / "registrar" / "keys.json", data / "auditor" / "key.json"]
    # What is 32 bytes or more of chance, in base64.
    return {path: set(re.findall(r"[A-Za-z0-9_-]{32,}", path.read_text(encoding="utf-8"))) for path in files}


def said_by(process: psutil.Process) -> str:
    return " ".join([*process.cmdline(), *process.environ().values()])


@pytest.mark.parametrize("victim", ["dispatch", "kafka"])
def test_one_that_dies_is_named_and_all_the_others_are_stopped(data: Path, victim: str) -> None:
    with up(data) as run:
        family = run.family()
        psutil.Process(run.pids()[victim]).kill()
        code, said = run.wait()
        sentence = one_sentence(said)
        assert code == 1
        assert f"{victim} ended unexpectedly (signal 9)" in sentence.lower()
        assert str(data / "log" / f"{victim}.log") in sentence
        assert still_alive(family) == []


@pytest.fixture(scope="module")
def lawful(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """A run by the law of another place, for tests of which the last one ends it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AFA_PROFILE", "th")
        with up(tmp_path_factory.mktemp("lawful") / "data") as running:
            # The run's law counts, whatever the environment of a later command says.
            patch.delenv("AFA_PROFILE")
            yield running


def test_it_goes_by_the_law_that_is_set_and_says_so_to_every_command(lawful: Up) -> None:
    data = lawful.data
    log = data / "log" / "casebook.log"
    until(lambda: "casebook runs" in log.read_text(encoding="utf-8"), "the casebook does not run")
    assert re.search(r"casebook runs.*profile.*th", log.read_text(encoding="utf-8"))
    police = (
        "--name",
        "Police",
        "--sector",
        "police",
        "--alliance",
        "comprehensive",
        "--officer",
        "chen:inspector",
    )
    result("member", "add", "police-a", *police, data=data)
    signed = ("mandate", "add", "--as", "police-a", "--officer", "chen", "--legal-basis", "a decree", "--json")
    mandate = json.loads(result(*signed, data=data))["mandate"]
    assert (mandate["caps"]["currency"], mandate["duration_s"]) == ("THB", 7 * 86_400)
    assert json.loads(result(*signed, "--hours", "168", data=data))["mandate"]["duration_s"] == 168 * 3_600
    longer = afa(*signed, "--hours", "169", data=data)
    assert longer.returncode == 2
    assert "168 h at most" in longer.stderr


def test_a_second_run_on_the_same_folder_is_refused_and_harms_nothing(lawful: Up) -> None:
    second = afa("up", "--no-city", data=lawful.data)
    assert second.returncode == 1
    assert f"in use by another run (process {lawful.process.pid})" in one_sentence(second.stderr)
    assert "afa down" in second.stderr
    assert json.loads(result("status", "--json", data=lawful.data))["pid"] == lawful.process.pid


def test_killed_with_9_it_leaves_no_process_behind(lawful: Up) -> None:
    family = lawful.family()
    assert {"java", "postgres"} <= {process.name() for process in family}
    lawful.end(signal.SIGKILL)
    assert still_alive(family) == []


def test_a_port_that_another_program_took_is_named_with_the_remedy(data: Path) -> None:
    with DataDir(data) as folder:
        port = folder.port("kafka")
    with socket.socket() as other:
        other.bind((HOST, port))
        other.listen()
        run = Up(data)
        code, said = run.wait()
    assert code == 1
    assert f"Port {port} of kafka is in use" in one_sentence(said)


def test_a_folder_of_another_version_is_left_as_it_is(data: Path) -> None:
    data.mkdir()
    (data / "VERSION").write_text("0\n")
    code, said = Up(data).wait()
    assert code == 1
    assert "is of version 0" in one_sentence(said)
    assert (data / "VERSION").read_text() == "0\n"


def test_a_signal_while_it_still_starts_leaves_nothing(data: Path) -> None:
    run = Up(data)
    postgres = data / "postgres" / "initialised"
    deadline = time.monotonic() + 60
    while not postgres.exists():
        assert time.monotonic() < deadline
        assert not ended_within(run.process, 0.05)
    family = run.family()
    code, said = run.end(signal.SIGTERM)
    assert (code, said.splitlines()[-1]) == (0, "Stopped.")
    assert still_alive(family) == []
