"""Of those who write as the registrar of a folder one does at a time: each writes anew what it has read before."""

from __future__ import annotations

import fcntl
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
from kafka import KafkaProducer

from alliance.clock import wall_now
from alliance.joining import newcomer, rotation, wire
from tests.afa.test_renewing import _UNIT, SIGNING, afa, folder

__all__ = ["folder"]
pytestmark = pytest.mark.services
Run = Callable[..., str]
A_BANK = ("--sector", "bank", "--alliance", "police-bank")


@pytest.fixture
def alone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command, which must write something, and nothing that another could write at the same time."""
    send = KafkaProducer.send

    def run(*arguments: str) -> str:
        held: list[bool] = []

        def watched(self: KafkaProducer, topic: str, *rest: object, **options: object) -> object:
            held.append(others_wait(folder))
            return send(self, topic, *rest, **options)

        with monkeypatch.context() as watching:
            watching.setattr(KafkaProducer, "send", watched)
            said = afa(folder, *arguments)
        assert held, f"{arguments} wrote nothing"
        assert all(held), f"another could write while {arguments} does"
        assert not others_wait(folder)
        return said

    return run


def others_wait(folder: Path) -> bool:
    with (folder / "registrar" / "LOCK").open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def test_whoever_changes_who_may_do_what_does_it_alone(folder: Path, alone: Run, tmp_path: Path) -> None:
    alone("member", "add", "bank-alone", "--name", "Bank", "--officer", "li:head", *A_BANK)
    for act in ("suspend", "restore", "revoke", "restore"):
        alone("member", act, "bank-alone")
    alone("member", "rate", "bank-alone", "7")
    alone("member", "dismiss", "bank-alone", "li")
    rules = tmp_path / "rules.toml"
    rules.write_text(afa(folder, "member", "rules"))
    alone("member", "set-rules", str(rules))


def test_whoever_lets_a_unit_in_does_it_alone(alone: Run, tmp_path: Path) -> None:
    out = tmp_path / "bank-invited.invite"
    alone("member", "invite", "bank-invited", *A_BANK, "--out", str(out))
    held = newcomer.ask(newcomer.read_invite(out.read_bytes()), tmp_path / "bank-invited.member", wall_now())
    alone("member", "approve", "bank-invited", "--fingerprint", wire.fingerprint(held.keys.public))
    alone("member", "uninvite", "bank-invited")
    alone("member", "revoke", "bank-invited")


def test_whoever_changes_the_token_epoch_or_the_allow_list_does_it_alone(
    alone: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    active = rotation._active
    monkeypatch.setattr(rotation, "_active", lambda desk: [one for one in active(desk) if one.member == _UNIT])
    added = orjson.loads(alone("allow", "add", "number", "95566", *SIGNING, "--reason", "hotline", "--json"))
    alone("epoch", "rotate")
    alone("allow", "renew", *SIGNING)
    alone("epoch", "cut-over", "--early")
    alone("allow", "remove", added["entry"]["entry_id"], *SIGNING, "--reason", "sold")
