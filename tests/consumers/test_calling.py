"""Calls to victims: what came of each, again where nobody was reached, a person's task where it did not help."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from prometheus_client import REGISTRY

from consumers.casebook.authority import caseacts
from schemas.alerts import ReportChannel, ReportedTransfer, VictimReport
from schemas.answers import AnswerStatus, Dissuasion
from schemas.decisions import CloseCase, MergeCase
from schemas.identifiers import Identifier, Phone, PhoneRole
from schemas.leads import Evidence, Lead, SubjectRole
from schemas.reasons import Reason
from schemas.requests import Action, Request, RequestStatus
from schemas.risk import Level
from schemas.tasks import TaskKind
from tests.consumers.facts import account, evidence, identifier, lead, yuan
from tests.consumers.office import Office
from tests.consumers.test_desk import victim
from tests.consumers.test_office import stopped
from tests.consumers.test_renaming import newly

pytestmark = pytest.mark.services
EXECUTED = AnswerStatus.EXECUTED
WEEK_S = 604_800


def met(office: Office, *banks: str) -> list[Evidence]:
    """A carrier and banks that saw the victim now."""
    return [
        evidence("carrier-one", "suspicious-number", time=office.now),
        *(evidence(bank, time=office.now) for bank in banks),
    ]


def at_risk(seen: list[Evidence], level: Level = Level.HIGH) -> Lead:
    return lead(victim("v"), level, SubjectRole.VICTIM, evidence=seen)


def call_of(office: Office) -> Request:
    (call,) = [letter for letter in office.deliver() if letter.action is Action.CALL]
    return call


def call(office: Office) -> Request:
    """The first to a victim at risk."""
    office.suspect(at_risk(met(office, "bank-one")))
    letters = office.deliver()
    for letter in letters:
        if letter.action is not Action.CALL:
            office.answer(letter, EXECUTED)
    office.pass_time(seconds=10)
    return next(letter for letter in letters if letter.action is Action.CALL)


def tell(office: Office, call: Request, outcome: Dissuasion, **said: Any) -> list[Reason]:
    bundle = office.answer(call, EXECUTED, dissuasion=outcome, **said)
    return [refusal.reason for refusal in bundle.refusals]


def wanted(office: Office) -> list[TaskKind]:
    of_calls = (TaskKind.VISIT, TaskKind.REPORT)
    return [task.kind for task in office.tasks() if task.closed_at is None and task.kind in of_calls]


@pytest.mark.parametrize(
    ("outcome", "task"),
    [
        (Dissuasion.REACHED, []),
        (Dissuasion.UNREACHABLE, []),
        (Dissuasion.DISBELIEVES, [TaskKind.VISIT]),
        (Dissuasion.ALREADY_PAID, [TaskKind.REPORT]),
    ],
)
def test_each_outcome_is_shown_and_counted_and_what_a_person_must_do_is_a_task(
    office: Office, outcome: Dissuasion, task: list[TaskKind]
) -> None:
    before = counted(outcome)
    made = call(office)
    assert tell(office, made, outcome, reason="the son answered") == []
    shown = office.request(made.request_id)
    assert (shown.status, shown.reason) == (RequestStatus.EXECUTED, f"{outcome.replace('-', ' ')}: the son answered")
    assert counted(outcome) == before + 1
    assert wanted(office) == task
    assert [(one.unit, f"afa case show {made.case_id}" in one.why) for one in office.tasks()] == [
        ("police-one", True)
    ] * len(task)
    # The bank's delay and verification stand, and nothing is stopped without a report.
    assert not office.deliver()


def test_a_call_that_was_made_says_what_came_of_it(office: Office) -> None:
    made = call(office)
    bundle = office.answer(made, EXECUTED)
    assert [refusal.reason for refusal in bundle.refusals] == [Reason.INVALID_FIELD]
    assert "already-paid" in bundle.refusals[0].detail
    assert office.request(made.request_id).status is RequestStatus.SENT
    assert tell(office, made, Dissuasion.REACHED) == []


def test_nothing_else_has_a_calls_outcome(office: Office) -> None:
    _, stop = stopped(office, account())
    assert tell(office, stop, Dissuasion.REACHED) == [Reason.INVALID_FIELD]
    assert office.request(stop.request_id).status is RequestStatus.SENT
    bundle = office.answer(call(office), AnswerStatus.FAILED, dissuasion=Dissuasion.UNREACHABLE)
    assert [refusal.reason for refusal in bundle.refusals] == [Reason.INVALID_FIELD]


@pytest.mark.parametrize("how", ["unreachable", "failed"])
def test_a_victim_who_was_not_reached_is_called_again_and_then_visited(office: Office, how: str) -> None:
    made = call(office)
    for attempt in (1, 2, 3):
        assert made.attempt == attempt
        assert wanted(office) == []
        if how == "failed":
            office.answer(made, AnswerStatus.FAILED, reason="the line is down")
        else:
            tell(office, made, Dissuasion.UNREACHABLE)
        assert not office.deliver()
        if attempt < 3:
            due = office.next_due()
            assert due is not None
            assert (due - office.now).total_seconds() == office.profile.desk.again_s.value
            office.now = due
            office.take()
            made = call_of(office)
            assert made.target == victim("v").model_copy(update={"holders": made.target.holders})
    assert wanted(office) == [TaskKind.VISIT]
    office.pass_time(days=1)
    assert not office.deliver()


def test_who_was_reached_in_the_end_is_not_called_again(office: Office) -> None:
    tell(office, call(office), Dissuasion.UNREACHABLE)
    office.pass_time(seconds=office.profile.desk.again_s.value)
    tell(office, call_of(office), Dissuasion.REACHED)
    office.pass_time(days=2)
    assert not office.deliver()
    assert wanted(office) == []


@pytest.mark.parametrize("fall", ["lead", "evidence", "allow-listed"])
def test_who_is_at_risk_no_more_is_not_called_again(office: Office, fall: str) -> None:
    seen = met(office, "bank-one")
    office.suspect(at_risk(seen))
    tell(office, call_of(office), Dissuasion.UNREACHABLE)
    if fall == "lead":
        office.suspect(at_risk(seen, Level.NONE))
    elif fall == "evidence":
        office.withdraw(*seen)
        office.deliver()
    else:
        office.allow(victim("v"))
        office.deliver()
    office.pass_time(hours=1)
    assert not [letter for letter in office.deliver() if letter.action is Action.CALL]


def test_a_task_about_a_victim_is_done_with_when_the_victim_is_at_risk_no_more(office: Office) -> None:
    seen = met(office, "bank-one")
    office.suspect(at_risk(seen))
    tell(office, call_of(office), Dissuasion.DISBELIEVES)
    office.pass_time(hours=1)
    assert wanted(office) == [TaskKind.VISIT]
    office.suspect(at_risk(seen, Level.NONE))
    assert wanted(office) == []


def test_a_further_suspect_of_the_same_scam_is_no_reason_to_call_again(office: Office) -> None:
    first = met(office, "bank-one")
    office.suspect(at_risk(first))
    tell(office, call_of(office), Dissuasion.REACHED)
    office.pass_time(seconds=WEEK_S - 1)
    office.suspect(at_risk([*first, *met(office, "bank-one")]))
    assert not office.deliver()


def test_another_scam_of_the_same_victim_is_asked_about_anew(office: Office) -> None:
    first = met(office, "bank-one")
    office.suspect(at_risk(first))
    asked = {(letter.to, letter.action) for letter in office.deliver()}
    office.pass_time(seconds=WEEK_S)
    office.suspect(at_risk(first, Level.VERY_HIGH))
    assert not office.deliver()
    office.suspect(at_risk([*first, *met(office, "bank-one")]))
    again = office.deliver()
    assert {(letter.to, letter.action) for letter in again} == asked
    assert {letter.attempt for letter in again} == {2}


def test_several_leads_of_one_victim_are_one_call_in_the_next_scam_too(office: Office) -> None:
    shared = met(office, "bank-one")
    payer = identifier(account().kind, "the victim's account", "cnaps:1")
    both = (at_risk(shared), lead(payer, Level.HIGH, SubjectRole.VICTIM, evidence=shared))
    office.suspect(*both)
    tell(office, call_of(office), Dissuasion.REACHED)
    office.pass_time(seconds=WEEK_S)
    more = [*shared, *met(office, "bank-one")]
    office.suspect(*(one.model_copy(update={"evidence": more}) for one in both))
    assert call_of(office).attempt == 2


def counted(outcome: Dissuasion) -> float:
    return REGISTRY.get_sample_value("afa_casebook_calls_answered_total", {"outcome": outcome.value}) or 0.0


def merged(office: Office, made: Request) -> None:
    """The victim's case goes on in another's."""
    seen = [evidence("carrier-one", "suspicious-number", time=office.now), evidence("bank-two", time=office.now)]
    office.suspect(lead(victim("another"), role=SubjectRole.VICTIM, evidence=seen))
    into = next(letter for letter in office.deliver() if letter.action is Action.CALL).case_id
    act = MergeCase(case_id=made.case_id, into=into, reason="it is the same", at=office.now)
    with office.engine.begin() as db:
        caseacts.file_case_act(db, act, office.keys["p100"], "police-one/p100/k1", office.now)
    office.take()


def test_who_must_be_visited_is_to_be_visited_though_the_case_was_merged(office: Office) -> None:
    made = call(office)
    tell(office, made, Dissuasion.DISBELIEVES)
    merged(office, made)
    office.pass_time(seconds=10)
    assert wanted(office) == [TaskKind.VISIT]


def test_who_was_not_reached_is_called_again_though_the_case_was_merged(office: Office) -> None:
    made = call(office)
    tell(office, made, Dissuasion.UNREACHABLE)
    merged(office, made)
    office.pass_time(seconds=office.profile.desk.again_s.value + 1)
    [again] = [letter for letter in office.deliver() if letter.action is Action.CALL]
    assert again.target == made.target


def tells(office: Office, at: datetime | None = None, event_id: UUID | None = None, **whose: Any) -> UUID:
    """A victim's report of something else than this case's suspects."""
    said = VictimReport(report_id="R9", channel=ReportChannel.HOTLINE, incident_from=office.now, **whose)
    bundle = office.bundle("police-one", said, at)
    (taken,) = bundle.events
    event = taken.event.model_copy(update={"id": event_id or taken.event.id})
    office.take(reports=[replace(bundle, events=[replace(taken, event=event)])])
    return event.id


def phone_of(who: Identifier, role: PhoneRole = PhoneRole.REGISTERED) -> dict[str, Any]:
    return {"victim_phones": [Phone(identifier=who, role=role)]}


@pytest.mark.parametrize("by", ["phone", "account", "payer"])
def test_a_report_is_wanted_until_the_victims_own_comes_whatever_becomes_of_the_lead(office: Office, by: str) -> None:
    seen, payer = met(office, "bank-one"), identifier(account().kind, "the victim's account", "cnaps:1")
    office.suspect(at_risk(seen), lead(payer, Level.HIGH, SubjectRole.VICTIM, evidence=seen))
    tell(office, call_of(office), Dissuasion.ALREADY_PAID)
    office.suspect(at_risk(seen, Level.NONE), lead(payer, Level.NONE, SubjectRole.VICTIM, evidence=seen))
    tells(office, **phone_of(victim("another")))
    tells(office, **phone_of(victim("v"), PhoneRole.CLERK))
    office.pass_time(days=1)
    assert wanted(office) == [TaskKind.REPORT]
    match by:
        case "phone":
            tells(office, **phone_of(victim("v")))
        case "account":
            tells(office, victim_accounts=[payer])
        case _:
            tells(office, transfers=[ReportedTransfer(payer=payer, payee=account(), amount=yuan(1))])
    assert wanted(office) == []


@pytest.mark.parametrize(("ago", "task"), [(0, []), (WEEK_S - 1, []), (WEEK_S, [TaskKind.REPORT])])
def test_who_has_reported_this_scam_is_not_asked_to_report_it(office: Office, ago: int, task: list[TaskKind]) -> None:
    made = call(office)
    tells(office, office.now - timedelta(seconds=ago), **phone_of(victim("v")))
    tell(office, made, Dissuasion.ALREADY_PAID)
    assert wanted(office) == task
    office.pass_time(hours=1)
    assert wanted(office) == task


def test_a_report_that_names_the_victim_by_its_newer_name_is_its_report(office: Office) -> None:
    tell(office, call(office), Dissuasion.ALREADY_PAID)
    newer = newly(victim("v"))
    office.take(renamed=[(newer.tokens[0], victim("v").tokens[0])])
    tells(office, **phone_of(newer))
    office.pass_time(seconds=10)
    assert wanted(office) == []


@pytest.mark.parametrize("how", ["annulled", "in conflict"])
def test_a_report_that_does_not_stand_is_wanted_anew_of_who_says_that_it_paid(office: Office, how: str) -> None:
    made = call(office)
    told = tells(office, **phone_of(victim("v")))
    if how == "annulled":
        office.annul(told)
    else:
        tells(office, event_id=told, **phone_of(victim("v")))
    tell(office, made, Dissuasion.ALREADY_PAID)
    office.pass_time(hours=1)
    assert wanted(office) == [TaskKind.REPORT]


def test_a_report_is_wanted_in_the_case_that_a_victims_was_merged_into(office: Office) -> None:
    made = call(office)
    tell(office, made, Dissuasion.ALREADY_PAID)
    merged(office, made)
    office.pass_time(seconds=10)
    assert wanted(office) == [TaskKind.REPORT]
    tells(office, **phone_of(victim("v")))
    assert wanted(office) == []


def test_an_officer_who_closes_the_case_waits_for_no_report(office: Office) -> None:
    made = call(office)
    tell(office, made, Dissuasion.ALREADY_PAID)
    office.pass_time(hours=1)
    assert wanted(office) == [TaskKind.REPORT]
    act = CloseCase(case_id=made.case_id, reason="the victim will not report it", at=office.now)
    with office.engine.begin() as db:
        caseacts.file_case_act(db, act, office.keys["p100"], "police-one/p100/k1", office.now)
    office.take()
    assert wanted(office) == []
