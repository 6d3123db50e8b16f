"""Lines that police have suspended: given back when their grounds fall, by hand, and by themselves when their time is
over. The reference carrier answers, by its own law and registry."""

from __future__ import annotations

from datetime import timedelta
from typing import cast

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from alliance.errors import Refused
from consumers.casebook.holding.holdrules import HoldAct
from producers.reference.handler import handle
from producers.reference.index import TokenIndex
from producers.reference.subscribers import Carrier, Subscribed
from schemas.answers import AnswerStatus
from schemas.decisions import Finding
from schemas.identifiers import Identifier, IdentifierKind
from schemas.leads import Lead
from schemas.requests import Action, HoldStatus, HoldView, Request, RequestStatus, RequestView, Scope
from schemas.returns import DeductHold
from schemas.risk import Level
from schemas.tasks import TaskKind
from tests.consumers.facts import NOW, TOKENS, evidence, lead, yuan
from tests.consumers.office import Office
from tests.consumers.test_disputes import dispute, rule
from tests.consumers.test_holdacts import PAPER, act, drafted
from tests.consumers.test_returning import signed

pytestmark = pytest.mark.services
PHONE = "13900001111"
NUMBER = cast(Identifier, TokenIndex(TOKENS).identifier(IdentifierKind.NUMBER, PHONE, ["carrier:one"]))
MONTH = timedelta(days=30)
FALLS = ["withdrawn", "annulled", "allowed", "disputed", "appealed"]


