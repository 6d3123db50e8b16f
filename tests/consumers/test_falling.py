"""A fall and what comes after it: counted once and begun anew, weighed by its unit once, and told with its cause."""

from __future__ import annotations

from typing import Any

import pytest

from consumers.casebook.release.grounds import Cause
from schemas.answers import AnswerStatus
from schemas.decisions import Finding
from schemas.identifiers import Identifier
from schemas.leads import Lead
from schemas.objections import Appeal, AppealGrounds, Dispute, DisputeGrounds
from schemas.requests import Action, HoldStatus, HoldView, RequestStatus
from tests.consumers.facts import account, evidence, lead, yuan
from tests.consumers.office import Office
from tests.consumers.test_holdacts import act, drafted
from tests.consumers.test_hops import EXECUTED, GONE, M, out, stopped_by, stops
from tests.consumers.test_office import stopped
from tests.consumers.test_release import hold_of
from tests.consumers.test_waiting import followed
from tests.consumers.test_withdrawals import ordered, waiting

pytestmark = pytest.mark.services


def renewed(suspicion: Lead) -> Lead:
    """By alerts that it did not rest on before."""
    return suspicion.model_copy(update={"evidence": [evidence("bank-two"), evidence("bank-one")]})


def kept(office: Office, mule: Identifier) -> tuple[Lead, HoldView]:
    """What an officer ordered, of which the alerts were withdrawn, and which the unit keeps."""
    suspicion, stop = ordered(office, mule)
    office.answer(stop, EXECUTED, amount=yuan(5 * M))
    office.withdraw(*suspicion.evidence)
    assert office.keep(hold_of(office, mule)) is None
    return suspicion, hold_of(office, mule)


@pytest.mark.parametrize("answer", [{"status": EXECUTED}, {"status": AnswerStatus.REFUSED, "reason": "a regular"}])
def test_what_newly_supports_a_suspicion_after_a_fall_has_all_asked_anew(office: Office, answer: Any) -> None:
    """Also what a member had done with, or would not do."""
    suspicion = lead(account())
    office.suspect(suspicion)
    asked = office.deliver()
    for letter in asked:
        office.answer(letter, **(answer if letter.action is Action.VERIFY else {"status": EXECUTED}))
    office.withdraw(*suspicion.evidence)
    office.deliver()
    office.suspect(renewed(suspicion))
    assert {(one.action, one.attempt) for one in office.deliver()} == {(Action.DELAY, 2), (Action.VERIFY, 2)}


def test_what_falls_of_what_its_unit_asked_about_a_hold_is_counted_as_no_other_fall(office: Office) -> None:
    mule = account()
    suspicion, stop = ordered(office, mule)
    office.answer(stop, EXECUTED, amount=yuan(5 * M))
    drafted(office, act(hold_of(office, mule), Action.EXTEND))
    office.withdraw(*suspicion.evidence)
    assert office.keep(hold_of(office, mule)) is None
    office.allow(mule)
    assert office.keep(hold_of(office, mule)) is None
    assert drafted(office, act(hold_of(office, mule), Action.EXTEND)).attempt == 2
    office.allow()
    office.withdraw(*suspicion.evidence)
    assert hold_of(office, mule).status is HoldStatus.RELEASE_PROPOSED
    office.suspect(renewed(suspicion))
    assert office.draft(mule).attempt == 2


def test_a_reduction_that_waits_for_its_officer_outlives_the_fall(office: Office) -> None:
    """Its unit may sign that and let no more go; what else waits ends with its grounds."""
    mule = account()
    suspicion, stop = ordered(office, mule)
    office.answer(stop, EXECUTED, amount=yuan(5 * M))
    extension = drafted(office, act(hold_of(office, mule), Action.EXTEND))
    reduction = drafted(office, act(hold_of(office, mule), Action.REDUCE, amount=yuan(M)))
    office.withdraw(*suspicion.evidence)
    assert office.request(extension.request_id).status is RequestStatus.CANCELLED
    office.order(reduction.request_id)
    (letter,) = [one for one in office.deliver() if one.action is Action.REDUCE]
    office.answer(letter, EXECUTED)
    assert (hold_of(office, mule).status, hold_of(office, mule).amount) == (HoldStatus.RELEASE_PROPOSED, yuan(M))


def test_what_a_unit_asks_about_a_hold_that_it_keeps_outlives_the_fall_that_it_weighed(office: Office) -> None:
    mule = account()
    suspicion, hold = kept(office, mule)
    freeze = drafted(office, act(hold, Action.FREEZE))
    office.withdraw(*suspicion.evidence)
    assert office.request(freeze.request_id).status is RequestStatus.AWAITING_AUTHORISATION
    office.allow(mule)
    assert office.request(freeze.request_id).status is RequestStatus.CANCELLED
    assert hold_of(office, mule).status is HoldStatus.RELEASE_PROPOSED


