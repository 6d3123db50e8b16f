"""A dispute counts for its subject by whichever name: that before a rotation of the token epoch, or that after it."""

from __future__ import annotations

import pytest

from consumers.casebook.views import caseviews
from schemas.answers import AnswerStatus
from schemas.decisions import DisputeStatus, Finding
from schemas.requests import Action, Caps
from schemas.risk import Level
from tests.consumers.facts import account, lead, yuan
from tests.consumers.office import Office
from tests.consumers.test_disputes import WAITS, disputed_leads, rule, statuses, vouched
from tests.consumers.test_hops import out
from tests.consumers.test_office import TWO_DAYS, stopped
from tests.consumers.test_renaming import cut_over, newly, stops

pytestmark = pytest.mark.services


def waiting(office: Office) -> list[int]:
    """Which attempts of a stop wait for an officer."""
    drafts = [one for one in office.requests() if (one.action, one.status) == (Action.STOP, WAITS)]
    return [office.request(one.request_id).attempt for one in drafts]


@pytest.mark.parametrize("tied_first", [True, False])
def test_who_vouches_by_the_newer_name_holds_back_and_frees_what_runs_under_the_first(
    office: Office, tied_first: bool
) -> None:
    shop = account()
    found, stop = stopped(office, shop)
    office.answer(stop, AnswerStatus.EXECUTED, amount=yuan(5_000_000))
    if tied_first:
        vouched(office, cut_over(office, shop))
    else:
        vouched(office, newly(shop))
        cut_over(office, shop)
    assert disputed_leads(office) == {found.lead_id}
    office.pass_time(**TWO_DAYS)
    assert not office.deliver()
    assert waiting(office) == [2]
    vouched(office, shop)
    assert sorted(one.status for one in office.disputes()) == ["inadmissible", "overdue"]

    (said,) = [one for one in office.disputes() if one.status is DisputeStatus.OVERDUE]
    office.rule("dispute", said.dispute_id, Finding.UPHELD)
    assert not disputed_leads(office)
    assert not waiting(office)
    assert office.release_of(stop)


def test_what_waited_goes_on_once_a_dispute_by_the_newer_name_is_rejected(office: Office) -> None:
    shop = account()
    office.suspect(lead(shop, Level.NONE))
    vouched(office, newly(shop))
    found = lead(newly(shop))
    cut_over(office, shop, found)
    assert not office.deliver()
    rule(office, Finding.REJECTED)
    assert {letter.action for letter in office.deliver()} == {Action.DELAY, Action.VERIFY}


def test_an_upheld_dispute_of_no_case_protects_the_newer_name_as_well(office: Office) -> None:
    shop = account()
    vouched(office, shop)
    rule(office, Finding.UPHELD)
    office.mandate()
    new = newly(shop)
    office.report(new)
    found = lead(new, reported=True)
    cut_over(office, shop, found)
    assert not office.deliver()
    assert set(statuses(office, found).values()) == {WAITS}


def test_whoever_asks_by_either_name_finds_the_case(office: Office) -> None:
    shop = account()
    _, stop = stopped(office, shop)
    names = [shop.tokens[0], cut_over(office, shop).tokens[0]]
    with office.engine.connect() as db:
        assert [caseviews.cases_of(db, name) for name in names] == [[stop.case_id]] * 2


def test_nobody_ties_its_own_account_to_anothers_by_the_newer_name(office: Office) -> None:
    mule, own, payer = account(), account(None, "cnaps:2"), account()
    office.suspect(lead(mule))
    new = cut_over(office, mule)
    office.alias(new.model_copy(update={"holders": ["cnaps:2"]}), own, member="bank-two")
    _, first = stopped(office, payer)
    gone = [out(office, mule, 2_000_000), out(office, own, 1_000_000)]
    office.answer(first, AnswerStatus.ALREADY_GONE, outflows=gone)
    assert sorted(letter.amount.minor for letter in stops(office.deliver()) if letter.amount) == [1_000_000, 2_000_000]


def test_a_payee_by_the_newer_name_has_the_mandates_cap_of_the_account(office: Office) -> None:
    mule, payer = account(), account()
    office.mandate(caps=Caps(currency="CNY", per_hold=9_000_000, per_account=9_000_000, per_day=90_000_000))
    office.report(mule, 5_000_000)
    office.suspect(lead(mule, reported=True))
    new = cut_over(office, mule)
    office.report(payer, 6_000_000)
    office.suspect(lead(payer, reported=True))
    (first,) = [letter for letter in stops(office.deliver()) if letter.target == payer]
    gone = out(office, new, 6_000_000)
    office.answer(first, AnswerStatus.ALREADY_GONE, outflows=[gone])
    assert not stops(office.deliver())
    assert waiting(office) == [1]
