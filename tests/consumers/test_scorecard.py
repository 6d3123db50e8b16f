"""A member's numbers: counted from rows alone, and from what a real casebook has."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alliance import profiles
from alliance.ids import IdSource
from consumers.casebook.views.outcomes import EVERY
from consumers.casebook.views.scorecard import Asked, Rows, scorecard
from consumers.casebook.views.scorerows import rows_of
from schemas.answers import AnswerStatus
from schemas.base import Money, to_ms
from schemas.outcomes import Became
from schemas.requests import Action, Request, RequestStatus, Scope
from schemas.scorecard import Scorecard
from schemas.tasks import TaskKind
from tests.consumers.facts import NOW, account, evidence, lead, yuan
from tests.consumers.office import Office
from tests.consumers.test_office import stop_of, stopped

CN = profiles.load("cn")
TIMES = st.lists(st.integers(0, 100_000), min_size=1, max_size=60)


def asked(action: Action = Action.VERIFY, final: float | None = None, **over: Any) -> Asked:
    done = None if final is None else NOW + timedelta(seconds=final)
    status = RequestStatus.SENT if final is None else RequestStatus.EXECUTED
    return Asked(**{"action": action, "status": status, "sent_at": NOW, "first_at": done, "final_at": done, **over})


def card(*rows: Asked, now: datetime = NOW, **over: Any) -> Scorecard:
    return scorecard("bank-one", Rows(rows, **over), now)


@given(TIMES)
def test_half_of_the_answers_took_no_longer_than_the_median_and_95_of_100_no_longer_than_the_p95(
    took: list[int],
) -> None:
    times = card(*(asked(final=span) for span in took)).final_answer
    assert times
    assert times.answered == len(took)
    assert min(took) <= times.median_s <= times.p95_s <= max(took)
    assert sum(span <= times.median_s for span in took) * 2 >= len(took)
    assert sum(span <= times.p95_s for span in took) * 20 >= 19 * len(took)
    assert sum(span < times.p95_s for span in took) * 20 < 19 * len(took)


def test_what_was_not_answered_has_no_time_and_an_answer_before_the_note_of_sending_took_none() -> None:
    assert (card(asked()).first_answer, card(asked()).final_answer) == (None, None)
    early = card(asked(final=-3.0)).final_answer
    assert early
    assert early.median_s == 0


def test_a_late_release_is_late_and_a_late_release_and_no_other_is_a_late_release() -> None:
    rows = [asked(Action.RELEASE), asked(Action.RELEASE, late=True), asked(Action.STOP, late=True)]
    found = card(*rows)
    assert (found.late, found.releases.asked, found.releases.late) == (2, 2, 1)


def test_over_holds_are_whole_accounts_and_amounts_beyond_those_asked_for_each_once() -> None:
    stop = Action.STOP
    rows = [
        asked(stop, 1, asked=yuan(100), held_minor=100),
        asked(stop, 1, asked=yuan(100), held_minor=30),
        asked(stop, 1, asked=yuan(100), held_minor=150),
        asked(stop, 1, asked=yuan(100), held_minor=107, whole=True),
        asked(stop, 1, asked=yuan(100), whole=True),
        asked(stop, 1, asked=Money(minor=1, currency="HKD"), held_minor=4),
    ]
    over = card(*rows).over_holds
    assert (over.stops, over.whole_accounts) == (4, 2)
    assert over.beyond == [yuan(57), Money(minor=3, currency="HKD")]


def test_a_share_is_told_only_of_a_whole_that_was_counted() -> None:
    became = {Became.LEAD: 3, Became.HELD: 1}
    known, unknown, less = (card(became=became, published=count).alerts for count in (16, None, 2))
    assert (known.useful, known.useful_share) == (4, 0.25)
    assert (unknown.useful, unknown.useful_share, less.useful_share) == (4, None, None)
    assert card(published=0).alerts.useful_share is None


def read(office: Office, *members: str, since: datetime | None = None) -> dict[str, Scorecard]:
    with office.engine.connect() as db:
        rows = rows_of(db, members, since)
    return {name: scorecard(name, rows[name], office.now, since) for name in members}


def of(office: Office, letter: Request, status: AnswerStatus, after_s: float, **fields: Any) -> None:
    office.pass_time(seconds=after_s)
    office.answer(letter, status, **fields)


def id_at(moment: datetime) -> UUID:
    return IdSource(lambda: to_ms(moment), os.urandom).next()


@pytest.mark.services
def test_a_casebook_gives_each_member_its_own_numbers(office: Office) -> None:
    suspicion, stop = stopped(office, account())
    of(office, stop, AnswerStatus.ACKNOWLEDGED, 10)
    of(office, stop, AnswerStatus.EXECUTED, 50, scope=Scope.ACCOUNT, amount=yuan(6_000_000))
    of(office, stop, AnswerStatus.REFUSED, 500)
    office.withdraw(*suspicion.evidence)
    release = office.release_of(stop)
    of(office, release, AnswerStatus.EXECUTED, CN.answer.to(Action.RELEASE).final_s.value + 1)
    office.pass_time(seconds=EVERY.total_seconds())
    cards = read(office, "bank-one", "bank-two", "carrier-one", "platform-one")
    holder = cards["bank-one"]
    assert holder.first_answer
    assert holder.final_answer
    assert (holder.first_answer.answered, holder.first_answer.median_s) == (2, (10 + 3601) / 2)
    assert (holder.final_answer.median_s, holder.final_answer.p95_s) == ((60 + 3601) / 2, 3601)
    assert holder.requests[RequestStatus.EXECUTED] == 2
    assert (holder.over_holds.stops, holder.over_holds.beyond) == (1, [yuan(1_000_000)])
    assert (holder.releases.asked, holder.releases.late) == (1, 1)
    assert holder.alerts.useful == 0
    assert cards["bank-two"].alerts.became == cards["carrier-one"].alerts.became == {Became.RELEASED: 1}
    nobody = cards["platform-one"]
    assert (nobody.requests, nobody.alerts.useful, nobody.first_answer) == ({}, 0, None)


@pytest.mark.services
def test_an_order_that_only_waited_in_the_queue_held_nothing_too_much(office: Office) -> None:
    _, stop = stopped(office, account())
    waits = {"scope": Scope.ACCOUNT, "amount": yuan(9_000_000), "queue_position": 2}
    of(office, stop, AnswerStatus.EXECUTED, 1, **waits)
    assert read(office, "bank-one")["bank-one"].over_holds.stops == 0
    of(office, stop, AnswerStatus.EXECUTED, 1, scope=Scope.AMOUNT, amount=yuan(5_000_001))
    assert read(office, "bank-one")["bank-one"].over_holds.beyond == [yuan(1)]


@pytest.mark.services
def test_since_leaves_out_what_was_asked_and_published_before(office: Office) -> None:
    _, first = stopped(office, account())
    office.answer(first, AnswerStatus.EXECUTED, amount=yuan(5_000_000))
    office.pass_time(hours=1)
    since = office.now
    mule, ids = account(), [id_at(since - timedelta(seconds=1)), id_at(since)]
    office.report(mule)
    office.suspect(lead(mule, reported=True, evidence=[evidence("platform-one", event_id=one) for one in ids]))
    second = stop_of(office.deliver())
    of(office, second, AnswerStatus.REFUSED, 1, reason="no")
    later = read(office, "bank-one", "platform-one", since=since)
    assert sum(later["bank-one"].requests.values()) < sum(read(office, "bank-one")["bank-one"].requests.values())
    assert later["bank-one"].requests[RequestStatus.REFUSED] == 1
    assert RequestStatus.EXECUTED not in later["bank-one"].requests
    assert later["platform-one"].alerts.useful == 1


DUE, LATEST = CN.release.due_s.value, CN.release.latest_s.value


@pytest.mark.services
@pytest.mark.parametrize(("acknowledged", "let_go", "late"), [
    (None, DUE - 1, False),
    (None, DUE, True),
    (0, 2 * DUE, False),
    (DUE - 1, LATEST - 1, False),
    (DUE - 1, LATEST, True),
    (DUE, 2 * DUE, True),
    (None, None, True),
    (0, None, True),
])  # fmt: skip
def test_a_release_is_late_if_its_clock_ran_out_over_it_and_not_otherwise(
    office: Office, acknowledged: int | None, let_go: int | None, late: bool
) -> None:
    suspicion, stop = stopped(office, account())
    office.answer(stop, AnswerStatus.EXECUTED, amount=yuan(5_000_000))
    office.deliver()
    office.withdraw(*suspicion.evidence)
    release, sent = office.release_of(stop), office.now
    for status, at in ((AnswerStatus.ACKNOWLEDGED, acknowledged), (AnswerStatus.EXECUTED, let_go)):
        if at is not None:
            office.now = sent + timedelta(seconds=at)
            office.answer(release, status)
    if let_go is None:
        office.now = sent + timedelta(seconds=LATEST if acknowledged is not None else DUE)
        office.take()
    told = [task for task in office.tasks() if task.subject == release.request_id and task.kind is TaskKind.RELEASE]
    assert bool(told) is late
    found = read(office, "bank-one")["bank-one"]
    assert (found.releases.asked, found.releases.late, found.late) == (1, int(late), int(late))
