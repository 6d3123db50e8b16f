"""Before a stop its account's name goes to the holder, sealed as it came; what the holder can't compare waits for an
officer, and is sent under no mandate again."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import orjson
import pytest

from schemas.alerts import VictimReport
from schemas.answers import AnswerStatus, Comparison
from schemas.identifiers import Identifier, IdentifierKind
from schemas.names import NameToMatch
from schemas.requests import Action, AuthorityClass, Request, RequestStatus, RequestView
from tests.consumers.facts import account, identifier, lead
from tests.consumers.office import Office
from tests.consumers.test_hops import out

pytestmark = pytest.mark.services
UNCLEAR = {"comparison": Comparison.NOT_COMPARABLE, "reason": "no name came that could be compared with ours"}


def report(office: Office, payee: Identifier, name: str | None = "c2VhbGVk", hours: int = 0) -> UUID:
    amount, at = {"minor": 5_000_000, "currency": office.profile.currency}, office.now + timedelta(hours=hours)
    told = {"payee": payee.model_dump(mode="json"), "payee_name": name, "amount": amount}
    said = {"report_id": "R1", "channel": "hotline", "incident_from": at.isoformat(), "transfers": [told]}
    bundle = office.bundle("police-one", VictimReport.model_validate_json(orjson.dumps(said)), at)
    office.take(reports=[bundle])
    return bundle.events[0].event.id


def sent(office: Office) -> list[Request | NameToMatch]:
    """Stops and names, in their order."""
    office.deliver()
    post, office.post = office.post, []
    return [one for one in post if isinstance(one, NameToMatch) or one.action is Action.STOP]


def stopped(office: Office, name: str | None = "c2VhbGVk") -> tuple[Identifier, UUID, list[Request | NameToMatch]]:
    """Under a mandate."""
    mule = account()
    office.mandate()
    reported = report(office, mule, name)
    office.suspect(lead(mule, reported=True))
    return mule, reported, sent(office)


def stops(office: Office, target: Identifier) -> list[RequestView]:
    shown = [one for one in office.requests() if one.target.tokens == target.tokens and one.action is Action.STOP]
    return sorted(shown, key=lambda one: one.attempt)


def left_open(office: Office, mule: Identifier, post: list[Request | NameToMatch]) -> Request:
    """The holder could not compare; the stop that waits for an officer since."""
    stop = post[-1]
    assert isinstance(stop, Request)
    office.answer(stop, AnswerStatus.REFUSED, **UNCLEAR)
    waits = office.draft(mule)
    assert (waits.attempt, waits.authority.authority) == (2, AuthorityClass.POLICE_ORDER)
    assert waits.amount == stop.amount
    return waits


def test_the_name_goes_before_the_stop_as_the_report_told_it(office: Office) -> None:
    _, reported, post = stopped(office)
    name, stop = post
    assert isinstance(name, NameToMatch)
    assert isinstance(stop, Request)
    assert (name.request_id, name.bound_to, name.sealed) == (stop.request_id, reported, "c2VhbGVk")
    assert stop.authority.covered_by == reported


def test_it_is_the_name_of_the_report_on_which_the_stop_rests(office: Office) -> None:
    mule = account()
    office.mandate()
    report(office, mule, "b3RoZXI", hours=-2)
    reported = report(office, mule, "c2VhbGVk", hours=-1)
    office.suspect(lead(mule, reported=True))
    name, _ = sent(office)
    assert isinstance(name, NameToMatch)
    assert (name.bound_to, name.sealed) == (reported, "c2VhbGVk")


def test_another_report_s_name_serves_where_that_has_none(office: Office) -> None:
    mule = account()
    office.mandate()
    older = report(office, mule, "b3RoZXI", hours=-2)
    report(office, mule, None, hours=-1)
    office.suspect(lead(mule, reported=True))
    name, _ = sent(office)
    assert isinstance(name, NameToMatch)
    assert name.bound_to == older


def test_the_name_goes_before_what_an_officer_signs_too(office: Office) -> None:
    mule = account()
    report(office, mule)
    office.suspect(lead(mule, reported=True))
    [waits] = stops(office, mule)
    assert not sent(office)
    office.order(waits.request_id)
    assert [type(one) for one in sent(office)] == [NameToMatch, Request]


def test_where_no_name_is_compared_none_is_sent(thai: Office) -> None:
    mule = account()
    report(thai, mule)
    thai.suspect(lead(mule, reported=True))
    thai.order(thai.draft(mule).request_id)
    assert [type(one) for one in sent(thai)] == [Request]


def test_a_name_that_is_reported_later_does_not_go_before_a_stop_that_rests_on_another_report(office: Office) -> None:
    mule = account()
    reported = report(office, mule, "c2VhbGVk")
    office.suspect(lead(mule, reported=True))
    waits = office.draft(mule)
    report(office, mule, "b3RoZXI", hours=1)
    assert office.draft(mule).authority.covered_by == waits.authority.covered_by == reported
    office.order(waits.request_id)
    name, _ = sent(office)
    assert isinstance(name, NameToMatch)
    assert name.bound_to == reported


def test_a_payee_is_named_by_the_bank_before(office: Office) -> None:
    _, _, post = stopped(office)
    first, second = post[-1], account(None, "cnaps:2")
    assert isinstance(first, Request)
    left = out(office, second, 5_000_000, payee_name="aG9wMQ")
    office.answer(first, AnswerStatus.ALREADY_GONE, outflows=[left], comparison=Comparison.MATCH)
    name, stop = sent(office)
    assert isinstance(name, NameToMatch)
    assert isinstance(stop, Request)
    assert (stop.hop, stop.to) == (1, "bank-two")
    assert (name.request_id, name.bound_to, name.sealed) == (stop.request_id, first.request_id, "aG9wMQ")


def test_what_the_holder_can_not_compare_waits_for_an_officer(office: Office) -> None:
    mule, reported, post = stopped(office, None)
    assert [type(one) for one in post] == [Request]
    waits = left_open(office, mule, post)
    assert "its holder could not compare all that must match: an officer decides" in waits.reasons
    assert waits.authority.covered_by == reported
    office.order(waits.request_id)
    [ordered] = sent(office)
    assert isinstance(ordered, Request)
    office.answer(ordered, AnswerStatus.EXECUTED, amount=ordered.amount, comparison=Comparison.NOT_COMPARABLE)
    assert [hold.amount for hold in office.holds(mule)] == [ordered.amount]


def test_no_mandate_covers_it_later_whatever_changes(office: Office) -> None:
    mule, _, post = stopped(office, None)
    waits = left_open(office, mule, post)
    office.mandate()
    office.registry_changed()
    office.suspect(lead(mule, reported=True, score=0.99))
    report(office, mule, hours=1)
    left = [one for one in sent(office) if isinstance(one, Request)]
    assert not [one for one in left if one.authority.authority is AuthorityClass.MANDATE]
    assert office.request(waits.request_id).status is RequestStatus.AWAITING_AUTHORISATION


def test_a_mismatch_is_final(office: Office) -> None:
    mule, _, post = stopped(office)
    stop = post[-1]
    assert isinstance(stop, Request)
    office.answer(stop, AnswerStatus.REFUSED, comparison=Comparison.MISMATCH, reason="in another name")
    office.suspect(lead(mule, reported=True, score=0.99))
    office.registry_changed()
    assert [one.attempt for one in stops(office, mule)] == [1]


def test_what_an_officer_ordered_and_the_holder_refused_is_not_drafted_for_another(office: Office) -> None:
    mule, _, post = stopped(office, None)
    office.order(left_open(office, mule, post).request_id)
    [ordered] = sent(office)
    assert isinstance(ordered, Request)
    office.answer(ordered, AnswerStatus.REFUSED, **UNCLEAR)
    office.suspect(lead(mule, reported=True, score=0.99))
    assert [one.attempt for one in stops(office, mule)] == [1, 2]


def test_where_the_money_can_not_be_traced_an_officer_decides_as_well(office: Office) -> None:
    _, _, post = stopped(office)
    first, payee = post[-1], account(None, "cnaps:2")
    assert isinstance(first, Request)
    serial = identifier(IdentifierKind.TRANSFER_SERIAL, "s-1")
    told_twice = [out(office, payee, minor, serial=serial) for minor in (2_000_000, 4_000_000)]
    office.answer(first, AnswerStatus.ALREADY_GONE, outflows=told_twice)
    onward = sent(office)
    assert isinstance(onward[-1], Request)
    assert any("not traced" in reason for reason in onward[-1].reasons)
    left_open(office, payee, onward)


def test_with_a_stop_that_is_taken_back_its_name_is(office: Office) -> None:
    mule = account()
    office.mandate()
    report(office, mule)
    suspicion = lead(mule, reported=True)
    office.suspect(suspicion)
    office.withdraw(*suspicion.evidence)
    assert not sent(office)


def hop(office: Office, payer: Request, payee: Identifier, name: str | None) -> list[Request | NameToMatch]:
    """All that came to the payer went on to the payee, whose name its bank tells."""
    left = out(office, payee, 5_000_000, payee_name=name)
    office.answer(payer, AnswerStatus.ALREADY_GONE, outflows=[left], comparison=Comparison.MATCH)
    return sent(office)


def test_what_the_bank_before_says_goes_before_what_another_cases_report_does(office: Office) -> None:
    """Who reports a payment of his own to an account with a wrong name keeps no other's stop from it."""
    _, _, post = stopped(office)
    second = account(None, "cnaps:2")
    report(office, second, "YSBsaWU")
    first = post[-1]
    assert isinstance(first, Request)
    name, _ = hop(office, first, second, "aG9wMQ")
    assert isinstance(name, NameToMatch)
    assert (name.bound_to, name.sealed) == (first.request_id, "aG9wMQ")


