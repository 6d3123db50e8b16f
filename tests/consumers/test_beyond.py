"""What a member or an officer can send that is beyond what can be written or counted, or crosses what the table of a
life allows: it ends no turn, as the next turn would find it again, and nothing would ever be done any more."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from types import SimpleNamespace
from uuid import uuid4

import pytest

from alliance.errors import Refused
from alliance.keys.store import generate
from alliance.roll import Roll
from consumers.casebook import audit, changes
from consumers.casebook.audit import Trail
from consumers.casebook.rows import insert_rows
from consumers.casebook.tables import FiledAnswer
from schemas.alerts import ReportedTransfer
from schemas.answers import Answer, AnswerStatus, Outflow, OutflowType
from schemas.envelope import Event, event_type, source_of
from schemas.requests import HoldStatus, RequestStatus
from schemas.returns import DecideObjection, DeductHold
from schemas.topics import RULES
from tests.consumers.facts import account, lead, yuan
from tests.consumers.office import Office
from tests.consumers.test_holdacts import PAPER, held
from tests.consumers.test_hops import GONE, M, out, stops
from tests.consumers.test_office import stop_of, stopped
from tests.consumers.test_queue import wait
from tests.consumers.test_referring import away, enter, refer
from tests.consumers.test_returning import signed
from tests.consumers.test_withdrawals import ordered

pytestmark = pytest.mark.services
MOST = 10**15
"""Of a message's amount, in the minor unit."""
EAST, WEST = timezone(timedelta(hours=14)), timezone(timedelta(hours=-12))


def test_reports_of_more_than_an_amount_can_be(office: Office) -> None:
    mule = account()
    office.report_all(*[ReportedTransfer(payee=mule, amount=yuan(MOST))] * 2)
    office.suspect(lead(mule, reported=True))
    assert office.draft(mule).amount == yuan(MOST)


def test_a_holder_that_tells_of_more_than_an_amount_can_be(office: Office) -> None:
    first, then = account(), account()
    _, stop = stopped(office, first)
    office.answer(stop, GONE, outflows=[out(office, then, MOST, 1), out(office, account(), MOST, 2)])
    [asked] = stops(office)
    assert asked.amount is not None and asked.amount.minor <= 5 * M


def test_the_same_where_it_is_told_without_a_trace(office: Office) -> None:
    first, then = account(), account()
    _, stop = stopped(office, first)
    twice = out(office, then, MOST, 1, serial=account("S1"))
    other = twice.model_copy(update={"amount": yuan(MOST - 1)})
    office.answer(stop, GONE, outflows=[twice, other])
    [asked] = stops(office)
    assert asked.amount == yuan(5 * M)


@pytest.mark.parametrize("at", [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, tzinfo=UTC)])
def test_a_payment_of_a_year_that_has_none_before_or_after_it(office: Office, at: datetime) -> None:
    mule = account()
    office.mandate()
    office.report_all(ReportedTransfer(payee=mule, amount=yuan(5 * M), time=at))
    office.suspect(lead(mule, reported=True))
    stop = stop_of(office.deliver())
    there = Outflow(type=OutflowType.TRANSFER, amount=yuan(M), time=at, payee=account())
    office.answer(stop, AnswerStatus.PARTIAL, amount=yuan(4 * M), outflows=[there])
    assert held(office, mule).amount == yuan(4 * M)


def test_a_decision_on_an_objection_whose_number_no_database_has(office: Office) -> None:
    said = DecideObjection(objection=2**63, upheld=True, reason="there is none", at=office.now)
    assert "There is no objection" in str(signed(office, said))


def test_a_court_that_takes_what_only_waits_and_is_to_be_let_go(office: Office) -> None:
    mule = account()
    suspicion, stop = ordered(office, mule)
    wait(office, stop)
    office.withdraw(*suspicion.evidence)
    assert held(office, mule).status is HoldStatus.RELEASE_PROPOSED
    said = DeductHold(hold_id=held(office, mule).hold_id, paper=PAPER, reason="judgement 9", at=office.now)
    assert "only waits" in str(signed(office, said))
    assert held(office, mule).status is HoldStatus.RELEASE_PROPOSED


@pytest.mark.parametrize("at", [datetime(1, 1, 1, tzinfo=EAST), datetime(9999, 12, 31, 23, tzinfo=WEST)])
def test_a_mandate_of_a_year_that_no_database_has(office: Office, at: datetime) -> None:
    with pytest.raises(Refused, match="No mandate begins in the year"):
        office.mandate(valid_from=at, valid_to=at)


@pytest.mark.parametrize("at", [datetime(1, 1, 1, tzinfo=EAST), datetime(9999, 12, 31, 23, tzinfo=WEST)])
@pytest.mark.parametrize("status", [AnswerStatus.REFUSED, AnswerStatus.EXECUTED])
def test_what_an_officer_heard_of_such_a_year(office: Office, at: datetime, status: AnswerStatus) -> None:
    """Nor of what is still to come."""
    target = account(None, "cnaps:9")
    one = away(office, target)
    refer(office, one)
    for when in (at, office.now + timedelta(hours=1)):
        with pytest.raises(Refused, match="Nobody can have done it"):
            enter(office, one, at=when, status=status, reason="so it said")
        said = Answer(request_id=one.request_id, status=status, reason="so it said")
        event = Event(id=uuid4(), source=source_of("police-one"), type=event_type("answer"), time=when, data=said)
        jws = office.sign(event.model_dump(mode="json"))
        with office.engine.begin() as db:
            row = {"event_id": event.id, "request_id": one.request_id, "filed_at": office.now, "jws": jws}
            insert_rows(db, FiledAnswer, [row])
        office.take()
        office.take()
    assert office.request(one.request_id).status is RequestStatus.REFERRED


def test_a_record_whose_key_no_database_can_have(office: Office) -> None:
    record = SimpleNamespace(topic=RULES.name, key=b"e1:\x00", value=b"{}", headers=())
    act, about = changes.told(record, Roll(generate("registrar").public.verifier()))
    trail = Trail()
    trail.note(act, about)
    with office.engine.begin() as db:
        audit.append(db, trail, audit.head(db), office.now)
    assert office.is_audited()
