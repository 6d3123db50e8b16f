"""`afa return settle`, and how `afa case show` tells what goes back to whom."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from afa.cli import app
from schemas.answers import AnswerStatus
from tests.afa.desk import Desk
from tests.afa.test_casemerge import held, merge
from tests.consumers.facts import account
from tests.consumers.test_returning import frozen, object_to, sent, shown

pytestmark = pytest.mark.services
BY = ("--reference", "statement 2027-0219")


def test_what_is_unclear_is_settled_and_the_case_shows_its_return_whole(desk: Desk) -> None:
    office = desk.office
    hold, (first, second) = frozen(office, account(), 3_000_000, 2_000_000, minor=5_500_000)
    announced = ("return", "announce", hold.hold_id, "--reason", "case 117")
    code, (made,), _ = desk.afa(*announced, signer="p100")
    assert (code, made["payments"][0]["status"]) == (0, "drafted")
    office.answer(sent(office)[0], AnswerStatus.PARTIAL)
    assert object_to(office, shown(office)) is None
    unclear = {one.event_id: one.payment_id for one in shown(office).payments}
    settle = ("return", "settle", made["return_id"], *BY)
    code, _, why = desk.afa(*settle, signer="p100")
    assert (code, "Name at least one payment" in why) == (1, True)
    named = ("--made", unclear[first], "--not-made", unclear[second])
    code, (settled,), told = desk.afa(*settle, *named, signer="p100")
    assert (code, told.splitlines()[-1]) == (0, "Settled.")
    statuses = {one["event_id"]: one["status"] for one in settled["payments"]}
    assert statuses == {str(first): "paid", str(second): "dropped"}
    assert settled["stays"] == [{"amount": {"minor": 2_500_000, "currency": "CNY"}, "reason": "objection"}]

    case, *more = desk.afa("case", "show", hold.case_id)[1]
    returns = [one for one in more if one.get("kind") != "clock"]
    assert (case["case_id"], returns) == (str(hold.case_id), [settled])
    assert returns == desk.afa("return", "list")[1]
    text = CliRunner().invoke(app, ["case", "show", str(hold.case_id)]).stdout
    for line in (
        f"Return {made['return_id']} of hold {hold.hold_id}",
        f"{first} police-one                30,000.00 CNY by the ledgers",
        "the whole                            bank-one             undecided",
        f"{unclear[first]} {first}    30,000.00 CNY paid",
        f"{unclear[second]} {second}    20,000.00 CNY dropped",
        "25,000.00 CNY objection",
    ):
        assert line in text

    _, other = held(desk)
    assert merge(desk, hold.case_id, other.case_id)[0] == 0
    assert [one for one in desk.afa("case", "show", other.case_id)[1] if "return_id" in one] == [settled]
