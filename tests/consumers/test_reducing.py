"""What stays of a hold when a part of what it rests on has fallen, or what is known of the money says less."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from consumers.casebook.tables import Claim
from producers.reference.authority import prove
from schemas.base import Money
from schemas.identifiers import Identifier
from schemas.requests import Action, HoldStatus, Request, RequestStatus, RequestView, Scope
from tests.consumers.facts import account, lead, yuan
from tests.consumers.office import Office
from tests.consumers.test_holdacts import act, drafted
from tests.consumers.test_hops import EXECUTED, GONE, PARTIAL, M, out, stopped_by, stops
from tests.consumers.test_office import stopped
from tests.consumers.test_release import first, hold_of, released

pytestmark = pytest.mark.services


def reductions(letters: list[Request]) -> dict[str, int]:
    """What each account that is reduced keeps."""
    reduced = [letter for letter in letters if letter.action is Action.REDUCE and letter.amount]
    return {letter.target.tokens[0]: letter.amount.minor for letter in reduced if letter.amount}


def merged(office: Office, *payers: Identifier) -> Identifier:
    """An account to which each payer passed on a million more than the one before, and where all of it is held."""
    last = account()
    _, root = stopped(office, account(), max_hop=5)
    paid = [out(office, payer, number * M, number) for number, payer in enumerate(payers, 1)]
    office.answer(root, GONE, outflows=paid)
    for number, stop in enumerate(sorted(stops(office), key=lambda stop: stop.amount.minor if stop.amount else 0), 1):
        office.answer(stop, GONE, outflows=[out(office, last, number * M, 10 + number)])
        for asked in stops(office):
            office.answer(asked, EXECUTED, amount=asked.amount)
    return last


def held(office: Office, target: Identifier) -> int:
    return sum(hold.amount.minor for hold in office.holds(target) if hold.status is not HoldStatus.RELEASED)


@pytest.mark.parametrize("fell", [0, 1])
def test_what_a_fallen_and_a_standing_path_fed_stays_at_what_the_standing_one_brought(
    office: Office, fell: int
) -> None:
    """Whichever of the two brought it first, and so is what its stop followed from."""
    payers = [account(), account()]
    last = merged(office, *payers)
    assert held(office, last) == 3 * M
    office.allow(payers[fell])
    letters = office.deliver()
    for letter in letters:
        assert prove(letter, office.registry, office.profile, office.now).unit == "police-one"
        office.answer(letter, EXECUTED)
    assert held(office, last) == (2 - fell) * M
    assert not office.deliver()
    office.allow(*payers)
    assert first(last) <= released(office.deliver())


def test_a_fall_on_one_of_two_ways_opens_no_stop_for_its_money_where_they_meet(office: Office) -> None:
    payers, last = [account(), account()], account()
    _, root = stopped(office, account(), max_hop=5)
    office.answer(root, GONE, outflows=[out(office, payers[0], 2 * M, 1), out(office, payers[1], 3 * M, 2)])
    letters = {stop.target.tokens[0]: stop for stop in stops(office)}
    office.allow(payers[0])
    office.answer(letters[payers[0].tokens[0]], GONE, outflows=[out(office, last, 2 * M, 3)])
    office.answer(letters[payers[1].tokens[0]], GONE, outflows=[out(office, last, 3 * M, 4)])
    (asked,) = [stop for stop in stops(office) if stop.target == last]
    assert asked.amount == yuan(3 * M)


def test_an_annulled_claim_is_taken_from_each_hold_that_it_was_traced_to(office: Office) -> None:
    """3 and 1 were paid; of 4 that went on 2 were held at one account and 2 at the next, in proportion."""
    mule, near, far = account(), account(), account()
    kept, fell = office.report(mule, 3 * M), office.report(mule, M)
    _, root = stopped_by(office, mule)
    office.answer(root, GONE, outflows=[out(office, near, 4 * M, 1)])
    (second,) = stops(office)
    office.answer(second, PARTIAL, amount=yuan(2 * M), outflows=[out(office, far, 2 * M, 2)])
    (third,) = stops(office)
    office.answer(third, EXECUTED, amount=yuan(2 * M))
    traced = {name: claims(office, target) for name, target in (("near", near), ("far", far))}
    office.annul(fell)
    letters = office.deliver()
    assert not released(letters)
    assert reductions(letters) == {
        target.tokens[0]: traced[name][kept] for name, target in (("near", near), ("far", far))
    }  # fmt: skip
    for letter in letters:
        office.answer(letter, EXECUTED)
    assert held(office, near) + held(office, far) == 3 * M


def test_what_only_an_annulled_claim_had_reached_is_let_go_though_the_first_account_stands(office: Office) -> None:
    mule, early, late = account(), account(), account()
    fell = office.report(mule, M, time=office.now)
    office.report(mule, 2 * M, time=office.now.replace(minute=30))
    _, root = stopped_by(office, mule)
    office.answer(root, GONE, outflows=[out(office, early, M, 1), out(office, late, 2 * M, 2)])
    for stop in stops(office):
        office.answer(stop, EXECUTED, amount=stop.amount)
    office.annul(fell)
    letters = office.deliver()
    assert released(letters) == first(early)
    assert reductions(letters) == {}
    assert hold_of(office, late).status is HoldStatus.ACTIVE


def test_a_ring_falls_with_its_alerts_but_for_what_a_report_names(office: Office) -> None:
    mule, payee = account(), account()
    suspicion, root = stopped(office, mule, max_hop=5)
    office.answer(root, GONE, outflows=[out(office, payee, 5 * M, 1)])
    (second,) = stops(office)
    office.answer(second, PARTIAL, amount=yuan(M), outflows=[out(office, mule, 4 * M, 2)])
    (back,) = stops(office)
    office.answer(back, EXECUTED, amount=yuan(4 * M))
    office.withdraw(*suspicion.evidence)
    assert released(office.deliver()) == first(payee)
    assert hold_of(office, mule).status is HoldStatus.ACTIVE


def test_what_rests_on_officers_is_proposed_and_the_same_amount_once(office: Office) -> None:
    mule = account()
    office.report(mule, 3 * M)
    fell = office.report(mule, M)
    office.suspect(lead(mule, reported=True, amount_at_risk=[]))
    stop = office.draft(mule)
    office.order(stop.request_id)
    (sent,) = stops(office)
    office.answer(sent, EXECUTED, amount=yuan(4 * M))
    office.annul(fell)
    reduction = office.draft(mule)
    assert (reduction.action, reduction.amount) == (Action.REDUCE, yuan(3 * M))
    assert reduction.authority.unit == "police-one"
    office.pass_time(hours=24)
    office.annul(fell)
    office.registry_changed()
    (view,) = [one for one in office.requests() if one.action is Action.REDUCE]
    assert view.status is RequestStatus.CANCELLED


def ordered(office: Office, mule: Identifier, *claimed: int) -> list[UUID]:
    """All that so many victims paid is held by an officer's order, under no mandate; their reports."""
    told = [office.report(mule, each) for each in claimed]
    office.suspect(lead(mule, reported=True, amount_at_risk=[]))
    office.order(office.draft(mule).request_id)
    (sent,) = stops(office)
    office.answer(sent, EXECUTED, amount=yuan(sum(claimed)))
    return told


