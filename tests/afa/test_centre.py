"""What the registrar is told of the police centre, to which members seal."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from typer.testing import CliRunner

from afa.cli import app
from afa.programs import clock_file
from alliance.clock import load_or_create
from alliance.embedded.services import EmbeddedServices
from tests.alliance.test_centre import no_other_police

__all__ = ["no_other_police"]
pytestmark = pytest.mark.services
Afa = Callable[..., str]
POLICE = ("--name", "Police", "--sector", "police", "--alliance", "comprehensive")


@pytest.fixture
def afa(services: EmbeddedServices, no_other_police: None) -> Afa:
    """Runs a command of `afa member`, and gives all that it says."""
    load_or_create(clock_file(services.data), 1.0)

    def run(*arguments: str, code: int = 0) -> str:
        done = CliRunner().invoke(app, ["member", *arguments, "--data", str(services.data.path)])
        assert done.exit_code == code, done.output
        return " ".join(done.output.split())

    return run


def test_the_registrar_is_told_who_is_the_centre_and_puts_it_back_by_saying_so(afa: Afa) -> None:
    for unit in ("police-told-a", "police-told-b"):
        assert "centre" not in afa("add", unit, *POLICE)
    told = afa("suspend", "police-told-a")
    assert "The police centre is now police-told-b, in the place of police-told-a" in told
    assert "--centre" in afa("restore", "police-told-a", code=1)
    told = afa("restore", "police-told-a", "--centre")
    assert "The police centre is now police-told-a, in the place of police-told-b" in told
    assert "centre" not in afa("suspend", "police-told-b")
    assert "There is no police centre any more" in afa("revoke", "police-told-a")
