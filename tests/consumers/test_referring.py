"""A holder out of the city: an officer's unit takes the stop over, enters what was heard, and the money is followed."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from alliance.errors import Refused
from consumers.casebook import calls
from consumers.casebook.asking import referring
from consumers.casebook.authority import orders
from schemas.answers import Answer, AnswerStatus
from schemas.envelope import Event, event_type, source_of
from schemas.identifiers import Identifier
from schemas.requests import AuthorityClass, HoldStatus, RequestStatus, RequestView
from tests.consumers.facts import account, lead, yuan
from tests.consumers.office import Office
from tests.consumers.test_hops import GONE, M, out, sent, told
from tests.consumers.test_office import stopped

pytestmark = pytest.mark.services
KID = "police-one/p100/k1"


def away(office: Office, target: Identifier) -> RequestView:
    """The stop at a bank that is no member, to which all of the money went."""
    _, first = stopped(office, account())
    office.answer(first, GONE, outflows=[out(office, target, 5 * M, 1)])
    return stop_of(office, target)


def stop_of(office: Office, target: Identifier) -> RequestView:
    (one,) = [one for one in office.requests() if one.target.tokens == target.tokens and one.hop == 1]
    return one


def refer(office: Office, one: RequestView, key: Ed25519PrivateKey | None = None) -> str:
    with office.engine.begin() as db:
        jws = orders.refer_draft(db, one.request_id, key or office.keys["p100"], KID, office.now)
    office.take()
    with office.engine.connect() as db:
        return str(orders.refusal_of(db, one.request_id, jws)[1])


def enter(office: Office, one: RequestView, key: Ed25519PrivateKey | None = None, **answer: Any) -> str:
    said = Answer(request_id=one.request_id, **answer)
    source = source_of("police-one")
    event = Event(id=uuid4(), source=source, type=event_type("answer"), time=office.now, data=said)
    with office.engine.begin() as db:
        referring.file_answer(db, event, key or office.keys["p100"], KID, office.now)
        assert calls.look(db).words
    office.take()
    with office.engine.connect() as db:
        assert not calls.look(db).words
        return str(referring.judgement(db, event.id)[1])


def test_what_an_officer_heard_is_taken_and_the_money_is_followed(office: Office) -> None:
    target, near = account(None, "cnaps:9"), account()
    one = away(office, target)
    assert refer(office, one) == "None"
    referred = stop_of(office, target)
    assert (referred.status, referred.to, referred.authority) == (
        RequestStatus.REFERRED, "police-one", AuthorityClass.POLICE_ORDER,
    )  # fmt: skip
    assert referred.unroutable == "holder cnaps:9 is not a member"
    assert sent(office) == []
    office.pass_time(days=3)
    held: dict[str, Any] = {
        "status": AnswerStatus.PARTIAL,
        "amount": yuan(M),
        "outflows": [out(office, near, 4 * M, 1)],
    }
    assert enter(office, one, **held) == "None"
    assert sent(office) == [(near, 2, 1, 4 * M)]
    (hold,) = office.holds(target)
    assert (hold.status, hold.amount, hold.member) == (HoldStatus.ACTIVE, yuan(M), "police-one")
    with pytest.raises(Refused, match="awaits an answer"):
        enter(office, one, **held)
    assert office.is_audited()


def test_what_no_officer_signed_is_neither_referred_nor_believed(office: Office) -> None:
    target, other = account(None, "cnaps:9"), Ed25519PrivateKey.generate()
    one = away(office, target)
    assert "does not verify" in refer(office, one, other)
    assert stop_of(office, target).status is RequestStatus.DRAFTED
    with pytest.raises(Refused, match="awaits an answer"):
        enter(office, one, status=GONE)
    assert refer(office, one) == "None"
    assert "does not verify" in enter(office, one, other, status=GONE)
    assert stop_of(office, target).status is RequestStatus.REFERRED
    assert enter(office, one, status=GONE) == "None"
    assert stop_of(office, target).status is RequestStatus.ALREADY_GONE


def test_only_an_order_without_a_member_is_referred(office: Office) -> None:
    near = account(None, "cnaps:9")
    office.suspect(lead(near))
    delay = next(one for one in office.requests() if one.to is None)
    with pytest.raises(Refused, match="is no police order"):
        refer(office, delay)
    _, first = stopped(office, account())
    view = next(one for one in office.requests() if one.request_id == first.request_id)
    with pytest.raises(Refused, match="is no police order"):
        refer(office, view)
    with pytest.raises(Refused, match="There is no request"):
        refer(office, view.model_copy(update={"request_id": uuid4()}))
    assert told(first)[1:3] == (0, 1)
