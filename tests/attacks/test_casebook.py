"""Attacks on the casebook, on a real database: by a member that answers for another, and by the database's owner.

Nothing of them has an effect on a request, a hold or a mandate; the sender is told no more than that it was not asked.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from sqlalchemy import text

from alliance.keys.encoding import decode, encode
from schemas.answers import AnswerStatus
from schemas.reasons import Reason
from schemas.requests import Action, AuthorityClass, RequestStatus
from tests.consumers.facts import account, lead, yuan
from tests.consumers.office import Office
from tests.consumers.test_office import stop_of, stopped
from tests.consumers.test_withdrawals import waiting

pytestmark = pytest.mark.services


def statuses(office: Office) -> dict[UUID, RequestStatus]:
    return {one.request_id: one.status for one in office.requests()}


@pytest.mark.parametrize("status", [AnswerStatus.EXECUTED, AnswerStatus.REFUSED, AnswerStatus.ALREADY_GONE])
def test_an_answer_to_another_members_request(office: Office, status: AnswerStatus) -> None:
    mule = account()
    _, stop = stopped(office, mule)
    before = statuses(office)
    foreign = office.answer(stop, status, by="bank-two")
    assert [refusal.reason for refusal in foreign.refusals] == [Reason.NOT_YOURS]
    assert (statuses(office), office.holds(mule)) == (before, [])
    assert not office.answer(stop, AnswerStatus.EXECUTED, amount=yuan(1)).refusals
    assert len(office.holds(mule)) == 1


def test_what_is_told_of_anothers_request_is_what_is_told_of_none(office: Office) -> None:
    """Else a member could find out what is asked of others by trying ids."""
    _, stop = stopped(office, account())
    none = stop.model_copy(update={"request_id": uuid4()})
    told = [office.answer(one, AnswerStatus.EXECUTED, by="bank-two").refusals[0] for one in (stop, none)]
    first, second = (
        refusal.detail.replace(str(one.request_id), "ID") for refusal, one in zip(told, (stop, none), strict=True)
    )
    assert first == second


def test_an_answer_replayed(office: Office) -> None:
    mule = account()
    _, stop = stopped(office, mule)
    said = office.answer(stop, AnswerStatus.EXECUTED, amount=yuan(5_000_000))
    before = statuses(office), office.holds(mule)
    office.take(answers=[said, said])
    office.take(answers=[said])
    assert (statuses(office), office.holds(mule)) == before
    assert said.refusals == []


def test_a_withdrawal_of_another_members_alert(office: Office) -> None:
    """What it names is the sender's own event of that id, which there is not."""
    suspicion, stop = stopped(office, account())
    for item in suspicion.evidence:
        office.take(withdrawals=[office.withdrawal(item.model_copy(update={"member": "platform-one"}))])
    assert statuses(office)[stop.request_id] is RequestStatus.SENT
    office.withdraw(*suspicion.evidence)
    assert statuses(office)[stop.request_id] is not RequestStatus.DRAFTED


def resigned(jws: str, **over: Any) -> str:
    header, body, signature = jws.split(".")
    return f"{header}.{encode(orjson.dumps({**orjson.loads(decode(body)), **over}))}.{signature}"


def edit(office: Office, signatures: list[str]) -> None:
    """The owner of the database is not bound by its triggers and constraints."""
    with office.engine.begin() as db:
        db.execute(text("alter table mandate drop constraint signed"))
        db.execute(text("set local session_replication_role = replica"))
        db.execute(text("update mandate set signatures = :new"), {"new": signatures})


@pytest.mark.parametrize(
    "over",
    [{"min_level": "medium"}, {"max_hop": 5}, {"valid_to": "2099-01-01T00:00:00Z"}, {"officers": ["p101"]}],
    ids=str,
)
def test_a_mandate_edited_in_the_database(office: Office, over: dict[str, Any]) -> None:
    """It verifies no more, so that what it covered waits for an officer."""
    office.mandate()
    with office.engine.connect() as db:
        [[signed]] = db.scalars(text("select signatures from mandate"))
    edit(office, [resigned(signed, **over)])
    _, draft = waiting(office, account())
    assert draft.authority.authority is AuthorityClass.POLICE_ORDER
    assert not [letter for letter in office.deliver() if letter.action is Action.STOP]


def test_a_mandate_that_was_not_edited_covers_the_same(office: Office) -> None:
    office.mandate()
    office.take()
    mule = account()
    office.report(mule)
    office.suspect(lead(mule, reported=True))
    assert stop_of(office.deliver()).authority.authority is AuthorityClass.MANDATE


def test_a_mandate_of_which_the_signatures_were_taken_away(office: Office) -> None:
    office.mandate()
    edit(office, [])
    _, draft = waiting(office, account())
    assert draft.authority.authority is AuthorityClass.POLICE_ORDER


def test_the_columns_beside_a_mandates_signatures_decide_nothing(office: Office) -> None:
    """A mandate that has ended is not made longer by the dates of its row."""
    ended = office.now
    office.mandate(valid_to=ended)
    with office.engine.begin() as db:
        db.execute(text("update mandate set valid_from = '2000-01-01', begun = true"))
    _, draft = waiting(office, account())
    assert draft.authority.authority is AuthorityClass.POLICE_ORDER
