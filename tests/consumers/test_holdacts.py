"""What officers do about a hold: reduce, freeze with paper, renew, release; and what the table refuses them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from alliance import profiles
from alliance.errors import Refused
from consumers.casebook import agenda
from consumers.casebook.authority import orders
from consumers.casebook.holding import holdacts
from consumers.casebook.holding.holdrules import HoldAct
from consumers.casebook.tables import Claim, HoldRow
from producers.reference.authority import prove
from schemas.answers import AnswerStatus
from schemas.base import Money
from schemas.identifiers import Identifier
from schemas.requests import Action, HoldStatus, HoldView, Request, RequestStatus, Scope
from tests.consumers.facts import NOW, account, yuan
from tests.consumers.office import Office
from tests.consumers.test_office import TWO_DAYS, stop_of, stopped
from tests.consumers.test_queue import queued

pytestmark = pytest.mark.services
PAPER = "ab" * 32
MONTH_S = 30 * 86400


def held(office: Office, mule: Identifier) -> HoldView:
    """Of several the newest."""
    return max(office.holds(mule), key=lambda hold: hold.since)


def begun(office: Office, mule: Identifier) -> HoldView:
    """50,000 yuan held under a mandate, on the whole account."""
    _, stop = stopped(office, mule)
    office.answer(stop, AnswerStatus.EXECUTED, scope=Scope.ACCOUNT, amount=yuan(5_000_000))
    return held(office, mule)


def act(hold: HoldView, action: Action, **fields: Any) -> HoldAct:
    if action in (Action.FREEZE, Action.RENEW):
        fields = {"duration_s": MONTH_S, "paper": PAPER, **fields}
    return HoldAct(hold.hold_id, action, fields.pop("reason", "the case needs it"), **fields)


def drafted(office: Office, wanted: HoldAct) -> Request:
    with office.engine.begin() as db:
        number = holdacts.file_act(db, wanted, office.now)
        assert agenda.look(db).words
    office.take()
    with office.engine.connect() as db:
        assert not agenda.look(db).words
        judged = holdacts.judgement(db, number)
        if judged is None or judged.request_id is None:
            raise Refused(str(judged and judged.refusal))
        return orders.read_draft(db, judged.request_id)


def ordered(office: Office, wanted: HoldAct, by: str = "p100") -> Request:
    """Drafted, signed and sent; as its member would verify it."""
    draft = drafted(office, wanted)
    office.order(draft.request_id, by)
    (sent,) = [letter for letter in office.deliver() if letter.request_id == draft.request_id]
    assert prove(sent, office.registry, office.profile, office.now).unit == "police-one"
    return sent


def done(office: Office, wanted: HoldAct, by: str = "p100", **answer: Any) -> None:
    office.answer(ordered(office, wanted, by), AnswerStatus.EXECUTED, **answer)


def row(office: Office, hold: HoldView) -> Any:
    with office.engine.connect() as db:
        return db.execute(select(*HoldRow.__table__.c).where(HoldRow.hold_id == hold.hold_id)).one()


def test_a_whole_account_that_is_held_is_on_record_though_its_bank_names_no_amount(office: Office) -> None:
    mule = account()
    _, stop = stopped(office, mule)
    office.answer(stop, AnswerStatus.PARTIAL, scope=Scope.ACCOUNT)
    hold = held(office, mule)
    assert (hold.status, hold.scope, hold.amount) == (HoldStatus.ACTIVE, Scope.ACCOUNT, yuan(0))


def test_a_hold_is_reduced_to_what_is_needed_and_keeps_its_end(office: Office) -> None:
    mule = account()
    hold = begun(office, mule)
    sent = ordered(office, act(hold, Action.REDUCE, amount=yuan(2_000_000)))
    assert (sent.amount, sent.hold_id, sent.void_after) == (yuan(2_000_000), hold.hold_id, NOW + timedelta(hours=24))
    assert held(office, mule) == hold
    office.answer(sent, AnswerStatus.EXECUTED)
    reduced = held(office, mule)
    assert (reduced.status, reduced.amount, reduced.scope) == (HoldStatus.REDUCED, yuan(2_000_000), Scope.AMOUNT)
    assert reduced.until == hold.until
    done(office, act(hold, Action.REDUCE, amount=yuan(1_000_000)), amount=yuan(1_500_000))
    assert held(office, mule).amount == yuan(1_500_000)


def test_no_answer_raises_a_hold(office: Office) -> None:
    mule = account()
    hold = begun(office, mule)
    done(office, act(hold, Action.REDUCE, amount=yuan(2_000_000)), amount=yuan(9_000_000))
    assert held(office, mule).amount == yuan(5_000_000)
    done(office, act(hold, Action.FREEZE), amount=yuan(9_000_000))
    assert held(office, mule).amount == yuan(5_000_000)


def test_what_is_said_in_another_currency_says_nothing_of_what_is_held(office: Office) -> None:
    mule = account()
    hold = begun(office, mule)
    done(office, act(hold, Action.REDUCE, amount=yuan(2_000_000)), amount=Money(minor=1, currency="USD"))
    assert held(office, mule).amount == yuan(5_000_000)


def test_a_stop_is_extended_once_and_never_a_third_time(office: Office) -> None:
    mule = account()
    hold = begun(office, mule)
    sent = ordered(office, act(hold, Action.EXTEND))
    assert (sent.amount, sent.duration_s, sent.hold_id) == (hold.amount, 172_800, hold.hold_id)
    office.pass_time(hours=40)
    office.answer(sent, AnswerStatus.EXECUTED)
    extended = held(office, mule)
    assert (extended.status, extended.until) == (HoldStatus.EXTENDED, office.now + timedelta(hours=48))
    with pytest.raises(Refused, match="is extended, and extend is not open"):
        drafted(office, act(hold, Action.EXTEND))
    office.pass_time(**TWO_DAYS)
    assert held(office, mule).status is HoldStatus.EXPIRED
    assert not [letter for letter in office.deliver() if letter.action is Action.STOP]


def test_a_second_stop_is_not_extended(office: Office) -> None:
    mule = account()
    begun(office, mule)
    office.pass_time(**TWO_DAYS)
    office.answer(stop_of(office.deliver()), AnswerStatus.EXECUTED, amount=yuan(5_000_000))
    with pytest.raises(Refused, match="stopped 2 times in a case at most"):
        drafted(office, act(held(office, mule), Action.EXTEND))


def test_while_an_extension_is_under_way_no_second_stop_goes_out_with_it(office: Office) -> None:
    hold = begun(office, account())
    ordered(office, act(hold, Action.EXTEND))
    office.pass_time(**TWO_DAYS)
    assert not [letter for letter in office.deliver() if letter.action is Action.STOP]


def test_the_database_counts_an_extension_as_a_stop(office: Office) -> None:
    hold = begun(office, account())
    ordered(office, act(hold, Action.EXTEND))
    copied = """insert into request (request_id, case_id, asked, member, action, target, authority, proof, level,
        status, hop, attempt, void_after, drafted_at, body)
      select gen_random_uuid(), case_id, asked, member, 'stop', target, authority, proof, level, 'drafted', hop, 9,
        void_after, drafted_at, body from request where request_id = :id"""
    with pytest.raises(IntegrityError, match="as the law allows"), office.engine.begin() as db:
        db.execute(text(copied), {"id": hold.request_id})


def test_where_the_law_has_one_stop_it_is_not_extended(office: Office) -> None:
    hold = begun(office, account())
    office.profile = profiles.load("th")
    with pytest.raises(Refused, match="no officer can order this act: extend"):
        drafted(office, act(hold, Action.EXTEND))


def test_a_stop_becomes_a_freeze_on_paper_that_is_reduced_and_renewed(office: Office) -> None:
    mule = account()
    hold = begun(office, mule)
    sent = ordered(office, act(hold, Action.FREEZE, amount=yuan(3_000_000)))
    assert sent.authority.document_hash == PAPER
    office.pass_time(hours=1)
    office.answer(sent, AnswerStatus.EXECUTED)
    frozen = held(office, mule)
    assert (frozen.status, frozen.amount, frozen.scope) == (HoldStatus.FROZEN, yuan(3_000_000), Scope.AMOUNT)
    assert frozen.until == office.now + timedelta(days=30)
    kept = row(office, hold)
    assert (kept.frozen_at, kept.paper, kept.unit) == (office.now, PAPER, "police-one")
    office.pass_time(days=29)
    done(office, act(hold, Action.REDUCE, amount=yuan(2_000_000)))
    done(office, act(hold, Action.RENEW, paper="cd" * 32))
    renewed = held(office, mule)
    assert (renewed.status, renewed.amount) == (HoldStatus.RENEWED, yuan(2_000_000))
    assert (renewed.until, row(office, hold).paper) == (office.now + timedelta(days=30), "cd" * 32)
    assert row(office, hold).frozen_at == frozen.since + timedelta(hours=1)


@pytest.mark.parametrize(("minor", "said"), [(5_000_000, 0), (5_000_001, 1)])
def test_a_freeze_of_more_than_is_traced_says_so_to_its_signers(office: Office, minor: int, said: int) -> None:
    mule = account()
    _, stop = stopped(office, mule)
    office.answer(stop, AnswerStatus.EXECUTED, scope=Scope.ACCOUNT, amount=yuan(9_000_000))
    freeze = drafted(office, act(held(office, mule), Action.FREEZE, amount=yuan(minor)))
    beyond = ["no more than 5000000 CNY, in minor units, of it can be traced to victims"]
    assert freeze.reasons == ["the case needs it", *said * beyond]


def test_a_freeze_of_what_no_victim_claims_wants_the_amount_from_the_paper(office: Office) -> None:
    """Its unit keeps the hold, though the report that it rested on is annulled."""
    mule = account()
    _, stop = stopped(office, mule, release_at_once=False)
    office.answer(stop, AnswerStatus.EXECUTED, amount=yuan(5_000_000))
    assert stop.authority.covered_by is not None
    office.annul(stop.authority.covered_by)
    assert office.keep(held(office, mule)) is None
    with pytest.raises(Refused, match="can be traced to a victim; name what the paper says"):
        drafted(office, act(held(office, mule), Action.FREEZE))
    freeze = drafted(office, act(held(office, mule), Action.FREEZE, amount=yuan(1_000_000)))
    assert freeze.reasons[1:] == ["no more than 0 CNY, in minor units, of it can be traced to victims"]


def test_a_freeze_lasts_and_is_renewed_no_more_than_the_profile_has_it(office: Office) -> None:
    mule = account()
    hold = begun(office, mule)
    with pytest.raises(Refused, match="lasts 180 days at most"):
        drafted(office, act(hold, Action.FREEZE, duration_s=180 * 86400 + 1))
    done(office, act(hold, Action.FREEZE, duration_s=180 * 86400))
    for _ in range(3):
        office.pass_time(days=170)
        done(office, act(hold, Action.RENEW, duration_s=180 * 86400))
    with pytest.raises(Refused, match="renewed 3 times at most"):
        drafted(office, act(hold, Action.RENEW))


def test_a_renewal_that_nobody_signed_in_time_uses_up_none_that_the_law_has(office: Office) -> None:
    mule = account()
    hold = begun(office, mule)
    done(office, act(hold, Action.FREEZE, duration_s=180 * 86400))
    for _ in range(4):
        drafted(office, act(hold, Action.RENEW))
        office.pass_time(hours=24)
    assert held(office, mule).status is HoldStatus.FROZEN


def test_a_freeze_that_ends_is_followed_by_no_stop(office: Office) -> None:
    mule = account()
    hold = begun(office, mule)
    done(office, act(hold, Action.FREEZE, duration_s=3600))
    office.pass_time(hours=1)
    assert held(office, mule).status is HoldStatus.EXPIRED
    assert not [letter for letter in office.deliver() if letter.action is Action.STOP]


def test_a_freeze_by_a_clock_that_is_slow_lasts_from_the_beginning_of_the_hold(office: Office) -> None:
    mule = account()
    hold = begun(office, mule)
    freeze = ordered(office, act(hold, Action.FREEZE, duration_s=3600))
    office.answer(freeze, AnswerStatus.EXECUTED, at=hold.since - timedelta(hours=2))
    assert held(office, mule).until == hold.since + timedelta(hours=1)


def test_what_is_frozen_on_paper_is_only_proposed_for_release(office: Office) -> None:
    mule = account()
    suspicion, stop = stopped(office, mule)
    office.answer(stop, AnswerStatus.EXECUTED, amount=yuan(5_000_000))
    done(office, act(held(office, mule), Action.FREEZE))
    office.withdraw(*suspicion.evidence)
    assert held(office, mule).status is HoldStatus.RELEASE_PROPOSED
    assert not [letter for letter in office.deliver() if letter.hold_id == stop.hold_id]
    done(office, act(held(office, mule), Action.RELEASE))
    assert held(office, mule).status is HoldStatus.RELEASED


def test_a_freeze_that_came_after_the_end_holds_nothing_and_an_officer_lets_go(office: Office) -> None:
    mule = account()
    hold = begun(office, mule)
    freeze = ordered(office, act(hold, Action.FREEZE))
    office.pass_time(**TWO_DAYS)
    office.answer(freeze, AnswerStatus.EXECUTED, at=hold.until - timedelta(seconds=1))
    assert held(office, mule).status is HoldStatus.EXPIRED
    (release,) = [one for one in office.requests() if one.action is Action.RELEASE]
    assert release.status is RequestStatus.AWAITING_AUTHORISATION


def test_a_reduction_that_came_after_the_end_asks_for_nothing(office: Office) -> None:
    hold = begun(office, account())
    reduction = ordered(office, act(hold, Action.REDUCE, amount=yuan(1_000_000)))
    office.pass_time(**TWO_DAYS)
    office.deliver()
    office.answer(reduction, AnswerStatus.EXECUTED)
    assert not office.deliver()
    assert not [one for one in office.requests() if one.action is Action.RELEASE]


def test_an_order_about_a_hold_does_not_outlive_it_unsigned(office: Office) -> None:
    mule = account()
    hold = begun(office, mule)
    office.pass_time(hours=47)
    draft = drafted(office, act(hold, Action.FREEZE))
    assert draft.void_after == hold.until
    office.pass_time(hours=1)
    with pytest.raises(Refused, match="cancelled"):
        office.order(draft.request_id)


def test_the_unit_that_ordered_a_hold_alone_changes_it(office: Office) -> None:
    office.registry.apply("police-two", office.police("p101", unit="police-two"))
    hold = begun(office, account())
    draft = drafted(office, act(hold, Action.RELEASE))
    assert "police-one, which alone may" in str(office.signed(draft.request_id, "p101", "police-two"))
    assert not [letter for letter in office.deliver() if letter.action is Action.RELEASE]


def test_one_act_of_a_kind_is_under_way_at_a_time(office: Office) -> None:
    hold = begun(office, account())
    drafted(office, act(hold, Action.REDUCE, amount=yuan(2)))
    with pytest.raises(Refused, match="under way"):
        drafted(office, act(hold, Action.REDUCE, amount=yuan(1)))


def test_what_the_table_or_reason_forbids_is_not_filed(office: Office) -> None:
    hold = begun(office, account())
    for wanted, why in (
        (act(hold, Action.RENEW), "is active, and renew is not open to it"),
        (act(hold, Action.STOP), "stop is not open to it"),
        (act(hold, Action.REDUCE), "Say what the reduced hold is to keep"),
        (act(hold, Action.REDUCE, amount=yuan(5_000_000)), "reduces nothing"),
        (act(hold, Action.REDUCE, amount=yuan(5_000_001)), "within what is held"),
        (act(hold, Action.REDUCE, amount=yuan(0)), "within what is held"),
        (act(hold, Action.REDUCE, amount=yuan(1), duration_s=1), "no duration and no paper"),
        (act(hold, Action.FREEZE, amount=yuan(5_000_001)), "within what is held"),
        (act(hold, Action.FREEZE, duration_s=None), "for how long"),
        (act(hold, Action.FREEZE, duration_s=0), "for how long"),
        (act(hold, Action.FREEZE, paper=None), "on which paper"),
        (act(hold, Action.FREEZE, paper="it was said"), "on which paper"),
        (act(hold, Action.RELEASE, amount=yuan(1)), "has no amount"),
        (act(hold, Action.RELEASE, reason=""), "Say why"),
        (act(hold.model_copy(update={"hold_id": hold.case_id}), Action.RELEASE), "There is no hold"),
    ):
        with pytest.raises(Refused, match=why), office.engine.begin() as db:
            holdacts.file_act(db, wanted, office.now)


def test_what_ended_since_it_was_filed_is_refused_with_the_reason(office: Office) -> None:
    hold = begun(office, account())
    with office.engine.begin() as db:
        number = holdacts.file_act(db, act(hold, Action.FREEZE), office.now)
    office.pass_time(**TWO_DAYS)
    with office.engine.connect() as db:
        judged = holdacts.judgement(db, number)
    assert judged is not None
    assert "is expired, and freeze is not open to it" in str(judged.refusal)


def test_what_waits_in_the_queue_is_released_but_not_reduced(office: Office) -> None:
    mule = account()
    queued(office, mule)
    with pytest.raises(Refused, match="is queued"):
        drafted(office, act(held(office, mule), Action.REDUCE, amount=yuan(1)))
    done(office, act(held(office, mule), Action.RELEASE))
    assert held(office, mule).status is HoldStatus.RELEASED


def test_each_victims_payment_is_a_claim_on_the_hold_in_proportion(office: Office) -> None:
    """80,000 yuan were paid there, and 50,000 are held."""
    mule = account()
    reports = {office.report(mule, 2_000_000), office.report(mule, 1_000_000)}
    hold = begun(office, mule)
    with office.engine.connect() as db:
        claims = db.execute(select(Claim.event_id, Claim.minor).where(Claim.hold_id == hold.hold_id)).all()
    assert reports < {event_id for event_id, _ in claims}
    assert sorted(minor for _, minor in claims) == [625_000, 1_250_000, 3_125_000]
