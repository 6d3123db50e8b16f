"""The tables of transitions: every end absorbs, whatever comes late, twice or crosses; and every life has an end."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.casebook.lifecycle import (
    APPEAL,
    APPEAL_BEGINNINGS,
    CASE,
    CASE_BEGINNINGS,
    CASE_ENDS,
    DISPUTE,
    DISPUTE_BEGINNINGS,
    FRUITLESS,
    HOLD,
    HOLD_BEGINNINGS,
    HOLD_ENDS,
    IN_FORCE,
    KEEPS,
    ON_PAPER,
    REQUEST,
    REQUEST_BEGINNINGS,
    REQUEST_ENDS,
    UNENDED,
    AppealEvent,
    CaseEvent,
    CaseStatus,
    HoldEvent,
    RequestEvent,
    appeal_after,
    case_after,
    hold_after,
    request_after,
)
from schemas.answers import AnswerStatus
from schemas.decisions import AppealStatus, DisputeStatus
from schemas.requests import HoldStatus, RequestStatus


class Step(NamedTuple):
    event: HoldEvent
    before: HoldStatus
    after: HoldStatus

    @property
    def enters(self) -> bool:
        return self.after is not self.before


Status = TypeVar("Status", bound=StrEnum)
REQUEST_EVENTS = st.lists(st.sampled_from(RequestEvent), max_size=12)
ENDED = {RequestStatus(event.value) for event in AnswerStatus if event != "acknowledged"} | {RequestStatus.CANCELLED}
FINAL = {RequestEvent(status.value) for status in AnswerStatus} - {RequestEvent.ACKNOWLEDGED}
DECLINES = frozenset(KEEPS.values())
OTHERS = sorted(set(HoldEvent) - DECLINES)
UNDECLINED = {
    status: {event: after for event, after in moves.items() if event not in DECLINES} for status, moves in HOLD.items()
}
OVER = {HoldStatus.RELEASED, HoldStatus.RETURNED, HoldStatus.EXPIRED, HoldStatus.DEDUCTED}
DECIDED: dict[type[StrEnum], set[Any]] = {
    kind: {kind("upheld"), kind("rejected"), kind("inadmissible")} for kind in (AppealStatus, DisputeStatus)
}
TABLES = pytest.mark.parametrize(
    ("table", "beginnings", "ends"),
    [
        (REQUEST, REQUEST_BEGINNINGS, ENDED),
        (HOLD, HOLD_BEGINNINGS, OVER),
        (CASE, CASE_BEGINNINGS, CASE_ENDS),
        (APPEAL, APPEAL_BEGINNINGS, DECIDED[AppealStatus]),
        (DISPUTE, DISPUTE_BEGINNINGS, DECIDED[DisputeStatus]),
    ],
)


def reached(table: Mapping[Status, Mapping[Any, Status]], begin: set[Status]) -> set[Status]:
    """Every status that any path from these leads to, with these."""
    found, new = set(begin), set(begin)
    while new:
        new = {after for status in new for after in table[status].values()} - found
        found |= new
    return found


@st.composite
def lives(draw: st.DrawFn) -> list[Step]:
    """What happens to a hold: mostly what the table lets happen, so that lives are long, and sometimes anything.

    A release that is declined leads back to what the hold was, as the database has it.
    """
    status, former, steps = draw(st.sampled_from(sorted(HOLD_BEGINNINGS))), HoldStatus.ACTIVE, []
    for _ in range(draw(st.integers(1, 12))):
        listed = sorted(event for event in HOLD[status] if event not in DECLINES or event is KEEPS[former])
        event = draw((st.sampled_from(listed) if listed else st.nothing()) | st.sampled_from(OTHERS))
        steps.append(Step(event, status, hold_after(status, event)))
        if event is HoldEvent.PROPOSE_RELEASE and steps[-1].enters:
            former = status
        elif event is HoldEvent.ACTIVATE and status is HoldStatus.RELEASE_PROPOSED:
            former = HoldStatus.ACTIVE if former is HoldStatus.QUEUED else former
        status = steps[-1].after
    return steps


@TABLES
def test_every_status_is_in_the_table_and_is_reached(
    table: dict[StrEnum, dict[StrEnum, StrEnum]], beginnings: set[StrEnum], ends: set[StrEnum]
) -> None:
    assert set(table) == set(type(next(iter(beginnings))))
    assert reached(table, beginnings) == set(table)


@TABLES
def test_every_status_reaches_an_end_and_no_end_leads_anywhere(
    table: dict[StrEnum, dict[StrEnum, StrEnum]], beginnings: set[StrEnum], ends: set[StrEnum]
) -> None:
    assert {status for status, moves in table.items() if not moves} == ends
    assert all(reached(table, {status}) & ends for status in table)
    assert all(reached(table, {end}) == {end} for end in ends)


def test_every_answer_is_an_event() -> None:
    assert {event.value for event in FINAL} | {"acknowledged"} == {status.value for status in AnswerStatus}
    assert REQUEST_ENDS == ENDED


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


def test_an_ended_request_was_carried_out_or_came_to_nothing() -> None:
    """What came to nothing uses up none of the law's stops, and has nothing to let go of."""
    assert REQUEST_ENDS - {RequestStatus.EXECUTED, RequestStatus.PARTIAL} == FRUITLESS


