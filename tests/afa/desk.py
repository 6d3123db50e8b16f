"""An officer's commands on an office without a broker: the casebook turns whenever a command waits for its word."""

from __future__ import annotations

import json
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from typer.testing import CliRunner

from afa import judging
from afa.cli import app
from afa.place import Run
from alliance.embedded.datadir import DataDir
from alliance.keys import store
from alliance.keys.store import MemberKeys
from tests.consumers.facts import TOKENS
from tests.consumers.office import Office

Said = tuple[int, Any, str]
"""The exit code, the JSON objects on stdout, and what stands on stderr."""


class Desk:
    """The machine of the officers of `police-one`; its keys lie where `afa member add` puts them."""

    def __init__(self, office: Office, database_url: str, path: Path, patch: pytest.MonkeyPatch) -> None:
        self.office, self.path = office, path
        self.enrol("police-one", *office.keys)
        # What is entered in clear is sealed, which takes keys that are real.
        sealing = store.generate("seal").public.sealing
        for member in list(office.registry):
            office.registry.apply(member.member, member.model_copy(update={"seal_key": sealing}))

        def begin(run: Run, _: Path | None) -> None:
            run.data, run.cluster = DataDir(path), None

        clock = SimpleNamespace(now=lambda: office.now, now_ms=lambda: int(office.now.timestamp() * 1000))
        patch.setattr(Run, "__init__", begin)
        patch.setattr(Run, "database_url", database_url)
        patch.setattr(Run, "clock", property(lambda _: clock))
        patch.setattr(Run, "profile", property(lambda _: office.profile))
        patch.setattr(Run, "registry", lambda _: office.registry)
        patch.setattr(judging, "time", SimpleNamespace(monotonic=time.monotonic, sleep=lambda _: office.take()))

    def enrol(self, member: str, *officers: str) -> None:
        """Its own keys, and those of its officers."""
        folder = self.path / "members" / member
        (folder / "officers").mkdir(parents=True)
        store.generate(member, TOKENS).save(folder / "keys.json")
        for name in officers:
            keys = MemberKeys(name, "k1", self.office.keys[name], X25519PrivateKey.generate(), None)
            keys.save(folder / "officers" / f"{name}.json")

    def afa(self, *arguments: object, signer: str | None = None) -> Said:
        """A command with --json, signed as the officer of police-one if one is named."""
        by = ("--as", "police-one", "--officer", signer) if signer else ()
        done = CliRunner().invoke(app, [*map(str, arguments), *by, "--json"])
        return done.exit_code, [json.loads(line) for line in done.stdout.splitlines()], done.stderr