def waiting(office: Office) -> list[int]:
    """To what the reductions that wait for an officer would bring a hold."""
    waits = RequestStatus.AWAITING_AUTHORISATION
    return [one.amount.minor for one in asked_to_reduce(office) if one.status is waits and one.amount]


def asked_to_reduce(office: Office) -> list[RequestView]:
    return [one for one in office.requests() if one.action is Action.REDUCE]


@pytest.mark.parametrize("place", ["office", "thai"])
def test_a_reduction_that_waits_is_restated_as_the_amount_falls_or_rises(
    request: pytest.FixtureRequest, place: str
) -> None:
    office: Office = request.getfixturevalue(place)
    mule = account()
    _, second, third = ordered(office, mule, 3 * M, 2 * M, M)
    for change, wait in (
        (lambda: office.annul(third), [5 * M]),
        (lambda: office.annul(second), [3 * M]),
        (lambda: office.report(mule, 2 * M), [5 * M]),
        (lambda: office.report(mule, M), []),
    ):
        change()
        assert waiting(office) == wait
        office.registry_changed()
        assert waiting(office) == wait
    assert {one.status for one in asked_to_reduce(office)} == {RequestStatus.CANCELLED}
    assert not reductions(office.deliver())
    assert held(office, mule) == 6 * M


def test_a_reduction_that_an_officer_signed_is_followed_by_another(office: Office) -> None:
    mule = account()
    _, second, third = ordered(office, mule, 3 * M, 2 * M, M)
    office.annul(third)
    office.order(office.draft(mule).request_id)
    office.annul(second)
    assert waiting(office) == []
    (signed,) = office.deliver()
    assert reductions([signed]) == {mule.tokens[0]: 5 * M}
    office.answer(signed, EXECUTED)
    assert waiting(office) == [3 * M]
    office.order(office.draft(mule).request_id)
    (another,) = office.deliver()
    office.answer(another, EXECUTED)
    assert (held(office, mule), waiting(office)) == (3 * M, [])


def test_a_reduction_that_an_officer_has_filed_is_not_taken_back(office: Office) -> None:
    mule = account()
    _, second, third = ordered(office, mule, 3 * M, 2 * M, M)
    filed = drafted(office, act(hold_of(office, mule), Action.REDUCE, amount=yuan(4 * M)))
    office.annul(third)
    office.annul(second)
    assert waiting(office) == [4 * M]
    office.order(filed.request_id)
    (letter,) = office.deliver()
    office.answer(letter, EXECUTED)
    assert (held(office, mule), waiting(office)) == (4 * M, [3 * M])


