"""Grounds that fall while a stop is under way: drafted, waiting for an officer, sent, or carried out too late."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from consumers.casebook.tables import Outbox
from schemas.answers import AnswerStatus
from schemas.identifiers import Identifier
from schemas.leads import Lead
from schemas.requests import Action, HoldStatus, HoldView, Request, RequestStatus
from tests.consumers.facts import account, evidence, lead, yuan
from tests.consumers.office import Office
from tests.consumers.test_office import stop_of, stopped

pytestmark = pytest.mark.services
DONE = pytest.mark.parametrize("done", [AnswerStatus.EXECUTED, AnswerStatus.PARTIAL])


def waiting(office: Office, mule: Identifier) -> tuple[Lead, Request]:
    """A reported account with no mandate, with the stop that an officer is asked to sign."""
    suspicion = lead(mule, reported=True)
    office.report(mule)
    office.suspect(suspicion)
    return suspicion, office.draft(mule)


def ordered(office: Office, mule: Identifier) -> tuple[Lead, Request]:
    """The same stop, signed and sent."""
    suspicion, draft = waiting(office, mule)
    office.order(draft.request_id)
    return suspicion, stop_of(office.deliver())


def hold_of(office: Office, mule: Identifier) -> HoldView:
    (hold,) = office.holds(mule)
    return hold


def status_of(office: Office, stop: Request) -> RequestStatus:
    return next(one.status for one in office.requests() if one.request_id == stop.request_id)


def test_a_stop_that_waits_for_an_officer_ends_with_its_grounds(office: Office) -> None:
    suspicion, draft = waiting(office, account())
    office.withdraw(*suspicion.evidence)
    assert status_of(office, draft) is RequestStatus.CANCELLED


def test_a_drafted_stop_that_dispatch_has_not_taken_ends_with_its_grounds(office: Office) -> None:
    mule = account()
    office.mandate()
    office.report(mule)
    suspicion = lead(mule, reported=True)
    office.suspect(suspicion)
    office.withdraw(*suspicion.evidence)
    assert not office.deliver()
    assert {one.status for one in office.requests(suspicion)} == {RequestStatus.CANCELLED}


def test_a_stop_that_dispatch_has_taken_is_not_taken_back_and_its_release_follows_it(office: Office) -> None:
    office.mandate()
    office.report(mule := account())
    suspicion = lead(mule, reported=True)
    office.suspect(suspicion)
    (stop,) = [one for one in office.requests(suspicion) if one.action is Action.STOP]
    with office.engine.begin() as db:
        db.execute(update(Outbox).values(claimed=True))
    office.withdraw(*suspicion.evidence)
    assert office.request(stop.request_id).status is RequestStatus.DRAFTED
    assert [letter.action for letter in office.deliver() if letter.target == mule] == [Action.RELEASE]


@DONE
def test_an_officers_stop_that_is_carried_out_too_late_is_proposed_for_release(
    office: Office, done: AnswerStatus
) -> None:
    mule = account()
    suspicion, stop = ordered(office, mule)
    office.withdraw(*suspicion.evidence)
    assert status_of(office, stop) is RequestStatus.SENT
    office.deliver()
    office.answer(stop, done, amount=yuan(3_000_000))
    assert hold_of(office, mule).status is HoldStatus.RELEASE_PROPOSED
    assert not office.deliver()
    office.pass_time(hours=48)
    assert hold_of(office, mule).status is HoldStatus.EXPIRED
    assert {one.attempt for one in office.requests() if one.action is Action.STOP} == {1}


def test_a_withdrawal_and_the_answer_in_one_turn_propose_the_release(office: Office) -> None:
    mule = account()
    suspicion, stop = ordered(office, mule)
    withdrawals = [office.withdrawal(item) for item in suspicion.evidence]
    office.take(withdrawals=withdrawals, answers=[office.said(stop, AnswerStatus.EXECUTED, amount=yuan(3_000_000))])
    assert hold_of(office, mule).status is HoldStatus.RELEASE_PROPOSED


@DONE
def test_a_mandates_stop_that_is_carried_out_too_late_is_released_by_the_request_that_went_out(
    office: Office, done: AnswerStatus
) -> None:
    mule = account()
    suspicion, stop = stopped(office, mule)
    office.withdraw(*suspicion.evidence)
    (release,) = [letter for letter in office.deliver() if letter.hold_id == stop.hold_id]
    office.answer(stop, done, amount=yuan(3_000_000))
    assert not office.deliver()
    office.answer(release, AnswerStatus.EXECUTED)
    assert hold_of(office, mule).status is HoldStatus.RELEASED


def test_a_mandate_that_releases_nothing_at_once_leaves_the_late_hold_to_its_unit(office: Office) -> None:
    mule = account()
    suspicion, stop = stopped(office, mule, release_at_once=False)
    office.withdraw(*suspicion.evidence)
    office.answer(stop, AnswerStatus.EXECUTED, amount=yuan(3_000_000))
    assert hold_of(office, mule).status is HoldStatus.RELEASE_PROPOSED


def test_a_release_that_found_no_hold_yet_leaves_the_late_one_to_its_unit(office: Office) -> None:
    mule = account()
    suspicion, stop = stopped(office, mule)
    office.withdraw(*suspicion.evidence)
    release = office.release_of(stop)
    office.answer(release, AnswerStatus.NOT_FOUND)
    office.answer(stop, AnswerStatus.EXECUTED, amount=yuan(3_000_000))
    assert hold_of(office, mule).status is HoldStatus.RELEASE_PROPOSED


def test_a_hold_that_its_member_does_not_release_is_put_to_its_unit(office: Office) -> None:
    mule = account()
    suspicion, stop = stopped(office, mule)
    office.answer(stop, AnswerStatus.EXECUTED, amount=yuan(3_000_000))
    office.withdraw(*suspicion.evidence)
    release = office.release_of(stop)
    office.answer(release, AnswerStatus.ACKNOWLEDGED)
    assert hold_of(office, mule).status is HoldStatus.ACTIVE
    office.answer(release, AnswerStatus.REFUSED, reason="another unit's order")
    assert hold_of(office, mule).status is HoldStatus.RELEASE_PROPOSED


def test_a_hold_whose_release_was_never_sent_is_put_to_its_unit(office: Office) -> None:
    mule = account()
    suspicion, stop = stopped(office, mule)
    office.answer(stop, AnswerStatus.EXECUTED, amount=yuan(3_000_000))
    office.withdraw(*suspicion.evidence)
    office.pass_time(hours=24)
    assert hold_of(office, mule).status is HoldStatus.RELEASE_PROPOSED


def test_a_stop_carried_out_after_new_evidence_came_is_held(office: Office) -> None:
    mule = account()
    suspicion, stop = ordered(office, mule)
    office.withdraw(*suspicion.evidence)
    office.suspect(suspicion.model_copy(update={"evidence": [evidence("bank-two"), evidence("bank-one")]}))
    office.answer(stop, AnswerStatus.EXECUTED, amount=yuan(3_000_000))
    assert hold_of(office, mule).status is HoldStatus.ACTIVE


def test_grounds_that_fell_once_count_once(office: Office) -> None:
    mule = account()
    suspicion, stop = ordered(office, mule)
    office.withdraw(*suspicion.evidence)
    office.answer(stop, AnswerStatus.EXECUTED, amount=yuan(3_000_000))
    office.withdraw(*suspicion.evidence)
    office.suspect(suspicion.model_copy(update={"evidence": [evidence("bank-two"), evidence("bank-one")]}))
    assert office.draft(mule).attempt == 2


def test_what_a_member_was_asked_without_a_report_stands_while_an_alert_does(office: Office) -> None:
    suspicion = lead(account())
    office.suspect(suspicion)
    for letter in office.deliver():
        office.answer(letter, AnswerStatus.EXECUTED)
    office.withdraw(suspicion.evidence[0])
    assert not office.deliver()
    office.withdraw(suspicion.evidence[1])
    assert {letter.action for letter in office.deliver()} == {Action.RELEASE}


def test_a_withdrawal_that_is_repeated_takes_back_no_release(office: Office) -> None:
    suspicion, stop = stopped(office, account())
    office.answer(stop, AnswerStatus.EXECUTED, amount=yuan(3_000_000))
    office.withdraw(*suspicion.evidence)
    office.withdraw(*suspicion.evidence)
    assert [letter.action for letter in office.deliver() if letter.hold_id == stop.hold_id] == [Action.RELEASE]
