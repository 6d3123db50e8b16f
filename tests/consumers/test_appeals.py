"""A holder's appeal: who files it and when, who decides it, what a decision lets go and never brings back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text

from alliance.errors import Refused
from consumers.casebook.objections import rulings
from consumers.casebook.tables import Label
from schemas.answers import AnswerStatus, Outflow, OutflowType
from schemas.decisions import AppealStatus, AppealView, Finding
from schemas.identifiers import IdentifierKind
from schemas.notices import notice_of
from schemas.objections import Appeal, AppealGrounds
from schemas.reasons import Reason
from schemas.requests import Action, AuthorityClass, HoldStatus
from schemas.tasks import TaskKind
from tests.consumers.facts import account, identifier, lead, yuan
from tests.consumers.office import Office
from tests.consumers.test_holdacts import act, begun, done, held
from tests.consumers.test_office import TWO_DAYS, stop_of, stopped
from tests.consumers.test_withdrawals import ordered

pytestmark = pytest.mark.services
PRICE = AppealGrounds.LAWFUL_PAYMENT


def appeal(hold_id: UUID | None = None, grounds: AppealGrounds = PRICE, **over: Any) -> Appeal:
    return Appeal(hold_id=hold_id, grounds=grounds, statement="It is the price of vinegar.", **over)


def filed(office: Office, hold_id: UUID, grounds: AppealGrounds = PRICE) -> AppealView:
    """By the holder's bank, and admitted."""
    assert office.said_by("bank-one", appeal(hold_id, grounds)) == []
    (found,) = [one for one in office.appeals() if (one.hold_id, one.grounds) == (hold_id, grounds)]
    return found


def decided(office: Office, one: AppealView, outcome: Any = Finding.UPHELD, by: str = "p300") -> AppealView:
    office.rule("appeal", one.appeal_id, outcome, by)
    return next(shown for shown in office.appeals() if shown.appeal_id == one.appeal_id)


def test_a_won_appeal_releases_at_once_and_all_parties_are_told(office: Office) -> None:
    mule = account()
    hold = begun(office, mule)
    one = filed(office, hold.hold_id)
    assert (one.status, one.due_at) == (AppealStatus.FILED, office.now + timedelta(days=1))
    won = decided(office, one)
    assert (won.status, won.reviewer, won.late) == (AppealStatus.UPHELD, "police-one/p300", False)
    (release,) = office.deliver()
    assert (release.action, release.hold_id) == (Action.RELEASE, hold.hold_id)
    told = office.decisions()
    assert {member: (said.outcome, said.event_id is None) for member, said in told.items()} == {
        "bank-one": (Finding.UPHELD, False),
        "police-one": (Finding.UPHELD, True),
    }
    office.answer(release, AnswerStatus.EXECUTED)
    assert held(office, mule).status is HoldStatus.RELEASED
    with office.engine.connect() as db:
        label = db.execute(select(*Label.__table__.c)).one()
    assert (label.case_id, label.outcome, label.member) == (hold.case_id, "upheld", "bank-one")
    assert office.is_audited()


def test_the_holder_is_told_the_number_by_which_it_appeals(office: Office) -> None:
    _, stop = stopped(office, account())
    assert stop.disclosure is not None
    assert notice_of(stop.hold_id) in stop.disclosure.text.replace("-", "")  # type: ignore[arg-type]
    assert "within 60 days" in stop.disclosure.objection


def test_what_an_appeal_freed_is_never_stopped_again_by_itself(office: Office) -> None:
    mule = account()
    suspicion, stop = stopped(office, mule)
    office.answer(stop, AnswerStatus.EXECUTED, amount=yuan(5_000_000))
    decided(office, filed(office, held(office, mule).hold_id))
    # The bank has not let go yet when the stop's time is over, and says late that it has executed.
    office.deliver()
    office.pass_time(**TWO_DAYS)
    assert held(office, mule).status is HoldStatus.EXPIRED
    office.answer(stop, AnswerStatus.EXECUTED, amount=yuan(5_000_000))
    office.report(mule)
    office.suspect(suspicion.model_copy(update={"score": 0.99}))
    office.mandate()
    office.take()
    assert [letter.action for letter in office.deliver()] == []
    assert [hold.status for hold in office.holds(mule)] == [HoldStatus.EXPIRED]


