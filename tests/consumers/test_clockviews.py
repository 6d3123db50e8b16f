"""Every clock of a case is shown as it runs, and none that has stopped."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from consumers.casebook.views.clockviews import clocks
from schemas.answers import AnswerStatus, Dissuasion
from schemas.cases import Clock, ClockView
from schemas.decisions import Finding
from schemas.objections import Appeal, AppealGrounds, Dispute, DisputeGrounds
from schemas.requests import Action, HoldStatus, RequestStatus, Scope
from tests.consumers.facts import account, lead, yuan
from tests.consumers.office import Office
from tests.consumers.test_calling import call, call_of, tell
from tests.consumers.test_office import stopped
from tests.consumers.test_returning import announced, decide, frozen, object_to

pytestmark = pytest.mark.services


def running(office: Office, case_id: UUID) -> dict[Clock, ClockView]:
    """Each kind's next."""
    with office.engine.connect() as db:
        found = clocks(db, [case_id], office.now)
    assert [each.at for each in found] == sorted(each.at for each in found)
    return {each.clock: each for each in reversed(found)}


def about(office: Office, case_id: UUID) -> dict[Clock, set[object]]:
    """All that clocks of each kind are about."""
    with office.engine.connect() as db:
        found = clocks(db, [case_id], office.now)
    return {clock: {each.about for each in found if each.clock is clock} for clock in Clock}


def test_a_draft_runs_until_it_is_void_a_request_until_it_is_answered_a_hold_until_it_ends(office: Office) -> None:
    mule = account()
    suspicion, stop = stopped(office, mule)
    sent = running(office, stop.case_id)
    assert (sent[Clock.ANSWER].about, sent[Clock.ANSWER].unit) == (stop.request_id, stop.to)
    assert sent[Clock.ACKNOWLEDGEMENT].at < sent[Clock.ANSWER].at
    assert stop.request_id not in about(office, stop.case_id)[Clock.VOID]
    office.answer(stop, AnswerStatus.EXECUTED, scope=Scope.AMOUNT, amount=yuan(5_000_000))
    for letter in office.requests(suspicion):
        if letter.status is RequestStatus.SENT:
            office.answer(letter, AnswerStatus.NOT_FOUND, by=letter.to)  # type: ignore[arg-type]
    (hold,) = office.holds(mule)
    held = running(office, stop.case_id)
    assert (held[Clock.HOLD].about, held[Clock.HOLD].at) == (hold.hold_id, hold.until)
    assert held[Clock.HOLD].unit == hold.member
    assert not {Clock.ANSWER, Clock.ACKNOWLEDGEMENT} & held.keys()
    office.now = hold.until
    office.take()
    assert Clock.HOLD not in running(office, stop.case_id)


def test_a_draft_that_waits_for_an_officer_is_void_at_its_time(office: Office) -> None:
    mule = account()
    office.report(mule)
    office.suspect(lead(mule, reported=True))
    draft = office.draft(mule)
    found = running(office, draft.case_id)[Clock.VOID]
    assert found.at == next(one.void_after for one in office.requests() if one.request_id == found.about)


def test_appeal_dispute_and_return_run_until_they_are_decided_or_over(office: Office) -> None:
    mule = account()
    hold, _ = frozen(office, mule, 5_000_000, minor=5_000_000)
    office.said_by("bank-one", Appeal(hold_id=hold.hold_id, grounds=AppealGrounds.MISTAKEN, statement="it is mine"))
    about = lead(mule).lead_id
    office.said_by("bank-two", Dispute(lead_id=about, grounds=DisputeGrounds.MISTAKEN, statement="it is a shop"))
    [appeal], [dispute] = office.appeals(), office.disputes()
    back = announced(office, hold)
    found = running(office, hold.case_id)
    assert (found[Clock.APPEAL].about, found[Clock.APPEAL].at) == (appeal.appeal_id, appeal.due_at)
    assert (found[Clock.DISPUTE].about, found[Clock.DISPUTE].at) == (dispute.dispute_id, dispute.due_at)
    assert (found[Clock.OBJECTIONS].at, found[Clock.NOTICE].at) == (back.objections_until, back.until)
    office.rule("dispute", dispute.dispute_id, Finding.REJECTED)
    office.rule("appeal", appeal.appeal_id, Finding.REJECTED)
    office.now = back.objections_until
    assert not {Clock.APPEAL, Clock.DISPUTE, Clock.OBJECTIONS} & running(office, hold.case_id).keys()


