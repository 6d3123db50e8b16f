"""The allow-list over a rotation: the unit that has the values signs its entries anew, and the hub needs no key."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner

from afa import allow
from afa.cli import app
from afa.programs import clock_file
from alliance import kafka
from alliance.broker.passwords import login_of
from alliance.clock import load_or_create
from alliance.embedded.services import EmbeddedServices
from alliance.joining import rotation
from alliance.kafka import KafkaLogin
from alliance.membership import give_token_keys, member_dir, members_of, save_token_keys, token_keys
from schemas.topics import RULES

pytestmark = pytest.mark.services
_UNIT = "police-renewing"
SIGNING = ["--as", _UNIT, "--officer", "chen"]


@pytest.fixture
def folder(services: EmbeddedServices) -> Iterator[Path]:
    """A data folder with a police unit; what a rotation changed is put back."""
    load_or_create(clock_file(services.data), 1.0)
    place = services.data.path
    unit = ["--name", "Police", "--sector", "police", "--alliance", "comprehensive", "--officer", "chen:captain"]
    afa(place, "member", "add", _UNIT, *unit)
    afa(place, "member", "restore", _UNIT)
    login = login_of("registrar", services.admin, services.data.secret)
    before, known = token_keys(services.data), ruled(login)
    yield place
    save_token_keys(services.data, before)
    give_token_keys(services.data, before, members_of(services.data))
    with kafka.producer(login) as sender:
        for key in ruled(login) - known:
            sender.send(RULES.name, None, key).get(10)
    # Others' police are the centre again.
    afa(place, "member", "suspend", _UNIT)


def ruled(login: KafkaLogin) -> set[bytes]:
    newest = {record.key: record.value for record in kafka.whole(login, RULES.name)}
    return {key for key, value in newest.items() if value}


def afa(folder: Path, *arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(app, [*arguments, "--data", str(folder)])
    assert done.exit_code == code, done.output
    return done.output if code else done.stdout


def test_entries_are_signed_anew_under_both_epochs_and_the_cut_over_waits_for_them(
    folder: Path, services: EmbeddedServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    active = rotation._active
    monkeypatch.setattr(rotation, "_active", lambda desk: [one for one in active(desk) if one.member == _UNIT])
    afa(folder, "allow", "add", "number", "96110", *SIGNING, "--reason", "hotline")
    afa(folder, "epoch", "rotate")
    assert "afa allow renew" in afa(folder, "epoch", "cut-over", code=1)

    view = orjson.loads(afa(folder, "allow", "renew", *SIGNING, "--json"))
    assert [token.partition(":")[0] for token in view["entry"]["tokens"]] == ["e1", "e2"]
    assert view["in_force"]
    listed = orjson.loads(afa(folder, "allow", "list", "--json"))
    assert listed["entry"] == view["entry"]
    assert "--early" in afa(folder, "epoch", "cut-over", code=1)

    kept = member_dir(services.data, _UNIT) / "allowed.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert b"96110" in kept.read_bytes()


def test_an_entry_takes_the_place_of_one_under_another_epoch_and_is_removed_under_every_key(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    active = rotation._active
    monkeypatch.setattr(rotation, "_active", lambda desk: [one for one in active(desk) if one.member == _UNIT])
    adding = ["allow", "add", "number", "95588", *SIGNING, "--reason", "hotline"]
    afa(folder, *adding)
    afa(folder, "epoch", "rotate")
    afa(folder, "allow", "renew", *SIGNING)
    afa(folder, "epoch", "cut-over", "--early")
    limited = orjson.loads(afa(folder, *adding, "--days", "1", "--json"))
    assert listed(folder) == [limited]

    afa(folder, "epoch", "rotate")
    afa(folder, "allow", "renew", *SIGNING)
    (renewed,) = listed(folder)
    assert renewed["entry"]["entry_id"] == limited["entry"]["entry_id"]
    afa(folder, "epoch", "cut-over", "--early")
    afa(folder, "epoch", "rotate")
    # As it was written before an entry took the place of what lay under another key.
    monkeypatch.setattr(allow, "_put", lambda run, entry, why: allow._file(run, entry))
    afa(folder, "allow", "renew", *SIGNING)
    assert {each["entry"]["entry_id"] for each in listed(folder)} == {limited["entry"]["entry_id"]}
    assert len(listed(folder)) == 2
    afa(folder, "allow", "remove", limited["entry"]["entry_id"], *SIGNING, "--reason", "sold")
    assert not listed(folder)


def listed(folder: Path) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in afa(folder, "allow", "list", "--json").splitlines()]
