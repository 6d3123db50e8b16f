"""A unit takes a new password after a revocation, and loses nothing that its file had."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from afa.cli import app
from alliance.joining import memberfile, newcomer, standing
from alliance.kafka import probe
from schemas.topics import SUSPICIOUS_ACCOUNT
from tests.alliance.test_joining import Hall, hall

__all__ = ["hall"]
pytestmark = pytest.mark.services


def test_new_keys_that_wait_for_approval_are_there_after_a_new_password(hall: Hall) -> None:
    """Else the registrar approves keys that nobody has any more, and the present ones end."""
    asking = newcomer.ask_for_change(hall.join("bank-accepts"))
    standing.revoke(hall.desk, "bank-accepts")
    answer = hall.restore("bank-accepts")
    assert answer is not None
    handed = hall.home / "bank-accepts.login"
    handed.write_bytes(answer + b"\n")
    done = CliRunner().invoke(app, ["member", "accept", str(handed), "--member-file", str(asking.path)])
    assert done.exit_code == 0, done.output

    accepted = memberfile.load(asking.path)
    probe(accepted.login(), writes=[SUSPICIOUS_ACCOUNT.name])
    hall.desk.approve(hall.desk.asked("bank-accepts"))
    changed = newcomer.wait(accepted, accepted.login(), 15)
    assert asking.next is not None
    assert changed.keys.kid == asking.next.kid
