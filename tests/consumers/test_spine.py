"""From a lead to a held account, with the real casebook and dispatch: requests sent, answered, held, followed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection

from alliance.membership import read_registry
from consumers.casebook import audit
from consumers.casebook.authority import orders
from consumers.casebook.authority.mandates import revoke_mandate
from consumers.casebook.views import caseviews, listings
from schemas.answers import AnswerStatus, Outflow, OutflowType
from schemas.identifiers import Identifier
from schemas.receipts import Receipt
from schemas.requests import Action, AuthorityClass, HoldStatus, Mandate, Request, RequestStatus, RequestView, Scope
from schemas.risk import Level
from tests.consumers.facts import account, lead, yuan
from tests.consumers.world import Hub, Mailbox, World, now

pytestmark = pytest.mark.services
Open = Callable[[str], Mailbox]


def report(payee: Identifier, minor: int = 5_000_000) -> dict[str, Any]:
    return {
        "kind": "victim-report", "report_id": "R1", "channel": "hotline", "incident_from": now().isoformat(),
        "transfers": [{"payee": payee.model_dump(mode="json"), "amount": {"minor": minor, "currency": "CNY"}}],
    }  # fmt: skip


def asks(action: Action, target: Identifier) -> Callable[[Any], bool]:
    return lambda letter: (
        isinstance(letter, Request) and (letter.action, letter.target.tokens) == (action, target.tokens)
    )


@contextmanager
def mandated(hub: Hub, city: World) -> Iterator[Mandate]:
    """A mandate in force for a while."""
    with hub.engine.begin() as db:
        mandate = city.add_mandate(db)
    yield mandate
    with hub.engine.begin() as db:
        signer = (city.officer_key, city.officer_kid, read_registry(city.services.admin))
        revoke_mandate(db, mandate.mandate_id, "a test", *signer, now())


def asked(db: Connection, mule: Identifier) -> list[RequestView]:
    return [one for one in listings.requests(db).items if one.lead_id == lead(mule).lead_id]


def test_a_lead_becomes_requests_that_are_answered(live: Hub, city: World, mailbox: Open) -> None:
    mule = account()
    holder, payer = mailbox("bank-one"), mailbox("bank-two")
    city.publish(lead(mule))
    delay = holder.until(asks(Action.DELAY, mule))
    payer.until(asks(Action.VERIFY, mule))
    city.answer(delay, AnswerStatus.EXECUTED, scope=Scope.ACCOUNT)
    done = live.until(lambda db: (v := listings.request(db, delay.request_id)) and v.answered_at and v)
    assert (done.status, delay.authority.authority) == (RequestStatus.EXECUTED, AuthorityClass.MEMBER_REQUEST)
    # A letter is read before dispatch has noted that it is sent.
    mine = live.until(lambda db: (of := asked(db, mule)) and all(one.sent_at for one in of) and of)
    assert {(one.to, one.action) for one in mine} == {
        (bank, action) for bank in ("bank-one", "bank-two") for action in (Action.DELAY, Action.VERIFY)
    }
    assert {one.status for one in mine} == {RequestStatus.SENT, RequestStatus.EXECUTED}
    with live.engine.connect() as db:
        assert audit.is_unbroken(db)


def test_a_reported_account_is_stopped_under_the_mandate_and_held(live: Hub, city: World, mailbox: Open) -> None:
    mule, box = account(), mailbox("bank-one")
    with mandated(live, city) as mandate:
        reported = city.send("police-one", report(mule))
        city.publish(lead(mule, reported=True))
        stop = box.until(asks(Action.STOP, mule))
        done_at = now()
        city.answer(stop, AnswerStatus.EXECUTED, scope=Scope.AMOUNT, amount=yuan(4_000_000), at=done_at)
        held = live.until(lambda db: [h for h in listings.holds(db).items if h.request_id == stop.request_id])[0]
    assert (stop.authority.authority, stop.authority.covered_by) == (AuthorityClass.MANDATE, reported)
    assert (stop.amount, stop.duration_s) == (yuan(5_000_000), mandate.duration_s)
    assert (held.status, held.amount, held.until) == (
        HoldStatus.ACTIVE, yuan(4_000_000), done_at + timedelta(hours=48),
    )  # fmt: skip


def test_an_unmandated_stop_waits_for_an_officer_who_signs_it(live: Hub, city: World, mailbox: Open) -> None:
    mule, box = account(), mailbox("bank-one")
    suspicion = lead(mule, Level.VERY_HIGH, reported=True)
    city.send("police-one", report(mule))
    city.publish(suspicion)
    waiting = live.until(lambda db: [one for one in listings.desk(db) if one.lead_id == suspicion.lead_id])[0]
    with live.engine.begin() as db:
        orders.sign_draft(db, waiting.request_id, city.officer_key, city.officer_kid, now())
    stop = box.until(asks(Action.STOP, mule))
    assert stop.request_id == waiting.request_id
    assert (stop.authority.unit, stop.authority.officers) == ("police-one", ["p100"])


def test_a_signature_of_another_text_or_key_sends_nothing(live: Hub, city: World, mailbox: Open) -> None:
    mule, box = account(), mailbox("bank-one")
    city.send("police-one", report(mule))
    city.publish(lead(mule, reported=True))
    waiting = live.until(lambda db: [one for one in listings.desk(db) if one.target == mule])[0]
    with live.engine.begin() as db:
        kid = city.keys["bank-one"].kid
        bad = orders.sign_draft(db, waiting.request_id, city.keys["bank-one"].signing, kid, now())
    live.until(lambda db: orders.refusal_of(db, waiting.request_id, bad)[0])
    with live.engine.connect() as db:
        assert "no officer's key" in str(orders.refusal_of(db, waiting.request_id, bad)[1])
        shown = listings.request(db, waiting.request_id)
    assert shown
    assert shown.status is RequestStatus.AWAITING_AUTHORISATION
    assert not any(asks(Action.STOP, mule)(letter) for letter in box.letters)


def test_money_that_has_left_is_followed_at_once(live: Hub, city: World, mailbox: Open) -> None:
    mule, second, box, next_box = account(), account(None, "cnaps:2"), mailbox("bank-one"), mailbox("bank-two")
    onward = Outflow(type=OutflowType.TRANSFER, amount=yuan(3_000_000), time=now(), payee=second)
    cash = Outflow(type=OutflowType.ATM, amount=yuan(1_000_000), time=now(), place="a street corner")
    with mandated(live, city):
        city.send("police-one", report(mule))
        city.publish(lead(mule, reported=True))
        stop = box.until(asks(Action.STOP, mule))
        city.answer(stop, AnswerStatus.ALREADY_GONE, outflows=[onward, cash])
        following = next_box.until(asks(Action.STOP, second))
    assert (following.hop, following.amount, following.case_id) == (1, yuan(3_000_000), stop.case_id)
    assert following.authority.authority is AuthorityClass.MANDATE
    assert following.match
    assert following.match.payer == mule
    with live.engine.connect() as db:
        assert [(end.hop, end.outflow.type, end.tainted) for end in caseviews.path_ends(db, stop.case_id)] == [
            (0, OutflowType.ATM, yuan(1_000_000))
        ]


def test_only_the_member_that_was_asked_may_answer(live: Hub, city: World, mailbox: Open) -> None:
    mule, box, other = account(), mailbox("bank-one"), mailbox("carrier-one")
    city.publish(lead(mule))
    delay = box.until(asks(Action.DELAY, mule))
    false = city.answer(delay, AnswerStatus.EXECUTED, by="carrier-one")
    receipt = other.until(lambda letter: isinstance(letter, Receipt) and letter.refusals[0].event_id == false)
    assert [(refusal.event_id, refusal.reason.value) for refusal in receipt.refusals] == [(false, "not-yours")]
    shown = live.until(lambda db: (v := listings.request(db, delay.request_id)) and v.sent_at and v)
    assert shown.status is RequestStatus.SENT


def test_a_withdrawn_alert_frees_what_rested_on_it_alone(live: Hub, city: World, mailbox: Open) -> None:
    mule, box, payer = account(), mailbox("bank-one"), mailbox("bank-two")
    suspicion = lead(mule)
    city.publish(suspicion)
    delay = box.until(asks(Action.DELAY, mule))
    city.answer(delay, AnswerStatus.EXECUTED)
    payer.until(asks(Action.VERIFY, mule))
    for item in suspicion.evidence:
        city.send(item.member, {"kind": "withdrawal", "event_id": str(item.event_id), "reason": "a mistake"})
    release = box.until(asks(Action.RELEASE, mule))
    city.publish(suspicion.model_copy(update={"score": 0.96}))
    marker = account()
    city.publish(lead(marker))
    box.until(asks(Action.DELAY, marker))
    assert (release.hold_id, release.case_id) == (delay.hold_id, delay.case_id)
    assert [one.attempt for one in box.requests(suspicion) if one.action is Action.DELAY] == [1]