@given(lives())
def test_a_hold_that_has_ended_is_never_in_force_again(life: list[Step]) -> None:
    assert not [step for step in life if step.before in OVER and step.enters]
    assert HOLD_ENDS == OVER


@given(lives())
def test_a_stop_is_extended_once_and_never_after_a_freeze(life: list[Step]) -> None:
    entered = [step.after for step in life if step.enters and step.event not in DECLINES]
    assert entered.count(HoldStatus.EXTENDED) <= 1
    assert not [step for step in life if step.event is HoldEvent.EXTEND and step.enters and step.before in ON_PAPER]
    frozen = [index for index, after in enumerate(entered) if after in ON_PAPER]
    assert not frozen or HoldStatus.EXTENDED not in entered[frozen[0] :]


def test_nothing_that_follows_an_extension_or_a_freeze_leads_back_to_it() -> None:
    beyond = set(HOLD[HoldStatus.EXTENDED].values()) - {HoldStatus.EXTENDED}
    assert HoldStatus.EXTENDED not in reached(UNDECLINED, beyond)
    assert reached(UNDECLINED, {HoldStatus.FROZEN}) <= ON_PAPER | OVER | {HoldStatus.RELEASE_PROPOSED}


@given(lives())
def test_what_waits_in_the_queue_is_in_force_by_its_turn_alone(life: list[Step]) -> None:
    for step in life:
        if step.before is HoldStatus.QUEUED and step.enters:
            assert step.after in OVER | {HoldStatus.RELEASE_PROPOSED} or step.event is HoldEvent.ACTIVATE
        assert not step.enters or step.after is not HoldStatus.QUEUED or step.event is HoldEvent.KEEP_QUEUED


@given(lives())
def test_money_is_returned_from_a_freeze_alone(life: list[Step]) -> None:
    for step in life:
        # A release that was declined leads back to what was, and moves no money.
        if step.enters and step.event not in DECLINES and step.after in (HoldStatus.PART_RETURNED, HoldStatus.RETURNED):
            assert step.before in ON_PAPER


@given(lives())
def test_what_is_proposed_for_release_is_not_prolonged(life: list[Step]) -> None:
    proposed = HoldStatus.RELEASE_PROPOSED
    decided = [step for step in life if step.before is proposed and step.event not in DECLINES]
    assert {step.after for step in decided} <= OVER | {proposed}


def test_a_declined_release_has_one_way_back_to_whatever_the_hold_was() -> None:
    assert set(KEEPS) == {status for status, moves in HOLD.items() if HoldEvent.PROPOSE_RELEASE in moves}
    for status, event in KEEPS.items():
        assert hold_after(HoldStatus.RELEASE_PROPOSED, event) is status
        assert not [other for other in HOLD if event in HOLD[other] and other is not HoldStatus.RELEASE_PROPOSED]


def test_a_reduction_ends_nothing_and_brings_no_hold_into_force() -> None:
    reduced = {status: moves[HoldEvent.REDUCE] for status, moves in HOLD.items() if HoldEvent.REDUCE in moves}
    assert reduced.keys() == IN_FORCE
    assert set(reduced.values()) <= IN_FORCE
    kept = {status: after for status, after in reduced.items() if status is not HoldStatus.ACTIVE}
    assert all(after is status for status, after in kept.items())


def test_whatever_has_not_ended_ends_by_the_clock_or_the_holder() -> None:
    for status in UNENDED:
        assert hold_after(status, HoldEvent.EXPIRE) is HoldStatus.EXPIRED
        assert hold_after(status, HoldEvent.RELEASE) is HoldStatus.RELEASED


def test_a_court_takes_what_is_held_and_nothing_else() -> None:
    taken = {status for status, moves in HOLD.items() if HoldEvent.DEDUCT in moves}
    assert taken == IN_FORCE


@given(st.lists(st.sampled_from(CaseEvent), max_size=8))
def test_a_case_that_was_merged_or_transferred_never_opens_again(events: list[CaseEvent]) -> None:
    status, gone = CaseStatus.OPEN, None
    for event in events:
        status = case_after(status, event)
        assert gone is None or status is gone
        gone = status if status in (CaseStatus.MERGED, CaseStatus.TRANSFERRED) else None


@given(st.lists(st.sampled_from(AppealEvent), max_size=6))
def test_an_appeal_is_decided_once_and_never_for_want_of_time(events: list[AppealEvent]) -> None:
    status = AppealStatus.FILED
    decisions = [event for event in events if event is not AppealEvent.ESCALATE]
    for event in events:
        status = appeal_after(status, event)
    if decisions:
        assert (
            status is {AppealEvent.UPHOLD: AppealStatus.UPHELD, AppealEvent.REJECT: AppealStatus.REJECTED}[decisions[0]]
        )
    else:
        assert status in (AppealStatus.FILED, AppealStatus.OVERDUE)