def test_another_cases_report_serves_where_the_bank_before_says_nothing(office: Office) -> None:
    _, _, post = stopped(office)
    second = account(None, "cnaps:2")
    reported = report(office, second, "c2Vjb25k")
    first = post[-1]
    assert isinstance(first, Request)
    name, _ = hop(office, first, second, None)
    assert isinstance(name, NameToMatch)
    assert name.bound_to == reported


def test_a_stop_that_is_repeated_waits_for_an_officer_as_well_where_it_can_not_be_compared(office: Office) -> None:
    mule = account()
    report(office, mule, None)
    office.suspect(lead(mule, reported=True))
    office.order(office.draft(mule).request_id)
    [ordered] = sent(office)
    assert isinstance(ordered, Request)
    office.answer(ordered, AnswerStatus.EXECUTED, amount=ordered.amount, comparison=Comparison.NOT_COMPARABLE)
    office.mandate()
    office.pass_time(hours=48)
    [repeated] = sent(office)
    assert isinstance(repeated, Request)
    assert (repeated.attempt, repeated.authority.authority) == (2, AuthorityClass.MANDATE)
    office.answer(repeated, AnswerStatus.REFUSED, **UNCLEAR)
    waits = office.draft(mule)
    assert (waits.attempt, waits.authority.authority) == (3, AuthorityClass.POLICE_ORDER)
