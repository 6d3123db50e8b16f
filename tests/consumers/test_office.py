"""The casebook's rules on a real database: clocks, victims, releases, routes; what the database refuses."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from alliance.errors import Refused, Stop
from consumers.auditor.chain import Head
from consumers.casebook import audit
from consumers.casebook.audit import Trail
from schemas.answers import AnswerStatus
from schemas.identifiers import Identifier, IdentifierKind
from schemas.leads import Lead, Relation, SubjectRole
from schemas.requests import Action, AuthorityClass, HoldStatus, Request, RequestStatus, Scope
from schemas.risk import Level
from tests.consumers.facts import account, evidence, identifier, lead, member, yuan
from tests.consumers.office import Office

pytestmark = pytest.mark.services
TWO_DAYS = {"hours": 48}


def stop_of(letters: list[Request]) -> Request:
    return next(letter for letter in letters if letter.action is Action.STOP)


def stopped(office: Office, mule: Identifier, **over: Any) -> tuple[Lead, Request]:
    """A reported account under a mandate, with the stop that went out."""
    office.mandate(**over)
    suspicion = lead(mule, reported=True)
    office.report(mule)
    office.suspect(suspicion)
    return suspicion, stop_of(office.deliver())


def test_a_hold_ends_by_the_clock_and_is_repeated_once(office: Office) -> None:
    mule = account()
    _, first = stopped(office, mule)
    office.answer(first, AnswerStatus.EXECUTED, scope=Scope.AMOUNT, amount=yuan(5_000_000))
    office.pass_time(**TWO_DAYS)
    second = stop_of(office.deliver())
    assert (second.attempt, second.case_id) == (2, first.case_id)
    office.answer(second, AnswerStatus.EXECUTED, scope=Scope.AMOUNT, amount=yuan(5_000_000))
    office.pass_time(**TWO_DAYS)
    assert [hold.status for hold in office.holds(mule)] == [HoldStatus.EXPIRED, HoldStatus.EXPIRED]
    assert not [letter for letter in office.deliver() if letter.action is Action.STOP]
    assert office.is_audited()


def test_nothing_is_repeated_once_the_report_was_annulled(office: Office) -> None:
    mule = account()
    office.mandate()
    reported = office.report(mule)
    office.suspect(lead(mule, reported=True))
    first = stop_of(office.deliver())
    office.answer(first, AnswerStatus.EXECUTED, amount=yuan(5_000_000))
    office.annul(reported, by="bank-one")
    office.annul(reported)
    office.pass_time(**TWO_DAYS)
    assert [hold.status for hold in office.holds(mule)] == [HoldStatus.EXPIRED]
    assert not [letter for letter in office.deliver() if letter.action is Action.STOP]


def test_what_expired_while_the_casebook_was_down_ends_before_anything_else(office: Office) -> None:
    mule = account()
    _, first = stopped(office, mule)
    office.answer(first, AnswerStatus.EXECUTED, amount=yuan(5_000_000))
    office.now += timedelta(days=30)
    office.take(leads=[lead(mule, Level.NONE).model_dump_json().encode()])
    assert office.holds(mule)[0].until == first.issued_at + timedelta(hours=48)
    assert office.holds(mule)[0].status is HoldStatus.EXPIRED


def test_a_draft_that_nobody_signed_becomes_void(office: Office) -> None:
    mule = account()
    office.report(mule)
    suspicion = lead(mule, reported=True)
    office.suspect(suspicion)
    office.deliver()
    office.pass_time(hours=24)
    (stop,) = [one for one in office.requests(suspicion) if one.action is Action.STOP]
    assert stop.status is RequestStatus.CANCELLED
    with pytest.raises(Refused, match="cancelled"):
        office.order(stop.request_id)


def test_a_release_under_a_mandate_uses_up_none_of_its_day(office: Office) -> None:
    """Nor does it give anything back: what was stopped was stopped."""
    caps = {"currency": "CNY", "per_hold": 5_000_000, "per_account": 5_000_000, "per_day": 10_000_000}
    suspicion, first = stopped(office, account(), caps=caps)
    office.answer(first, AnswerStatus.EXECUTED, scope=Scope.AMOUNT, amount=yuan(5_000_000))
    office.withdraw(*suspicion.evidence)
    freed = office.release_of(first)
    assert freed.authority.authority is AuthorityClass.MANDATE
    office.answer(freed, AnswerStatus.EXECUTED)
    for classes in (AuthorityClass.MANDATE, AuthorityClass.POLICE_ORDER):
        mule = account()
        office.report(mule)
        office.suspect(lead(mule, reported=True))
        (asked,) = [one for one in office.requests() if one.target == mule and one.action is Action.STOP]
        assert asked.authority is classes


def test_a_mandate_covers_no_more_than_its_caps(office: Office) -> None:
    office.mandate(caps={"currency": "CNY", "per_hold": 6_000_000, "per_account": 6_000_000, "per_day": 9_000_000})
    mules = [account() for _ in range(3)]
    for mule in mules:
        office.report(mule)
    office.suspect(*(lead(mule, reported=True) for mule in mules))
    stops = [one for one in office.requests() if one.action is Action.STOP]
    assert [one.authority for one in stops].count(AuthorityClass.MANDATE) == 1
    assert {one.status for one in stops if one.authority is AuthorityClass.POLICE_ORDER} == {
        RequestStatus.AWAITING_AUTHORISATION
    }


def test_a_mandate_that_comes_later_covers_what_waited(office: Office) -> None:
    mule = account()
    office.report(mule)
    office.suspect(lead(mule, reported=True))
    assert not [letter for letter in office.deliver() if letter.action is Action.STOP]
    office.mandate()
    office.take()
    assert stop_of(office.deliver()).authority.authority is AuthorityClass.MANDATE


def test_a_report_that_comes_later_leads_to_the_stop(office: Office) -> None:
    mule = account()
    office.mandate()
    office.suspect(lead(mule))
    assert {letter.action for letter in office.deliver()} == {Action.DELAY, Action.VERIFY}
    office.report(mule)
    assert stop_of(office.deliver()).target.tokens == mule.tokens


def test_a_lead_without_a_report_never_stops_anything(office: Office) -> None:
    mule = account()
    office.mandate()
    office.suspect(lead(mule, Level.VERY_HIGH))
    assert {letter.action for letter in office.deliver()} == {Action.DELAY, Action.VERIFY}


def test_one_victim_is_called_once_however_many_leads(office: Office) -> None:
    call = evidence("carrier-one", "suspicious-number", relation=Relation.CALL_TRANSFER)
    paid = [evidence("bank-one", relation=Relation.CALL_TRANSFER) for _ in range(2)]
    subjects = [
        identifier(IdentifierKind.ACCOUNT, "victim's account", "cnaps:1"),
        identifier(IdentifierKind.NUMBER, "victim's number", "carrier:one"),
        identifier(IdentifierKind.PERSON, "the victim"),
    ]
    office.suspect(*(lead(s, role=SubjectRole.VICTIM, evidence=[call, paid[0]]) for s in subjects[:2]))
    office.suspect(lead(subjects[2], role=SubjectRole.VICTIM, evidence=[call, paid[1]]))
    letters = office.deliver()
    assert sorted((letter.to, letter.action.value) for letter in letters) == [
        ("bank-one", "delay"),
        ("bank-one", "verify"),
        ("carrier-one", "interrupt-line"),
        ("police-one", "call"),
    ]
    assert next(one for one in letters if one.action is Action.CALL).target.kind is IdentifierKind.NUMBER


def test_a_holder_nobody_knows_is_shown_with_the_reason_and_asked_once_it_joins(office: Office) -> None:
    mule, unknown = account(None, "cnaps:9"), account(None, "cnaps:9").model_copy(update={"holders": []})
    office.suspect(lead(mule), lead(unknown))
    reasons = {one.unroutable for one in office.requests(lead(mule)) if one.to is None}
    assert reasons == {"holder cnaps:9 is not a member"}
    assert "no holder known" in {one.unroutable for one in office.requests(lead(unknown))}
    office.deliver()
    office.registry.apply("bank-nine", member("bank-nine", routes=["cnaps:9"]))
    office.registry_changed()
    assert {(one.to, one.action) for one in office.deliver()} == {
        ("bank-nine", Action.DELAY), ("bank-nine", Action.VERIFY),
    }  # fmt: skip


def test_a_mandates_hold_is_released_when_everything_under_it_is_withdrawn(office: Office) -> None:
    mule = account()
    suspicion, stop = stopped(office, mule)
    office.answer(stop, AnswerStatus.EXECUTED, amount=yuan(5_000_000))
    office.withdraw(suspicion.evidence[0])
    assert not office.deliver()
    office.withdraw(suspicion.evidence[1])
    (release,) = [letter for letter in office.deliver() if letter.hold_id == stop.hold_id]
    assert release.action is Action.RELEASE
    office.answer(release, AnswerStatus.EXECUTED)
    office.answer(stop, AnswerStatus.EXECUTED, amount=yuan(5_000_000))
    office.suspect(suspicion.model_copy(update={"score": 0.99}))
    assert [hold.status for hold in office.holds(mule)] == [HoldStatus.RELEASED]
    assert not [letter for letter in office.deliver() if letter.action is Action.STOP]


def test_new_evidence_after_a_release_may_stop_once_more(office: Office) -> None:
    mule = account()
    suspicion, stop = stopped(office, mule)
    office.answer(stop, AnswerStatus.EXECUTED, amount=yuan(5_000_000))
    office.withdraw(*suspicion.evidence)
    office.deliver()
    office.suspect(suspicion.model_copy(update={"evidence": [evidence("bank-two"), evidence("bank-one")]}))
    assert stop_of(office.deliver()).attempt == 2


def test_a_release_that_crosses_the_answer_to_the_stop_leaves_no_hold(office: Office) -> None:
    mule = account()
    suspicion, stop = stopped(office, mule)
    office.withdraw(*suspicion.evidence)
    release = office.release_of(stop)
    office.answer(release, AnswerStatus.EXECUTED)
    office.answer(stop, AnswerStatus.EXECUTED, amount=yuan(5_000_000))
    assert [hold.status for hold in office.holds(mule)] == [HoldStatus.RELEASED]


def test_an_officers_hold_is_only_proposed_for_release(office: Office) -> None:
    mule = account()
    suspicion = lead(mule, reported=True)
    office.report(mule)
    office.suspect(suspicion)
    (waiting,) = [one for one in office.requests(suspicion) if one.action is Action.STOP]
    office.order(waiting.request_id)
    stop = stop_of(office.deliver())
    office.answer(stop, AnswerStatus.EXECUTED, amount=yuan(5_000_000))
    office.withdraw(*suspicion.evidence)
    assert [hold.status for hold in office.holds(mule)] == [HoldStatus.RELEASE_PROPOSED]
    assert all(letter.hold_id != stop.hold_id for letter in office.deliver())


def test_what_was_withdrawn_first_opens_nothing(office: Office) -> None:
    suspicion = lead(account())
    office.withdraw(*suspicion.evidence)
    office.suspect(suspicion)
    assert not office.deliver()


def test_drafts_that_dispatch_has_not_taken_end_at_once(office: Office) -> None:
    suspicion = lead(account())
    office.suspect(suspicion)
    office.withdraw(*suspicion.evidence)
    assert {one.status for one in office.requests(suspicion)} == {RequestStatus.CANCELLED}
    assert not office.deliver()


def test_a_repeated_and_a_late_answer_change_nothing(office: Office) -> None:
    mule = account()
    _, stop = stopped(office, mule)
    office.answer(stop, AnswerStatus.ACKNOWLEDGED)
    done = office.answer(stop, AnswerStatus.EXECUTED, amount=yuan(5_000_000))
    office.take(answers=[done])
    office.answer(stop, AnswerStatus.REFUSED, reason="a second thought")
    (held,) = office.holds(mule)
    assert (held.status, held.amount) == (HoldStatus.ACTIVE, yuan(5_000_000))
    (view,) = [one for one in office.requests() if one.request_id == stop.request_id]
    assert view.status is RequestStatus.EXECUTED


def test_the_database_refuses_a_stop_without_proof(office: Office) -> None:
    mule = account()
    _, stop = stopped(office, mule)
    for change in ("proof = null", "authority = 'member-request'", "attempt = 3", "member = null"):
        with pytest.raises(IntegrityError), office.engine.begin() as db:
            db.execute(text(f"update request set {change} where request_id = :id"), {"id": stop.request_id})


def test_a_casebook_that_missed_anothers_writes_can_write_no_more(office: Office) -> None:
    office.suspect(lead(account()))
    trail = Trail()
    trail.note("late", "a stalled casebook")
    with pytest.raises(Stop, match="Another casebook"), office.engine.begin() as db:
        audit.append(db, trail, Head(), office.now)
