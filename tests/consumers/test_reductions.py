"""What is left of a hold whose money is in part nobody's claim any more: who brings it down, and until when."""

from __future__ import annotations

from uuid import UUID

import pytest

from schemas.answers import OutflowType
from schemas.identifiers import Identifier
from schemas.requests import Action, AuthorityClass, HoldStatus, Request, RequestStatus
from tests.consumers.facts import account, lead, yuan
from tests.consumers.office import Office
from tests.consumers.test_holdacts import act, done
from tests.consumers.test_hops import EXECUTED, GONE, M, out, stops
from tests.consumers.test_release import hold_of, released

pytestmark = pytest.mark.services


def two_claims(office: Office, mule: Identifier) -> tuple[UUID, Request]:
    """An account to which 1 and then 3 were paid, stopped; the report of the 1."""
    one = office.report(mule, M, time=office.now)
    office.report(mule, 3 * M, time=office.now.replace(minute=30))
    office.suspect(lead(mule, reported=True, amount_at_risk=[]))
    (stop,) = ordered(office)
    return one, stop


def ordered(office: Office) -> list[Request]:
    """The stops as they go out under a mandate, or by an officer's hand where there is none, the smallest first."""
    for one in office.requests():
        if one.status is RequestStatus.AWAITING_AUTHORISATION:
            office.order(one.request_id)
    return sorted(stops(office), key=lambda stop: stop.amount.minor if stop.amount else 0)


def emptied(office: Office) -> tuple[UUID, Identifier]:
    """The 3 went straight to an account and have left it; what is held there is the 1, which took a longer way."""
    mule, between, payee = account(), account(), account()
    one, root = two_claims(office, mule)
    office.answer(root, GONE, outflows=[out(office, between, M, 1), out(office, payee, 3 * M, 2)])
    longer, straight = ordered(office)
    office.answer(straight, GONE, outflows=[out(office, None, 3 * M, 3, type=OutflowType.ATM)])
    office.answer(longer, GONE, outflows=[out(office, payee, M, 4)])
    (last,) = ordered(office)
    office.answer(last, EXECUTED, amount=yuan(M))
    return one, payee


def test_a_hold_of_which_nothing_is_left_is_released_under_its_mandate(office: Office) -> None:
    office.mandate()
    last, payee = emptied(office)
    office.annul(last)
    assert released(office.deliver()) == {payee.tokens[0]}


def test_a_hold_of_which_nothing_is_left_is_proposed_to_its_unit_which_may_keep_it(office: Office) -> None:
    last, payee = emptied(office)
    office.annul(last)
    assert hold_of(office, payee).status is HoldStatus.RELEASE_PROPOSED
    assert office.keep(hold_of(office, payee)) is None
    office.annul(last)
    assert hold_of(office, payee).status is HoldStatus.ACTIVE
    assert not released(office.deliver())


def test_what_is_frozen_on_paper_is_lifted_by_its_unit_whatever_the_mandate(office: Office) -> None:
    office.mandate()
    last, payee = emptied(office)
    done(office, act(hold_of(office, payee), Action.FREEZE, amount=yuan(M)))
    office.annul(last)
    assert not office.deliver()
    assert hold_of(office, payee).status is HoldStatus.RELEASE_PROPOSED


def test_while_the_release_of_a_freeze_is_proposed_no_mandate_lets_it_go_either(office: Office) -> None:
    """Not when its account is allow-listed since."""
    office.mandate()
    last, payee = emptied(office)
    done(office, act(hold_of(office, payee), Action.FREEZE, amount=yuan(M)))
    office.annul(last)
    office.allow(payee)
    assert not office.deliver()
    assert hold_of(office, payee).status is HoldStatus.RELEASE_PROPOSED


def test_what_is_frozen_on_paper_is_brought_down_by_an_officer_whatever_the_mandate(office: Office) -> None:
    office.mandate()
    last, stop = two_claims(office, mule := account())
    office.answer(stop, EXECUTED, amount=yuan(4 * M))
    done(office, act(hold_of(office, mule), Action.FREEZE, amount=yuan(4 * M)))
    office.annul(last)
    assert not office.deliver()
    reduction = office.draft(mule)
    assert (reduction.action, reduction.amount) == (Action.REDUCE, yuan(3 * M))
    assert reduction.authority.authority is AuthorityClass.POLICE_ORDER


def test_a_reduction_is_of_the_unit_that_ordered_the_hold_and_void_when_that_ends(office: Office) -> None:
    mule = account()
    office.registry.apply("police-two", office.police("p101", unit="police-two"))
    office.mandate(unit="police-two", officers=["p101"], release_at_once=False)
    last, stop = two_claims(office, mule)
    assert stop.authority.unit == "police-two"
    office.answer(stop, EXECUTED, amount=yuan(4 * M))
    office.pass_time(hours=40)
    office.annul(last)
    reduction = office.draft(mule)
    assert (reduction.authority.unit, reduction.void_after) == ("police-two", hold_of(office, mule).until)


def test_a_reduction_that_waits_outlives_the_fall_of_all_the_rest(office: Office) -> None:
    """Its unit may keep the hold, and then no more of it than somebody claims."""
    mule = account()
    one = office.report(mule, M, time=office.now)
    office.report(mule, 3 * M, time=office.now.replace(minute=30))
    suspicion = lead(mule, reported=True, amount_at_risk=[])
    office.suspect(suspicion)
    (stop,) = ordered(office)
    office.answer(stop, EXECUTED, amount=yuan(4 * M))
    office.annul(one)
    waits = office.draft(mule)
    assert (waits.action, waits.amount) == (Action.REDUCE, yuan(3 * M))
    office.withdraw(*suspicion.evidence)
    assert hold_of(office, mule).status is HoldStatus.RELEASE_PROPOSED
    assert office.draft(mule).request_id == waits.request_id
