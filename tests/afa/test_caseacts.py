"""`afa case close` and `afa case transfer`: what a case must be for it, who may do it, and what becomes of the case."""

from __future__ import annotations

from uuid import UUID

import pytest

from schemas.answers import AnswerStatus
from schemas.identifiers import Identifier
from schemas.leads import Lead
from schemas.requests import Action, HoldStatus, Request, RequestStatus
from schemas.risk import Level
from tests.afa.desk import Desk, Said
from tests.consumers.facts import account, evidence, lead, yuan
from tests.consumers.test_office import TWO_DAYS, stop_of, stopped
from tests.consumers.test_signatures import waiting

pytestmark = pytest.mark.services
WHY = ("--reason", "nothing is left to do")


def close(desk: Desk, case_id: UUID) -> Said:
    return desk.afa("case", "close", case_id, *WHY, signer="p100")


def transfer(desk: Desk, case_id: UUID, to: str = "the centre of Datong") -> Said:
    return desk.afa("case", "transfer", case_id, "--to", to, *WHY, signer="p100")


def ended(desk: Desk) -> tuple[Identifier, Lead, Request]:
    """A case whose two stops have run out, with everything answered."""
    mule = account()
    suspicion, stop = stopped(desk.office, mule)
    for _ in range(2):
        desk.office.answer(stop, AnswerStatus.EXECUTED, amount=yuan(5_000_000))
        desk.office.pass_time(**TWO_DAYS)
        stop = next((one for one in desk.office.deliver() if one.action is Action.STOP), stop)
    return mule, suspicion, stop


def test_a_case_is_closed_once_nothing_of_it_is_in_force_and_nothing_open(desk: Desk) -> None:
    mule = account()
    suspicion, stop = stopped(desk.office, mule)
    desk.office.deliver()
    code, _, told = close(desk, stop.case_id)
    assert (code, "may yet be carried out" in told) == (1, True)
    desk.office.answer(stop, AnswerStatus.EXECUTED, amount=yuan(5_000_000))
    desk.office.pass_time(hours=25)
    code, _, told = close(desk, stop.case_id)
    assert (code, "holds that have not ended (1)" in told) == (1, True)
    desk.office.pass_time(hours=24)
    desk.office.answer(stop_of(desk.office.deliver()), AnswerStatus.NOT_FOUND)
    code, (case,), told = close(desk, stop.case_id)
    assert (code, case["status"], "The case is closed" in told) == (0, "closed", True)
    code, _, told = close(desk, stop.case_id)
    assert (code, "is closed, and can't be closed" in told) == (1, True)
    desk.office.suspect(suspicion.model_copy(update={"score": 0.99}))
    desk.office.registry_changed()
    assert desk.afa("case", "show", stop.case_id)[1][0]["status"] == "closed"
    assert not desk.office.deliver()


def test_a_closed_case_is_opened_again_by_what_new_evidence_asks_for(desk: Desk) -> None:
    mule = account()
    stop = waiting(desk.office, mule=mule)
    desk.office.pass_time(hours=25)
    assert close(desk, stop.case_id)[0] == 0
    desk.office.report(mule)
    assert desk.office.draft(mule).attempt == 2
    assert desk.afa("case", "show", stop.case_id)[1][0]["status"] == "open"


def test_only_an_officer_of_the_unit_that_has_the_case_closes_it(desk: Desk) -> None:
    desk.office.registry.apply("police-two", desk.office.police("p101", unit="police-two"))
    desk.enrol("police-two", "p101")
    _, _, stop = ended(desk)
    theirs = ("--as", "police-two", "--officer", "p101")
    code, _, told = desk.afa("case", "close", stop.case_id, *WHY, *theirs)
    assert (code, "police-one, which alone closes" in told) == (1, True)
    assert close(desk, stop.case_id)[0] == 0


def test_a_case_that_is_closed_takes_what_waits_for_a_signature_with_it(desk: Desk) -> None:
    stop = waiting(desk.office)
    desk.office.pass_time(hours=23)
    for one in desk.office.requests():
        if one.status is RequestStatus.SENT:
            desk.office.answer(one, AnswerStatus.NOT_FOUND, by=one.to)  # type: ignore[arg-type]
    assert close(desk, stop.case_id)[0] == 0
    cancelled = desk.office.request(stop.request_id)
    assert (cancelled.status, cancelled.reason) == (RequestStatus.CANCELLED, "the case was closed")


def test_what_was_transferred_asks_for_nothing_new_and_keeps_its_holds(desk: Desk) -> None:
    mule = account()
    _, stop = stopped(desk.office, mule)
    desk.office.answer(stop, AnswerStatus.EXECUTED, amount=yuan(5_000_000))
    assert "of this alliance" in transfer(desk, stop.case_id, "police-one")[2]
    code, (case,), _ = transfer(desk, stop.case_id)
    assert (code, case["status"]) == (0, "transferred")
    assert desk.office.holds(mule)[0].status is HoldStatus.ACTIVE
    desk.office.report(mule)
    desk.office.deliver()
    desk.office.pass_time(**TWO_DAYS)
    assert desk.office.holds(mule)[0].status is HoldStatus.EXPIRED
    assert not [one for one in desk.office.deliver() if one.action is Action.STOP]


def test_a_hold_of_a_transferred_case_is_still_lifted(desk: Desk) -> None:
    mule = account()
    suspicion, stop = stopped(desk.office, mule)
    desk.office.answer(stop, AnswerStatus.EXECUTED, amount=yuan(5_000_000))
    transfer(desk, stop.case_id)
    desk.office.withdraw(*suspicion.evidence)
    assert Action.RELEASE in {one.action for one in desk.office.deliver() if one.hold_id == stop.hold_id}


def test_new_evidence_asks_for_nothing_in_a_case_that_another_unit_has(desk: Desk) -> None:
    mule = account()
    desk.office.mandate()
    suspicion = lead(mule)
    desk.office.suspect(suspicion)
    desk.office.deliver()
    case_id = next(one.case_id for one in desk.office.requests(suspicion))
    assert transfer(desk, case_id)[0] == 0
    before = len(desk.office.requests(suspicion))
    desk.office.report(mule)
    more = [*suspicion.evidence, evidence("bank-two")]
    desk.office.suspect(lead(mule, Level.VERY_HIGH, evidence=more, reported=True))
    assert not desk.office.deliver()
    assert len(desk.office.requests(suspicion)) == before
