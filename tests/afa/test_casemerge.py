"""`afa case merge`: two cases go on as one, and nothing is asked oftener, or let go sooner, than in one case."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from schemas.answers import AnswerStatus, Outflow, OutflowType
from schemas.identifiers import Identifier
from schemas.leads import Lead, SubjectRole
from schemas.requests import Action, AuthorityClass, HoldStatus, Request, RequestStatus
from tests.afa.desk import Desk, Said
from tests.consumers.facts import account, evidence, lead, member, yuan
from tests.consumers.test_office import TWO_DAYS, stop_of, stopped

pytestmark = pytest.mark.services
WHY = ("--reason", "one man's accounts")


def merge(desk: Desk, case_id: UUID, into: UUID) -> Said:
    return desk.afa("case", "merge", case_id, "--into", into, *WHY, signer="p100")


def case_of(desk: Desk, suspicion: Lead) -> UUID:
    return next(one.case_id for one in desk.office.requests(suspicion))


def held(desk: Desk) -> tuple[Lead, Request]:
    suspicion, stop = stopped(desk.office, account())
    desk.office.answer(stop, AnswerStatus.EXECUTED, amount=yuan(5_000_000))
    return suspicion, stop


def test_the_case_that_goes_on_shows_what_was_asked_and_is_held_in_both(desk: Desk) -> None:
    (_, first), (_, second) = held(desk), held(desk)
    code, (case,), told = merge(desk, first.case_id, second.case_id)
    assert (code, case["status"], "The case is merged" in told) == (0, "merged", True)
    shown, *_ = desk.afa("case", "show", second.case_id)[1]
    assert {hold["request_id"] for hold in shown["holds"]} == {str(first.request_id), str(second.request_id)}
    assert {str(first.request_id), str(second.request_id)} <= {one["request_id"] for one in shown["requests"]}
    assert len(shown["leads"]) == 2


@pytest.mark.parametrize("goes_on", ["its own case", "that of the money"])
def test_an_account_that_one_case_has_stopped_is_not_stopped_again_by_the_other(desk: Desk, goes_on: str) -> None:
    office, second = desk.office, account(None, "cnaps:2")
    _, stop = stopped(office, account())
    left = Outflow(type=OutflowType.TRANSFER, amount=yuan(5_000_000), time=office.now, payee=second)
    office.answer(stop, AnswerStatus.ALREADY_GONE, outflows=[left])
    onward = stop_of(office.deliver())
    assert (onward.target.tokens, onward.hop) == (second.tokens, 1)
    office.answer(onward, AnswerStatus.EXECUTED, amount=yuan(5_000_000))
    own = lead(second)
    office.suspect(own)
    both = [case_of(desk, own), stop.case_id]
    assert merge(desk, *(reversed(both) if goes_on == "its own case" else both))[0] == 0
    office.deliver()
    office.report(second, 5_000_000)
    office.suspect(lead(second, evidence=[*own.evidence, evidence("bank-two")], reported=True))
    assert not [one for one in office.deliver() if one.action is Action.STOP]
    office.pass_time(**TWO_DAYS)
    assert [one.case_id for one in office.deliver() if one.action is Action.STOP] == [stop.case_id]
    office.pass_time(**TWO_DAYS)
    office.report(second, 5_000_000)
    assert not [one for one in office.deliver() if one.action is Action.STOP]


def test_what_either_rested_on_keeps_both_and_only_all_of_it_lets_go(desk: Desk) -> None:
    (a, first), (b, second) = held(desk), held(desk)
    assert merge(desk, first.case_id, second.case_id)[0] == 0
    desk.office.withdraw(*a.evidence)
    assert not [one for one in desk.office.deliver() if one.action is Action.RELEASE]
    desk.office.withdraw(*b.evidence)
    released = {one.hold_id for one in desk.office.deliver() if one.action is Action.RELEASE}
    assert {first.hold_id, second.hold_id} <= released


def test_one_account_that_both_hold_is_let_go_in_both(desk: Desk) -> None:
    office, second = desk.office, account(None, "cnaps:2")
    suspicion, stop = stopped(office, account())
    left = Outflow(type=OutflowType.TRANSFER, amount=yuan(5_000_000), time=office.now, payee=second)
    office.answer(stop, AnswerStatus.ALREADY_GONE, outflows=[left])
    onward = stop_of(office.deliver())
    office.answer(onward, AnswerStatus.EXECUTED, amount=yuan(5_000_000))
    reported, own = office.report(second), lead(second, reported=True)
    office.suspect(own)
    stop = stop_of(office.deliver())
    office.answer(stop, AnswerStatus.EXECUTED, amount=yuan(5_000_000))
    assert merge(desk, onward.case_id, stop.case_id)[0] == 0
    office.annul(reported)
    office.withdraw(*suspicion.evidence, *own.evidence)
    released = {one.hold_id for one in office.deliver() if one.action is Action.RELEASE}
    assert {onward.hold_id, stop.hold_id} <= released


def test_what_waits_for_a_holder_in_one_case_is_not_drafted_by_the_other(desk: Desk) -> None:
    mule, suspicion, _ = unrouted(desk)
    joined(desk)
    desk.office.suspect(suspicion.model_copy(update={"score": 0.99}))
    assert stops_of(desk, mule) == [("bank-nine", RequestStatus.AWAITING_AUTHORISATION)]


def test_what_waits_for_a_holder_goes_out_under_a_mandate_once_the_holder_joins(desk: Desk) -> None:
    mule, _, _ = unrouted(desk)
    desk.office.mandate()
    joined(desk)
    (stop,) = [one for one in desk.office.deliver() if one.action is Action.STOP]
    assert (stop.target.tokens, stop.to, stop.authority.authority) == (mule.tokens, "bank-nine", AuthorityClass.MANDATE)
    assert stop.authority.covered_by
    desk.office.registry_changed()
    assert not desk.office.deliver()
    assert stops_of(desk, mule) == [("bank-nine", RequestStatus.SENT)]


def test_what_waits_in_what_was_merged_goes_with_the_case_that_is_handed_over(desk: Desk) -> None:
    mule, suspicion, into = unrouted(desk)
    desk.office.mandate()
    assert desk.afa("case", "transfer", into, "--to", "police of Datong", *WHY, signer="p100")[0] == 0
    [stop] = [one for one in desk.office.requests() if one.target.tokens == mule.tokens and one.action is Action.STOP]
    assert (stop.status, stop.reason) == (RequestStatus.CANCELLED, "the case was transferred")
    joined(desk)
    desk.office.suspect(suspicion.model_copy(update={"score": 0.99}))
    assert not [one for one in desk.office.deliver() if one.action is Action.STOP]
    assert stops_of(desk, mule) == [(None, RequestStatus.CANCELLED)]


def unrouted(desk: Desk) -> tuple[Identifier, Lead, UUID]:
    """A reported account at a bank that nobody knows, under no mandate; its case goes on in another."""
    office, mule = desk.office, account(None, "cnaps:9")
    office.report(mule)
    suspicion = lead(mule, reported=True)
    office.suspect(suspicion)
    other = lead(account())
    office.suspect(other)
    into = case_of(desk, other)
    assert merge(desk, case_of(desk, suspicion), into)[0] == 0
    return mule, suspicion, into


def joined(desk: Desk) -> None:
    desk.office.registry.apply("bank-nine", member("bank-nine", routes=["cnaps:9"]))
    desk.office.registry_changed()


def stops_of(desk: Desk, mule: Identifier) -> list[tuple[str | None, RequestStatus]]:
    asked = [one for one in desk.office.requests() if one.target.tokens == mule.tokens]
    return [(one.to, one.status) for one in asked if one.action is Action.STOP]


def test_evidence_that_one_case_knew_permits_nothing_new_in_the_other(desk: Desk) -> None:
    office = desk.office
    a, first = held(desk)
    _, second = held(desk)
    [hold] = office.holds(first.target)
    office.win_appeal(hold)
    office.answer(office.release_of(first), AnswerStatus.EXECUTED)
    assert merge(desk, first.case_id, second.case_id)[0] == 0
    office.suspect(a.model_copy(update={"score": 0.99}))
    office.report(first.target)
    assert office.holds(first.target)[0].status is HoldStatus.RELEASED
    assert not [one for one in office.deliver() if one.action is Action.STOP]


def test_what_can_not_be_one_is_not_merged(desk: Desk) -> None:
    (_, first), (_, second) = held(desk), held(desk)
    assert "into itself" in merge(desk, first.case_id, first.case_id)[2]
    assert "There is no case" in merge(desk, first.case_id, uuid4())[2]
    victim = lead(account(), role=SubjectRole.VICTIM, evidence=[evidence("carrier-one"), evidence("bank-one")])
    desk.office.suspect(victim)
    assert "that of a victim" in merge(desk, first.case_id, case_of(desk, victim))[2]
    assert merge(desk, first.case_id, second.case_id)[0] == 0
    _, third = held(desk)
    assert "is merged, and nothing" in merge(desk, third.case_id, first.case_id)[2]
    assert "is merged, and can't" in merge(desk, first.case_id, third.case_id)[2]


def test_what_was_merged_goes_on_where_the_other_goes_on(desk: Desk) -> None:
    (a, first), (_, second), (_, third) = held(desk), held(desk), held(desk)
    assert merge(desk, first.case_id, second.case_id)[0] == 0
    assert merge(desk, second.case_id, third.case_id)[0] == 0
    desk.office.suspect(a.model_copy(update={"score": 0.99}))
    shown, *_ = desk.afa("case", "show", third.case_id)[1]
    assert (len(shown["holds"]), len(shown["leads"])) == (3, 3)
    assert "holds that have not ended (3)" in desk.afa("case", "close", third.case_id, *WHY, signer="p100")[2]


def test_the_database_refuses_a_merge_into_what_is_not_open_and_a_third_stop_of_both(desk: Desk) -> None:
    (_, first), (_, second) = held(desk), held(desk)
    into = text("update \"case\" set status = 'merged', merged_into = :into where case_id = :case")
    with pytest.raises(IntegrityError, match="merged_into_another"), desk.office.engine.begin() as db:
        db.execute(text("update \"case\" set status = 'merged' where case_id = :case"), {"case": first.case_id})
    with desk.office.engine.begin() as db:
        db.execute(into, {"case": first.case_id, "into": second.case_id})
    _, third = held(desk)
    with pytest.raises(IntegrityError, match="is none"), desk.office.engine.begin() as db:
        db.execute(into, {"case": third.case_id, "into": first.case_id})
    copied = text(
        "insert into request select (jsonb_populate_record(r, jsonb_build_object("
        " 'request_id', gen_random_uuid(), 'case_id', cast(:case as uuid), 'attempt', cast(:attempt as int),"
        " 'status', 'drafted', 'hold_id', gen_random_uuid()))).* from request r where request_id = :of"
    )
    with desk.office.engine.begin() as db:
        db.execute(copied, {"case": second.case_id, "attempt": 7, "of": first.request_id})
    with pytest.raises(IntegrityError, match="as often in this case"), desk.office.engine.begin() as db:
        db.execute(copied, {"case": second.case_id, "attempt": 8, "of": first.request_id})
