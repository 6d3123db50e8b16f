"""How what a request led to is let go of, by place, kind of act and who ordered it: at once, by its mandate, or by an
officer of its unit alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from uuid import uuid4

import pytest

from alliance import profiles
from consumers.casebook.model import BEGINS_HOLD, Draft, Known, Law
from consumers.casebook.release import releasing
from schemas.requests import Action, AuthorityClass, Request, RequestStatus
from tests.consumers.facts import account, lead, mandate
from tests.consumers.test_decide import HANDLE, NUMBER, case_of, decided, law, report

MULE = account("m")
CASE = case_of(lead(MULE))
WHY = "the alert was withdrawn"
GIVEN = mandate(release_at_once=True)
"""A mandate of police-one, the alliance's own unit."""


def asked(action: Action, unit: str = "police-two") -> Request:
    """A request for the act, ordered by `unit` if police did."""
    made: list[Draft] = [*decided(lead(HANDLE)), *decided(lead(MULE)), *decided(lead(MULE), [report()], law(GIVEN))]
    made += decided(lead(NUMBER), [report()])
    found = next(draft for draft in (*made, *map(_watch, made)) if draft.action is action)
    request = found.request().model_copy(update={"to": found.to})
    authority = request.authority.model_copy(update={"unit": unit})
    return request.model_copy(update={"authority": authority} if action in BEGINS_HOLD else {})


def _watch(draft: Draft) -> Draft:
    return replace(draft, action=Action.WATCH)


def let_go(action: Action, place: str = "cn", *, by: Law | None = None, ordered: bool = True) -> Draft | None:
    given = None if ordered else GIVEN.mandate_id
    here = replace(by or law(GIVEN), profile=profiles.load(place))
    return releasing.let_go(CASE, asked(action), here, WHY, given)


@pytest.mark.parametrize("place", profiles.names())
@pytest.mark.parametrize("action", [Action.DELAY, Action.WATCH, Action.TAKEDOWN])
def test_a_members_measure_ends_at_once(place: str, action: Action) -> None:
    release = let_go(action, place)
    assert release is not None
    assert (release.action, release.status, release.reasons) == (Action.RELEASE, RequestStatus.DRAFTED, (WHY,))
    assert release.authority.authority is AuthorityClass.MEMBER_REQUEST


@pytest.mark.parametrize("place", profiles.names())
def test_a_place_may_leave_a_members_measure_to_an_officer_of_its_unit(place: str) -> None:
    told = profiles.load(place)
    proposed = told.release.member_measure.model_copy(update={"value": told.release.order.value})
    here = told.model_copy(update={"release": told.release.model_copy(update={"member_measure": proposed})})
    release = releasing.let_go(CASE, asked(Action.DELAY), replace(law(GIVEN), profile=here), WHY, None)
    assert release is not None
    assert release.status is RequestStatus.AWAITING_AUTHORISATION


def test_a_place_may_leave_what_a_mandate_stopped_to_its_unit() -> None:
    told = profiles.load("cn")
    here = told.model_copy(update={"release": told.release.model_copy(update={"mandate": told.release.order})})
    by = replace(law(GIVEN), profile=here)
    assert releasing.let_go(CASE, asked(Action.STOP), by, WHY, GIVEN.mandate_id) is None


@pytest.mark.parametrize("place", profiles.names())
@pytest.mark.parametrize("action", [Action.STOP, Action.SUSPEND])
def test_what_police_ordered_is_its_units_to_let_go_and_the_release_is_of_that_unit(place: str, action: Action) -> None:
    assert let_go(action, place) is None
    release = releasing.by_its_unit(CASE, asked(action), replace(law(), profile=profiles.load(place)), WHY)
    assert release is not None
    assert (release.status, release.authority.unit) == (RequestStatus.AWAITING_AUTHORISATION, "police-two")
    assert release.reasons == (WHY,)


def test_a_mandate_lets_go_of_what_it_had_stopped_where_it_says_so() -> None:
    release = let_go(Action.STOP, ordered=False)
    assert release is not None
    assert (release.authority.authority, release.mandate_id) == (AuthorityClass.MANDATE, GIVEN.mandate_id)
    assert let_go(Action.STOP, ordered=False, by=law(GIVEN.model_copy(update={"release_at_once": False}))) is None
    assert let_go(Action.STOP, ordered=False, by=law()) is None


def test_where_the_law_lets_go_at_once_no_mandate_is_needed() -> None:
    release = let_go(Action.STOP, "th", ordered=False, by=law())
    assert release is not None
    assert release.authority.authority is AuthorityClass.MEMBER_REQUEST


def test_under_an_authority_that_the_place_does_not_have_for_a_release_there_is_none() -> None:
    assert all(classes for classes in barred())


def barred() -> Iterator[bool]:
    for place in profiles.names():
        told = profiles.load(place)
        for kind in set(AuthorityClass) - set(told.authority[Action.RELEASE].by.value):
            authority = asked(Action.DELAY).authority.model_copy(update={"authority": kind})
            here = replace(law(), profile=told)
            yield releasing.release(CASE, asked(Action.DELAY), here, WHY, authority) is None


def test_the_release_of_a_second_stop_names_its_own_hold_and_is_not_taken_for_the_firsts() -> None:
    first = asked(Action.STOP)
    second = first.model_copy(update={"request_id": uuid4(), "hold_id": uuid4(), "attempt": 2, "hop": 3})
    ends = [releasing.by_request(CASE, stop, law(), WHY) for stop in (first, second)]
    assert ends[0] is not None and ends[1] is not None
    assert ends[0].request_id != ends[1].request_id
    known = replace(CASE, known=[ends[0].known()])
    assert releasing.by_request(known, first, law(), WHY) is None
    again = releasing.by_request(known, second, law(), WHY)
    assert again is not None
    told = again.request()
    assert (told.to, told.target, told.hold_id, told.amount) == (
        second.to,
        second.target,
        second.hold_id,
        second.amount,
    )
    assert (told.attempt, told.hop, again.parent) == (2, 3, second.request_id)


@pytest.mark.parametrize("action", [Action.VERIFY, Action.QUERY])
def test_what_goes_on_nowhere_is_not_released(action: Action) -> None:
    assert let_go(action) is None


def test_each_member_and_each_measure_has_a_release_of_its_own_and_but_one() -> None:
    first = let_go(Action.DELAY)
    assert first is not None
    before = Known(first.request_id, Action.RELEASE, MULE.tokens[0], first.asked, 1, RequestStatus.SENT)
    case = replace(CASE, known=[before])
    assert releasing.let_go(case, asked(Action.DELAY), law(), WHY, None) is None
    other = asked(Action.DELAY).model_copy(update={"to": "bank-two", "request_id": uuid4()})
    assert releasing.let_go(case, other, law(), WHY, None) is not None
    watched = asked(Action.DELAY).model_copy(update={"action": Action.WATCH, "request_id": uuid4()})
    assert releasing.let_go(case, watched, law(), WHY, None) is not None