def test_what_a_unit_has_kept_no_mandate_lets_go_once_it_is_in_force_again(office: Office) -> None:
    mule = account()
    suspicion, stop = stopped(office, mule)
    office.answer(stop, EXECUTED, amount=yuan(5 * M))
    office.registry.apply("police-one", office.police("p101", "p200", "p300"))
    office.withdraw(*suspicion.evidence)
    assert hold_of(office, mule).status is HoldStatus.RELEASE_PROPOSED
    assert office.keep(hold_of(office, mule), "police-one/p101/k1", office.keys["p101"]) is None
    office.registry.apply("police-one", office.police("p100", "p101", "p200", "p300"))
    office.withdraw(*suspicion.evidence)
    assert not office.deliver()
    assert hold_of(office, mule).status is HoldStatus.ACTIVE


def test_what_a_unit_has_kept_is_not_proposed_again_because_no_victims_money_came_there(office: Office) -> None:
    """That is the same cause in other words."""
    mule, payee = account(), account(None, "cnaps:2")
    root, onward = followed(office, mule, payee)
    office.order(onward.request_id)
    office.answer(onward, EXECUTED, amount=yuan(3 * M))
    assert root.authority.covered_by
    office.annul(root.authority.covered_by)
    assert office.keep(hold_of(office, payee)) is None
    office.annul(root.authority.covered_by)
    assert hold_of(office, payee).status is HoldStatus.ACTIVE


def appealed(office: Office, mule: Identifier, grounds: AppealGrounds) -> None:
    """And won."""
    hold = hold_of(office, mule)
    said = Appeal(hold_id=hold.hold_id, grounds=grounds, statement="It is the price of vinegar.")
    assert office.said_by(hold.member, said) == []
    (filed,) = [one for one in office.appeals() if (one.hold_id, one.grounds) == (hold.hold_id, grounds)]
    office.rule("appeal", filed.appeal_id, Finding.UPHELD)


def disputed(office: Office, mule: Identifier) -> None:
    """And found for."""
    said = Dispute(grounds=DisputeGrounds.VOUCHED_FOR, statement="A grocery, our customer since 2011.", target=mule)
    assert office.said_by("bank-one", said) == []
    office.rule("dispute", office.disputes()[0].dispute_id, Finding.UPHELD)


def test_each_decision_for_the_holder_is_put_to_the_unit_that_keeps_the_hold(office: Office) -> None:
    """It has weighed the one before, and not this one."""
    mule = account()
    _, stop = ordered(office, mule)
    office.answer(stop, EXECUTED, amount=yuan(5 * M))
    for grounds in (AppealGrounds.LAWFUL_PAYMENT, AppealGrounds.OWN_FUNDS, None, AppealGrounds.TOO_MUCH):
        if grounds:
            appealed(office, mule, grounds)
        else:
            disputed(office, mule)
        assert hold_of(office, mule).status is HoldStatus.RELEASE_PROPOSED
        assert office.keep(hold_of(office, mule)) is None
        office.registry_changed()
        assert hold_of(office, mule).status is HoldStatus.ACTIVE


def test_what_ends_unseen_says_why(office: Office) -> None:
    suspicion, draft = waiting(office, account())
    office.withdraw(*suspicion.evidence)
    assert office.request(draft.request_id).reason == Cause.WITHDRAWN


def test_a_fall_elsewhere_takes_nothing_from_an_account_that_lost_nothing_by_it(office: Office) -> None:
    """Two accounts turn out to be one, whose 9 clean came first: by what is known now 2 of those went on and are held.
    Where a whole account may be held that is left as it is, and so it is when something else falls."""
    mule, one, other, far, last = (account() for _ in range(5))
    office.report(mule, 4 * M)
    _, root = stopped_by(office, mule)
    ways = enumerate([(one, 2 * M), (other, M), (far, M)])
    office.answer(root, GONE, outflows=[out(office, payee, minor, number) for number, (payee, minor) in ways])
    letters = {stop.target.tokens[0]: stop for stop in stops(office)}
    office.answer(letters[far.tokens[0]], EXECUTED, amount=yuan(M))
    office.answer(letters[other.tokens[0]], EXECUTED, amount=yuan(M), balance=yuan(10 * M))
    office.answer(letters[one.tokens[0]], GONE, outflows=[out(office, last, 2 * M, 3)])
    (third,) = stops(office)
    office.answer(third, EXECUTED, amount=yuan(2 * M))
    office.alias(one, other)
    office.allow(far)
    assert [(one.action, one.target) for one in office.deliver()] == [(Action.RELEASE, far)]


def test_an_account_stopped_anew_after_a_won_appeal_keeps_what_followed_from_that(office: Office) -> None:
    mule, payee = account(), account()
    _, stop = stopped(office, mule)
    office.answer(stop, EXECUTED, amount=yuan(5 * M))
    appealed(office, mule, AppealGrounds.OWN_FUNDS)
    (release,) = office.deliver()
    office.answer(release, EXECUTED)
    office.pass_time(minutes=1)
    office.report(mule)
    again = office.draft(mule)
    office.order(again.request_id)
    (sent,) = stops(office)
    office.answer(sent, GONE, outflows=[out(office, payee, 4 * M, 900)])
    (asked,) = stops(office)
    office.answer(asked, EXECUTED, amount=yuan(4 * M))
    assert hold_of(office, payee).status is HoldStatus.ACTIVE
    assert not office.deliver()
