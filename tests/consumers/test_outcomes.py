"""Both ways: each member is told what became of its own alerts, when it changes, and nothing of anybody else's."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from consumers.casebook.views.outcomes import EVERY
from schemas.answers import AnswerStatus
from schemas.identifiers import IdentifierKind
from schemas.leads import SubjectRole
from schemas.outcomes import MAX_ALERTS, Became, Outcome
from schemas.registry import Status
from schemas.requests import Action, HoldStatus, Scope
from schemas.risk import Level
from tests.consumers.facts import account, evidence, identifier, lead, member, yuan
from tests.consumers.office import Office
from tests.consumers.test_office import stop_of, stopped

pytestmark = pytest.mark.services
Told = dict[tuple[str, UUID], Became]


def letters(office: Office) -> list[Outcome]:
    """What was sent since this was asked last, once it is due."""
    office.pass_time(seconds=EVERY.total_seconds())
    office.deliver()
    sent, office.told = office.told, []
    return sent


def told(office: Office) -> Told:
    return {(one.to, alert.event_id): alert.became for one in letters(office) for alert in one.alerts}


def of(*items: object, became: Became) -> Told:
    return {(item.member, item.event_id): became for item in items}  # type: ignore[attr-defined]


def test_an_alert_is_told_of_as_it_becomes_a_lead_is_held_and_is_let_go(office: Office) -> None:
    suspicion, stop = stopped(office, account())
    assert told(office) == of(*suspicion.evidence, became=Became.LEAD)
    office.answer(stop, AnswerStatus.EXECUTED, scope=Scope.AMOUNT, amount=yuan(5_000_000))
    assert told(office) == of(*suspicion.evidence, became=Became.HELD)
    office.suspect(suspicion.model_copy(update={"score": 0.97}))
    assert told(office) == {}
    office.pass_time(hours=48)
    assert told(office) == of(*suspicion.evidence, became=Became.RELEASED)
    assert office.is_audited()


def test_a_lead_that_fell_is_told_and_one_that_came_and_fell_meanwhile_is_not(office: Office) -> None:
    suspicion, brief = lead(account()), lead(account())
    office.suspect(suspicion)
    office.suspect(brief)
    office.suspect(*(one.model_copy(update={"level": Level.NONE}) for one in (suspicion, brief)))
    office.deliver()
    assert {alert.event_id for one in office.told for alert in one.alerts} == {i.event_id for i in suspicion.evidence}
    office.told = []
    assert told(office) == of(*suspicion.evidence, became=Became.NOTHING)


def test_an_alert_in_several_cases_became_the_most_that_it_led_to(office: Office) -> None:
    suspicion, stop = stopped(office, account())
    office.answer(stop, AnswerStatus.EXECUTED, amount=yuan(5_000_000))
    told(office)
    other = lead(account(), evidence=[suspicion.evidence[0], fresh := evidence("bank-one")])
    office.suspect(other)
    assert told(office) == of(fresh, became=Became.LEAD)
    office.pass_time(hours=48)
    office.suspect(other.model_copy(update={"level": Level.NONE}))
    assert told(office) == of(*suspicion.evidence, became=Became.RELEASED) | of(fresh, became=Became.NOTHING)


def test_new_evidence_of_a_lead_is_told_of_and_the_rest_is_not_told_again(office: Office) -> None:
    suspicion = lead(account())
    office.suspect(suspicion)
    told(office)
    more = evidence("bank-one")
    office.suspect(suspicion.model_copy(update={"evidence": [*suspicion.evidence, more]}))
    assert told(office) == of(more, became=Became.LEAD)


def test_a_victims_case_stands_while_any_of_its_leads_does(office: Office) -> None:
    call, paid = evidence("carrier-one", "suspicious-number"), evidence("bank-one")
    number, person = identifier(IdentifierKind.NUMBER, "a victim's"), identifier(IdentifierKind.PERSON, "a victim")
    first, second = (lead(one, role=SubjectRole.VICTIM, evidence=[call, paid]) for one in (number, person))
    office.suspect(first, second)
    assert told(office) == of(call, paid, became=Became.LEAD)
    office.suspect(first.model_copy(update={"level": Level.NONE}))
    assert told(office) == {}
    office.suspect(second.model_copy(update={"level": Level.NONE}))
    assert told(office) == of(call, paid, became=Became.NOTHING)


def test_of_what_was_withdrawn_nothing_is_told_but_a_victims_report_stands_until_police_annul_it(
    office: Office,
) -> None:
    mule = account()
    office.mandate()
    office.report(mule)
    items = [evidence("bank-two"), evidence("bank-one", "victim-report"), evidence("carrier-one", "suspicious-number")]
    suspicion = lead(mule, reported=True, evidence=items)
    office.suspect(suspicion)
    stop = stop_of(office.deliver())
    assert told(office) == of(*items, became=Became.LEAD)
    office.withdraw(items[0])
    office.withdraw(items[1], by="bank-one")
    office.answer(stop, AnswerStatus.EXECUTED, amount=yuan(5_000_000))
    assert told(office) == of(items[1], items[2], became=Became.HELD)


def test_an_order_that_waits_in_the_queue_holds_nothing(office: Office) -> None:
    suspicion, stop = stopped(office, account())
    told(office)
    office.answer(stop, AnswerStatus.EXECUTED, scope=Scope.AMOUNT, amount=yuan(5_000_000), queue_position=2)
    assert told(office) == {}
    office.answer(stop, AnswerStatus.EXECUTED, scope=Scope.AMOUNT, amount=yuan(5_000_000))
    assert told(office) == of(*suspicion.evidence, became=Became.HELD)


def test_an_order_that_waited_in_the_queue_until_it_ran_out_let_nothing_go(office: Office) -> None:
    _, stop = stopped(office, mule := account())
    told(office)
    office.answer(stop, AnswerStatus.EXECUTED, scope=Scope.AMOUNT, amount=yuan(5_000_000), queue_position=2)
    office.pass_time(hours=48)
    assert [hold.status for hold in office.holds(mule)] == [HoldStatus.EXPIRED]
    assert told(office) == {}


def test_many_alerts_travel_in_one_message_to_a_member_and_name_nothing_else(office: Office) -> None:
    mules = [account() for _ in range(MAX_ALERTS // 100 + 1)]
    mine = {mule.tokens[0]: [evidence("bank-two", event_id=uuid4()) for _ in range(100)] for mule in mules}
    office.suspect(*(lead(mule, evidence=[*mine[mule.tokens[0]], evidence("carrier-one")]) for mule in mules))
    sent = letters(office)
    assert sorted((one.to, len(one.alerts)) for one in sent) == [
        ("bank-two", 100), ("bank-two", MAX_ALERTS), ("carrier-one", len(mules)),
    ]  # fmt: skip
    assert {alert.event_id for one in sent if one.to == "bank-two" for alert in one.alerts} == {
        item.event_id for items in mine.values() for item in items
    }
    said = "".join(one.model_dump_json() for one in sent)
    assert not [mule for mule in mules if mule.tokens[0] in said]


def test_changes_within_a_few_seconds_are_gathered(office: Office) -> None:
    first, second, third = (lead(account()) for _ in range(3))
    office.suspect(first)
    office.suspect(second)
    office.suspect(third)
    office.deliver()
    assert {(one.to, len(one.alerts)) for one in office.told} == {("bank-two", 1), ("carrier-one", 1)}
    office.told = []
    due = office.next_due()
    assert due is not None
    assert due - office.now == EVERY
    assert told(office) == of(*second.evidence, *third.evidence, became=Became.LEAD)


def test_who_is_no_active_member_is_told_nothing(office: Office) -> None:
    office.registry.apply("bank-two", member("bank-two", status=Status.SUSPENDED))
    office.suspect(lead(account()))
    assert {one.to for one in letters(office)} == {"carrier-one"}
    assert not [one for one in office.deliver() if one.action is Action.STOP]