@pytest.mark.parametrize("by", ["its own lead", "a hop"])
def test_what_an_appeal_freed_is_not_stopped_again_by_another_name_of_the_account(office: Office, by: str) -> None:
    mule, card = account(), identifier(IdentifierKind.CARD, "card of the account", "cnaps:1")
    office.alias(mule, card)
    _, stop = stopped(office, mule)
    office.answer(stop, AnswerStatus.EXECUTED, amount=yuan(5_000_000))
    office.win_appeal(held(office, mule))
    office.answer(office.release_of(stop), AnswerStatus.EXECUTED)
    if by == "a hop":
        _, first = stopped(office, account())
        gone = Outflow(type=OutflowType.TRANSFER, amount=yuan(5_000_000), time=office.now, payee=card)
        office.answer(first, AnswerStatus.ALREADY_GONE, outflows=[gone])
    else:
        office.report(card)
        office.suspect(lead(card, reported=True))
    assert not [letter for letter in office.deliver() if letter.target == card]
    assert office.draft(card).authority.authority is AuthorityClass.POLICE_ORDER


def test_a_won_appeal_frees_what_rests_on_the_hold_at_the_next_hop(office: Office) -> None:
    mule, next_mule = account(), account()
    _, stop = stopped(office, mule)
    gone = Outflow(type=OutflowType.TRANSFER, amount=yuan(2_000_000), time=office.now, payee=next_mule)
    office.answer(stop, AnswerStatus.PARTIAL, amount=yuan(3_000_000), outflows=[gone])
    onward = next(letter for letter in office.deliver() if letter.target.tokens == next_mule.tokens)
    decided(office, filed(office, held(office, mule).hold_id))
    office.answer(onward, AnswerStatus.EXECUTED, amount=yuan(2_000_000))
    assert held(office, next_mule).status is HoldStatus.ACTIVE
    releases = {letter.hold_id: letter for letter in office.deliver()}
    assert releases.keys() == {stop.hold_id, onward.hold_id}
    office.answer(releases[onward.hold_id], AnswerStatus.REFUSED, reason="another unit's order")
    assert held(office, next_mule).status is HoldStatus.RELEASE_PROPOSED


def test_what_an_officer_ordered_is_proposed_to_the_unit_whose_officer_signs_the_release(office: Office) -> None:
    mule = account()
    _, stop = ordered(office, mule)
    office.answer(stop, AnswerStatus.EXECUTED, amount=yuan(5_000_000))
    decided(office, filed(office, held(office, mule).hold_id))
    assert held(office, mule).status is HoldStatus.RELEASE_PROPOSED
    assert not office.deliver()
    done(office, act(held(office, mule), Action.RELEASE))
    assert held(office, mule).status is HoldStatus.RELEASED


@pytest.mark.parametrize("by_mandate", [True, False])
def test_who_authorised_the_hold_does_not_review_it(office: Office, by_mandate: bool) -> None:
    mule = account()
    _, stop = (stopped if by_mandate else ordered)(office, mule)
    office.answer(stop, AnswerStatus.EXECUTED, amount=yuan(5_000_000))
    one = filed(office, held(office, mule).hold_id)
    with pytest.raises(Refused, match="p100 of police-one authorised the hold"):
        decided(office, one, by="p100")
    assert not office.deliver()
    assert decided(office, one).status is AppealStatus.UPHELD


def test_who_froze_on_paper_does_not_review_it_either(office: Office) -> None:
    mule = account()
    hold = begun(office, mule)
    done(office, act(hold, Action.FREEZE), by="p300")
    one = filed(office, hold.hold_id)
    for officer in ("p100", "p300"):
        with pytest.raises(Refused, match="authorised the hold"):
            decided(office, one, by=officer)


def test_a_decision_after_the_deadline_counts_and_is_seen_to_be_late(office: Office) -> None:
    mule = account()
    one = filed(office, begun(office, mule).hold_id)
    office.pass_time(hours=23, minutes=59)
    assert not office.appeals()[0].late
    office.pass_time(minutes=1)
    assert (office.appeals()[0].status, office.appeals()[0].late) == (AppealStatus.OVERDUE, True)
    assert [(task.kind, task.subject, task.unit, task.closed_at) for task in office.tasks()] == [
        (TaskKind.REVIEW, one.appeal_id, "police-one", None)
    ]
    office.pass_time(hours=1)
    decision = decided(office, one)
    assert (decision.status, decision.late) == (AppealStatus.UPHELD, True)
    assert [letter.action for letter in office.deliver() if letter.hold_id == one.hold_id] == [Action.RELEASE]


