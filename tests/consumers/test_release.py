"""Reports that police annul, entries on the allow-list, appeals won: what rests on them is let go at every hop, what
has other support stays, and no message brings back what was let go."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from alliance.errors import Refused
from alliance.keys.encoding import encode
from consumers.casebook.holding import keeping
from schemas.answers import AnswerStatus, Outflow, OutflowType
from schemas.identifiers import Identifier
from schemas.leads import Lead
from schemas.registry import Officer, Sector, SigningKey
from schemas.requests import Action, HoldStatus, HoldView, Request, RequestStatus
from tests.consumers.facts import NOW, account, evidence, lead, member, yuan
from tests.consumers.office import Office
from tests.consumers.test_office import stop_of, stopped
from tests.consumers.test_withdrawals import ordered

pytestmark = pytest.mark.services


def held(office: Office, mule: Identifier, minor: int = 5_000_000) -> tuple[Lead, Request]:
    """A reported account under a mandate, and held."""
    suspicion, stop = stopped(office, mule)
    office.answer(stop, AnswerStatus.EXECUTED, amount=yuan(minor))
    return suspicion, stop


def traced(office: Office, *accounts: Identifier) -> tuple[Lead, list[Request]]:
    """Money that went on from account to account, each stopped under a mandate; at the last it is held."""
    office.mandate(max_hop=5)
    office.report(accounts[0])
    suspicion = lead(accounts[0], reported=True)
    office.suspect(suspicion)
    stops = []
    for payee in (*accounts[1:], None):
        stops.append(stop_of(office.deliver()))
        left = [Outflow(type=OutflowType.TRANSFER, amount=yuan(4_500_000), time=office.now, payee=payee)]
        share = yuan(500_000 if payee else 3_000_000)
        office.answer(stops[-1], AnswerStatus.PARTIAL, amount=share, outflows=left if payee else [])
    return suspicion, stops


def hold_of(office: Office, mule: Identifier) -> HoldView:
    (hold,) = office.holds(mule)
    return hold


def released(letters: list[Request]) -> set[str]:
    return {letter.target.tokens[0] for letter in letters if letter.action is Action.RELEASE}


def first(*accounts: Identifier) -> set[str]:
    return {one.tokens[0] for one in accounts}


def test_a_withdrawn_alert_at_hop_4(office: Office) -> None:
    accounts = [account(None, f"cnaps:{1 + hop % 2}") for hop in range(5)]
    suspicion, stops = traced(office, *accounts)
    assert [stop.hop for stop in stops] == [0, 1, 2, 3, 4]
    office.withdraw(evidence("bank-two"))
    assert not office.deliver()
    office.withdraw(*suspicion.evidence)
    assert released(office.deliver()) == first(*accounts)


def test_an_annulled_report_releases_what_it_covered_at_every_hop_and_no_members_measure(office: Office) -> None:
    first_hop, second = account(), account(None, "cnaps:2")
    reported = office.report(first_hop)
    traced(office, first_hop, second)
    office.annul(reported)
    assert not office.deliver()
    with office.engine.connect() as db:
        (other,) = set(db.exec_driver_sql("select event_id from report").scalars()) - {reported}
    office.annul(other)
    assert released(office.deliver()) == first(first_hop, second)


def test_an_annulled_report_leaves_what_another_names_on_the_way_at_its_own_amount(office: Office) -> None:
    root, payee, beyond = account(), account(None, "cnaps:2"), account()
    _, stops = traced(office, root, payee, beyond)
    office.report(payee, 300_000, time=office.now + timedelta(hours=2))
    office.deliver()
    office.annul(stops[0].authority.covered_by)  # type: ignore[arg-type]
    letters = office.deliver()
    assert released(letters) == first(root, beyond)
    reduction = next(letter for letter in letters if letter.action is Action.REDUCE)
    assert (reduction.target, reduction.amount) == (payee, yuan(300_000))
    assert hold_of(office, payee).status is HoldStatus.ACTIVE


def test_a_claim_that_fell_is_no_longer_held(office: Office) -> None:
    mule = account()
    office.report(mule, 2_000_000)
    fell = office.report(mule, 3_000_000)
    held(office, mule, 9_000_000)
    office.annul(fell)
    (reduction,) = office.deliver()
    assert (reduction.action, reduction.amount) == (Action.REDUCE, yuan(7_000_000))
    office.answer(reduction, AnswerStatus.EXECUTED)
    assert (hold_of(office, mule).status, hold_of(office, mule).amount) == (HoldStatus.REDUCED, yuan(7_000_000))
    assert not office.deliver()


def test_a_victim_coached_to_withdraw(office: Office) -> None:
    mule = account()
    office.mandate()
    reported = office.report(mule, member="bank-one")
    office.suspect(lead(mule, reported=True))
    office.answer(stop_of(office.deliver()), AnswerStatus.EXECUTED, amount=yuan(5_000_000))
    office.annul(reported, member="bank-one", by="bank-one")
    assert not office.deliver()
    assert hold_of(office, mule).status is HoldStatus.ACTIVE
    office.annul(reported, member="bank-one")
    assert released(office.deliver()) == first(mule)


def test_a_release_that_crosses_an_answer_in_the_post(office: Office) -> None:
    mule, payee = account(), account(None, "cnaps:2")
    _, stop = stopped(office, mule)
    office.annul(stop.authority.covered_by)  # type: ignore[arg-type]
    release = office.release_of(stop)
    onward = Outflow(type=OutflowType.TRANSFER, amount=yuan(2_000_000), time=office.now, payee=payee)
    office.answer(stop, AnswerStatus.PARTIAL, amount=yuan(3_000_000), outflows=[onward])
    office.answer(release, AnswerStatus.EXECUTED)
    office.answer(stop, AnswerStatus.EXECUTED, amount=yuan(5_000_000))
    assert hold_of(office, mule).status is HoldStatus.RELEASED
    assert not office.holds(payee)
    assert not office.deliver()


def test_an_annulled_report_ends_a_stop_that_waits_for_its_officer_and_one_that_is_late(office: Office) -> None:
    mule, other = account(), account()
    _, stop = ordered(office, mule)
    office.report(other)
    office.suspect(lead(other, reported=True))
    waits = office.draft(other)
    for covered in (stop, waits):
        office.annul(covered.authority.covered_by)  # type: ignore[arg-type]
    assert next(r for r in office.requests() if r.request_id == waits.request_id).status is RequestStatus.CANCELLED
    office.answer(stop, AnswerStatus.EXECUTED, amount=yuan(5_000_000))
    assert hold_of(office, mule).status is HoldStatus.RELEASE_PROPOSED


def test_after_a_release_a_report_not_known_then_permits_another_stop(office: Office) -> None:
    mule = account()
    suspicion, stop = held(office, mule)
    office.annul(stop.authority.covered_by)  # type: ignore[arg-type]
    office.answer(office.release_of(stop), AnswerStatus.EXECUTED)
    office.suspect(suspicion.model_copy(update={"score": 0.99}))
    office.registry_changed()
    assert not office.deliver()
    office.report(mule)
    assert stop_of(office.deliver()).attempt == 2


def test_what_was_let_go_is_asked_for_again_once_its_payer_tells_of_it_anew(office: Office) -> None:
    root, payee = account(), account(None, "cnaps:2")
    left = Outflow(type=OutflowType.TRANSFER, amount=yuan(4_500_000), time=office.now, payee=payee)
    _, stops = traced(office, root, payee)
    office.annul(stops[0].authority.covered_by)  # type: ignore[arg-type]
    for letter in office.deliver():
        office.answer(letter, AnswerStatus.EXECUTED)
    office.pass_time(minutes=1)
    office.report(root)
    again = stop_of(office.deliver())
    assert (again.target, again.attempt) == (root, 2)
    office.answer(again, AnswerStatus.ALREADY_GONE, outflows=[left])
    onward = stop_of(office.deliver())
    assert (onward.target, onward.hop, onward.attempt, onward.amount) == (payee, 1, 2, yuan(4_500_000))


def test_an_allow_listed_account_is_let_go_with_what_came_from_it(office: Office) -> None:
    accounts = [account(None, f"cnaps:{1 + hop % 2}") for hop in range(3)]
    suspicion, _ = traced(office, *accounts)
    office.allow(accounts[1])
    letters = office.deliver()
    assert released(letters) == first(*accounts[1:])
    for letter in letters:
        office.answer(letter, AnswerStatus.EXECUTED)
    office.allow()
    office.suspect(suspicion.model_copy(update={"score": 0.99}))
    office.registry_changed()
    assert not office.deliver()
    assert [hold_of(office, one).status.value for one in accounts] == ["active", "released", "released"]


def test_nothing_is_asked_about_what_is_allow_listed(office: Office) -> None:
    mule, payee, victim = account(), account(None, "cnaps:2"), account()
    office.allow(payee, victim)
    _, stop = stopped(office, mule)
    onward = Outflow(type=OutflowType.TRANSFER, amount=yuan(2_000_000), time=office.now, payee=payee)
    office.answer(stop, AnswerStatus.ALREADY_GONE, outflows=[onward])
    office.suspect(lead(victim))
    assert not office.deliver()


def test_a_members_measure_and_a_draft_end_with_an_entry_on_the_allow_list(office: Office) -> None:
    mule = account()
    office.suspect(lead(mule))
    asked = office.deliver()
    office.answer(next(one for one in asked if one.action is Action.DELAY), AnswerStatus.EXECUTED)
    office.report(mule)
    waits = office.draft(mule)
    office.allow(mule)
    assert released(office.deliver()) == first(mule)
    assert next(r for r in office.requests() if r.request_id == waits.request_id).status is RequestStatus.CANCELLED


def test_a_won_appeal_lets_go_at_once_or_puts_it_to_the_unit(office: Office) -> None:
    mandated, by_officer = account(), account()
    _, stop = ordered(office, by_officer)
    office.answer(stop, AnswerStatus.EXECUTED, amount=yuan(5_000_000))
    held(office, mandated)
    office.win_appeal(hold_of(office, by_officer))
    assert hold_of(office, by_officer).status is HoldStatus.RELEASE_PROPOSED
    assert not released(office.deliver())
    office.win_appeal(hold_of(office, mandated))
    assert released(office.deliver()) == first(mandated)


def proposed(office: Office, mule: Identifier) -> tuple[Lead, HoldView]:
    suspicion, stop = ordered(office, mule)
    office.answer(stop, AnswerStatus.EXECUTED, amount=yuan(5_000_000))
    office.withdraw(*suspicion.evidence)
    return suspicion, hold_of(office, mule)


def test_a_unit_declines_a_release_and_the_hold_goes_on_to_its_end_as_it_was(office: Office) -> None:
    mule = account()
    suspicion, hold = proposed(office, mule)
    assert office.keep(hold) is None
    assert (hold_of(office, mule).status, hold_of(office, mule).until) == (HoldStatus.ACTIVE, hold.until)
    office.withdraw(*suspicion.evidence)
    assert hold_of(office, mule).status is HoldStatus.ACTIVE
    office.allow(mule)
    assert hold_of(office, mule).status is HoldStatus.RELEASE_PROPOSED
    assert office.keep(hold_of(office, mule)) is None
    office.pass_time(hours=48)
    assert hold_of(office, mule).status is HoldStatus.EXPIRED
    assert not [letter for letter in office.deliver() if letter.action is Action.STOP]


@pytest.mark.parametrize(("minutes", "ends"), [(-1, HoldStatus.ACTIVE), (1, HoldStatus.RELEASED)])
def test_a_unit_that_declined_in_time_is_heard_though_nobody_read_it_until_later(
    thai: Office, minutes: int, ends: HoldStatus
) -> None:
    mule = account()
    _, hold = proposed(thai, mule)
    with thai.engine.begin() as db:
        shown = keeping.read_proposal(db, hold.hold_id)
        assert shown.decide_by
        at = shown.decide_by + timedelta(minutes=minutes)
        keeping.file_keep(db, hold.hold_id, shown, "another victim's", thai.keys["p100"], "police-one/p100/k1", at)
        thai.now = shown.decide_by + timedelta(hours=1)
    thai.take()
    for letter in thai.deliver():
        thai.answer(letter, AnswerStatus.EXECUTED)
    assert hold_of(thai, mule).status is ends


def test_no_other_unit_and_no_stranger_declines(office: Office) -> None:
    mule = account()
    _, hold = proposed(office, mule)
    key = Ed25519PrivateKey.generate()
    public = encode(key.public_key().public_bytes_raw())
    officers = [Officer(officer="p200", rank="r1", key=SigningKey(key_id="k1", public=public, valid_from=NOW))]
    office.registry.apply("police-two", member("police-two", sector=Sector.POLICE, officers=officers))
    assert "police-one, which alone decides" in str(office.keep(hold, "police-two/p200/k1", key))
    assert "does not verify" in str(office.keep(hold, "police-one/p100/k1", key))
    assert hold_of(office, mule).status is HoldStatus.RELEASE_PROPOSED
    assert office.keep(hold) is None
    with pytest.raises(Refused, match="its release is not proposed"):
        office.keep(hold)
