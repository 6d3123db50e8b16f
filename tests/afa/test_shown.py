"""What an officer signs is what was shown, whatever becomes of it in the database while the officer reads."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from afa import keeping, mandatewords, orders, referrals
from alliance.keys.encoding import decode
from schemas.requests import RequestStatus
from tests.afa.desk import Desk
from tests.afa.test_mandates import filed
from tests.consumers.facts import account
from tests.consumers.test_referring import away
from tests.consumers.test_release import proposed
from tests.consumers.test_signatures import waiting

pytestmark = pytest.mark.services
MORE = "update request set body = jsonb_set(body::jsonb, '{amount,minor}', '90000000')::text where request_id = :id"
Reads = Callable[[Any, str, Any], None]


@pytest.fixture
def while_read(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Reads:
    """Has the database say something else while the officer reads what a command has shown."""

    def change(command: Any, statement: str, of: Any) -> None:
        def confirm(question: str, yes: bool) -> None:
            with desk.office.engine.begin() as db:
                db.execute(text(statement), {"id": of})

        monkeypatch.setattr(command, "confirm", confirm)

    return change


def test_an_order(desk: Desk, while_read: Reads) -> None:
    stop = waiting(desk.office)
    while_read(orders, MORE, stop.request_id)
    code, _, told = desk.afa("order", stop.request_id, signer="p100")
    assert (code, "The signed order says something else" in " ".join(told.split())) == (1, True)
    assert desk.office.request(stop.request_id).status is RequestStatus.AWAITING_AUTHORISATION
    assert signed(desk, stop.request_id)["amount"]["minor"] == 5_000_000


def test_an_order_out_of_the_city(desk: Desk, while_read: Reads) -> None:
    one = away(desk.office, account(None, "cnaps:9"))
    while_read(referrals, MORE, one.request_id)
    code, _, told = desk.afa("refer", "take", one.request_id, signer="p100")
    assert (code, "The signed order says something else" in " ".join(told.split())) == (1, True)
    assert one.amount is not None
    assert signed(desk, one.request_id)["amount"]["minor"] == one.amount.minor


def test_a_mandate(desk: Desk, while_read: Reads) -> None:
    """Exchanged for another one that the first officer has signed as well."""
    shown = filed(desk, "--later", "p101")
    wider = filed(desk, "--later", "p101", "--per-day", "90000000")
    swap = "update mandate set signatures = (select signatures from mandate where mandate_id = '{}') where mandate_id"
    while_read(mandatewords, f"{swap.format(wider)} = :id", shown)
    code, _, told = desk.afa("mandate", "sign", shown, signer="p101")
    assert (code, "have not signed the same mandate" in " ".join(told.split())) == (1, True)


def test_a_hold_that_is_kept(desk: Desk, while_read: Reads) -> None:
    _, hold = proposed(desk.office, account())
    while_read(keeping, "update hold set cause = 'an appeal was won' where hold_id = :id", hold.hold_id)
    code, _, told = desk.afa("hold", "keep", hold.hold_id, "--reason", "x", signer="p100")
    assert (code, "on another proposal" in " ".join(told.split())) == (1, True)


def signed(desk: Desk, request_id: UUID) -> Any:
    """What the officer has signed."""
    with desk.office.engine.connect() as db:
        jws = db.scalar(text("select jws from filed_order where request_id = :id"), {"id": request_id})
    return json.loads(decode(str(jws).split(".")[1]))
