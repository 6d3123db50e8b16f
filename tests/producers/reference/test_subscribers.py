"""What a carrier does about a suspension: it ends by its time, by its unit's order, or by its
own law."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

import msgspec
import pytest

from alliance import profiles
from producers.reference.handler import handle
from producers.reference.subscribers import Carrier, Subscribed
from schemas.answers import Answer, AnswerStatus
from schemas.identifiers import Identifier, IdentifierKind
from schemas.requests import Action, Request
from tests.producers.reference.support import (
    CHEN,
    CN,
    INDEX,
    NOW,
    PHONE,
    POLICE_2,
    TOKENS,
    ZHAO,
    mandated,
    registry,
    request,
    signed_by,
)

LINE, FIRST, SECOND = "line-1", UUID(int=7), UUID(int=8)
NUMBER = cast(Identifier, INDEX.identifier(IdentifierKind.NUMBER, PHONE))
WEEK = timedelta(days=7)
LETS_GO = CN.model_copy(update={"release": profiles.load("th").release})
DECIDES = timedelta(seconds=LETS_GO.release.decision_s.value)


def carrier(*entries: Any) -> Carrier:
    made = Carrier("carrier-a", TOKENS)
    for entry in (Subscribed(LINE, (("number", PHONE),), NOW), *entries):
        made.apply(entry)
    return made


def asked(action: Action, hold_id: UUID = FIRST, **over: Any) -> Request:
    lasts = int(WEEK.total_seconds()) if action is Action.SUSPEND else None
    said: dict[str, Any] = {"target": NUMBER, "amount": None, "match": None, "hold_id": hold_id, "duration_s": lasts}
    said |= {"to": "carrier-a", "void_after": NOW + timedelta(days=9), **over}
    return request(int(hold_id) + 100 * (action is Action.RELEASE), action, **said)


def told(books: Carrier, said: Request, now: datetime = NOW, profile: Any = CN) -> Answer:
    decision = handle(said, books, registry(), profile, now)
    for entry in decision.entries:
        books.apply(entry)
    return decision.answer


def suspended(books: Carrier | None = None) -> Carrier:
    books = books or carrier()
    answer = told(books, signed_by(asked(Action.SUSPEND), CHEN))
    assert (answer.status, answer.until) == (AnswerStatus.EXECUTED, NOW + WEEK)
    return books


def test_a_suspension_ends_by_itself() -> None:
    books = suspended()
    assert books.is_suspended(LINE, NOW + WEEK - timedelta(microseconds=1))
    assert not books.is_suspended(LINE, NOW + WEEK)
    late = signed_by(asked(Action.RELEASE), CHEN)
    assert told(books, late, NOW + WEEK).status is AnswerStatus.REFUSED


def test_it_is_lifted_under_no_mandate_that_the_hub_has() -> None:
    books = suspended()
    assert told(books, mandated(asked(Action.RELEASE))).status is AnswerStatus.REFUSED
    assert books.is_suspended(LINE, NOW)


def test_it_is_lifted_by_the_unit_that_ordered_it_and_by_no_other() -> None:
    books = suspended()
    theirs = signed_by(asked(Action.RELEASE), ZHAO, unit=POLICE_2)
    assert (told(books, theirs).reason or "").startswith("a suspension is lifted by the unit that ordered it")
    assert books.is_suspended(LINE, NOW)
    assert told(books, signed_by(asked(Action.RELEASE), CHEN)).status is AnswerStatus.EXECUTED
    assert not books.is_suspended(LINE, NOW)
    again = told(books, signed_by(asked(Action.RELEASE), CHEN))
    assert (again.status, again.reason) == (AnswerStatus.REFUSED, "no suspension of this id is in force on the line")


@pytest.mark.parametrize(("profile", "after", "goes"), [
    (CN, timedelta(days=6), False),
    (LETS_GO, DECIDES - timedelta(microseconds=1), False),
    (LETS_GO, DECIDES, True),
])  # fmt: skip
def test_on_the_hubs_word_it_goes_as_the_carriers_own_profile_has_it(
    profile: Any, after: timedelta, goes: bool
) -> None:
    books = suspended()
    answer = told(books, asked(Action.RELEASE), NOW + after, profile)
    assert answer.status is (AnswerStatus.EXECUTED if goes else AnswerStatus.REFUSED)
    assert books.is_suspended(LINE, NOW + after) is not goes


def test_a_line_that_two_units_had_suspended_is_open_when_both_have_ended() -> None:
    books = suspended()
    told(books, signed_by(asked(Action.SUSPEND, SECOND), ZHAO, unit=POLICE_2))
    told(books, signed_by(asked(Action.RELEASE), CHEN))
    assert books.is_suspended(LINE, NOW)
    told(books, signed_by(asked(Action.RELEASE, SECOND), ZHAO, unit=POLICE_2))
    assert not books.is_suspended(LINE, NOW)


def test_no_mandate_and_no_members_word_cuts_a_line_off() -> None:
    books = carrier()
    for said in (mandated(asked(Action.SUSPEND)), asked(Action.SUSPEND)):
        assert told(books, said).status is AnswerStatus.REFUSED
    assert not books.is_suspended(LINE, NOW)


def test_no_other_order_replaces_a_suspension_and_no_mandate_lifts_one() -> None:
    books = suspended()
    theirs = signed_by(asked(Action.SUSPEND, case_id=UUID(int=40), duration_s=1), ZHAO, unit=POLICE_2)
    assert told(books, theirs).status is AnswerStatus.REFUSED
    assert told(books, mandated(asked(Action.RELEASE))).status is AnswerStatus.REFUSED
    assert books.is_suspended(LINE, NOW + WEEK - timedelta(seconds=1))


def test_a_suspension_is_no_longer_than_the_law_has_it() -> None:
    month = CN.suspend.duration_s.value
    for duration_s, goes in ((month, True), (month + 1, False)):
        answer = told(carrier(), signed_by(asked(Action.SUSPEND, duration_s=duration_s), CHEN))
        assert (answer.status is AnswerStatus.EXECUTED) is goes


def test_its_entries_are_what_they_were_when_they_are_read_again() -> None:
    books = suspended()
    entries = [books.decode(msgspec.json.encode(entry)) for entry in books.acted]
    assert entries == books.acted
    assert carrier(*entries).suspended == books.suspended
