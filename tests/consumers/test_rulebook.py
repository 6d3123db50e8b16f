"""The rulebook at the casebook: what a member may not be sent is shown to police with the reason, and not sent."""

from __future__ import annotations

import orjson
import pytest

from alliance.errors import Refused
from alliance.rulebook import objection, standard
from schemas.answers import AnswerStatus
from schemas.decisions import Finding
from schemas.requests import Action, AuthorityClass, RequestStatus
from schemas.risk import Level
from schemas.rulebook import Rulebook
from tests.consumers.facts import account, lead, yuan
from tests.consumers.office import Office
from tests.consumers.test_disputes import rule, vouched
from tests.consumers.test_holdacts import act, begun, drafted
from tests.consumers.test_office import stop_of, stopped

pytestmark = pytest.mark.services
WHY = "by the rulebook bank-one, a bank of comprehensive, is sent no {}"
ALL = tuple(standard().receive)


def without(*kinds: str, party: str = "bank") -> Rulebook:
    """What ships, but that this party is sent none of these."""
    raw = standard().model_dump(mode="json")
    for kind in kinds:
        raw["receive"][kind].remove(party)
    book = Rulebook.model_validate_json(orjson.dumps(raw))
    assert objection(book) is None
    return book


def adopt(office: Office, book: Rulebook) -> None:
    """As the service takes it: with what follows from it."""
    office.registry.adopt(book)
    office.registry_changed()


def test_a_member_that_may_not_be_sent_it_is_not_asked_and_police_see_why(office: Office) -> None:
    office.registry.adopt(without("stop", "verify"))
    mule = account()
    office.mandate()
    office.report(mule)
    suspicion = lead(mule, reported=True)
    office.suspect(suspicion)
    assert {one.action for one in office.deliver()} == {Action.DELAY}
    barred = {(one.action, one.unroutable) for one in office.requests(suspicion) if one.to is None}
    assert barred == {
        (Action.STOP, WHY.format("stop")),
        (Action.VERIFY, WHY.format("verify")),
        (Action.VERIFY, WHY.format("verify").replace("bank-one", "bank-two")),
    }


def test_another_rulebook_lets_go_out_what_waited_for_it_without_a_restart(office: Office) -> None:
    office.registry.adopt(without("stop", "delay", "verify"))
    mule = account()
    office.mandate()
    office.report(mule)
    office.suspect(lead(mule, reported=True))
    office.registry_changed()
    assert office.deliver() == []
    adopt(office, standard())
    assert stop_of(office.deliver()).authority.authority is AuthorityClass.MANDATE
    adopt(office, without("stop"))
    office.report(other := account())
    office.suspect(lead(other, reported=True))
    assert {one.action for one in office.deliver()} == {Action.DELAY, Action.VERIFY}


def test_what_another_alliance_may_not_is_not_barred_here(office: Office) -> None:
    raw = standard().model_dump(mode="json")
    raw["receive"]["stop"] = ["bank@comprehensive"]
    office.registry.adopt(Rulebook.model_validate_json(orjson.dumps(raw)))
    _, stop = stopped(office, account())
    assert stop.to == "bank-one"


def test_an_advisory_is_one_whatever_it_is_about(office: Office) -> None:
    office.registry.adopt(without(*(kind for kind in ALL if kind not in ("call", "advisory"))))
    office.suspect(medium := lead(account(), Level.MEDIUM))
    assert [one.action for one in office.deliver()] == [Action.WATCH]
    adopt(office, without("advisory"))
    office.suspect(lead(other := account(), Level.MEDIUM))
    assert office.deliver() == []
    assert {one.unroutable for one in office.requests() if one.target == other} == {WHY.format("advisory")}
    assert [one.to for one in office.requests(medium)] == ["bank-one"]


def test_an_officers_signature_sends_nothing_to_who_may_not_be_sent_it_any_more(office: Office) -> None:
    mule = account()
    office.report(mule)
    office.suspect(lead(mule, reported=True))
    stop = office.draft(mule)
    office.deliver()
    adopt(office, without("stop"))
    assert office.signed(stop.request_id) == f"The request can't be sent: {WHY.format('stop')}."
    assert office.deliver() == []
    adopt(office, standard())
    assert office.signed(stop.request_id) is None
    assert [one.action for one in office.deliver()] == [Action.STOP]


def test_what_a_dispute_held_up_is_not_sent_to_who_may_not_be_sent_it_any_more(office: Office) -> None:
    shop = account()
    vouched(office, shop)
    suspicion = lead(shop)
    office.suspect(suspicion)
    adopt(office, without("delay"))
    rule(office, Finding.REJECTED)
    assert {one.action for one in office.deliver()} == {Action.VERIFY}
    delays = [one.status for one in office.requests(suspicion) if one.action is Action.DELAY]
    assert delays == [RequestStatus.AWAITING_AUTHORISATION] * 2


def test_a_hold_is_not_prolonged_by_who_may_not_be_asked_to(office: Office) -> None:
    hold = begun(office, account())
    adopt(office, without("extend"))
    with pytest.raises(Refused, match=f"Nobody can be asked about the hold .*: {WHY.format('extend')}"):
        drafted(office, act(hold, Action.EXTEND))


def test_no_rulebook_keeps_anybody_from_being_let_go(office: Office) -> None:
    """Of money held by a bank that may be sent nothing any more."""
    shop = account()
    office.report(shop, 2_000_000)
    fell = office.report(shop, 3_000_000)
    _, stop = stopped(office, shop)
    office.answer(stop, AnswerStatus.EXECUTED, amount=yuan(9_000_000))
    adopt(office, without(*(kind for kind in ALL if kind != "call")))
    office.annul(fell)
    (reduce,) = office.deliver()
    assert (reduce.to, reduce.action) == ("bank-one", Action.REDUCE)
    office.answer(reduce, AnswerStatus.EXECUTED)
    draft = drafted(office, act(office.holds(shop)[0], Action.RELEASE))
    office.order(draft.request_id)
    assert [(one.to, one.action) for one in office.deliver()] == [("bank-one", Action.RELEASE)]


def test_who_may_not_be_told_of_outcomes_is_not(office: Office) -> None:
    office.registry.adopt(without("outcome", party="carrier"))
    office.suspect(lead(account()))
    office.pass_time(seconds=5)
    office.deliver()
    assert {one.to for one in office.told} == {"bank-two"}
