"""What a victim claims on a real database: each payment that it tells of, and each once."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from schemas.alerts import ReportedTransfer
from schemas.identifiers import Identifier, IdentifierKind
from schemas.leads import SubjectRole
from schemas.requests import Action, Request, Scope
from tests.consumers.facts import NOW, account, identifier, lead, yuan
from tests.consumers.office import Office
from tests.consumers.test_holdacts import act, done, held
from tests.consumers.test_hops import EXECUTED, M, sent, shares, stopped_by, stops
from tests.consumers.test_renaming import cut_over, newly
from tests.consumers.test_returning import QUARTER_S, announce, announced, keyed, returned

pytestmark = pytest.mark.services


def paid(payee: Identifier, minor: int, minute: int = 0, **over: object) -> ReportedTransfer:
    fields = {"payee": payee, "amount": yuan(minor), "time": NOW - timedelta(minutes=60 - minute)}
    return ReportedTransfer.model_validate({**fields, **over})


def frozen(office: Office, mule: Identifier, stop: Request, beside: int = 0) -> None:
    """All that the stop asks for is there, and so much beside it."""
    assert stop.amount is not None
    amount = yuan(stop.amount.minor + beside)
    office.registry.apply("bank-one", keyed("bank-one"))
    office.answer(stop, EXECUTED, scope=Scope.ACCOUNT, amount=amount)
    done(office, act(held(office, mule), Action.FREEZE, amount=amount, duration_s=QUARTER_S))


def test_a_victim_who_paid_one_account_twice_claims_both_and_gets_both_back(office: Office) -> None:
    mule = account()
    report = office.report_all(paid(mule, 2 * M), paid(mule, 3 * M, 5))
    _, stop = stopped_by(office, mule)
    assert stop.amount == yuan(5 * M)
    assert stop.match is not None
    assert (stop.match.amount, stop.match.time) == (yuan(3 * M), NOW - timedelta(minutes=55))
    frozen(office, mule, stop)
    assert shares(office, mule) == {report: 5 * M}
    announced(office, held(office, mule))
    assert returned(office) == {report: 5 * M}


def test_where_amounts_alone_are_held_all_that_the_victim_paid_stays_held(thai: Office) -> None:
    mule = account()
    report = thai.report_all(paid(mule, 3 * M), paid(mule, 2 * M, 5))
    thai.mandate(officers=["p100", "p101"])
    thai.suspect(lead(mule, reported=True))
    (stop,) = stops(thai)
    assert stop.amount == yuan(5 * M)
    thai.answer(stop, EXECUTED, amount=yuan(5 * M))
    assert not thai.deliver()
    assert (held(thai, mule).amount, shares(thai, mule)) == (yuan(5 * M), {report: 5 * M})


def test_two_payments_alike_in_one_report_are_two(office: Office) -> None:
    mule, payer = account(), account(None, "cnaps:2")
    report = office.report_all(*[paid(mule, 2 * M, payer=payer)] * 2)
    _, stop = stopped_by(office, mule)
    assert stop.amount == yuan(4 * M)
    frozen(office, mule, stop)
    announced(office, held(office, mule))
    assert returned(office) == {report: 4 * M}


def test_what_was_paid_to_card_and_account_is_claimed_of_the_one_that_they_are(office: Office) -> None:
    mule, card = account(), identifier(IdentifierKind.CARD, "a mule's card", "cnaps:1")
    office.alias(mule, card)
    report = office.report_all(paid(mule, 3 * M), paid(card, 2 * M))
    _, stop = stopped_by(office, mule)
    office.answer(stop, EXECUTED, amount=stop.amount)
    assert sent(office) == [(mule, 0, 2, 2 * M)]
    assert shares(office, mule) == {report: 3 * M}


def test_under_two_names_a_payment_is_one(office: Office) -> None:
    """The report names the account by both epochs' tokens: neither a claim nor what may be paid back is doubled."""
    mule = account()
    both = mule.model_copy(update={"tokens": [*mule.tokens, mule.tokens[0].replace("e1:", "e2:")]})
    report = office.report_all(paid(both, 3 * M), paid(both, 2 * M))
    office.mandate()
    office.suspect(lead(mule, reported=True, amount_at_risk=[]))
    (stop,) = stops(office)
    cut_over(office, mule)
    frozen(office, mule, stop)
    assert shares(office, mule) == {report: 5 * M}
    announced(office, held(office, mule))
    assert returned(office) == {report: 5 * M}
    assert reported_minor(office, report) == 5 * M


def reported_minor(office: Office, report: UUID) -> int:
    """The most that PostgreSQL lets the report's victim get."""
    with office.engine.connect() as db:
        query = text("select reported_minor('police-one', :id, 'CNY')")
        return int(db.scalar(query, {"id": report}) or 0)


