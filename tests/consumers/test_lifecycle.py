"""The tables of transitions: every end absorbs, whatever comes late, twice or crosses."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from consumers.casebook.lifecycle import (
    HOLD,
    IN_FORCE,
    REQUEST,
    HoldEvent,
    RequestEvent,
    hold_after,
    request_after,
)
from schemas.answers import AnswerStatus
from schemas.requests import HoldStatus, RequestStatus

REQUEST_EVENTS = st.lists(st.sampled_from(RequestEvent), max_size=12)
HOLD_EVENTS = st.lists(st.sampled_from(HoldEvent), max_size=8)
ENDED = {RequestStatus(event.value) for event in AnswerStatus if event != "acknowledged"} | {RequestStatus.CANCELLED}
FINAL = {RequestEvent(status.value) for status in AnswerStatus} - {RequestEvent.ACKNOWLEDGED}


def test_the_table_knows_every_status_and_every_answer() -> None:
    assert set(REQUEST) == set(RequestStatus)
    assert {event.value for event in FINAL} | {"acknowledged"} == {status.value for status in AnswerStatus}


@given(REQUEST_EVENTS)
def test_a_request_that_has_ended_never_goes_on(events: list[RequestEvent]) -> None:
    status, ended = RequestStatus.DRAFTED, None
    for event in events:
        status = request_after(status, event)
        if ended:
            assert status is ended
        ended = status if status in ENDED else None


@given(REQUEST_EVENTS)
def test_what_waits_for_an_officer_moves_by_authorisation_or_cancellation_alone(events: list[RequestEvent]) -> None:
    status = RequestStatus.AWAITING_AUTHORISATION
    for event in events:
        if event in (RequestEvent.AUTHORISE, RequestEvent.CANCEL):
            return
        status = request_after(status, event)
        assert status is RequestStatus.AWAITING_AUTHORISATION


@given(st.sampled_from([RequestStatus.SENT, RequestStatus.ACKNOWLEDGED, RequestStatus.REFERRED]))
def test_each_final_answer_ends_what_was_sent(status: RequestStatus) -> None:
    for event in FINAL:
        assert request_after(status, event) in ENDED


@given(HOLD_EVENTS)
def test_a_hold_is_extended_once_and_its_end_is_final(events: list[HoldEvent]) -> None:
    status, extended, ended = HoldStatus.ACTIVE, 0, False
    for event in events:
        after = hold_after(status, event)
        extended += after is HoldStatus.EXTENDED and status is not after
        assert not (ended and after is not status)
        ended = after in (HoldStatus.EXPIRED, HoldStatus.RELEASED)
        status = after
    assert extended <= 1


def test_whatever_is_in_force_can_end_by_the_clock() -> None:
    assert all(HOLD[status].get(HoldEvent.EXPIRE) is HoldStatus.EXPIRED for status in IN_FORCE)