def test_what_is_overdue_goes_on_running_and_no_other_case_shows_it(office: Office) -> None:
    mule = account()
    hold, _ = frozen(office, mule, 5_000_000, minor=5_000_000)
    office.said_by("bank-one", Appeal(hold_id=hold.hold_id, grounds=AppealGrounds.MISTAKEN, statement="it is mine"))
    office.said_by(
        "bank-two", Dispute(lead_id=lead(mule).lead_id, grounds=DisputeGrounds.MISTAKEN, statement="it is a shop")
    )
    announced(office, hold)
    [appeal], [dispute] = office.appeals(), office.disputes()
    office.now = max(appeal.due_at, dispute.due_at)
    office.take()
    _, other = stopped(office, account())
    mine, others = about(office, hold.case_id), about(office, other.case_id)
    assert (mine[Clock.APPEAL], mine[Clock.DISPUTE]) == ({appeal.appeal_id}, {dispute.dispute_id})
    assert mine[Clock.REMINDER] and mine[Clock.NOTICE] and mine[Clock.HOLD]
    assert others[Clock.ANSWER] >= {other.request_id}
    assert all(mine[clock].isdisjoint(others[clock]) for clock in Clock)


def test_a_dispute_of_a_request_runs_in_the_requests_case(office: Office) -> None:
    _, stop = stopped(office, account())
    said = Dispute(request_id=stop.request_id, grounds=DisputeGrounds.MISTAKEN, statement="it is a shop")
    office.said_by(stop.to, said)
    [dispute] = office.disputes()
    assert about(office, stop.case_id)[Clock.DISPUTE] == {dispute.dispute_id}


def test_a_return_that_is_closed_early_runs_no_more(office: Office) -> None:
    hold, _ = frozen(office, account(), 5_000_000, minor=5_000_000)
    back = announced(office, hold)
    assert object_to(office, back) is None
    assert Clock.OBJECTIONS in running(office, hold.case_id)
    assert decide(office, True) is None
    assert not {Clock.OBJECTIONS, Clock.NOTICE} & running(office, hold.case_id).keys()


def test_a_proposed_release_runs_against_its_unit_and_what_was_missed_is_told_again(office: Office) -> None:
    mule = account()
    hold, (report,) = frozen(office, mule, 5_000_000, minor=5_000_000)
    office.annul(report)
    (proposed,) = office.holds(mule)
    assert proposed.status is HoldStatus.RELEASE_PROPOSED
    found = running(office, hold.case_id)[Clock.RELEASE]
    assert (found.about, found.unit) == (hold.hold_id, "police-one")
    office.now = found.at + timedelta(seconds=1)
    office.take()
    missed = running(office, hold.case_id)
    assert Clock.RELEASE not in missed
    assert missed[Clock.REMINDER].unit == "police-one"
    while reminder := running(office, hold.case_id).get(Clock.REMINDER):
        office.now = reminder.at
        office.take()
    assert not [one for one in office.requests() if one.action is Action.RELEASE]


def test_the_next_call_of_a_victim_runs_until_it_is_made_or_has_room(office: Office) -> None:
    office.desk_can_call(1)
    made = call(office)
    tell(office, made, Dissuasion.UNREACHABLE)
    again = running(office, made.case_id)[Clock.CALL]
    assert (again.about, again.unit) == (made.request_id, "police-one")
    assert again.at == office.now + timedelta(seconds=office.profile.desk.again_s.value)
    office.now = again.at
    office.take()
    # The desk's one call of the day is made: the next waits for room.
    [waits] = [one for one in office.requests() if one.action is Action.CALL and one.to is None]
    later = running(office, made.case_id)[Clock.CALL]
    assert (later.about, later.unit) == (waits.request_id, None)
    assert later.at > again.at
    office.now = later.at
    office.take()
    assert call_of(office).request_id == waits.request_id
    assert Clock.CALL not in running(office, made.case_id)
