"""`afa hold keep`: an officer reads why a release is proposed, and declines it."""

from __future__ import annotations

import pytest

from tests.afa.desk import Desk
from tests.consumers.facts import account
from tests.consumers.test_release import proposed

pytestmark = pytest.mark.services


def test_a_proposed_release_is_shown_and_declined_by_an_officer_of_the_unit(desk: Desk) -> None:
    _, hold = proposed(desk.office, account())
    keep = ("hold", "keep", hold.hold_id)
    code, (shown,), told = desk.afa(*keep)
    assert (code, shown["status"]) == (0, "release-proposed")
    assert "because the alerts that it rested on were withdrawn; police-one must decide by" in told
    code, (kept,), told = desk.afa(*keep, "--reason", "another victim's too", signer="p100")
    assert (code, kept["status"], kept["until"]) == (0, "active", shown["until"])
    assert "Kept, signed by p100 of police-one" in told
    code, _, told = desk.afa(*keep, "--reason", "another victim's too", signer="p100")
    assert (code, "its release is not proposed" in told) == (1, True)


def test_no_other_unit_declines_and_half_a_signature_is_none(desk: Desk) -> None:
    desk.office.registry.apply("police-two", desk.office.police("p101", unit="police-two"))
    desk.enrol("police-two", "p101")
    _, hold = proposed(desk.office, account())
    keep = ("hold", "keep", hold.hold_id, "--reason", "x")
    assert "police-one, which alone decides" in desk.afa(*keep, "--as", "police-two", "--officer", "p101")[2]
    assert desk.afa(*keep)[0] == 2
