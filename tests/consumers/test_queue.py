"""Two units, one account: an order that waits behind others' begins a queued hold, and holds when its turn comes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from consumers.casebook.tables import AnswerRow, HoldRow
from consumers.casebook.views import listings
from schemas.answers import AnswerStatus, EarlierOrder
from schemas.base import Money
from schemas.identifiers import Identifier
from schemas.requests import Action, AuthorityClass, HoldStatus, HoldView, Request, RequestStatus, Scope
from tests.consumers.facts import account, yuan
from tests.consumers.office import Office
from tests.consumers.test_office import TWO_DAYS, stop_of, stopped
from tests.consumers.test_withdrawals import ordered

pytestmark = pytest.mark.services
EARLIER = EarlierOrder(unit="police-two", amount=yuan(7_000_000))


def queued(office: Office, mule: Identifier, **over: Any) -> Request:
    """A mandate's stop that waits behind another unit's order."""
    _, stop = stopped(office, mule, **over)
    wait(office, stop)
    return stop


def wait(office: Office, stop: Request) -> None:
    office.answer(stop, AnswerStatus.EXECUTED, queue_position=2, earlier_orders=[EARLIER])


def held(office: Office, mule: Identifier) -> HoldView:
    (hold,) = office.holds(mule)
    return hold


def row(office: Office, stop: Request) -> Any:
    with office.engine.connect() as db:
        return db.execute(select(*HoldRow.__table__.c).where(HoldRow.request_id == stop.request_id)).one()


def test_an_order_behind_anothers_waits_and_holds_nothing(office: Office) -> None:
    mule = account()
    stop = queued(office, mule)
    assert (held(office, mule).status, held(office, mule).amount) == (HoldStatus.QUEUED, yuan(5_000_000))
    kept = row(office, stop)
    assert (kept.unit, kept.queue_position, [one["unit"] for one in kept.earlier]) == ("police-one", 2, ["police-two"])
    with office.engine.connect() as db:
        assert not listings.totals(db).held_minor


def test_what_is_said_in_another_currency_is_no_turn(office: Office) -> None:
    mule = account()
    stop = queued(office, mule)
    office.answer(stop, AnswerStatus.EXECUTED, amount=Money(minor=7, currency="USD"))
    assert (held(office, mule).status, held(office, mule).amount) == (HoldStatus.QUEUED, yuan(5_000_000))


def test_what_its_unit_keeps_after_its_turn_has_come_is_in_force_and_no_longer_waits(office: Office) -> None:
    mule = account()
    suspicion, stop = ordered(office, mule)
    wait(office, stop)
    office.withdraw(*suspicion.evidence)
    office.answer(stop, AnswerStatus.EXECUTED, amount=yuan(4_000_000))
    assert held(office, mule).status is HoldStatus.RELEASE_PROPOSED
    assert office.keep(held(office, mule)) is None
    assert (held(office, mule).status, held(office, mule).amount) == (HoldStatus.ACTIVE, yuan(4_000_000))


def test_its_place_comes_nearer_and_never_goes_back_until_its_turn_has_come(office: Office) -> None:
    mule = account()
    _, stop = stopped(office, mule)
    office.answer(stop, AnswerStatus.EXECUTED, queue_position=4, earlier_orders=[EARLIER] * 3)
    until = held(office, mule).until
    for place, shown in ((3, 3), (2, 2), (3, 2)):
        office.answer(stop, AnswerStatus.EXECUTED, queue_position=place, earlier_orders=[EARLIER] * (place - 1))
        hold = held(office, mule)
        assert (hold.status, hold.queue_position, hold.until) == (HoldStatus.QUEUED, shown, until)
        assert len(row(office, stop).earlier) == shown - 1
    nearer, turn, late = (
        office.said(stop, AnswerStatus.EXECUTED, amount=yuan(3_000_000), **place)
        for place in ({"queue_position": 2}, {}, {"queue_position": 2})
    )
    office.take(answers=[nearer, turn, late])
    assert (held(office, mule).status, held(office, mule).queue_position) == (HoldStatus.ACTIVE, None)
    with office.engine.connect() as db:
        mine = select(AnswerRow.effect).where(AnswerRow.request_id == stop.request_id).order_by(AnswerRow.effect)
        assert list(db.scalars(mine)) == [False, False, False, True, True, True, True]


def test_what_was_let_go_comes_no_nearer(office: Office) -> None:
    mule = account()
    suspicion, stop = stopped(office, mule)
    office.answer(stop, AnswerStatus.EXECUTED, queue_position=3, earlier_orders=[EARLIER] * 2)
    office.withdraw(*suspicion.evidence)
    office.answer(office.release_of(stop), AnswerStatus.EXECUTED)
    office.answer(stop, AnswerStatus.EXECUTED, queue_position=2, earlier_orders=[EARLIER])
    assert (held(office, mule).status, row(office, stop).queue_position) == (HoldStatus.RELEASED, 3)
    assert office.is_audited()


def test_its_turn_comes_with_a_second_answer_and_its_time_counts_from_then(office: Office) -> None:
    mule = account()
    stop = queued(office, mule)
    office.pass_time(hours=40)
    office.answer(stop, AnswerStatus.EXECUTED, scope=Scope.AMOUNT, amount=yuan(4_000_000))
    hold = held(office, mule)
    assert (hold.status, hold.amount) == (HoldStatus.ACTIVE, yuan(4_000_000))
    assert (hold.since, hold.until) == (office.now, office.now + timedelta(hours=48))
    with office.engine.connect() as db:
        assert listings.totals(db).held_minor == {"CNY": 4_000_000}
        effects = db.scalars(select(AnswerRow.effect).order_by(AnswerRow.received_at))
        assert list(effects) == [True, True]
    office.pass_time(**TWO_DAYS)
    with office.engine.connect() as db:
        assert not listings.totals(db).held_minor
    assert office.is_audited()


def test_a_turn_in_the_same_batch_as_the_waiting_counts(office: Office) -> None:
    mule = account()
    _, stop = stopped(office, mule)
    waits = office.said(stop, AnswerStatus.EXECUTED, queue_position=2)
    turn = office.said(stop, AnswerStatus.EXECUTED, amount=yuan(1))
    office.take(answers=[waits, turn])
    assert (held(office, mule).status, held(office, mule).amount) == (HoldStatus.ACTIVE, yuan(1))


def test_a_second_turn_and_a_second_place_change_nothing(office: Office) -> None:
    mule = account()
    stop = queued(office, mule)
    office.answer(stop, AnswerStatus.EXECUTED, queue_position=3)
    assert row(office, stop).queue_position == 2
    office.answer(stop, AnswerStatus.EXECUTED, amount=yuan(4_000_000))
    before = held(office, mule)
    office.pass_time(hours=1)
    office.answer(stop, AnswerStatus.EXECUTED, amount=yuan(5_000_000))
    wait(office, stop)
    assert held(office, mule) == before


def test_the_first_in_the_queue_does_not_wait(office: Office) -> None:
    mule = account()
    _, stop = stopped(office, mule)
    office.answer(stop, AnswerStatus.EXECUTED, amount=yuan(5_000_000), queue_position=1)
    assert held(office, mule).status is HoldStatus.ACTIVE


def test_what_waits_too_long_ends_and_is_repeated_once(office: Office) -> None:
    mule = account()
    queued(office, mule)
    office.pass_time(**TWO_DAYS)
    assert held(office, mule).status is HoldStatus.EXPIRED
    assert stop_of(office.deliver()).attempt == 2


def test_a_turn_after_its_end_holds_nothing_and_the_member_is_asked_to_let_go(office: Office) -> None:
    mule = account()
    stop = queued(office, mule)
    office.pass_time(**TWO_DAYS)
    office.deliver()
    office.answer(stop, AnswerStatus.EXECUTED, amount=yuan(5_000_000))
    assert held(office, mule).status is HoldStatus.EXPIRED
    (release,) = [letter for letter in office.deliver() if letter.action is Action.RELEASE]
    assert (release.hold_id, release.authority.authority) == (stop.hold_id, AuthorityClass.MANDATE)
    office.answer(stop, AnswerStatus.EXECUTED, amount=yuan(5_000_000))
    assert not office.deliver()


def test_of_an_officers_order_that_ended_before_its_turn_an_officer_lets_go(office: Office) -> None:
    mule = account()
    _, stop = ordered(office, mule)
    wait(office, stop)
    office.pass_time(**TWO_DAYS)
    office.answer(stop, AnswerStatus.EXECUTED, amount=yuan(5_000_000))
    (release,) = [one for one in office.requests() if one.action is Action.RELEASE]
    assert (release.status, held(office, mule).status) == (
        RequestStatus.AWAITING_AUTHORISATION, HoldStatus.EXPIRED,
    )  # fmt: skip


def test_what_waits_is_released_with_its_grounds(office: Office) -> None:
    mule = account()
    suspicion, stop = stopped(office, mule)
    wait(office, stop)
    office.withdraw(*suspicion.evidence)
    office.answer(office.release_of(stop), AnswerStatus.EXECUTED)
    assert held(office, mule).status is HoldStatus.RELEASED


def test_a_turn_that_comes_while_the_unit_decides_holds_and_stays_proposed(office: Office) -> None:
    mule = account()
    suspicion, stop = ordered(office, mule)
    wait(office, stop)
    office.withdraw(*suspicion.evidence)
    assert held(office, mule).status is HoldStatus.RELEASE_PROPOSED
    with office.engine.connect() as db:
        assert not listings.totals(db).held_minor
    office.answer(stop, AnswerStatus.EXECUTED, amount=yuan(4_000_000))
    assert (held(office, mule).status, held(office, mule).amount) == (
        HoldStatus.RELEASE_PROPOSED, yuan(4_000_000),
    )  # fmt: skip
    office.pass_time(**TWO_DAYS)
    assert held(office, mule).status is HoldStatus.EXPIRED
