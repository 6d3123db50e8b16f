"""The command line without a run: exit codes, one sentence for what is wrong, help with an example everywhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import typer
from kafka.errors import KafkaTimeoutError
from typer.main import get_command
from typer.testing import CliRunner

from afa import errors
from afa.cli import app
from alliance.embedded.datadir import DataDir
from alliance.keys.store import generate
from alliance.keys.tokens import TokenKeys
from alliance.membership import member_dir

RUNNER = CliRunner()
COMMANDS = ["up", "down", "status", "publish", "withdraw", "token", "risk-check", "leads", "requests", "holds", "tasks",
            "scorecard", "order", "reveal", "reseal", "unseal", "search", "city", "bench",
            "quarantine list", "quarantine show", "quarantine reinject", "member list", "member add",
            "member invite", "member pending", "member approve", "member uninvite",
            "member rules", "member set-rules", "member registrar", "member suspend",
            "member revoke", "member restore", "member dismiss", "member rate",
            "member join", "member accept", "member rotate-key",
            "mandate list", "mandate add", "mandate sign", "mandate revoke", "case show", "case close",
            "case merge", "case transfer",
            "hold list", "hold reduce", "hold extend", "hold freeze", "hold keep", "hold renew", "hold release",
            "hold deducted", "refer list", "refer take", "refer answer", "appeal list", "appeal file", "appeal decide",
            "dispute list", "dispute file", "dispute decide", "return list", "return announce", "return object",
            "return decide", "return settle", "audit list", "audit verify", "audit checkpoint", "audit kept",
            "retention show", "retention run", "allow list", "allow add", "allow renew", "allow remove",
            "epoch list", "epoch rotate", "epoch send", "epoch cut-over", "epoch take"]  # fmt: skip


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    with DataDir(tmp_path / "data") as folder:
        home = member_dir(folder, "bank-a")
        home.mkdir(parents=True)
        generate("bank-a", TokenKeys({"e1": bytes(32)})).save(home / "keys.json")
    yield folder.path


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command: str) -> None:
    shown = RUNNER.invoke(app, [*command.split(), "--help"])
    assert shown.exit_code == 0
    assert f"Example: afa {command}" in " ".join(shown.output.split())


def test_no_command_is_left_out_above() -> None:
    root = get_command(app)
    found = []
    for name, command in root.commands.items():  # type: ignore[attr-defined]
        found += [f"{name} {sub}" for sub in command.commands] if hasattr(command, "commands") else [name]
    assert sorted(found) == sorted(COMMANDS)


@pytest.mark.parametrize("arguments", [
    "nonsense",
    "leads --nonsense",
    "leads --level dangerous",
    "publish",
    "publish no-such-file.csv --as bank-a",
    "withdraw no-uuid --as bank-a --reason x",
    "withdraw 019a0000-0000-7000-8000-000000000000 --as bank-a",
    "token",
    "risk-check 6217000000000780 --amount 1 --as bank-a",
    "risk-check 6217000000000780 6217000000018067 --amount much --as bank-a",
    "risk-check 6217000000000780 purse:6217000000018067 --amount 1 --as bank-a",
    "up --rate 0",
    "order 019a0000-0000-7000-8000-000000000000 --as police-a",
    "order --as police-a --officer chen",
    "case show nonsense",
    "reveal 019a0000-0000-7000-8000-000000000000 13912345679 --purpose x --as police-a --officer chen",
    "reveal no-uuid e1:gSvS41tVRPRY5jX9Tz_sDA --purpose x --as police-a --officer chen",
    "search number 13912345679 --purpose x --as police-a --officer chen",
    "hold freeze 019a0000-0000-7000-8000-000000000000 --reason x",
    "hold renew 019a0000-0000-7000-8000-000000000000 --reason x --paper no-such-file",
    "hold reduce 019a0000-0000-7000-8000-000000000000 --reason x",
    "hold release 019a0000-0000-7000-8000-000000000000",
    "return announce 019a0000-0000-7000-8000-000000000000 --reason x",
    "return decide 1 --reason x --as police-a --officer chen",
    "return settle no-uuid --reference x --as police-a --officer chen",
    "member add x --name X --sector bakery --alliance police-bank",
    "bench nonsense",
    "allow add number 96110 --token e1:0000000000000000000000 --as police-a --officer chen --reason x",
    "allow add numbr 96110 --as police-a --officer chen --reason x",
    "allow remove no-uuid --as police-a --officer chen --reason x",
    "appeal file --grounds own-funds --statement x --as bank-a",
    "appeal file --notice 123456789012 --grounds own-funds --statement x --as bank-a",
    "appeal file no-uuid --grounds own-funds --statement x --as bank-a",
    "appeal decide 019a0000-0000-7000-8000-000000000000 --reason x --as police-a --officer chen",
    "dispute file --grounds mistaken --statement x --as bank-a",
    "dispute file --lead L-1 --grounds mistaken --statement x --as bank-a",
    "dispute file --target account --grounds mistaken --statement x --as bank-a",
    "dispute decide no-uuid --uphold --reason x --as police-a --officer chen",
])  # fmt: skip
def test_wrong_usage_is_2(arguments: str) -> None:
    wrong = RUNNER.invoke(app, arguments.split())
    assert (wrong.exit_code, wrong.stdout) == (2, "")
    assert "Usage" in wrong.stderr


@pytest.mark.parametrize("command", [
    "status", "leads", "requests", "holds", "order", "quarantine list", "quarantine show a/0/1", "member list",
    "mandate list", "appeal list", "dispute list", "hold list", "return list",
    "hold release 019a0000-0000-7000-8000-000000000000 --reason x",
    "case show 019a0000-0000-7000-8000-000000000000", "order 019a0000-0000-7000-8000-000000000000", "allow list",
    "retention show", "retention run", "withdraw 019a0000-0000-7000-8000-000000000000 --as bank-a --reason x",
])  # fmt: skip
def test_where_nothing_runs_each_says_how_to_start_it(command: str, data: Path) -> None:
    failed = RUNNER.invoke(app, [*command.split(), "--data", str(data)])
    assert (failed.exit_code, failed.stdout) == (1, "")
    assert failed.stderr.splitlines() == [
        f"afa: Nothing runs on the data folder {data}; start it with `afa up`, name another by --data, or name a "
        "cluster by AFA_KAFKA_BOOTSTRAP."
    ]


def test_taking_down_what_does_not_run_is_no_failure(data: Path) -> None:
    down = RUNNER.invoke(app, ["down", "--data", str(data)])
    assert (down.exit_code, down.stdout) == (0, "")
    assert "Nothing runs" in down.stderr


def test_the_data_folder_may_come_from_the_environment(data: Path) -> None:
    told = RUNNER.invoke(app, ["down"], env={"AFA_DATA_DIR": str(data)})
    assert str(data) in told.stderr


def test_a_token_is_the_same_for_every_spelling_and_needs_no_run(data: Path) -> None:
    spellings = ("139 1234 5679", "0086-13912345679", "１３９１２３４５６７９")
    asked = ["token", "number", "--as", "bank-a", "--data", str(data)]
    made = [RUNNER.invoke(app, [*asked, text]) for text in spellings] + [
        RUNNER.invoke(app, asked, input="13912345679\n")
    ]
    assert {shown.exit_code for shown in made} == {0}
    assert len({shown.stdout for shown in made}) == 1
    assert made[0].stdout.startswith("e1:")


@pytest.mark.parametrize("arguments, told", [
    (("number", "0000", "--as", "bank-a"), "afa: value: placeholder: "),
    (("numbr", "13912345679", "--as", "bank-a"), "afa: value: malformed: no identifier kind 'numbr'"),
    (("number", "13912345679", "--as", "bank-b"), "has no member 'bank-b': it has bank-a"),
])  # fmt: skip
def test_what_can_be_no_token_is_named(arguments: tuple[str, ...], told: str, data: Path) -> None:
    failed = RUNNER.invoke(app, ["token", *arguments, "--data", str(data)])
    assert (failed.exit_code, failed.stdout) == (1, "")
    assert told in failed.stderr
    assert len(failed.stderr.splitlines()) == 1


@pytest.mark.parametrize("error, told", [
    (KafkaTimeoutError("no answer\nand more"), "Kafka does not answer as it should (KafkaTimeoutError: "),
    (psycopg.OperationalError("server closed"), "PostgreSQL does not answer as it should (OperationalError: "),
    (FileNotFoundError(2, "No such file or directory", "/x"), "/x: No such file or directory; "),
    (OSError(28, "No space left on device"), "No space left on device; "),
    (ZeroDivisionError("division by zero"), "This is a fault of the program: ZeroDivisionError: division by zero, at "),
])  # fmt: skip
def test_whatever_goes_wrong_is_one_sentence_and_exit_1(error: Exception, told: str) -> None:
    broken = typer.Typer(cls=errors.Group, pretty_exceptions_enable=False)

    @broken.command()
    def fail() -> None:
        raise error

    @broken.command()
    def other() -> None:
        """So that there is a group."""

    failed = RUNNER.invoke(broken, ["fail"])
    assert failed.exit_code == 1
    assert told in failed.stderr
    assert len(failed.stderr.splitlines()) == 1
    assert "Traceback" not in failed.output


def test_help_of_the_whole_names_the_exit_codes() -> None:
    shown = RUNNER.invoke(app, ["--help"])
    assert "0 done, 1 failed, 2 wrong usage" in " ".join(shown.output.split())
