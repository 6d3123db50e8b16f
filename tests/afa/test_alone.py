"""Of those who write as the registrar of a folder one does at a time: each writes anew what it has read before."""

from __future__ import annotations

import fcntl
import threading
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
from kafka import KafkaProducer

from alliance import kafka
from alliance.clock import wall_now
from alliance.embedded.services import EmbeddedServices
from alliance.errors import Refused
from alliance.joining import newcomer, rotation, wire
from alliance.kafka import KafkaLogin, probe
from alliance.membership import load_member, proven_registry
from alliance.registrar import alone, registrar_public
from schemas.registry import Status
from schemas.topics import SUSPICIOUS_ACCOUNT
from tests.afa.test_renewing import _UNIT, SIGNING, afa, folder

__all__ = ["folder"]
pytestmark = pytest.mark.services
Run = Callable[..., str]
A_BANK = ("--sector", "bank", "--alliance", "police-bank")


@pytest.fixture
def run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command, which must write something, and nothing that another could write at the same time."""
    send = KafkaProducer.send

    def command(*arguments: str) -> str:
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

    return command


def others_wait(folder: Path) -> bool:
    with (folder / "registrar" / "LOCK").open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def test_whoever_changes_who_may_do_what_does_it_alone(folder: Path, run: Run, tmp_path: Path) -> None:
    run("member", "add", "bank-alone", "--name", "Bank", "--officer", "li:head", *A_BANK)
    for act in ("suspend", "restore", "revoke", "restore"):
        run("member", act, "bank-alone")
    run("member", "rate", "bank-alone", "7")
    run("member", "dismiss", "bank-alone", "li")
    rules = tmp_path / "rules.toml"
    rules.write_text(afa(folder, "member", "rules"))
    run("member", "set-rules", str(rules))


@pytest.mark.parametrize(("act", "status"), [("suspend", Status.SUSPENDED), ("revoke", Status.REVOKED)])
def test_the_broker_takes_nothing_from_who_is_shut_out_whatever_else_is_under_way(
    folder: Path, services: EmbeddedServices, act: str, status: Status
) -> None:
    """A rotation sends to all members, and a thief is not waited with for that."""
    unit, data = f"bank-out-{act}", services.data
    afa(folder, "member", "add", unit, "--name", "Bank", *A_BANK)
    login = load_member(data, unit)[1]
    command = threading.Thread(target=afa, args=[folder, "member", act, unit])
    with alone(data):
        command.start()
        kafka.until(lambda: not may_write(login), "the broker takes what a member sends that is to be shut out")
        assert known(services, unit) is Status.ACTIVE
    command.join()
    assert known(services, unit) is status


def may_write(login: KafkaLogin) -> bool:
    try:
        probe(login, writes=[SUSPICIOUS_ACCOUNT.name])
    except Refused:
        return False
    return True


def known(services: EmbeddedServices, unit: str) -> Status:
    record = proven_registry(services.admin, registrar_public(services.data)).member(unit)
    assert record is not None
    return record.status


def test_whoever_lets_a_unit_in_does_it_alone(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "bank-invited.invite"
    run("member", "invite", "bank-invited", *A_BANK, "--out", str(out))
    held = newcomer.ask(newcomer.read_invite(out.read_bytes()), tmp_path / "bank-invited.member", wall_now())
    run("member", "approve", "bank-invited", "--fingerprint", wire.fingerprint(held.keys.public))
    run("member", "uninvite", "bank-invited")
    run("member", "revoke", "bank-invited")


def test_whoever_changes_the_token_epoch_or_the_allow_list_does_it_alone(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    active = rotation._active
    monkeypatch.setattr(rotation, "_active", lambda desk: [one for one in active(desk) if one.member == _UNIT])
    added = orjson.loads(run("allow", "add", "number", "95566", *SIGNING, "--reason", "hotline", "--json"))
    run("epoch", "rotate")
    run("allow", "renew", *SIGNING)
    run("epoch", "cut-over", "--early")
    run("allow", "remove", added["entry"]["entry_id"], *SIGNING, "--reason", "sold")
