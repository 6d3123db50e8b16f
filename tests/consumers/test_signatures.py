"""Who may authorise what at the casebook: the classes, officers and ranks of the profile; and that members agree."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from alliance import profiles
from alliance.errors import Refused
from consumers.casebook.authority import orders
from consumers.casebook.authority.mandates import add_mandate
from producers.reference.authority import NotProven, prove
from schemas.answers import AnswerStatus, EarlierOrder, Outflow, OutflowType
from schemas.identifiers import Identifier
from schemas.requests import Action, AuthorityClass, Caps, HoldStatus, Request, RequestStatus, RequestView
from tests.consumers.facts import account, lead, mandate, yuan
from tests.consumers.office import Office
from tests.consumers.test_holdacts import act, begun, drafted
from tests.consumers.test_office import TWO_DAYS, stop_of

pytestmark = pytest.mark.services
MILLION = 100_000_000


@pytest.fixture
def freeze(office: Office) -> Request:
    """A freeze that waits for its signatures."""
    return drafted(office, act(begun(office, account()), Action.FREEZE))


def waiting(office: Office, minor: int = 5_000_000, mule: Identifier | None = None) -> RequestView:
    """A stop of a reported account, for officers to sign."""
    suspect = mule or account()
    office.report(suspect, minor)
    office.suspect(lead(suspect, amount_at_risk=[yuan(minor)], reported=True))
    office.deliver()
    return office.request(office.draft(suspect).request_id)


def leaves(office: Office, *officers: str) -> None:
    """From now on no key of these is valid; the others serve on."""
    unit = office.police("p100", "p101", "p200")
    served = [
        one.model_copy(update={"key": one.key.model_copy(update={"valid_to": office.now})})
        if one.officer in officers
        else one
        for one in unit.officers
    ]
    office.registry.apply("police-one", unit.model_copy(update={"officers": served}))


def test_a_freeze_goes_out_when_two_have_signed_and_one_is_a_head(office: Office, freeze: Request) -> None:
    assert office.request(freeze.request_id).missing == "2 officers, one of the rank county-head"
    assert office.signed(freeze.request_id, "p100") is None
    view = office.request(freeze.request_id)
    assert (view.status, view.officers) == (RequestStatus.AWAITING_AUTHORISATION, ["p100"])
    assert view.missing == "an officer of the rank county-head"
    assert not office.deliver()
    assert office.signed(freeze.request_id, "p200") is None
    view = office.request(freeze.request_id)
    assert (view.status, view.officers, view.missing) == (RequestStatus.DRAFTED, ["p100", "p200"], None)
    (sent,) = office.deliver()
    assert len(sent.authority.orders) == 2
    assert prove(sent, office.registry, office.profile, office.now).unit == "police-one"


def test_a_signature_that_adds_nothing_is_refused(office: Office, freeze: Request) -> None:
    office.signed(freeze.request_id, "p100")
    for again in ("p100", "p101"):
        assert "adds nothing: the request wants an officer of the rank" in str(office.signed(freeze.request_id, again))
    assert office.request(freeze.request_id).officers == ["p100"]


def test_officers_who_sign_in_one_turn_are_counted_together(office: Office, freeze: Request) -> None:
    with office.engine.begin() as db:
        for officer in ("p200", "p101", "p100"):
            orders.sign_draft(db, freeze.request_id, office.keys[officer], f"police-one/{officer}/k1", office.now)
    office.take()
    (sent,) = office.deliver()
    assert sent.authority.officers == ["p200", "p101"]


def test_a_stop_of_ten_years_is_no_stop_whoever_writes_it_into_the_database(office: Office) -> None:
    """A freeze wants two officers, and of them a head; a stop wants one."""
    stop = waiting(office)
    longer = "update request set body = jsonb_set(body::jsonb, '{duration_s}', '315360000') where request_id = :id"
    with office.engine.begin() as db:
        db.execute(text(longer), {"id": stop.request_id})
    assert "a stop lasts 172800 s at most" in str(office.signed(stop.request_id))
    assert not office.deliver()


def test_officers_of_two_units_do_not_sign_one_order(office: Office) -> None:
    office.registry.apply("police-two", office.police("p101", unit="police-two"))
    stop = waiting(office, MILLION)
    office.signed(stop.request_id, "p100")
    assert "must be of that unit" in str(office.signed(stop.request_id, "p101", "police-two"))


def test_a_great_stop_wants_a_second_officer(office: Office) -> None:
    small, great = waiting(office, MILLION - 1), waiting(office, MILLION)
    assert (small.missing, great.missing) == ("an officer", "2 officers")
    for stop in (small, great):
        office.signed(stop.request_id)
    assert [letter.request_id for letter in office.deliver()] == [small.request_id]
    office.signed(great.request_id, "p101")
    assert [letter.request_id for letter in office.deliver()] == [great.request_id]


def test_an_order_signed_by_an_officer_who_has_since_left(office: Office, freeze: Request) -> None:
    stop = waiting(office, MILLION - 1)
    office.signed(freeze.request_id, "p100")
    with office.engine.begin() as db:
        jws = orders.sign_draft(db, stop.request_id, office.keys["p100"], "police-one/p100/k1", office.now)
    leaves(office, "p100")
    office.take()
    with office.engine.connect() as db:
        assert "unknown-key" in str(orders.refusal_of(db, stop.request_id, jws)[1])
    # Of two who must sign, the one who is left does not make up for the one who is gone.
    office.signed(freeze.request_id, "p200")
    view = office.request(freeze.request_id)
    assert (view.officers, view.missing) == (["p200"], "one more officer")
    assert not office.deliver()
    office.signed(freeze.request_id, "p101")
    (sent,) = office.deliver()
    assert prove(sent, office.registry, office.profile, office.now).police
    leaves(office, "p100", "p101")
    with pytest.raises(NotProven, match="unknown-key"):
        prove(sent, office.registry, office.profile, office.now)


def test_what_half_was_signed_is_void_in_the_end(office: Office, freeze: Request) -> None:
    office.signed(freeze.request_id, "p100")
    office.pass_time(**TWO_DAYS)
    assert office.request(freeze.request_id).status is RequestStatus.CANCELLED
    with pytest.raises(Refused, match="cancelled"):
        office.signed(freeze.request_id, "p200")


def test_a_mandate_that_comes_later_takes_the_place_of_what_was_half_signed(office: Office) -> None:
    stop = waiting(office, MILLION)
    office.signed(stop.request_id)
    caps = Caps(currency="CNY", per_hold=MILLION, per_account=MILLION, per_day=MILLION)
    office.mandate(caps=caps, officers=["p100", "p101"])
    office.take()
    (sent,) = office.deliver()
    assert (sent.authority.authority, sent.authority.orders) == (AuthorityClass.MANDATE, [])
    assert len(sent.authority.mandate) == 2
    assert prove(sent, office.registry, office.profile, office.now).mandate


def test_the_database_lets_nothing_go_that_wants_a_signature(office: Office, freeze: Request) -> None:
    office.signed(freeze.request_id, "p100")
    with pytest.raises(IntegrityError, match="nothing_missing_when_it_goes"), office.engine.begin() as db:
        change = "update request set status = 'drafted', proof = 'x' where request_id = :id"
        db.execute(text(change), {"id": freeze.request_id})


@pytest.mark.parametrize(("over", "why"), [
    ({"report_required": False}, "covers reported cases only"),
    ({"actions": [Action.STOP, Action.FREEZE]}, "no mandate can order a freeze"),
    ({"caps": Caps(currency="CNY", per_hold=MILLION, per_account=MILLION, per_day=MILLION)}, "wants one more officer"),
    ({"caps": Caps(currency="USD", per_hold=1, per_account=1, per_day=1)}, "wants one more officer"),
    ({"unit": "police-two"}, "whom it does not name"),
])  # fmt: skip
def test_a_mandate_against_the_law_of_the_place_is_refused(office: Office, over: dict[str, Any], why: str) -> None:
    signed = office.sign(mandate(**over).model_dump(mode="json"))
    with pytest.raises(Refused, match=why), office.engine.begin() as db:
        add_mandate(db, [signed], office.registry, office.profile, office.now)


def test_a_mandate_whose_second_officer_has_left_covers_nothing(office: Office) -> None:
    caps = Caps(currency="CNY", per_hold=MILLION, per_account=MILLION, per_day=MILLION)
    office.mandate(caps=caps, officers=["p100", "p101"])
    leaves(office, "p101")
    assert waiting(office).authority is AuthorityClass.POLICE_ORDER


def test_the_officers_of_a_mandate_sign_the_same(office: Office) -> None:
    first, second = (mandate(officers=["p100", "p101"], max_hop=hop).model_dump(mode="json") for hop in (1, 2))
    signed = [office.sign(first), office.sign(second, "p101")]
    with pytest.raises(Refused, match="not signed the same mandate"), office.engine.begin() as db:
        add_mandate(db, signed, office.registry, office.profile, office.now)


def test_what_the_law_of_the_place_does_not_have_nobody_can_order(office: Office) -> None:
    hold = begun(office, account())
    office.profile = profiles.load("th")
    with pytest.raises(Refused, match="no officer can order this act: freeze"):
        drafted(office, act(hold, Action.FREEZE))


def test_two_police_units_one_account(office: Office) -> None:
    """Each unit's order is a case of its own; the second waits, and what the first lets go is the second's."""
    shared, other = account(), account(None, "cnaps:2")
    office.registry.apply("police-two", office.police("p101", unit="police-two"))
    first = waiting(office, mule=shared)
    theirs = waiting(office, mule=other)
    office.signed(first.request_id)
    office.signed(theirs.request_id, "p101", "police-two")
    stops = {letter.authority.unit: letter for letter in office.deliver()}
    left = Outflow(type=OutflowType.TRANSFER, amount=yuan(5_000_000), time=office.now, payee=shared)
    office.answer(stops["police-two"], AnswerStatus.ALREADY_GONE, outflows=[left])
    onward = office.draft(shared)
    assert onward.case_id == theirs.case_id != first.case_id
    office.signed(onward.request_id, "p101", "police-two")
    second = stop_of(office.deliver())
    office.answer(stops["police-one"], AnswerStatus.EXECUTED, amount=yuan(5_000_000))
    earlier = EarlierOrder(unit="police-one", amount=yuan(5_000_000))
    office.answer(second, AnswerStatus.EXECUTED, queue_position=2, earlier_orders=[earlier])
    held = {hold.unit: hold for hold in office.holds(shared)}
    assert (held["police-one"].status, held["police-two"].status) == (HoldStatus.ACTIVE, HoldStatus.QUEUED)
    lift = drafted(office, act(held["police-one"], Action.RELEASE))
    assert "police-one, which alone may" in str(office.signed(lift.request_id, "p101", "police-two"))
    office.signed(lift.request_id)
    office.answer(office.deliver()[0], AnswerStatus.EXECUTED)
    office.pass_time(hours=1)
    office.answer(second, AnswerStatus.EXECUTED, amount=yuan(5_000_000))
    held = {hold.unit: hold for hold in office.holds(shared)}
    assert (held["police-one"].status, held["police-two"].status) == (HoldStatus.RELEASED, HoldStatus.ACTIVE)
    assert held["police-two"].until == office.now + timedelta(hours=48)


def test_the_same_account_in_two_cases(office: Office) -> None:
    """Stopped in each case as often as the law has it, and in neither more often, whatever the other does."""
    shared, other = account(), account(None, "cnaps:2")
    office.mandate(valid_to=office.now + timedelta(days=90))
    for mule in (shared, other):
        office.report(mule)
        office.suspect(lead(mule, reported=True))
    first, gone = sorted(
        (letter for letter in office.deliver() if letter.action is Action.STOP),
        key=lambda stop: stop.target.tokens != shared.tokens,
    )
    left = Outflow(type=OutflowType.TRANSFER, amount=yuan(5_000_000), time=office.now, payee=shared)
    office.answer(gone, AnswerStatus.ALREADY_GONE, outflows=[left])
    second = stop_of(office.deliver())
    assert (second.target.tokens, second.hop) == (shared.tokens, 1)
    stops = [first, second]
    for _ in range(3):
        for stop in stops:
            office.answer(stop, AnswerStatus.EXECUTED, amount=yuan(5_000_000))
        office.pass_time(**TWO_DAYS)
        stops = [letter for letter in office.deliver() if letter.action is Action.STOP]
    asked = [(one.case_id, one.attempt) for one in office.requests()
             if one.action is Action.STOP and one.target.tokens == shared.tokens]  # fmt: skip
    assert sorted(asked) == sorted((case, attempt) for case in (first.case_id, gone.case_id) for attempt in (1, 2))
    assert not stops
    holds = office.holds(shared)
    assert len({hold.hold_id for hold in holds}) == 4
    assert {hold.status for hold in holds} == {HoldStatus.EXPIRED}
