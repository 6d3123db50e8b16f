"""Clocks as rows: decisions, answers and releases that come too late are told, and each strikes at its second, also
when everything was down over it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from alliance.release import by_law
from consumers.casebook.inbound import Bundle
from producers.reference.authority import prove
from schemas.alerts import ReportChannel, VictimReport
from schemas.answers import AnswerStatus
from schemas.identifiers import Identifier
from schemas.requests import Action, HoldStatus, Request, RequestStatus
from schemas.risk import Level
from schemas.tasks import TaskKind
from tests.consumers.facts import NOW, account, lead, yuan
from tests.consumers.office import Office
from tests.consumers.test_office import stop_of, stopped
from tests.consumers.test_release import hold_of, proposed
from tests.consumers.test_waiting import followed
from tests.consumers.test_withdrawals import ordered, waiting

pytestmark = pytest.mark.services
DAY = timedelta(days=1)
ALMOST = {"hours": 23, "minutes": 59, "seconds": 59}


def told(office: Office) -> list[tuple[str, int, bool]]:
    return [(task.kind.value, task.told, task.closed_at is not None) for task in office.tasks()]


def test_a_stop_that_expires_while_everything_is_down(office: Office) -> None:
    mule = account()
    _, stop = stopped(office, mule)
    office.answer(stop, AnswerStatus.EXECUTED, amount=yuan(5_000_000))
    office.pass_time(seconds=5)
    assert office.next_due() == NOW + 2 * DAY
    office.now += timedelta(days=3)
    late = office.said(stop, AnswerStatus.EXECUTED, amount=yuan(5_000_000))
    office.take(answers=[late])
    expired = min(office.holds(mule), key=lambda hold: hold.since)
    assert (expired.status, expired.until) == (HoldStatus.EXPIRED, NOW + 2 * DAY)


def test_the_casebook_wakes_for_a_draft_that_nobody_signs_in_time(office: Office) -> None:
    _, draft = waiting(office, account())
    assert office.next_due() == draft.void_after == NOW + DAY
    office.pass_time(days=1)
    assert office.request(draft.request_id).status is RequestStatus.CANCELLED


def test_the_casebook_wakes_for_a_release_that_its_unit_does_not_decide_on(office: Office) -> None:
    _, stop = ordered(office, account())
    office.answer(stop, AnswerStatus.EXECUTED, amount=yuan(5_000_000))
    office.pass_time(hours=1)
    assert stop.authority.covered_by is not None
    office.annul(stop.authority.covered_by)
    office.pass_time(**ALMOST)
    assert office.next_due() == NOW + DAY + timedelta(hours=1)


def test_a_stop_that_expires_is_not_repeated_on_a_suspicion_that_has_sunk(office: Office) -> None:
    mule = account()
    suspicion, stop = stopped(office, mule)
    office.answer(stop, AnswerStatus.EXECUTED, amount=yuan(5_000_000))
    office.suspect(suspicion.model_copy(update={"level": Level.MEDIUM}))
    office.pass_time(days=2)
    assert hold_of(office, mule).status is HoldStatus.EXPIRED
    assert {one.attempt for one in office.requests() if one.action is Action.STOP} == {1}


def test_a_victims_own_withdrawal_keeps_no_stop_from_being_repeated(office: Office) -> None:
    mule = account()
    office.mandate()
    reported = office.report(mule, member="bank-one")
    office.suspect(lead(mule, reported=True))
    office.answer(stop_of(office.deliver()), AnswerStatus.EXECUTED, amount=yuan(5_000_000))
    office.annul(reported, member="bank-one", by="bank-one")
    office.pass_time(days=2)
    assert stop_of(office.deliver()).attempt == 2


def test_a_stop_whose_own_report_fell_is_not_repeated_though_another_keeps_what_it_holds(office: Office) -> None:
    mule, stop = reported_twice(office)
    assert stop.authority.covered_by is not None
    office.annul(stop.authority.covered_by)
    office.pass_time(days=2)
    assert hold_of(office, mule).status is HoldStatus.EXPIRED
    assert {one.attempt for one in office.requests() if one.action is Action.STOP} == {1}


def test_a_stop_is_not_repeated_on_a_report_that_says_two_things(office: Office) -> None:
    mule, stop = reported_twice(office)
    said = VictimReport(report_id="R2", channel=ReportChannel.STATION, incident_from=office.now)
    (other,) = office.bundle("police-one", said).events
    event = other.event.model_copy(update={"id": stop.authority.covered_by})
    office.take(reports=[Bundle("victim-report", 0, 0, "police-one", [replace(other, event=event)], [])])
    office.pass_time(days=2)
    assert hold_of(office, mule).status is HoldStatus.EXPIRED
    assert {one.attempt for one in office.requests() if one.action is Action.STOP} == {1}


def reported_twice(office: Office) -> tuple[Identifier, Request]:
    """An account that two reports name, and the stop, carried out, that one of them covers."""
    mule = account()
    office.mandate()
    office.report(mule)
    office.report(mule)
    office.suspect(lead(mule, reported=True))
    stop = stop_of(office.deliver())
    office.answer(stop, AnswerStatus.EXECUTED, amount=yuan(5_000_000))
    return mule, stop


def test_a_release_that_its_unit_does_not_decide_on_is_told_and_the_hold_stays_to_its_end(office: Office) -> None:
    mule = account()
    proposed(office, mule)
    office.pass_time(**ALMOST)
    assert not [task for task in office.tasks() if task.kind is TaskKind.DECISION]
    office.pass_time(seconds=1)
    (task,) = [task for task in office.tasks() if task.kind is TaskKind.DECISION]
    assert (task.unit, task.since, task.told) == ("police-one", NOW + DAY, 0)
    assert office.next_due() not in (None, NOW + DAY)
    assert hold_of(office, mule).status is HoldStatus.RELEASE_PROPOSED
    for times in (1, 2, 3, 3):
        office.pass_time(minutes=30)
        (task,) = [task for task in office.tasks() if task.kind is TaskKind.DECISION]
        assert task.told == times
    office.keep(hold_of(office, mule))
    (task,) = [task for task in office.tasks() if task.kind is TaskKind.DECISION]
    assert task.closed_at == office.now


def test_where_the_law_says_so_what_nobody_decides_on_is_released(casebook_url: str) -> None:
    office = Office(casebook_url, "th")
    mule = account()
    proposed(office, mule)
    office.deliver()
    office.now += timedelta(days=2)
    office.take()
    (release,) = [one for one in office.deliver() if one.action is Action.RELEASE and one.target == mule]
    # As the bank sees it: no signature, and a law that needs none.
    law = prove(release, office.registry, office.profile, office.now).law
    assert law is not None
    assert by_law(law, mandated=False, since=hold_of(office, mule).since, now=office.now)
    office.answer(release, AnswerStatus.EXECUTED)
    assert hold_of(office, mule).status is HoldStatus.RELEASED
    office.engine.dispose()


def test_a_late_acknowledgement_is_no_answer(office: Office) -> None:
    _, stop = stopped(office, account())
    office.pass_time(minutes=30)
    assert sorted(told(office)) == [("acknowledge", 0, False), ("final", 0, False)]
    assert {task.unit for task in office.tasks()} == {"police-one"}
    office.answer(stop, AnswerStatus.ACKNOWLEDGED)
    assert sorted(told(office)) == [("acknowledge", 0, True), ("final", 0, False)]


def test_a_bank_that_answers_after_the_deadline(office: Office) -> None:
    mule = account()
    _, stop = stopped(office, mule)
    assert office.next_due() == NOW + timedelta(minutes=5)
    office.pass_time(minutes=4, seconds=59)
    assert not office.tasks()
    office.pass_time(seconds=1)
    assert told(office) == [("acknowledge", 0, False)]
    assert office.next_due() == NOW + timedelta(minutes=30)
    office.pass_time(minutes=25)
    assert told(office) == [("acknowledge", 0, False), ("final", 0, False)]
    assert office.next_due() == NOW + timedelta(minutes=35)
    office.pass_time(minutes=30)
    assert told(office) == [("acknowledge", 1, False), ("final", 1, False)]
    assert "bank-one has not answered the stop" in office.tasks()[1].why
    office.answer(stop, AnswerStatus.EXECUTED, amount=yuan(5_000_000))
    assert hold_of(office, mule).status is HoldStatus.ACTIVE
    assert told(office) == [("acknowledge", 1, True), ("final", 1, True)]
    office.pass_time(hours=5)
    assert told(office) == [("acknowledge", 1, True), ("final", 1, True)]
    assert office.next_due() == hold_of(office, mule).until


def test_what_could_not_be_told_while_everything_was_down_is_told_once(office: Office) -> None:
    stopped(office, account())
    office.pass_time(days=10)
    office.pass_time(seconds=0)
    assert {times for _, times, _ in told(office)} == {1}


def test_a_bank_that_answers_twice_differently(office: Office) -> None:
    mule = account()
    _, stop = stopped(office, mule)
    first = office.said(stop, AnswerStatus.PARTIAL, amount=yuan(2_000_000))
    second = office.said(stop, AnswerStatus.EXECUTED, amount=yuan(5_000_000))
    office.take(answers=[first, second])
    office.take(answers=[second, first])
    office.answer(stop, AnswerStatus.REFUSED, reason="a second thought")
    assert (hold_of(office, mule).status, hold_of(office, mule).amount) == (HoldStatus.ACTIVE, yuan(2_000_000))
    (view,) = [one for one in office.requests() if one.request_id == stop.request_id]
    assert view.status is RequestStatus.PARTIAL


def test_a_release_has_its_own_time_and_longer_where_the_member_must_look_into_it(office: Office) -> None:
    mule = account()
    suspicion, stop = stopped(office, mule)
    office.answer(stop, AnswerStatus.EXECUTED, amount=yuan(5_000_000))
    office.withdraw(*suspicion.evidence)
    office.answer(office.release_of(stop), AnswerStatus.ACKNOWLEDGED)
    office.pass_time(**ALMOST)
    assert not office.tasks()
    office.pass_time(seconds=1)
    assert [(task.kind, task.since) for task in office.tasks()] == [(TaskKind.RELEASE, NOW + DAY)]


def test_a_mandate_that_was_filed_for_later_covers_what_waits_when_its_time_comes(office: Office) -> None:
    mule, payee = account(), account(None, "cnaps:2")
    followed(office, mule, payee)
    office.mandate(valid_from=NOW + timedelta(hours=3))
    office.take()
    office.pass_time(hours=2, minutes=59, seconds=59)
    assert not office.deliver()
    assert office.next_due() == NOW + timedelta(hours=3)
    office.pass_time(seconds=1)
    assert stop_of(office.deliver()).hop == 1
