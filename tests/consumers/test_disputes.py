"""A member disputes a suspicion: nothing new is asked without a person until police decide, and the finding is kept."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import ProgrammingError

from alliance.authority import missing
from consumers.casebook.holding.holdrules import HoldAct
from consumers.casebook.tables import Label
from consumers.casebook.views import listings
from schemas.answers import AnswerStatus, Outflow, OutflowType
from schemas.decisions import DisputeStatus, Finding
from schemas.identifiers import Identifier, IdentifierKind
from schemas.leads import Lead
from schemas.objections import Dispute, DisputeGrounds
from schemas.reasons import Reason
from schemas.requests import Action, AuthorityClass, HoldStatus, RequestStatus
from schemas.risk import Level
from schemas.tasks import TaskKind
from tests.consumers.facts import account, identifier, lead, yuan
from tests.consumers.office import Office
from tests.consumers.test_holdacts import drafted, held
from tests.consumers.test_office import TWO_DAYS, stopped

pytestmark = pytest.mark.services
WAITS = RequestStatus.AWAITING_AUTHORISATION


def dispute(**of: Any) -> Dispute:
    return Dispute(grounds=DisputeGrounds.VOUCHED_FOR, statement="A grocery, our customer since 2011.", **of)


def vouched(office: Office, mule: Identifier) -> None:
    """By the bank whose customer it is."""
    assert office.said_by("bank-one", dispute(target=mule)) == []


def disputed_leads(office: Office) -> set[str]:
    with office.engine.connect() as db:
        return {one.lead_id for one in listings.leads(db).items if one.disputed}


def rule(office: Office, outcome: Any) -> None:
    office.rule("dispute", office.disputes()[0].dispute_id, outcome)


def statuses(office: Office, suspicion: Lead) -> dict[Action, RequestStatus]:
    return {one.action: one.status for one in office.requests(suspicion)}


def test_a_customer_that_is_vouched_for_is_asked_nothing_about_without_a_person(office: Office) -> None:
    shop = account()
    vouched(office, shop)
    office.mandate()
    office.report(shop)
    suspicion = lead(shop, reported=True)
    office.suspect(suspicion)
    assert not office.deliver()
    assert set(statuses(office, suspicion).values()) == {WAITS}
    assert disputed_leads(office) == {suspicion.lead_id}
    stop = office.draft(shop)
    assert stop.authority.authority is AuthorityClass.POLICE_ORDER
    assert office.request(stop.request_id).missing == missing(office.profile, Action.STOP, stop.amount, ())
    office.order(stop.request_id)
    assert [letter.action for letter in office.deliver()] == [Action.STOP]


def test_what_an_officer_orders_in_a_mandates_stead_is_the_officers_unit_to_lift(office: Office) -> None:
    shop = account()
    vouched(office, shop)
    office.mandate()
    reported = office.report(shop)
    office.suspect(lead(shop, reported=True))
    office.order(office.draft(shop).request_id)
    (stop,) = office.deliver()
    office.answer(stop, AnswerStatus.EXECUTED, amount=yuan(5_000_000))
    office.annul(reported)
    assert held(office, shop).status is HoldStatus.RELEASE_PROPOSED
    assert not office.deliver()


def test_a_dispute_holds_up_no_reduction_of_what_is_held(office: Office) -> None:
    shop = account()
    office.report(shop, 2_000_000)
    fell = office.report(shop, 3_000_000)
    _, stop = stopped(office, shop)
    office.answer(stop, AnswerStatus.EXECUTED, amount=yuan(9_000_000))
    vouched(office, shop)
    office.annul(fell)
    assert [letter.action for letter in office.deliver()] == [Action.REDUCE]


def test_a_rejected_dispute_lets_go_on_what_waited_under_the_authority_that_it_had(office: Office) -> None:
    shop = account()
    office.mandate()
    suspicion = lead(shop)
    vouched(office, shop)
    office.suspect(suspicion)
    office.report(shop)
    assert statuses(office, suspicion) == dict.fromkeys((Action.DELAY, Action.VERIFY, Action.STOP), WAITS)
    rule(office, Finding.REJECTED)
    sent = {letter.action: letter.authority.authority for letter in office.deliver()}
    request = AuthorityClass.MEMBER_REQUEST
    assert sent == {
        Action.STOP: AuthorityClass.MANDATE,
        Action.DELAY: request,
        Action.VERIFY: request,
    }
    assert not disputed_leads(office)
    assert office.decisions()["bank-one"].outcome is Finding.REJECTED


def test_what_another_member_disputes_too_waits_until_both_have_lost(office: Office) -> None:
    shop = account()
    suspicion = lead(shop)
    vouched(office, shop)
    office.suspect(suspicion)
    assert office.said_by("bank-two", dispute(lead_id=suspicion.lead_id)) == []
    first, second = (one.dispute_id for one in office.disputes())
    office.rule("dispute", first, Finding.REJECTED)
    assert not office.deliver()
    office.rule("dispute", second, Finding.REJECTED)
    assert {letter.action for letter in office.deliver()} == {Action.DELAY, Action.VERIFY}


def test_a_disputed_stop_of_a_holder_out_of_the_city_is_still_an_officers_to_take_over(office: Office) -> None:
    shop = account(None, "cnaps:9")
    suspicion = lead(shop)
    office.suspect(suspicion)
    assert office.said_by("bank-two", dispute(lead_id=suspicion.lead_id)) == []
    office.report(shop)
    (stop,) = [one for one in office.requests(suspicion) if one.action is Action.STOP]
    assert (stop.to, stop.status) == (None, RequestStatus.DRAFTED)


def test_a_members_measure_that_an_officer_lets_go_meanwhile_stays_a_request(office: Office) -> None:
    shop = account()
    vouched(office, shop)
    office.suspect(lead(shop))
    delay = next(one for one in office.requests() if one.action is Action.DELAY and one.to == "bank-one")
    office.order(delay.request_id)
    (sent,) = office.deliver()
    assert (sent.request_id, sent.authority.authority) == (delay.request_id, AuthorityClass.MEMBER_REQUEST)


def test_a_hold_goes_on_until_a_dispute_is_upheld_and_is_then_released(office: Office) -> None:
    shop = account()
    suspicion, stop = stopped(office, shop)
    office.answer(stop, AnswerStatus.EXECUTED, amount=yuan(5_000_000))
    assert office.said_by("bank-two", dispute(lead_id=suspicion.lead_id)) == []
    assert held(office, shop).status is HoldStatus.ACTIVE
    assert not office.deliver()
    rule(office, Finding.UPHELD)
    release = office.release_of(stop)
    office.answer(release, AnswerStatus.EXECUTED)
    assert held(office, shop).status is HoldStatus.RELEASED
    office.suspect(suspicion.model_copy(update={"score": 0.99}))
    office.pass_time(**TWO_DAYS)
    assert not office.deliver()
    with office.engine.connect() as db:
        label = db.execute(select(*Label.__table__.c)).one()
    assert (label.lead_id, label.case_id, label.member, label.outcome, label.reason, label.at) == (
        suspicion.lead_id,
        stop.case_id,
        "bank-two",
        "upheld",
        "it was looked into",
        release.issued_at,
    )


def test_an_extension_waits_while_the_request_is_disputed(office: Office) -> None:
    shop = account()
    _, stop = stopped(office, shop)
    office.answer(stop, AnswerStatus.EXECUTED, amount=yuan(5_000_000))
    assert office.said_by("bank-one", dispute(request_id=stop.request_id)) == []
    office.pass_time(**TWO_DAYS)
    assert not office.deliver()
    assert office.draft(shop).attempt == 2


def moved(office: Office, payee: Identifier) -> list[Outflow]:
    return [Outflow(type=OutflowType.TRANSFER, amount=yuan(2_000_000), time=office.now, payee=payee)]


@pytest.mark.parametrize("by", ["lead", "target", "request"])
def test_where_money_went_on_waits_while_the_lead_is_disputed(office: Office, by: str) -> None:
    shop, payee = account(), account()
    suspicion, stop = stopped(office, shop)
    said = {
        "lead": ("lead_id", suspicion.lead_id),
        "target": ("target", shop),
        "request": ("request_id", stop.request_id),
    }
    assert office.said_by("bank-one", dispute(**dict([said[by]]))) == []
    assert disputed_leads(office) == {suspicion.lead_id}
    office.answer(stop, AnswerStatus.PARTIAL, amount=yuan(3_000_000), outflows=moved(office, payee))
    assert not office.deliver()
    assert office.draft(payee).hop == 1
    rule(office, Finding.REJECTED)
    (onward,) = office.deliver()
    assert (onward.hop, onward.authority.authority) == (1, AuthorityClass.MANDATE)


def test_what_came_through_a_disputed_account_waits_at_every_hop(office: Office) -> None:
    shop, payee, last = account(), account(), account()
    _, stop = stopped(office, shop)
    office.answer(stop, AnswerStatus.PARTIAL, amount=yuan(3_000_000), outflows=moved(office, payee))
    (onward,) = office.deliver()
    vouched(office, shop)
    office.answer(onward, AnswerStatus.ALREADY_GONE, outflows=moved(office, last))
    assert not office.deliver()
    assert office.draft(last).hop == 2


def card_of(office: Office, shop: Identifier, holder: str = "cnaps:1", member: str = "bank-one") -> Identifier:
    """Another name of the account, as its holder says."""
    card = identifier(IdentifierKind.CARD, "card of the shop", holder)
    office.alias(shop, card.model_copy(update={"holders": []}), member=member)
    return card


def test_an_account_that_is_disputed_is_so_by_every_name_of_it(office: Office) -> None:
    shop = account()
    card = card_of(office, shop)
    vouched(office, shop)
    office.mandate()
    suspicion = lead(card)
    office.suspect(suspicion)
    office.report(card)
    assert not office.deliver()
    assert statuses(office, suspicion) == dict.fromkeys((Action.DELAY, Action.VERIFY, Action.STOP), WAITS)
    assert disputed_leads(office) == {suspicion.lead_id}
    rule(office, Finding.REJECTED)
    assert {letter.action for letter in office.deliver()} == {Action.DELAY, Action.VERIFY, Action.STOP}


def test_what_is_held_by_the_accounts_other_name_is_let_go_as_the_dispute_is_upheld(office: Office) -> None:
    shop = account()
    card = card_of(office, shop)
    _, stop = stopped(office, card)
    office.answer(stop, AnswerStatus.EXECUTED, amount=yuan(5_000_000))
    vouched(office, shop)
    rule(office, Finding.UPHELD)
    assert office.release_of(stop).action is Action.RELEASE


def test_nobody_has_an_account_disputed_by_a_name_that_is_held_elsewhere(office: Office) -> None:
    shop = account()
    card = card_of(office, shop, holder="cnaps:2")
    vouched(office, shop)
    _, stop = stopped(office, card)
    office.answer(stop, AnswerStatus.EXECUTED, amount=yuan(5_000_000))
    rule(office, Finding.UPHELD)
    assert not office.deliver()
    assert held(office, card).status is HoldStatus.ACTIVE


def test_an_alias_that_was_withdrawn_makes_nothing_disputed(office: Office) -> None:
    shop, card = account(), identifier(IdentifierKind.CARD, "card of the shop", "cnaps:1")
    said = office.alias(shop, card)
    office.annul(said, member="bank-one", by="bank-one")
    vouched(office, shop)
    stopped(office, card)
    assert not disputed_leads(office)


def test_what_an_officer_orders_of_a_suspect_that_was_let_go_is_followed_by_itself(office: Office) -> None:
    shop, payee = account(), account()
    _, stop = stopped(office, shop)
    office.answer(stop, AnswerStatus.EXECUTED, amount=yuan(5_000_000))
    vouched(office, shop)
    rule(office, Finding.UPHELD)
    office.answer(office.release_of(stop), AnswerStatus.EXECUTED)
    office.pass_time(minutes=1)
    office.report(shop)
    office.order(office.draft(shop).request_id)
    (again,) = office.deliver()
    office.answer(again, AnswerStatus.ALREADY_GONE, outflows=moved(office, payee))
    (onward,) = office.deliver()
    assert (onward.target, onward.authority.authority) == (payee, AuthorityClass.MANDATE)


def test_what_waited_ends_with_a_dispute_that_is_upheld(office: Office) -> None:
    shop = account()
    vouched(office, shop)
    suspicion = lead(shop)
    office.suspect(suspicion)
    rule(office, Finding.UPHELD)
    assert set(statuses(office, suspicion).values()) == {RequestStatus.CANCELLED}
    assert not office.deliver()


def test_a_member_disputes_only_what_concerns_it(office: Office) -> None:
    shop = account()
    suspicion, stop = stopped(office, shop)
    for said in (
        dispute(target=shop),
        dispute(request_id=stop.request_id),
        dispute(lead_id=suspicion.lead_id),
        dispute(request_id=uuid4()),
        dispute(lead_id=lead(account()).lead_id),
    ):
        assert office.said_by("platform-one", said) == [Reason.NOT_YOURS]
    assert not office.disputes()


def test_a_dispute_that_was_lost_holds_nothing_up_a_second_time(office: Office) -> None:
    shop = account()
    vouched(office, shop)
    rule(office, Finding.REJECTED)
    office.decisions()
    vouched(office, shop)
    assert office.decisions()["bank-one"].outcome is Finding.INADMISSIBLE
    assert [one.status for one in office.disputes()] == [DisputeStatus.REJECTED, DisputeStatus.INADMISSIBLE]
    office.suspect(lead(shop))
    assert office.deliver()


@pytest.mark.parametrize("since", ["a month", "a request"])
def test_a_rejected_dispute_is_heard_again_once_something_has_changed(office: Office, since: str) -> None:
    shop = account()
    office.suspect(lead(shop))
    vouched(office, shop)
    rule(office, Finding.REJECTED)
    month = office.profile.dispute.again_s.value
    office.pass_time(seconds=month - 1)
    vouched(office, shop)
    if since == "a request":
        office.report(shop)
    else:
        office.pass_time(seconds=1)
    vouched(office, shop)
    vouched(office, shop)
    heard = [DisputeStatus.REJECTED, DisputeStatus.INADMISSIBLE, DisputeStatus.OPEN, DisputeStatus.INADMISSIBLE]
    assert [one.status for one in office.disputes()] == heard


def test_what_lets_go_of_a_suspect_is_no_reason_to_hear_a_rejected_dispute_again(office: Office) -> None:
    shop = account()
    reports = {office.report(shop, 2_000_000), office.report(shop, 3_000_000)}
    _, stop = stopped(office, shop)
    office.answer(stop, AnswerStatus.EXECUTED, amount=yuan(9_000_000))
    vouched(office, shop)
    rule(office, Finding.REJECTED)
    office.pass_time(minutes=1)
    # A stop whose own report fell is not asked for again, and it is the second stop that burdens the shop.
    office.annul((reports - {stop.authority.covered_by}).pop())
    drafted(office, HoldAct(held(office, shop).hold_id, Action.RELEASE, "goods were sold"))
    newly = {one.action for one in office.requests() if one.target == shop and one.drafted_at == office.now}
    assert newly == {Action.REDUCE, Action.RELEASE}
    vouched(office, shop)
    office.pass_time(**TWO_DAYS)
    vouched(office, shop)
    assert [one.status for one in office.disputes()] == [
        DisputeStatus.REJECTED, DisputeStatus.INADMISSIBLE, DisputeStatus.OPEN,
    ]  # fmt: skip


def test_who_follows_the_leads_sees_those_that_a_dispute_is_about_and_no_others(office: Office) -> None:
    shop = account()
    card = card_of(office, shop)
    office.suspect(lead(shop), lead(card), lead(account()), lead(account(), Level.NONE))
    with office.engine.connect() as db:
        before = listings.leads(db).after
    vouched(office, shop)
    with office.engine.connect() as db:
        changed = listings.leads(db, before).items
    assert {one.subject.token for one in changed} == {shop.tokens[0], card.tokens[0]}


@pytest.mark.parametrize("by", ["lead", "target", "request"])
def test_every_unit_that_asked_for_what_rests_on_the_suspicion_is_told(office: Office, by: str) -> None:
    office.registry.apply("police-two", office.police("p101", unit="police-two"))
    shop, payee = account(), account()
    suspicion, stop = stopped(office, shop, unit="police-two", officer="p101", max_hop=0)
    office.mandate()
    office.answer(stop, AnswerStatus.PARTIAL, amount=yuan(3_000_000), outflows=moved(office, payee))
    assert [letter.authority.unit for letter in office.deliver()] == ["police-one"]
    said: dict[str, dict[str, Any]] = {
        "lead": {"lead_id": suspicion.lead_id},
        "target": {"target": shop},
        "request": {"request_id": stop.request_id},
    }
    assert office.said_by("bank-one", dispute(**said[by])) == []
    rule(office, Finding.UPHELD)
    told = {member: one.event_id is not None for member, one in office.decisions().items()}
    assert told == {"bank-one": True, "police-one": False, "police-two": False}


def test_a_finding_is_kept_as_it_was(office: Office) -> None:
    vouched(office, account())
    rule(office, Finding.REJECTED)
    with pytest.raises(ProgrammingError, match="append-only"), office.engine.begin() as db:
        db.execute(text("update label set outcome = 'upheld'"))


def test_a_dispute_that_nobody_decides_becomes_a_task_and_stays_disputed(office: Office) -> None:
    shop = account()
    vouched(office, shop)
    office.suspect(lead(shop))
    due = office.disputes()[0].due_at
    office.now = due - timedelta(seconds=1)
    office.take()
    assert (office.tasks(), office.disputes()[0].status) == ([], DisputeStatus.OPEN)
    assert office.next_due() == due
    office.pass_time(seconds=1)
    [task] = office.tasks()
    assert (task.kind, task.subject, task.since) == (TaskKind.REVIEW, office.disputes()[0].dispute_id, due)
    assert task.closed_at is None
    assert (office.disputes()[0].status, office.disputes()[0].late) == (DisputeStatus.OVERDUE, True)
    assert disputed_leads(office)
    rule(office, Finding.REJECTED)
    assert (office.tasks()[0].closed_at, office.disputes()[0].late) == (office.now, False)
    assert not disputed_leads(office)
