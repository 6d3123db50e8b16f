"""A holder out of the city: an officer's unit takes the stop over, enters what was heard, and the money is followed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from alliance.errors import Refused
from consumers.casebook import agenda
from consumers.casebook.asking import referring
from consumers.casebook.asking.routing import AWAY
from consumers.casebook.authority import orders
from consumers.casebook.holding import holdacts
from consumers.casebook.holding.holdrules import HoldAct
from consumers.casebook.views import listings
from schemas.answers import Answer, AnswerStatus
from schemas.envelope import Event, event_type, source_of
from schemas.identifiers import Identifier
from schemas.reasons import Reason
from schemas.requests import Action, AuthorityClass, HoldStatus, HoldView, RequestStatus, RequestView
from schemas.returns import PaymentStatus, ReturnNotice
from schemas.tasks import TaskKind
from tests.consumers.facts import account, lead, yuan
from tests.consumers.office import Office
from tests.consumers.test_holdacts import act
from tests.consumers.test_hops import GONE, M, out, sent, stopped_by, told
from tests.consumers.test_office import stopped
from tests.consumers.test_returning import QUARTER_S, announced, shown, stays

pytestmark = pytest.mark.services
KID = "police-one/p100/k1"


def away(office: Office, target: Identifier) -> RequestView:
    """The stop at a bank that is no member, to which all of the money went."""
    _, first = stopped(office, account())
    office.answer(first, GONE, outflows=[out(office, target, 5 * M, 1)])
    return stop_of(office, target)


def stop_of(office: Office, target: Identifier) -> RequestView:
    (one,) = [one for one in office.requests() if one.target.tokens == target.tokens and one.hop == 1]
    return one


def refer(
    office: Office, one: RequestView, key: Ed25519PrivateKey | None = None, by: str = "p100", unit: str = "police-one"
) -> str:
    with office.engine.begin() as db:
        shown = orders.read_referable(db, one.request_id, unit)
        jws = orders.file_order(db, shown, key or office.keys[by], f"{unit}/{by}/k1", office.now)
    office.take()
    with office.engine.connect() as db:
        return str(orders.refusal_of(db, one.request_id, jws)[1])


def enter(
    office: Office, one: RequestView, key: Ed25519PrivateKey | None = None, at: datetime | None = None, **answer: Any
) -> str:
    said = Answer(request_id=one.request_id, **answer)
    source = source_of("police-one")
    event = Event(id=uuid4(), source=source, type=event_type("answer"), time=at or office.now, data=said)
    with office.engine.begin() as db:
        referring.file_answer(db, event, key or office.keys["p100"], KID, office.now)
        assert agenda.look(db).words
    office.take()
    with office.engine.connect() as db:
        assert not agenda.look(db).words
        return str(referring.judgement(db, event.id)[1])


def test_what_an_officer_heard_is_taken_and_the_money_is_followed(office: Office) -> None:
    target, near = account(None, "cnaps:9"), account()
    one = away(office, target)
    assert refer(office, one) == "None"
    referred = stop_of(office, target)
    assert (referred.status, referred.to, referred.authority) == (
        RequestStatus.REFERRED, "police-one", AuthorityClass.POLICE_ORDER,
    )  # fmt: skip
    assert referred.unroutable == "holder cnaps:9 is not a member"
    assert sent(office) == []
    office.pass_time(hours=23)
    held: dict[str, Any] = {
        "status": AnswerStatus.PARTIAL,
        "amount": yuan(M),
        "outflows": [out(office, near, 4 * M, 1)],
    }
    assert enter(office, one, **held) == "None"
    assert sent(office) == [(near, 2, 1, 4 * M)]
    (hold,) = office.holds(target)
    assert (hold.status, hold.amount, hold.member) == (HoldStatus.ACTIVE, yuan(M), "police-one")
    with pytest.raises(Refused, match="awaits an answer"):
        enter(office, one, **held)
    assert office.is_audited()


def test_what_no_officer_signed_is_neither_referred_nor_believed(office: Office) -> None:
    target, other = account(None, "cnaps:9"), Ed25519PrivateKey.generate()
    one = away(office, target)
    assert "does not verify" in refer(office, one, other)
    assert stop_of(office, target).status is RequestStatus.DRAFTED
    with pytest.raises(Refused, match="awaits an answer"):
        enter(office, one, status=GONE)
    assert refer(office, one) == "None"
    assert "does not verify" in enter(office, one, other, status=GONE)
    assert stop_of(office, target).status is RequestStatus.REFERRED
    assert enter(office, one, status=GONE) == "None"
    assert stop_of(office, target).status is RequestStatus.ALREADY_GONE


def test_only_an_order_without_a_member_is_referred(office: Office) -> None:
    near = account(None, "cnaps:9")
    office.suspect(lead(near))
    delay = next(one for one in office.requests() if one.to is None)
    with pytest.raises(Refused, match="is no police order"):
        refer(office, delay)
    _, first = stopped(office, account())
    view = next(one for one in office.requests() if one.request_id == first.request_id)
    with pytest.raises(Refused, match="is no police order"):
        refer(office, view)
    with pytest.raises(Refused, match="There is no request"):
        refer(office, view.model_copy(update={"request_id": uuid4()}))
    assert told(first)[1:3] == (0, 1)


def held_away(office: Office) -> HoldView:
    """50,000 yuan at a holder out of the city."""
    target = account(None, "cnaps:9")
    one = away(office, target)
    assert refer(office, one) == "None"
    assert enter(office, one, status=AnswerStatus.EXECUTED, amount=yuan(5 * M)) == "None"
    (hold,) = office.holds(target)
    assert sent(office) == []
    return hold


def filed(office: Office, wanted: HoldAct) -> RequestView:
    """What the casebook made of what an officer wants done."""
    with office.engine.begin() as db:
        number = holdacts.file_act(db, wanted, office.now)
    office.take()
    with office.engine.connect() as db:
        judged = holdacts.judgement(db, number)
    assert judged is not None
    assert judged.request_id is not None, judged.refusal
    return office.request(judged.request_id)


def referred(office: Office, one: RequestView, **answer: Any) -> None:
    """Taken over and asked: what came of it is entered."""
    assert (one.to, one.status, one.unroutable) == (None, RequestStatus.DRAFTED, AWAY)
    assert one.request_id in {each.request_id for each in listed(office)}
    office.registry_changed()
    assert office.request(one.request_id).to is None
    assert refer(office, one) == "None"
    while missing := office.request(one.request_id).missing:
        assert refer(office, one, by="p200") == "None", missing
    assert [letter for letter in office.deliver() if letter.request_id == one.request_id] == []
    assert enter(office, one, **answer) == "None"
    assert office.request(one.request_id).status.value == answer["status"].value


def listed(office: Office) -> list[RequestView]:
    with office.engine.connect() as db:
        return listings.referrals(db)


def now_of(office: Office, hold: HoldView) -> HoldView:
    (found,) = [one for one in office.holds(hold.target) if one.hold_id == hold.hold_id]
    return found


@pytest.mark.parametrize(("action", "more", "status"), [
    (Action.RELEASE, {}, HoldStatus.RELEASED),
    (Action.REDUCE, {"amount": yuan(M)}, HoldStatus.REDUCED),
    (Action.EXTEND, {}, HoldStatus.EXTENDED),
    (Action.FREEZE, {"amount": yuan(2 * M)}, HoldStatus.FROZEN),
])  # fmt: skip
def test_what_is_to_become_of_a_hold_out_of_the_city_is_referred_again(
    office: Office, action: Action, more: dict[str, Any], status: HoldStatus
) -> None:
    hold = held_away(office)
    referred(office, filed(office, act(hold, action, **more)), status=AnswerStatus.EXECUTED)
    after = now_of(office, hold)
    assert (after.status, after.amount) == (status, more.get("amount", hold.amount))
    assert office.is_audited()


def test_what_its_holder_does_not_do_leaves_the_hold_out_of_the_city_as_it_is(office: Office) -> None:
    hold = held_away(office)
    wanted = filed(office, act(hold, Action.RELEASE))
    referred(office, wanted, status=AnswerStatus.REFUSED, reason="it wants paper")
    assert now_of(office, hold).status is HoldStatus.ACTIVE


def test_another_unit_takes_over_nothing_of_a_hold(office: Office) -> None:
    hold = held_away(office)
    wanted = filed(office, act(hold, Action.RELEASE))
    office.registry.apply("police-two", office.police("p101", unit="police-two"))
    assert "which alone may change or lift it" in refer(office, wanted, by="p101", unit="police-two")


def test_what_fell_out_of_the_city_is_proposed_to_its_unit_and_what_it_lets_go_is_referred(office: Office) -> None:
    hold = held_away(office)
    office.allow(hold.target)
    assert now_of(office, hold).status is HoldStatus.RELEASE_PROPOSED
    referred(office, filed(office, act(hold, Action.RELEASE)), status=AnswerStatus.EXECUTED)
    assert now_of(office, hold).status is HoldStatus.RELEASED


def test_what_the_law_lets_go_at_once_its_unit_asks_of_a_holder_out_of_the_city(office: Office) -> None:
    release = office.profile.release
    at_once = release.model_copy(update={"order": release.member_measure})
    office.profile = office.profile.model_copy(update={"release": at_once})
    hold = held_away(office)
    office.allow(hold.target)
    (wanted,) = [one for one in office.requests() if one.action is Action.RELEASE and one.target == hold.target]
    assert (wanted.authority, wanted.unit) == (AuthorityClass.POLICE_ORDER, "police-one")
    referred(office, wanted, status=AnswerStatus.EXECUTED)
    assert now_of(office, hold).status is HoldStatus.RELEASED


def test_a_referred_request_is_due_and_its_unit_is_told(office: Office) -> None:
    target = account(None, "cnaps:9")
    one = away(office, target)
    refer(office, one)
    taken = office.now
    office.pass_time(seconds=5)
    assert office.next_due() == taken + timedelta(days=1)
    office.now = taken + timedelta(days=1)
    office.take()
    [task] = [task for task in office.tasks() if task.subject == one.request_id]
    assert (task.kind, task.unit, task.closed_at) == (TaskKind.FINAL, "police-one", None)
    assert task.why == "police-one has not entered what the holder out of the city said of the stop"
    office.pass_time(days=9)
    assert enter(office, one, status=GONE) == "None"
    office.take()
    [task] = [task for task in office.tasks() if task.subject == one.request_id]
    assert task.closed_at is not None


def test_what_a_holder_did_when_the_order_was_void_is_no_answer_to_it(office: Office) -> None:
    target = account(None, "cnaps:9")
    one = away(office, target)
    refer(office, one)
    office.pass_time(days=10)
    held: dict[str, Any] = {"status": AnswerStatus.EXECUTED, "amount": yuan(5 * M)}
    with pytest.raises(Refused, match=r"The order was void from 2\S+ on; enter that it failed"):
        enter(office, one, **held, at=one.void_after)
    assert office.holds(target) == []
    assert enter(office, one, **held, at=one.void_after - timedelta(seconds=1)) == "None"
    (hold,) = office.holds(target)
    assert hold.since == one.void_after - timedelta(seconds=1)


def test_the_casebook_refuses_what_was_filed_past_its_own_check(office: Office, monkeypatch: Any) -> None:
    target = account(None, "cnaps:9")
    one = away(office, target)
    refer(office, one)
    office.pass_time(days=10)
    checked = referring._in_time
    monkeypatch.setattr(referring, "_in_time", lambda *_: None)
    event_id = uuid4()
    said = Answer(request_id=one.request_id, status=AnswerStatus.EXECUTED, amount=yuan(5 * M))
    event = Event(id=event_id, source=source_of("police-one"), type=event_type("answer"), time=office.now, data=said)
    with office.engine.begin() as db:
        referring.file_answer(db, event, office.keys["p100"], KID, office.now)
    monkeypatch.setattr(referring, "_in_time", checked)
    office.take()
    with office.engine.connect() as db:
        assert "The order was void" in str(referring.judgement(db, event_id)[1])
    assert (stop_of(office, target).status, office.holds(target)) == (RequestStatus.REFERRED, [])


def test_what_its_unit_says_without_an_officer_is_no_answer_of_the_holder(office: Office) -> None:
    target = account(None, "cnaps:9")
    one = away(office, target)
    refer(office, one)
    said = Answer(request_id=one.request_id, status=AnswerStatus.EXECUTED, amount=yuan(5 * M))
    assert office.said_by("police-one", said) == [Reason.NOT_YOURS]
    assert (stop_of(office, target).status, office.holds(target)) == (RequestStatus.REFERRED, [])
    assert enter(office, one, status=AnswerStatus.EXECUTED, amount=yuan(5 * M)) == "None"
    assert stop_of(office, target).status is RequestStatus.EXECUTED


def test_a_release_is_heard_whenever_it_was_done(office: Office) -> None:
    hold = held_away(office)
    wanted = filed(office, act(hold, Action.RELEASE))
    refer(office, wanted)
    office.pass_time(hours=30)
    assert enter(office, wanted, status=AnswerStatus.EXECUTED) == "None"
    assert now_of(office, hold).status is HoldStatus.RELEASED


def test_what_stays_of_a_hold_out_of_the_city_is_referred_as_it_is_by_now(office: Office) -> None:
    mule, target = account(), account(None, "cnaps:9")
    office.report(mule, 3 * M)
    fell = [office.report(mule, M) for _ in range(2)]
    _, first = stopped_by(office, mule)
    office.answer(first, GONE, outflows=[out(office, target, 5 * M, 1)])
    one = stop_of(office, target)
    refer(office, one)
    enter(office, one, status=AnswerStatus.EXECUTED, amount=yuan(5 * M))
    for annulled in fell:
        office.annul(annulled)
    stale, right = [each for each in office.requests() if each.action is Action.REDUCE]
    assert (stale.status, stale.amount) == (RequestStatus.CANCELLED, yuan(4 * M))
    assert right.amount == yuan(3 * M)
    referred(office, right, status=AnswerStatus.EXECUTED)
    (hold,) = office.holds(target)
    assert (hold.status, hold.amount) == (HoldStatus.REDUCED, yuan(3 * M))


def frozen_away(office: Office, *claimed: int) -> tuple[HoldView, list[UUID]]:
    """What so many victims paid to an account, frozen whole at a holder out of the city; their reports."""
    mule, target, whole = account(), account(None, "cnaps:9"), yuan(sum(claimed))
    reports = [office.report(mule, minor) for minor in claimed]
    _, first = stopped_by(office, mule)
    office.answer(first, GONE, outflows=[out(office, target, whole.minor, 1)])
    one = stop_of(office, target)
    assert refer(office, one) == "None"
    assert enter(office, one, status=AnswerStatus.EXECUTED, amount=whole) == "None"
    freeze = act(office.holds(target)[0], Action.FREEZE, amount=whole, duration_s=QUARTER_S)
    referred(office, filed(office, freeze), status=AnswerStatus.EXECUTED)
    (hold,) = office.holds(target)
    assert hold.status is HoldStatus.FROZEN
    return hold, reports


def to_return(office: Office) -> RequestView:
    """The one return that is to be taken over."""
    (one,) = [each for each in listed(office) if each.action is Action.RETURN]
    return one


def drafted(office: Office) -> dict[UUID, UUID]:
    """The payments that are to be made, by report."""
    return {one.event_id: one.payment_id for one in shown(office).payments if one.status is PaymentStatus.DRAFTED}


def test_what_is_frozen_out_of_the_city_is_returned_by_referring_it(office: Office) -> None:
    hold, (first, second) = frozen_away(office, 3 * M, 2 * M)
    announced(office, hold)
    assert not stays(office)
    assert drafted(office).keys() == {first, second}
    referred(office, to_return(office), status=AnswerStatus.EXECUTED)
    after = now_of(office, hold)
    assert (after.status, after.amount, after.until) == (HoldStatus.RETURNED, yuan(0), hold.until)
    assert [one.status for one in shown(office).payments] == [PaymentStatus.PAID] * 2
    # The unit's desk is no holder: it is told of the notice, and pays nobody.
    assert [type(one) for one in office.returns] == [ReturnNotice]
    assert office.is_audited()


def test_of_a_return_out_of_the_city_what_was_not_paid_is_referred_anew(office: Office) -> None:
    hold, (first, second) = frozen_away(office, 3 * M, 2 * M)
    announced(office, hold)
    one, paid = to_return(office), drafted(office)[first]
    for officer in ("p100", "p200"):
        assert refer(office, one, by=officer) == "None"
    said: dict[str, Any] = {"status": AnswerStatus.PARTIAL}
    with pytest.raises(Refused, match=f"The request {one.request_id} has no payment {hold.hold_id}; see"):
        enter(office, one, **said, paid=[paid, hold.hold_id])
    assert enter(office, one, **said, paid=[paid]) == "None"
    left = now_of(office, hold)
    assert (left.status, left.amount) == (HoldStatus.PART_RETURNED, yuan(2 * M))
    again = to_return(office)
    assert (again.attempt, again.amount) == (one.attempt + 1, yuan(2 * M))
    assert drafted(office).keys() == {second}
    referred(office, again, status=AnswerStatus.EXECUTED)
    assert now_of(office, hold).status is HoldStatus.RETURNED


def test_the_casebook_takes_no_payment_that_the_return_does_not_have(office: Office, monkeypatch: Any) -> None:
    hold, _ = frozen_away(office, 5 * M)
    announced(office, hold)
    one = to_return(office)
    for officer in ("p100", "p200"):
        refer(office, one, by=officer)
    checked = referring._of_its_list
    seen: list[Event] = []

    def only_later(db: Any, event: Event) -> None:
        if seen:
            checked(db, event)
        seen.append(event)

    monkeypatch.setattr(referring, "_of_its_list", only_later)
    assert "has no payment" in enter(office, one, status=AnswerStatus.PARTIAL, paid=[hold.hold_id])
    assert office.request(one.request_id).status is RequestStatus.REFERRED
    assert drafted(office)


def test_a_return_out_of_the_city_is_taken_back_until_it_is_taken_over(office: Office) -> None:
    hold, (first, second) = frozen_away(office, 3 * M, 2 * M)
    announced(office, hold)
    one = to_return(office)
    assert refer(office, one) == "None"
    office.annul(first)
    assert office.request(one.request_id).status is RequestStatus.CANCELLED
    one = to_return(office)
    for officer in ("p100", "p200"):
        assert refer(office, one, by=officer) == "None"
    office.annul(second)
    assert office.request(one.request_id).status is RequestStatus.REFERRED
    assert drafted(office).keys() == {second}


def test_what_a_holder_out_of_the_city_paid_late_is_paid_and_not_paid_again(office: Office) -> None:
    hold, _ = frozen_away(office, 5 * M)
    announced(office, hold)
    one = to_return(office)
    for officer in ("p100", "p200"):
        refer(office, one, by=officer)
    office.pass_time(days=2)
    assert office.now > one.void_after
    assert enter(office, one, status=AnswerStatus.EXECUTED) == "None"
    assert now_of(office, hold).status is HoldStatus.RETURNED
