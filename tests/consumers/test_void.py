"""A draft that nobody signed in time: void, and drafted once more only on evidence that it did not rest on."""

from __future__ import annotations

from datetime import timedelta

import pytest

from schemas.answers import AnswerStatus
from schemas.identifiers import Identifier
from schemas.leads import Evidence, Lead
from schemas.requests import Action, RequestStatus
from tests.consumers.facts import account, evidence, lead, yuan
from tests.consumers.office import Office
from tests.consumers.test_hops import M, out
from tests.consumers.test_office import stop_of
from tests.consumers.test_waiting import followed

pytestmark = pytest.mark.services


def unsigned(office: Office, mule: Identifier) -> Lead:
    """A reported account whose stop has become void."""
    suspicion = lead(mule, reported=True)
    office.report(mule)
    office.suspect(suspicion)
    office.deliver()
    office.pass_time(hours=24)
    assert statuses(office, suspicion) == {1: RequestStatus.CANCELLED}
    return suspicion


def statuses(office: Office, suspicion: Lead) -> dict[int, RequestStatus]:
    return {one.attempt: one.status for one in office.requests(suspicion) if one.action is Action.STOP}


def grown(suspicion: Lead, *items: Evidence) -> Lead:
    return suspicion.model_copy(update={"evidence": [*suspicion.evidence, *items]})


def test_new_evidence_has_a_void_stop_drafted_once_more(office: Office) -> None:
    suspicion = unsigned(office, account())
    more = grown(suspicion, evidence("bank-one"))
    office.suspect(more)
    assert statuses(office, suspicion) == {1: RequestStatus.CANCELLED, 2: RequestStatus.AWAITING_AUTHORISATION}
    assert not office.deliver()
    office.suspect(grown(more, evidence("platform-one", "suspicious-handle")))
    assert len(statuses(office, suspicion)) == 2


def test_nothing_new_drafts_no_void_stop_again(office: Office) -> None:
    suspicion = unsigned(office, account())
    office.suspect(suspicion.model_copy(update={"score": 0.99}))
    office.registry_changed()
    taken_back = evidence("bank-one")
    office.withdraw(taken_back)
    office.suspect(grown(suspicion, taken_back))
    assert statuses(office, suspicion) == {1: RequestStatus.CANCELLED}


def test_evidence_that_came_before_the_draft_was_void_is_not_new(office: Office) -> None:
    suspicion = lead(account(), reported=True)
    office.report(Identifier(kind=suspicion.subject.kind, tokens=[suspicion.subject.token]))
    office.suspect(suspicion)
    more = grown(suspicion, evidence("bank-one"))
    office.suspect(more)
    office.pass_time(hours=24)
    office.suspect(more.model_copy(update={"score": 0.99}))
    assert statuses(office, suspicion) == {1: RequestStatus.CANCELLED}


def test_a_mandate_covers_the_second_draft_too(office: Office) -> None:
    suspicion = unsigned(office, account())
    office.suspect(grown(suspicion, evidence("bank-one")))
    office.mandate()
    office.take()
    assert stop_of(office.deliver()).attempt == 2


def test_what_was_void_uses_up_none_of_the_stops_that_the_law_has(office: Office) -> None:
    suspicion = grown(unsigned(office, account()), evidence("bank-one"))
    office.suspect(suspicion)
    office.pass_time(hours=24)
    office.suspect(grown(suspicion, evidence("bank-two")))
    waits, void = RequestStatus.AWAITING_AUTHORISATION, RequestStatus.CANCELLED
    assert statuses(office, suspicion) == {1: void, 2: void, 3: waits}


def test_a_third_stop(office: Office) -> None:
    mule = account()
    suspicion = grown(unsigned(office, mule), evidence("bank-one"))
    office.mandate(valid_to=office.now + timedelta(days=30))
    for attempt in (2, 3):
        office.suspect(suspicion)
        stop = stop_of(office.deliver())
        assert stop.attempt == attempt
        office.answer(stop, AnswerStatus.EXECUTED, amount=yuan(5_000_000))
        office.pass_time(hours=48)
    office.report(mule)
    office.suspect(grown(suspicion, evidence("bank-two"), evidence("platform-one", "suspicious-handle")))
    assert not [letter for letter in office.deliver() if letter.action is Action.STOP]
    executed = RequestStatus.EXECUTED
    assert statuses(office, suspicion) == {1: RequestStatus.CANCELLED, 2: executed, 3: executed}


def test_new_evidence_has_a_void_onward_stop_drafted_once_more(office: Office) -> None:
    mule, payee = account(), account(None, "cnaps:2")
    *_, waits = followed(office, mule, payee)
    office.deliver()
    office.pass_time(hours=24)
    office.registry_changed()
    assert not [one for one in office.requests() if one.status is RequestStatus.AWAITING_AUTHORISATION]
    office.suspect(lead(mule, reported=True, evidence=[evidence("bank-two"), evidence("bank-one")]))
    again = office.draft(payee)
    assert (again.hop, again.attempt, again.amount, again.match) == (1, 2, waits.amount, waits.match)


def test_what_a_member_was_never_asked_in_time_is_asked_on_new_evidence(office: Office) -> None:
    suspicion = lead(account())
    office.suspect(suspicion)
    office.pass_time(hours=24)
    office.suspect(grown(suspicion, evidence("carrier-one", "suspicious-number")))
    assert {(one.action, one.attempt) for one in office.deliver()} == {(Action.DELAY, 2), (Action.VERIFY, 2)}


def test_a_void_onward_stop_is_drafted_once_more_when_its_payers_bank_tells_of_the_money_anew(office: Office) -> None:
    mule, payee = account(), account(None, "cnaps:2")
    office.mandate(max_hop=0)
    office.report(mule)
    office.suspect(lead(mule, reported=True))
    gone = [out(office, payee, 3 * M)]
    for attempt in (1, 2):
        office.answer(stop_of(office.deliver()), AnswerStatus.PARTIAL, amount=yuan(2 * M), outflows=gone)
        assert office.draft(payee).attempt == attempt
        office.pass_time(hours=24)
        office.pass_time(hours=24)
    assert {one.attempt for one in office.requests() if one.hop} == {1, 2}
