"""Two cases that are one, on a real database: what is asked, handed over and closed in the one is so in the other."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from consumers.casebook import database
from consumers.casebook.authority import caseacts
from consumers.casebook.lifecycle import CaseStatus
from consumers.casebook.tables import Case
from schemas.decisions import CaseAct, CloseCase, MergeCase, TransferCase
from schemas.requests import Request
from tests.consumers.facts import account, lead
from tests.consumers.office import Office
from tests.consumers.test_hops import GONE, M, out, stops
from tests.consumers.test_office import stop_of, stopped

pytestmark = pytest.mark.services


def merge(office: Office, one: Request, into: Request) -> str | None:
    return acted(office, MergeCase(case_id=one.case_id, into=into.case_id, reason="the same", at=office.now))


def acted(office: Office, act: CaseAct) -> str | None:
    with office.engine.begin() as db:
        number = caseacts.file_case_act(db, act, office.keys["p100"], "police-one/p100/k1", office.now)
    office.take()
    with office.engine.connect() as db:
        judged = caseacts.judgement(db, number)
    assert judged is not None
    return judged.refusal


def stopped_by_law(office: Office, times: int) -> None:
    """So often an account is stopped in a case."""
    most = office.profile.stop.most.model_copy(update={"value": times})
    office.profile = office.profile.model_copy(update={"stop": office.profile.stop.model_copy(update={"most": most})})
    database.go_by(office.engine, office.profile)


def two_that_are_one(office: Office) -> tuple[Request, Request]:
    """The stops of two cases, of which the first goes on in the second."""
    _, one = stopped(office, account())
    other = account()
    office.report(other)
    office.suspect(lead(other, reported=True))
    two = stop_of(office.deliver())
    assert merge(office, one, two) is None
    return one, two


def test_two_cases_that_are_one_find_the_same_account_in_one_turn(office: Office) -> None:
    """Each by itself has a stop left for it, the two together have one."""
    stopped_by_law(office, 1)
    both, then = two_that_are_one(office), account()
    gone = [office.said(one, GONE, outflows=[out(office, then, 4 * M, place)]) for place, one in enumerate(both)]
    office.take(answers=gone)
    [asked] = stops(office)
    assert (asked.target, asked.attempt) == (then, 1)


def test_what_is_handed_over_asks_for_nothing_new_in_what_was_merged_into_it_either(office: Office) -> None:
    one, two = two_that_are_one(office)
    said = TransferCase(case_id=two.case_id, unit="police of another city", reason="theirs", at=office.now)
    assert acted(office, said) is None
    office.take(answers=[office.said(each, GONE, outflows=[out(office, account(), 4 * M, 1)]) for each in (one, two)])
    assert not stops(office)


def test_what_new_evidence_asks_for_in_what_was_merged_opens_the_case_that_goes_on(office: Office) -> None:
    one, two = two_that_are_one(office)
    for each in (one, two):
        office.answer(each, GONE)
    office.pass_time(days=2)
    assert acted(office, CloseCase(case_id=two.case_id, reason="nothing is left", at=office.now)) is None
    office.report(one.target, 9 * M)
    [asked] = stops(office)
    assert (asked.case_id, asked.target) == (one.case_id, one.target)
    assert status(office, two) is CaseStatus.OPEN


def status(office: Office, asked: Request) -> CaseStatus:
    with office.engine.connect() as db:
        return CaseStatus(db.execute(select(Case.status).where(Case.case_id == asked.case_id)).scalar_one())