class Line:
    """One line of a carrier; a victim has named it, and it is suspected."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.carrier = Carrier("carrier-one", TOKENS)
        self.carrier.apply(Subscribed(PHONE, (("number", PHONE),), NOW))
        self.reported = office.report(NUMBER)
        self.suspicion: Lead = lead(NUMBER, reported=True)
        office.suspect(self.suspicion)

    def cut(self) -> Request:
        """As police order; the order."""
        self.office.order(self.awaiting(Action.SUSPEND).request_id)
        return next(letter for letter in self.post() if letter.action is Action.SUSPEND)

    def post(self) -> list[Request]:
        """What comes to the carrier, answered."""
        letters = [letter for letter in self.office.deliver() if letter.to == "carrier-one"]
        for letter in letters:
            self.answer(letter)
        return letters

    def answer(self, letter: Request) -> None:
        office = self.office
        decision = handle(letter, self.carrier, office.registry, office.profile, office.now)
        for entry in decision.entries:
            self.carrier.apply(entry)
        office.take(answers=[office.bundle("carrier-one", decision.answer)])

    def awaiting(self, action: Action) -> RequestView:
        waits = RequestStatus.AWAITING_AUTHORISATION
        (one,) = [one for one in self.office.requests() if one.action is action and one.status is waits]
        return one

    def fall(self, how: str) -> None:
        office = self.office
        match how:
            case "withdrawn":
                office.annul(self.reported)
                office.withdraw(*self.suspicion.evidence)
            case "annulled":
                office.annul(self.reported)
            case "allowed":
                office.allow(NUMBER)
            case "disputed":
                assert office.said_by("carrier-one", dispute(target=NUMBER)) == []
                rule(office, Finding.UPHELD)
            case _:
                office.win_appeal(self.hold)

    @property
    def hold(self) -> HoldView:
        """The newest."""
        return max(self.office.holds(NUMBER), key=lambda hold: hold.since)

    @property
    def is_cut(self) -> bool:
        return self.carrier.is_suspended(PHONE, self.office.now)


@pytest.fixture
def line(office: Office) -> Line:
    return Line(office)


def test_a_suspended_line_is_a_hold_of_no_money_with_an_end_and_a_notice(line: Line) -> None:
    asked = line.cut()
    assert line.is_cut
    held = line.hold
    assert (held.status, held.scope, held.amount, held.unit) == (
        HoldStatus.ACTIVE, Scope.ACCOUNT, yuan(0), "police-one",
    )  # fmt: skip
    assert (held.until, line.office.next_due()) == (NOW + MONTH, NOW + timedelta(seconds=5))
    assert asked.disclosure is not None
    assert asked.disclosure.text.startswith("Your line is suspended for the police. The number of this notice is ")
    assert "at this carrier or at the police" in asked.disclosure.objection


def test_what_a_carrier_says_of_money_or_of_a_queue_makes_no_more_of_it(line: Line) -> None:
    line.office.order(line.awaiting(Action.SUSPEND).request_id)
    asked = next(letter for letter in line.office.deliver() if letter.action is Action.SUSPEND)
    line.office.answer(asked, AnswerStatus.EXECUTED, amount=yuan(5), queue_position=2)
    assert (line.hold.status, line.hold.amount, line.hold.queue_position) == (HoldStatus.ACTIVE, yuan(0), None)


@pytest.mark.parametrize("how", FALLS)
def test_a_line_is_given_back_by_its_unit_when_its_grounds_fall(line: Line, how: str) -> None:
    line.cut()
    line.fall(how)
    assert line.hold.status is HoldStatus.RELEASE_PROPOSED
    line.office.pass_time(days=1)
    [task] = [task for task in line.office.tasks() if task.kind is TaskKind.DECISION]
    assert (task.subject, task.unit) == (line.hold.hold_id, "police-one")
    line.office.order(drafted(line.office, HoldAct(line.hold.hold_id, Action.RELEASE, "it fell")).request_id)
    assert [letter.action for letter in line.post()] == [Action.RELEASE]
    assert (line.hold.status, line.is_cut) == (HoldStatus.RELEASED, False)
    line.office.take()
    assert [task.closed_at is not None for task in line.office.tasks() if task.subject == line.hold.hold_id] == [True]


@pytest.mark.parametrize("how", FALLS)
def test_where_the_law_lets_go_of_what_its_unit_does_not_decide_a_line_is_given_back_too(
    thai: Office, how: str
) -> None:
    line = Line(thai)
    line.cut()
    line.fall(how)
    assert line.post() == []
    thai.pass_time(hours=23, minutes=59)
    assert line.post() == []
    assert line.is_cut
    thai.pass_time(minutes=1)
    assert [letter.action for letter in line.post()] == [Action.RELEASE]
    assert (line.hold.status, line.is_cut) == (HoldStatus.RELEASED, False)


def test_where_the_law_lets_go_of_orders_at_once_a_line_is_given_back_at_once(line: Line) -> None:
    release = line.office.profile.release
    at_once = release.model_copy(update={"order": release.member_measure})
    line.office.profile = line.office.profile.model_copy(update={"release": at_once})
    line.cut()
    line.fall("annulled")
    assert [letter.action for letter in line.post()] == [Action.RELEASE]
    assert (line.hold.status, line.is_cut) == (HoldStatus.RELEASED, False)


def test_a_suspension_that_is_carried_out_after_its_grounds_fell_is_let_go_again(line: Line) -> None:
    line.office.order(line.awaiting(Action.SUSPEND).request_id)
    [asked] = [letter for letter in line.office.deliver() if letter.action is Action.SUSPEND]
    line.fall("annulled")
    line.answer(asked)
    assert (line.hold.status, line.is_cut) == (HoldStatus.RELEASE_PROPOSED, True)


def test_a_suspension_that_nobody_ordered_yet_ends_with_its_grounds(line: Line) -> None:
    waits = line.awaiting(Action.SUSPEND)
    line.fall("annulled")
    assert line.office.request(waits.request_id).status is RequestStatus.CANCELLED


def test_an_officer_lifts_it_by_hand_and_does_nothing_else_to_it(line: Line) -> None:
    line.cut()
    for action in (Action.EXTEND, Action.FREEZE):
        with pytest.raises(Refused, match="is of a line and no money"):
            drafted(line.office, act(line.hold, action))
    line.office.order(drafted(line.office, HoldAct(line.hold.hold_id, Action.RELEASE, "it was sold")).request_id)
    line.post()
    assert (line.hold.status, line.is_cut) == (HoldStatus.RELEASED, False)


def test_the_database_lets_a_line_be_no_hold_of_money_and_live_no_other_life(line: Line) -> None:
    line.cut()
    for change in ("minor = 1", "status = 'reduced'", "status = 'deducted-by-court'"):
        with line.office.engine.begin() as db, pytest.raises(IntegrityError, match=r"a_line_is_no_money|never grows"):
            db.execute(text(f"update hold set {change}"))


def test_a_court_takes_no_line(line: Line) -> None:
    line.cut()
    judgement = DeductHold(hold_id=line.hold.hold_id, paper=PAPER, reason="(2026) 117", at=line.office.now)
    assert "of a line and no money" in str(signed(line.office, judgement))
    assert line.hold.status is HoldStatus.ACTIVE


def test_a_unit_may_keep_it_and_it_ends_all_the_same(line: Line) -> None:
    line.cut()
    line.fall("annulled")
    assert line.office.keep(line.hold) is None
    assert line.hold.status is HoldStatus.ACTIVE
    line.office.now = NOW + MONTH
    line.office.take()
    assert (line.hold.status, line.is_cut) == (HoldStatus.EXPIRED, False)
    assert all(one.action is not Action.SUSPEND or one.attempt == 1 for one in line.office.requests())


def test_when_its_time_is_over_it_is_given_back_and_an_officer_may_order_it_anew(line: Line) -> None:
    line.cut()
    line.office.now = NOW + MONTH - timedelta(seconds=1)
    line.office.take()
    assert (line.hold.status, line.is_cut) == (HoldStatus.ACTIVE, True)
    line.office.pass_time(seconds=1)
    assert (line.hold.status, line.is_cut) == (HoldStatus.EXPIRED, False)
    again = line.awaiting(Action.SUSPEND)
    assert again.attempt == 2
    line.cut()
    assert (line.hold.status, line.is_cut) == (HoldStatus.ACTIVE, True)
    line.fall("annulled")
    assert line.hold.status is HoldStatus.RELEASE_PROPOSED


def test_what_is_no_longer_suspected_is_not_suspended_anew(line: Line) -> None:
    line.cut()
    line.office.suspect(lead(NUMBER, Level.MEDIUM, reported=True, revision=2))
    line.office.now = NOW + MONTH
    line.office.take()
    assert [one.attempt for one in line.office.requests() if one.action is Action.SUSPEND] == [1]


def test_a_line_that_its_unit_keeps_is_not_suspended_beside_that(office: Office, line: Line) -> None:
    line.cut()
    kept = line.hold
    office.annul(line.reported)
    office.withdraw(*line.suspicion.evidence)
    assert office.keep(kept) is None
    office.pass_time(hours=1)
    office.report(NUMBER)
    seen = [evidence("bank-one", time=office.now), evidence("platform-one", "suspicious-number", time=office.now)]
    office.suspect(lead(NUMBER, reported=True, evidence=seen))
    unsent = [one for one in office.requests() if one.status is RequestStatus.AWAITING_AUTHORISATION]
    assert Action.SUSPEND not in {one.action for one in unsent}
    assert [hold.hold_id for hold in office.holds(NUMBER)] == [kept.hold_id]