def test_postgresql_lets_a_victim_get_all_its_payments_and_no_more(office: Office) -> None:
    """Whatever a return says that it claims, and though the hold has a salary left."""
    mule = account()
    office.report_all(paid(mule, 3 * M), paid(mule, 2 * M))
    _, stop = stopped_by(office, mule)
    frozen(office, mule, stop, beside=M)
    announced(office, held(office, mule))
    assert sum(returned(office).values()) == 5 * M
    more = f"""update return_claim set minor = minor + 1;
        update return_notice set closed_at = null, closed_for = null;
        insert into return_payment select gen_random_uuid(), return_id, hold_id, '{stop.request_id}', member, event_id,
          1, currency, 'drafted', now(), null from return_payment"""
    with office.engine.connect() as db, pytest.raises(DBAPIError, match="would get more than it lost"):
        db.execute(text(more))


def test_the_next_stop_names_another_payment_of_the_report(office: Office) -> None:
    mule = account()
    office.report_all(paid(mule, 3 * M))
    _, first = stopped_by(office, mule)
    office.answer(first, EXECUTED, amount=first.amount)
    office.report_all(paid(mule, 2 * M, 5), paid(mule, M, 9))
    (second,) = stops(office)
    assert (second.amount, second.match and second.match.amount) == (yuan(3 * M), yuan(2 * M))


PAYER = account(None, "cnaps:2")


def told_by_both(office: Office, mule: Identifier, *also: ReportedTransfer, payer: Identifier = PAYER) -> list[UUID]:
    """One payment told to the victim's bank and an hour later to police, who are told the time as about then."""
    first = office.report_all(paid(mule, 3 * M, payer=PAYER), member="bank-two")
    office.pass_time(hours=1)
    again = paid(mule, 3 * M, 30, payer=payer, time_approximate=True)
    return [first, office.report_all(again, *also)]


@pytest.mark.parametrize("place", ["cn", "th"])
def test_one_payment_told_to_the_bank_and_to_police_is_one_claim(casebook_url: str, place: str) -> None:
    office, mule = Office(casebook_url, place), account()
    bank, _ = told_by_both(office, mule)
    office.mandate(officers=["p100", "p101"])
    office.suspect(lead(mule, reported=True, amount_at_risk=[]))
    (stop,) = stops(office)
    assert stop.amount == yuan(3 * M)
    office.answer(stop, EXECUTED, amount=stop.amount)
    assert shares(office, mule) == {bank: 3 * M}
    office.engine.dispose()


def test_beside_it_what_one_of_them_tells_alone_counts(office: Office) -> None:
    mule = account()
    bank, police = told_by_both(office, mule, paid(mule, 3 * M, 31, payer=PAYER), paid(mule, M, payer=PAYER))
    _, stop = stopped_by(office, mule)
    assert stop.amount == yuan(7 * M)
    office.answer(stop, EXECUTED, amount=stop.amount)
    assert shares(office, mule) == {bank: 3 * M, police: 4 * M}


@pytest.mark.parametrize("annulled", [0, 1])
def test_when_one_of_the_two_reports_is_annulled_the_other_claims_it(thai: Office, annulled: int) -> None:
    mule = account()
    reports = told_by_both(thai, mule)
    thai.mandate(officers=["p100", "p101"])
    thai.suspect(lead(mule, reported=True))
    (stop,) = stops(thai)
    thai.answer(stop, EXECUTED, amount=stop.amount)
    thai.annul(reports[annulled], member=("bank-two", "police-one")[annulled])
    assert shares(thai, mule) == {reports[1 - annulled]: 3 * M}
    assert (held(thai, mule).amount, thai.deliver()) == (yuan(3 * M), [])
    thai.annul(reports[1 - annulled], member=("bank-two", "police-one")[1 - annulled])
    assert [letter.action for letter in thai.deliver()] == [Action.RELEASE]


def test_a_payer_is_one_by_card_and_account_and_by_the_names_of_both_epochs(office: Office) -> None:
    mule, card = account(), identifier(IdentifierKind.CARD, "a victim's card", "cnaps:2")
    bank, _ = told_by_both(office, mule, payer=card)
    _, stop = stopped_by(office, mule)
    assert stop.amount == yuan(6 * M)
    office.alias(PAYER, card, member="bank-two")
    office.answer(stop, EXECUTED, amount=yuan(3 * M))
    assert shares(office, mule) == {bank: 3 * M}
    renamed = account()
    office.suspect(lead(PAYER, role=SubjectRole.VICTIM))
    bank, _ = told_by_both(office, renamed, payer=cut_over(office, PAYER, lead(newly(PAYER), role=SubjectRole.VICTIM)))
    office.suspect(lead(renamed, reported=True, amount_at_risk=[]))
    assert [one.amount for one in stops(office) if one.target == renamed] == [yuan(3 * M)]


def test_what_a_victim_got_back_by_one_report_it_gets_by_no_other(office: Office) -> None:
    """The bank's, on which it was paid, is annulled. Police's tells of the same payment, and the hold has a salary."""
    mule = account()
    bank, police = told_by_both(office, mule, paid(mule, M, payer=PAYER))
    _, stop = stopped_by(office, mule)
    frozen(office, mule, stop, beside=5 * M)
    announced(office, hold := held(office, mule))
    assert returned(office) == {bank: 3 * M, police: M}
    office.annul(bank, member="bank-two")
    assert not shares(office, mule)
    office.pass_time(days=1)
    assert "nobody to return it to" in str(announce(office, hold, number=2))