def test_a_reduction_goes_on_while_the_release_of_the_rest_is_proposed(office: Office) -> None:
    mule = account()
    first, second = ordered(office, mule, 3 * M, 2 * M)
    office.annul(second)
    assert waiting(office) == [3 * M]
    office.annul(first)
    assert (waiting(office), hold_of(office, mule).status) == ([3 * M], HoldStatus.RELEASE_PROPOSED)


@pytest.mark.parametrize("answer", [{"amount": yuan(9 * M)}, {"amount": yuan(M), "scope": Scope.ACCOUNT}])
def test_where_amounts_alone_are_held_what_a_member_holds_beyond_is_reduced_at_once(thai: Office, answer: Any) -> None:
    shop = account()
    (stop,) = asked(thai, shop, M)
    thai.answer(stop, EXECUTED, **answer)
    (letter,) = thai.deliver()
    assert (letter.action, letter.to, letter.amount, letter.hold_id) == (Action.REDUCE, stop.to, yuan(M), stop.hold_id)
    assert prove(letter, thai.registry, thai.profile, thai.now).unit == "police-one"
    thai.answer(letter, EXECUTED, amount=yuan(M))
    hold = hold_of(thai, shop)
    assert (hold.status, hold.amount, hold.scope) == (HoldStatus.REDUCED, yuan(M), Scope.AMOUNT)
    assert not thai.deliver()


def test_where_amounts_alone_are_held_another_currency_is_shown_as_it_is_said(thai: Office) -> None:
    (stop,) = asked(thai, shop := account(), M)
    said = Money(minor=9 * M, currency="USD")
    thai.answer(stop, EXECUTED, amount=said)
    assert hold_of(thai, shop).amount == said


def test_where_the_whole_account_may_be_held_its_scope_is_kept_and_shown(office: Office) -> None:
    _, stop = stopped(office, mule := account())
    office.answer(stop, EXECUTED, amount=yuan(9 * M), scope=Scope.ACCOUNT)
    assert not office.deliver()
    assert (hold_of(office, mule).scope, hold_of(office, mule).amount) == (Scope.ACCOUNT, yuan(9 * M))


def test_where_amounts_alone_are_held_a_hold_follows_what_is_known_of_the_taint_later(thai: Office) -> None:
    """Two accounts turn out to be one, where 3 of victims' and 9 clean were together when 2 of 12 went on."""
    mule, one, other, last = account(), account(), account(), account()
    (root,) = asked(thai, mule, 3 * M)
    thai.answer(root, GONE, outflows=[out(thai, one, 2 * M, 1), out(thai, other, M, 2)])
    letters = {stop.target.tokens[0]: stop for stop in stops(thai)}
    thai.answer(letters[other.tokens[0]], EXECUTED, amount=yuan(M), balance=yuan(10 * M))
    thai.answer(letters[one.tokens[0]], GONE, outflows=[out(thai, last, 2 * M, 3)])
    (third,) = stops(thai)
    thai.answer(third, EXECUTED, amount=yuan(2 * M))
    assert not thai.deliver()
    thai.alias(one, other)
    (letter,) = thai.deliver()
    assert (letter.action, letter.target, letter.amount) == (Action.REDUCE, last, yuan(M // 2))
    thai.answer(letter, EXECUTED)
    assert hold_of(thai, last).amount == yuan(M // 2)


def test_what_falls_at_one_account_takes_no_reduction_back_that_waits_at_another(thai: Office) -> None:
    mule, one, other = account(), account(), account()
    (root,) = asked(thai, mule, 3 * M, release_at_once=False)
    thai.answer(root, GONE, outflows=[out(thai, one, 2 * M, 1), out(thai, other, M, 2)])
    letters = {stop.target.tokens[0]: stop for stop in stops(thai)}
    thai.answer(letters[one.tokens[0]], EXECUTED, amount=yuan(2 * M))
    thai.answer(letters[other.tokens[0]], EXECUTED, amount=yuan(9 * M))
    assert waiting(thai) == [M]
    thai.allow(one)
    assert waiting(thai) == [M]


def asked(office: Office, mule: Identifier, minor: int, **over: Any) -> list[Request]:
    """The stops of a reported account, under a mandate of two."""
    office.report(mule, minor)
    office.mandate(officers=["p100", "p101"], **over)
    office.suspect(lead(mule, reported=True))
    return stops(office)


def claims(office: Office, target: Identifier) -> dict[UUID, int]:
    with office.engine.connect() as db:
        query = select(Claim.event_id, Claim.minor).where(Claim.hold_id == hold_of(office, target).hold_id)
        return dict(iter(db.execute(query)))
