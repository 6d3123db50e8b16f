"""Return of funds on a real database: announced, objected to, signed, each paid once, the rest kept with its reason."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from alliance.errors import Refused
from alliance.keys.encoding import encode
from consumers.casebook import agenda
from consumers.casebook.returning import statements
from consumers.casebook.views import caseviews, returnviews
from producers.reference.authority import NotProven, prove
from schemas.answers import AnswerStatus
from schemas.identifiers import Identifier
from schemas.registry import Member, SigningKey
from schemas.requests import Action, HoldStatus, HoldView, Request, RequestStatus, Scope
from schemas.returns import (
    AnnounceReturn,
    DecideObjection,
    DeductHold,
    ObjectToReturn,
    PaymentStatus,
    ReturnList,
    ReturnNotice,
    ReturnView,
    SettlePayments,
    Stays,
    Word,
)
from tests.consumers.facts import NOW, account, lead, member, yuan
from tests.consumers.office import Office
from tests.consumers.test_holdacts import PAPER, act, done, held
from tests.consumers.test_office import stop_of

pytestmark = pytest.mark.services
BANK_KEY = Ed25519PrivateKey.generate()
QUARTER_S = 90 * 86400


def frozen(
    office: Office, mule: Identifier, *claimed: int, minor: int, told: str = "police-one"
) -> tuple[HoldView, list[UUID]]:
    """So much frozen on a whole account that so many victims paid, each so much; the hold and the reports that `told`
    took."""
    office.registry.apply("bank-one", keyed("bank-one"))
    office.mandate()
    reports = [office.report(mule, each, told) for each in claimed]
    office.suspect(lead(mule, reported=True))
    stop = stop_of(office.deliver())
    full = minor >= sum(claimed)
    status = AnswerStatus.EXECUTED if full else AnswerStatus.PARTIAL
    office.answer(stop, status, scope=Scope.ACCOUNT, amount=yuan(minor))
    done(office, act(held(office, mule), Action.FREEZE, amount=yuan(minor), duration_s=QUARTER_S))
    return held(office, mule), reports


def keyed(name: str) -> Member:
    """A bank that can sign."""
    public = encode(BANK_KEY.public_key().public_bytes_raw())
    return member(name, keys=[SigningKey(key_id="k1", public=public, valid_from=NOW - timedelta(days=400))])


def signed(office: Office, said: Word, by: str = "police-one/p100/k1") -> str | None:
    """A statement, filed and judged; why the casebook refused it, if it did."""
    officer = by.split("/")[1]
    with office.engine.begin() as db:
        number = statements.file_statement(db, said, office.keys.get(officer, BANK_KEY), by, office.now)
        assert agenda.look(db).words
    office.take()
    with office.engine.connect() as db:
        assert not agenda.look(db).words
        judged = statements.judgement(db, number)
    assert judged is not None
    return judged.refusal


def announce(office: Office, hold: HoldView, number: int = 1, **by: str) -> str | None:
    return signed(office, AnnounceReturn(hold_id=hold.hold_id, number=number, reason="case 117", at=office.now), **by)


def announced(office: Office, hold: HoldView) -> ReturnView:
    assert announce(office, hold) is None
    return shown(office)


def shown(office: Office) -> ReturnView:
    """The newest return."""
    with office.engine.connect() as db:
        return returnviews.returns(db)[-1]


def object_to(office: Office, to: ReturnView, report: UUID | None = None, by: str = "bank-one/k1") -> str | None:
    said = ObjectToReturn(return_id=to.return_id, event_id=report, reason="it is a wage", at=office.now)
    return signed(office, said, by)


def decide(office: Office, upheld: bool, by: str = "police-one/p100/k1") -> str | None:
    number = shown(office).objections[-1].objection
    return signed(office, DecideObjection(objection=number, upheld=upheld, reason="we looked", at=office.now), by)


def waiting(office: Office) -> UUID | None:
    """The one return that waits for signatures."""
    waits = RequestStatus.AWAITING_AUTHORISATION
    found = [one.request_id for one in office.requests() if one.action is Action.RETURN and one.status is waits]
    assert len(found) <= 1
    return found[0] if found else None


def sent(office: Office) -> tuple[Request, dict[UUID, int]]:
    """The return that waits, signed and as its member gets it; who gets what by it."""
    request_id = waiting(office)
    assert request_id is not None
    office.order(request_id)
    (request,) = [letter for letter in office.deliver() if letter.request_id == request_id]
    listed = office.returns.pop()
    assert isinstance(listed, ReturnList)
    assert (listed.request_id, listed.hold_id) == (request.request_id, request.hold_id)
    assert listed.digest() == request.authority.document_hash
    assert prove(request, office.registry, office.profile, office.now).unit == "police-one"
    assert {payment.member for payment in listed.payments} == {"police-one"}
    pays = {payment.event_id: payment.amount.minor for payment in listed.payments}
    assert request.amount == yuan(sum(pays.values()))
    return request, pays


def returned(office: Office) -> dict[UUID, int]:
    request, pays = sent(office)
    office.answer(request, AnswerStatus.EXECUTED, amount=request.amount)
    return pays


def stays(office: Office) -> dict[Stays, int]:
    return {stay.reason: stay.amount.minor for stay in shown(office).stays}


def statuses(office: Office) -> list[PaymentStatus]:
    return [payment.status for payment in shown(office).payments]


def test_what_is_traced_is_signed_by_two_and_paid_and_the_hold_is_returned(office: Office) -> None:
    mule = account()
    hold, (report,) = frozen(office, mule, 5_000_000, minor=5_000_000)
    assert announced(office, hold).claims[0].traced
    office.deliver()
    notice = office.returns.pop()
    assert isinstance(notice, ReturnNotice)
    assert (notice.hold_id, notice.amount, notice.until) == (hold.hold_id, yuan(5_000_000), NOW + timedelta(days=30))
    request_id = waiting(office)
    assert request_id is not None
    assert office.request(request_id).missing == "2 officers, one of the rank county-head"
    request, pays = sent(office)
    assert pays == {report: 5_000_000}
    assert held(office, mule) == hold
    answer = office.answer(request, AnswerStatus.EXECUTED)
    ended, made = held(office, mule), shown(office)
    assert (ended.status, ended.amount, ended.until) == (HoldStatus.RETURNED, yuan(0), hold.until)
    assert (made.stays, made.closed_at) == ([], office.now)
    office.take(answers=[answer])
    office.answer(request, AnswerStatus.EXECUTED)
    office.answer(request, AnswerStatus.REFUSED)
    assert (held(office, mule), shown(office)) == (ended, made)
    assert statuses(office) == [PaymentStatus.PAID]
    assert office.is_audited()


def test_a_holder_is_not_told_which_bank_took_the_report(office: Office) -> None:
    hold, (report,) = frozen(office, account(), 5_000_000, minor=5_000_000, told="bank-two")
    assert announced(office, hold).claims[0].member == "bank-two"
    office.deliver()
    office.returns.pop()
    assert returned(office) == {report: 5_000_000}
    assert [payment.member for payment in shown(office).payments] == ["bank-two"]
    assert statuses(office) == [PaymentStatus.PAID]


def test_two_victims_are_paid_and_a_salary_stays_as_nobodys_claim(office: Office) -> None:
    mule = account()
    hold, (first, second) = frozen(office, mule, 3_000_000, 2_000_000, minor=8_000_000)
    announced(office, hold)
    assert returned(office) == {first: 3_000_000, second: 2_000_000}
    left = held(office, mule)
    assert (left.status, left.amount, left.until) == (HoldStatus.PART_RETURNED, yuan(3_000_000), hold.until)
    assert stays(office) == {Stays.NO_CLAIM: 3_000_000}
    assert shown(office).closed_for
    with office.engine.connect() as db:
        case = caseviews.case(db, left.case_id)
    assert case is not None
    assert not case.claims
    assert not [one for one in office.deliver() if one.action is Action.STOP]


def test_a_notice_that_ends_while_everything_is_down_is_acted_upon_at_the_start(office: Office) -> None:
    hold, (first, second) = frozen(office, account(), 4_000_000, 2_000_000, minor=3_000_001)
    notice = announced(office, hold)
    assert notice.until == NOW + timedelta(days=30)
    assert stays(office) == {Stays.NOTICE_RUNNING: 3_000_001}
    office.now = notice.until - timedelta(seconds=1)
    office.take()
    assert waiting(office) is None
    assert office.next_due() == notice.until
    office.pass_time(days=9)
    assert stays(office) == {}
    assert returned(office) == {first: 2_000_001, second: 1_000_000}
    assert office.next_due() != notice.until


def test_what_is_objected_to_waits_for_a_decision_and_is_paid_second(office: Office) -> None:
    mule = account()
    hold, (first, second) = frozen(office, mule, 4_000_000, 2_000_000, minor=3_000_000)
    made = announced(office, hold)
    office.registry.apply("bank-two", keyed("bank-two"))
    office.registry.apply("police-two", office.police("p101", unit="police-two"))
    assert "through the member at which the account is" in str(object_to(office, made, second, by="bank-two/k1"))
    assert object_to(office, made, second) is None
    assert "no claim by the report" in str(object_to(office, made, uuid4()))
    office.pass_time(days=30)
    assert stays(office) == {Stays.OBJECTION: 1_000_000}
    assert object_to(office, made, first) == "The time for objections is over."
    assert returned(office) == {first: 2_000_000}
    assert (held(office, mule).status, held(office, mule).amount) == (HoldStatus.PART_RETURNED, yuan(1_000_000))
    assert waiting(office) is None
    assert "which alone decides" in str(decide(office, False, by="police-two/p101/k1"))
    assert "an officer's to say" in str(decide(office, False, by="bank-one/k1"))
    assert decide(office, False) is None
    assert "was decided by police-one/p100" in str(decide(office, True))
    assert returned(office) == {second: 1_000_000}
    assert held(office, mule).status is HoldStatus.RETURNED


def test_what_an_upheld_objection_frees_goes_to_the_others(office: Office) -> None:
    hold, (first, second) = frozen(office, account(), 4_000_000, 2_000_000, minor=3_000_000)
    made = announced(office, hold)
    assert object_to(office, made, second) is None
    office.pass_time(days=30)
    assert returned(office) == {first: 2_000_000}
    assert decide(office, True) is None
    assert returned(office) == {first: 1_000_000}
    assert {claim.event_id: claim.annulled for claim in shown(office).claims} == {first: False, second: True}


def test_an_objection_to_the_whole_takes_back_what_nobody_has_sent_and_ends_it_if_upheld(office: Office) -> None:
    mule = account()
    hold, _ = frozen(office, mule, 5_000_000, minor=5_000_000)
    made = announced(office, hold)
    drafted = waiting(office)
    assert drafted is not None
    assert office.signed(drafted) is None
    assert object_to(office, made) is None
    assert office.request(drafted).status is RequestStatus.CANCELLED
    assert (statuses(office), stays(office)) == ([PaymentStatus.DROPPED], {Stays.OBJECTION: 5_000_000})
    assert waiting(office) is None
    assert decide(office, True) is None
    assert (shown(office).closed_for, stays(office)) == ("no claim is left", {Stays.NO_CLAIM: 5_000_000})
    assert held(office, mule) == hold
    with pytest.raises(Refused, match="Exactly this was filed before"):
        announce(office, hold)
    office.now += timedelta(seconds=1)
    assert announce(office, hold) == "The next announcement is number 2, and the statement is number 1."


def test_an_objection_to_what_is_with_its_member_changes_nothing_of_it(office: Office) -> None:
    hold, (report,) = frozen(office, account(), 5_000_000, minor=5_000_000)
    made = announced(office, hold)
    request, pays = sent(office)
    assert object_to(office, made, report) is None
    assert statuses(office) == [PaymentStatus.DRAFTED]
    office.answer(request, AnswerStatus.EXECUTED)
    assert (pays, statuses(office)) == ({report: 5_000_000}, [PaymentStatus.PAID])


def test_what_a_member_did_not_pay_is_drafted_anew_and_nothing_that_it_paid(office: Office) -> None:
    mule = account()
    hold, (first, second) = frozen(office, mule, 3_000_000, 2_000_000, minor=5_000_000)
    announced(office, hold)
    request, _ = sent(office)
    office.answer(request, AnswerStatus.REFUSED, reason="the system is down")
    assert sorted(statuses(office)) == sorted([PaymentStatus.DROPPED, PaymentStatus.DRAFTED] * 2)
    request, _ = sent(office)
    assert request.attempt == 2
    paid = next(
        one.payment_id
        for one in shown(office).payments
        if (one.event_id, one.request_id) == (first, request.request_id)
    )
    office.answer(request, AnswerStatus.PARTIAL, paid=[paid])
    assert held(office, mule).amount == yuan(2_000_000)
    assert returned(office) == {second: 2_000_000}
    assert held(office, mule).status is HoldStatus.RETURNED


@pytest.mark.parametrize(("status", "amount"), [(AnswerStatus.PARTIAL, None), (AnswerStatus.EXECUTED, yuan(4_000_000))])
def test_where_it_is_unclear_what_was_paid_nothing_is_paid_again(
    office: Office, status: AnswerStatus, amount: Any
) -> None:
    mule = account()
    hold, _ = frozen(office, mule, 5_000_000, minor=5_000_000)
    announced(office, hold)
    office.answer(sent(office)[0], status, amount=amount)
    assert (statuses(office), stays(office)) == ([PaymentStatus.UNCLEAR], {Stays.UNCLEAR: 5_000_000})
    office.pass_time(days=31)
    assert waiting(office) is None
    assert held(office, mule) == hold


def unclear(office: Office, mule: Identifier, *claimed: int) -> tuple[HoldView, dict[UUID, UUID]]:
    """A hold that so many victims claim, of whose return the bank does not say what it paid; the payments by report."""
    hold, reports = frozen(office, mule, *claimed, minor=sum(claimed))
    announced(office, hold)
    office.answer(sent(office)[0], AnswerStatus.PARTIAL)
    paid = {one.event_id: one.payment_id for one in shown(office).payments}
    return hold, {report: paid[report] for report in reports}


def settle(
    office: Office, made: Sequence[UUID] = (), not_made: Sequence[UUID] = (), by: str = "police-one/p100/k1"
) -> str | None:
    to, office.now = shown(office).return_id, office.now + timedelta(seconds=1)
    return signed(
        office,
        SettlePayments(
            return_id=to, made=list(made), not_made=list(not_made), reference="statement 2027-0219", at=office.now
        ),
        by,
    )


def test_an_officer_settles_what_is_unclear_and_what_was_not_made_is_ordered_anew_and_paid_once(office: Office) -> None:
    mule = account()
    _, payments = unclear(office, mule, 3_000_000, 2_000_000)
    (first, second) = payments
    assert settle(office, [payments[first]], [payments[second]]) is None
    assert sorted(statuses(office)) == [PaymentStatus.DRAFTED, PaymentStatus.DROPPED, PaymentStatus.PAID]
    left = held(office, mule)
    assert (left.status, left.amount, stays(office)) == (HoldStatus.PART_RETURNED, yuan(2_000_000), {})
    with office.engine.connect() as db:
        case = caseviews.case(db, left.case_id)
    assert case is not None
    assert [(claim.event_id, claim.amount) for claim in case.claims] == [(second, yuan(2_000_000))]
    for made in ([payments[first]], []):
        assert "has no unclear payment" in str(settle(office, made, [payments[second]]))
    assert returned(office) == {second: 2_000_000}
    assert (held(office, mule).status, held(office, mule).amount) == (HoldStatus.RETURNED, yuan(0))
    assert office.is_audited()


def test_only_an_officer_of_the_unit_settles_and_each_payment_once(office: Office) -> None:
    mule = account()
    hold, (first, second) = unclear(office, mule, 3_000_000, 2_000_000)[0], shown(office).payments
    one, other = first.payment_id, second.payment_id
    office.registry.apply("police-two", office.police("p101", unit="police-two"))
    assert "which alone decides" in str(settle(office, [one], by="police-two/p101/k1"))
    assert "an officer's to say" in str(settle(office, [one], by="bank-one/k1"))
    for made, not_made in (([], []), ([one], [one]), ([one, one], [])):
        assert "each once" in str(settle(office, made, not_made))
    assert f"no unclear payment {hold.hold_id}" in str(settle(office, [one], [hold.hold_id]))
    elsewhere = SettlePayments(return_id=uuid4(), made=[one], not_made=[], reference="x", at=office.now)
    assert "There is no return" in str(signed(office, elsewhere))
    assert (statuses(office), held(office, mule)) == ([PaymentStatus.UNCLEAR] * 2, hold)
    assert settle(office, [one]) is None
    assert stays(office) == {Stays.UNCLEAR: second.amount.minor}
    assert settle(office, not_made=[other]) is None
    assert waiting(office) is not None


def test_what_is_unclear_is_settled_also_after_its_hold_and_pays_nothing_then(office: Office) -> None:
    mule = account()
    hold, payments = unclear(office, mule, 3_000_000, 2_000_000)
    (first, second) = payments
    office.now = hold.until
    office.take()
    assert shown(office).closed_for == "the hold is expired"
    ended = held(office, mule)
    assert settle(office, [payments[first]], [payments[second]]) is None
    assert sorted(statuses(office)) == [PaymentStatus.DROPPED, PaymentStatus.PAID]
    assert (held(office, mule), waiting(office)) == (ended, None)


def test_the_database_settles_what_is_unclear_by_no_word_but_one_that_says_so(office: Office) -> None:
    _, payments = unclear(office, account(), 3_000_000, 2_000_000)
    (first, second) = payments
    change = "update return_payment set status = '{}', settled_by = {} where event_id = :first"
    latest = "(select max(number) from filed_statement)"
    for status in ("paid", "dropped"):
        _refuses(office, change.format(status, "null"), "no officer has said", first)
        _refuses(office, change.format(status, latest), "no officer has said", first)
    assert settle(office, not_made=[payments[second]]) is None
    for status, event_id, why in (
        ("paid", second, "stays what it is"),
        ("dropped", first, "no officer has said"),
        ("unclear", first, "stays what it is"),
    ):
        _refuses(office, change.format(status, latest), why, event_id)
    _refuses(office, "update return_payment set settled_by = null where event_id = :first", "stays what it is", second)


def test_what_was_paid_from_a_hold_that_was_reduced_since_is_on_record_and_nothing_is_left(office: Office) -> None:
    mule = account()
    hold, _ = frozen(office, mule, 5_000_000, minor=5_000_000)
    announced(office, hold)
    request, _ = sent(office)
    done(office, act(hold, Action.REDUCE, amount=yuan(2_000_000)))
    office.answer(request, AnswerStatus.EXECUTED)
    assert (held(office, mule).status, held(office, mule).amount) == (HoldStatus.RETURNED, yuan(0))
    assert statuses(office) == [PaymentStatus.PAID]


def test_a_draft_that_nobody_signs_in_time_is_drafted_anew_while_the_hold_lasts(office: Office) -> None:
    mule = account()
    hold, _ = frozen(office, mule, 5_000_000, minor=5_000_000)
    announced(office, hold)
    first = waiting(office)
    office.pass_time(days=1)
    second = waiting(office)
    assert second not in (None, first)
    assert statuses(office) == [PaymentStatus.DROPPED, PaymentStatus.DRAFTED]
    office.now = hold.until
    office.take()
    assert held(office, mule).status is HoldStatus.EXPIRED
    assert (waiting(office), shown(office).closed_for) == (None, "the hold is expired")


def test_an_annulled_report_claims_nothing_any_more(office: Office) -> None:
    hold, (first, second) = frozen(office, account(), 3_000_000, 2_000_000, minor=5_000_000)
    announced(office, hold)
    office.annul(first)
    _, pays = sent(office)
    assert pays == {second: 2_000_000}


def part_returned(office: Office, mule: Identifier, *claimed: int) -> tuple[HoldView, list[UUID]]:
    """A hold of which the first victim has its money back, and against the claims of the others somebody objects."""
    hold, reports = frozen(office, mule, *claimed, minor=sum(claimed))
    to = announced(office, hold)
    for report in reports[1:]:
        object_to(office, to, report)
    assert returned(office) == {reports[0]: claimed[0]}
    left = held(office, mule)
    assert (left.status, left.amount) == (HoldStatus.PART_RETURNED, yuan(sum(claimed[1:])))
    return left, reports


def test_of_a_hold_that_was_returned_in_part_no_more_stays_than_the_others_claim(office: Office) -> None:
    mule = account()
    _, (_, _, third) = part_returned(office, mule, 3_000_000, 2_000_000, 1_000_000)
    office.annul(third)
    [asked] = [one for one in office.requests() if one.action is Action.REDUCE]
    assert (asked.status, asked.amount) == (RequestStatus.AWAITING_AUTHORISATION, yuan(2_000_000))


def test_a_hold_that_only_who_has_its_money_claims_is_proposed_for_release(office: Office) -> None:
    mule = account()
    _, (_, second) = part_returned(office, mule, 3_000_000, 2_000_000)
    office.annul(second)
    assert held(office, mule).status is HoldStatus.RELEASE_PROPOSED


def test_what_was_paid_on_a_report_that_is_annulled_later_is_not_taken_from_the_others(office: Office) -> None:
    mule = account()
    hold, (first, _) = part_returned(office, mule, 3_000_000, 2_000_000)
    office.annul(first)
    assert held(office, mule) == hold
    assert not [one for one in office.requests() if one.action is Action.REDUCE]


def test_nothing_is_paid_while_a_release_is_proposed(office: Office) -> None:
    mule = account()
    hold, _ = frozen(office, mule, 5_000_000, minor=5_000_000)
    announced(office, hold)
    office.win_appeal(hold)
    assert (waiting(office), stays(office)) == (None, {Stays.NOT_FROZEN: 5_000_000})
    assert office.keep(held(office, mule)) is None
    assert waiting(office) is not None


def test_a_victim_found_later_needs_another_notice(office: Office) -> None:
    mule = account()
    hold, (first,) = frozen(office, mule, 3_000_000, minor=5_000_000)
    announced(office, hold)
    assert announce(office, hold, number=2) == "A return of this hold is announced already; see `afa return list`."
    assert returned(office) == {first: 3_000_000}
    late = office.report(mule, 1_000_000)
    assert waiting(office) is None
    office.now += timedelta(seconds=1)
    assert announce(office, hold, number=2) is None
    assert returned(office) == {late: 1_000_000}
    assert (held(office, mule).status, held(office, mule).amount) == (HoldStatus.PART_RETURNED, yuan(1_000_000))


def test_only_its_unit_announces_and_only_what_is_frozen(office: Office) -> None:
    mule = account()
    hold, _ = frozen(office, mule, 5_000_000, minor=5_000_000)
    office.registry.apply("police-two", office.police("p101", unit="police-two"))
    assert "which alone decides" in str(announce(office, hold, by="police-two/p101/k1"))
    assert "an officer's to say" in str(announce(office, hold, by="bank-one/k1"))
    forged = office.keys | {"p100": Ed25519PrivateKey.generate()}
    office.keys, kept = forged, office.keys
    assert "does not verify" in str(announce(office, hold))
    office.keys = kept
    office.win_appeal(hold)
    assert "only what is frozen can be returned" in str(announce(office, hold))


def test_a_court_takes_what_is_held_and_nothing_of_it_is_returned(office: Office) -> None:
    mule = account()
    hold, _ = frozen(office, mule, 5_000_000, minor=5_000_000)
    announced(office, hold)
    said = DeductHold(hold_id=hold.hold_id, paper=PAPER, reason="(2026) 117", at=office.now)
    assert "an officer's to say" in str(signed(office, said, by="bank-one/k1"))
    assert signed(office, said) is None
    assert held(office, mule).status is HoldStatus.DEDUCTED
    assert (waiting(office), statuses(office)) == (None, [PaymentStatus.DROPPED])
    assert shown(office).closed_for == "the hold is deducted-by-court"
    again = said.model_copy(update={"reason": "once more"})
    assert "nothing of it is a court's to take" in str(signed(office, again))


def test_a_member_refuses_a_return_that_nobody_signed(office: Office) -> None:
    hold, _ = frozen(office, account(), 5_000_000, minor=5_000_000)
    announced(office, hold)
    request, _ = sent(office)
    for orders in ([], request.authority.orders[:1]):
        unsigned = request.model_copy(update={"authority": request.authority.model_copy(update={"orders": orders})})
        with pytest.raises(NotProven):
            prove(unsigned, office.registry, office.profile, office.now)
    other = request.model_copy(update={"authority": request.authority.model_copy(update={"document_hash": PAPER})})
    with pytest.raises(NotProven, match="says something else"):
        prove(other, office.registry, office.profile, office.now)


def test_the_database_lets_no_victim_be_paid_twice(office: Office) -> None:
    hold, (first, _) = frozen(office, account(), 3_000_000, 2_000_000, minor=5_000_000)
    announced(office, hold)
    returned(office)
    copy = """
    insert into return_payment select gen_random_uuid(), {notice}, hold_id, {request}, member, event_id, {minor},
      currency, {status}, drafted_at, {settled} from return_payment where event_id = :first limit 1"""
    same = {"notice": "return_id", "request": "request_id", "minor": "1", "status": "'drafted'", "settled": "null"}
    other = "(select request_id from request r where r.action = 'freeze' limit 1)"
    for wrong, why in [
        ({}, "open return"),
        ({"status": "'paid'", "settled": "now()", "request": other}, "is drafted from the hold of an open return"),
    ]:
        _refuses(office, copy.format(**{**same, **wrong}), why, first)
    change = "update return_payment set {} where event_id = :first"
    for changed in (
        "status = 'drafted', settled_at = null",
        "status = 'dropped'",
        "minor = 1",
        f"request_id = {other}",
    ):
        _refuses(office, change.format(changed), "stays what it is", first)
    _refuses(office, "delete from return_payment where event_id = :first", "not past its time", first)


def test_the_database_pays_no_more_than_is_held_claimed_or_reported(office: Office) -> None:
    hold, (first, second) = frozen(office, account(), 3_000_000, 2_000_000, minor=4_000_000)
    announced(office, hold)
    draft = """
    insert into return_payment select gen_random_uuid(), n.return_id, n.hold_id, r.request_id, c.member, c.event_id,
      {minor}, 'CNY', 'drafted', now(), null
    from return_notice n join return_claim c using (return_id) cross join
      (select request_id from request where action = 'freeze' limit 1) r
    where n.closed_at is null and c.event_id = :first"""
    _refuses(office, draft.format(minor=4_000_001), "left to return", first)
    _refuses(office, draft.format(minor=2_000_001), "claims no", second)
    with office.engine.begin() as db:
        db.execute(text("update return_claim set minor = 4000000"))
    _refuses(office, draft.format(minor=3_000_001), "more than it lost", first)
    with office.engine.begin() as db:
        db.execute(text(draft.format(minor=3_000_000)), {"first": first})
    _refuses(office, draft.format(minor=1_000_001), "left to return", second)


def test_a_victim_who_got_its_money_elsewhere_gets_no_more_of_this_hold(office: Office) -> None:
    hold, (first, second) = frozen(office, account(), 3_000_000, 2_000_000, minor=4_000_000)
    elsewhere, _ = frozen(office, account(), 1_000_000, minor=1_000_000)
    announced(office, hold)
    drafted_of(office, elsewhere, first)
    office.pass_time(days=30)
    assert drafts(office, hold) == {first: 2_000_000, second: 2_000_000}


def test_what_a_victim_did_not_get_elsewhere_it_gets_of_this_hold(office: Office) -> None:
    hold, (first, second) = frozen(office, account(), 3_000_000, 2_000_000, minor=4_000_000)
    elsewhere, _ = frozen(office, account(), 1_000_000, minor=1_000_000)
    announced(office, hold)
    drafted_of(office, elsewhere, first)
    with office.engine.begin() as db:
        unsaid = "update return_payment set status = 'unclear', settled_at = now() where status = 'drafted'"
        db.execute(
            text(f"{unsaid} and hold_id = :hold and event_id = :first"), {"hold": elsewhere.hold_id, "first": first}
        )
    assert not signed(office, DeductHold(hold_id=elsewhere.hold_id, paper=PAPER, reason="(2026) 117", at=office.now))
    office.pass_time(days=30)
    assert drafts(office, hold) == {first: 2_000_000, second: 2_000_000}
    other = of_hold(office, elsewhere)
    (payment,) = [one.payment_id for one in other.payments if one.status is PaymentStatus.UNCLEAR]
    said = SettlePayments(return_id=other.return_id, made=[], not_made=[payment], reference="none", at=office.now)
    assert signed(office, said) is None
    assert drafts(office, hold) == {first: 2_400_000, second: 1_600_000}


def drafted_of(office: Office, elsewhere: HoldView, first: UUID) -> None:
    """The other hold's return pays a million to this hold's victim, as its rows would be: the case pays less by itself,
    and runs into no constraint."""
    assert announce(office, elsewhere) is None
    settled = "update return_payment set status = 'dropped', settled_at = now() where hold_id = :hold"
    claimed = """
    insert into return_claim select n.return_id, c.member, c.event_id, c.taken_at, 1000000, true, false, null
    from return_claim c, return_notice n where c.event_id = :first and n.hold_id = :hold"""
    drafted = """
    insert into return_payment select gen_random_uuid(), n.return_id, n.hold_id, r.request_id, c.member, c.event_id,
      1000000, 'CNY', 'drafted', now(), null
    from return_notice n join return_claim c using (return_id) cross join
      (select request_id from request where action = 'freeze' limit 1) r
    where n.hold_id = :hold and c.event_id = :first"""
    with office.engine.begin() as db:
        for statement in (settled, claimed, drafted):
            db.execute(text(statement), {"first": first, "hold": elsewhere.hold_id})


def drafts(office: Office, hold: HoldView) -> dict[UUID, int]:
    """What is drafted now of the hold's return, by report."""
    payments = of_hold(office, hold).payments
    return {one.event_id: one.amount.minor for one in payments if one.status is PaymentStatus.DRAFTED}


def of_hold(office: Office, hold: HoldView) -> ReturnView:
    with office.engine.connect() as db:
        return next(one for one in returnviews.returns(db) if one.hold_id == hold.hold_id)


def _refuses(office: Office, statement: str, why: str, first: UUID) -> None:
    with pytest.raises(DBAPIError, match=why), office.engine.begin() as db:
        db.execute(text(statement), {"first": first})