def test_a_rejected_appeal_leaves_the_hold_and_is_not_heard_again_on_the_same_grounds(office: Office) -> None:
    mule = account()
    hold = begun(office, mule)
    assert decided(office, filed(office, hold.hold_id), Finding.REJECTED).status is AppealStatus.REJECTED
    assert held(office, mule).status is HoldStatus.ACTIVE
    office.decisions()
    office.said_by("bank-one", appeal(hold.hold_id))
    assert office.decisions()["bank-one"].reason == "The hold was appealed on these grounds before."
    assert filed(office, hold.hold_id, AppealGrounds.OWN_FUNDS).status is AppealStatus.FILED
    with pytest.raises(Refused, match="not decided a second time"):
        decided(office, office.appeals()[0])


def test_a_lost_appeal_holds_nothing_up(office: Office) -> None:
    mule = account()
    decided(office, filed(office, begun(office, mule).hold_id), Finding.REJECTED)
    office.pass_time(**TWO_DAYS)
    assert stop_of(office.deliver()).attempt == 2


def test_an_appeal_that_comes_too_late_is_told_so(office: Office) -> None:
    hold = begun(office, account())
    with office.engine.begin() as db:
        db.execute(text("alter table hold disable trigger refuse_change"))
        db.execute(text("update hold set until = until + interval '90 days'"))
    office.now = hold.since + timedelta(days=60)
    assert filed(office, hold.hold_id).status is AppealStatus.FILED
    office.now += timedelta(seconds=1)
    office.said_by("bank-one", appeal(hold.hold_id, AppealGrounds.LIVELIHOOD))
    told = office.decisions()["bank-one"]
    assert (told.outcome, told.reason) == (Finding.INADMISSIBLE, "It was filed more than 60 days after the hold began.")


def test_an_appeal_about_an_ended_hold_has_nothing_to_decide(office: Office) -> None:
    hold = begun(office, account())
    office.now = hold.until
    office.said_by("bank-one", appeal(hold.hold_id))
    assert office.decisions()["bank-one"].reason == "The hold has ended already, as expired."


def test_a_hold_of_another_bank_is_not_yours_to_appeal_against(office: Office) -> None:
    hold = begun(office, account())
    for said in (appeal(hold.hold_id), appeal(notice=notice_of(hold.hold_id)), appeal(uuid4())):
        assert office.said_by("bank-two", said) == [Reason.NOT_YOURS]
    assert not office.appeals()


def test_police_enter_an_appeal_by_the_number_of_the_notice(office: Office) -> None:
    hold = begun(office, account())
    number = notice_of(hold.hold_id)
    assert office.said_by("police-one", appeal(notice=number)) == []
    (one,) = office.appeals()
    assert (one.hold_id, one.notice, one.member) == (hold.hold_id, number, "police-one")
    decided(office, one, Finding.REJECTED)
    assert office.decisions().keys() == {"police-one", "bank-one"}
    assert office.said_by("police-one", appeal(notice=notice_of(uuid4()))) == [Reason.INVALID_FIELD]


def test_an_event_that_comes_twice_is_one_appeal_and_another_under_its_id_is_none(office: Office) -> None:
    hold = begun(office, account())
    bundle = office.bundle("bank-one", appeal(hold.hold_id))
    other = office.bundle("bank-one", appeal(hold.hold_id, AppealGrounds.LIVELIHOOD))
    other.events[0].event.__dict__["id"] = bundle.events[0].event.id
    office.take(answers=[bundle, bundle, other])
    assert [one.grounds for one in office.appeals()] == [PRICE]
    assert [refusal.reason for refusal in other.refusals] == [Reason.CONFLICT]


def test_a_decision_is_on_what_was_filed_word_for_word(office: Office) -> None:
    hold = begun(office, account())
    first, second = filed(office, hold.hold_id), filed(office, hold.hold_id, AppealGrounds.TOO_MUCH)
    with office.engine.begin() as db:
        number = rulings.sign(
            db, "appeal", first.appeal_id, Finding.UPHELD, "so be it", office.keys["p300"],
            "police-one/p300/k1", office.now,
        )  # fmt: skip
        db.execute(text("update filed_ruling set id = :id"), {"id": second.appeal_id})
    office.take()
    with office.engine.connect() as db:
        assert "on something else than the appeal" in str(rulings.judgement(db, number))
    assert {one.status for one in office.appeals()} == {AppealStatus.FILED}
