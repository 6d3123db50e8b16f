"""Members, police, the clock, crashes, repetitions, any order and lost answers, on real books and a real database.

After each step: money is neither made nor lost, no account is held beyond what it has, nothing is held without an
officer's signature behind it, no more often than the law has it, nor again after it was let go; where the law is
amount-only, no more is held on an account than came there of what victims really paid and tell of, less what was
annulled once that is answered; no victim gets back more than it paid. At the end every hold is over, all money is free
and so is the line of the caller, who is the third that is suspected.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from itertools import combinations
from random import Random
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select

from alliance.errors import Refused
from consumers.casebook.authority import caseacts
from consumers.casebook.holding import holdacts
from consumers.casebook.holding.holdrules import HoldAct
from consumers.casebook.ids import case_id
from consumers.casebook.lifecycle import HOLD_ENDS, ON_PAPER, REQUEST_ENDS
from consumers.casebook.returning import statements
from consumers.casebook.tables import HoldRow, RequestRow
from consumers.casebook.views import returnviews
from producers.reference.entries import Held
from schemas.answers import OutflowType
from schemas.decisions import Finding, MergeCase
from schemas.leads import Evidence, Lead
from schemas.objections import Appeal, AppealGrounds, Dispute, DisputeGrounds
from schemas.requests import Action, AuthorityClass, Caps, HoldStatus, HoldView, Mandate, RequestStatus
from schemas.returns import AnnounceReturn, DecideObjection, ObjectToReturn, ReturnView, Word
from schemas.risk import Level
from tests.consumers.facts import evidence, lead
from tests.consumers.office import Office
from tests.consumers.town import NAME, Payment, Town

pytestmark = [pytest.mark.services, pytest.mark.chaos, pytest.mark.timeout(7200)]
MULES, VICTIMS, CALLER = 4, 3, 2
MULE, VICTIM, WHICH = st.integers(0, MULES - 1), st.integers(0, VICTIMS - 1), st.integers(0, 40)
BANKS = st.sampled_from(["bank-one", "bank-two"])
SUSPECT, LEVEL = st.integers(0, CALLER), st.sampled_from([Level.HIGH, Level.VERY_HIGH, Level.MEDIUM])
MINOR = st.integers(1, 3_000_00)
ACTS = (Action.EXTEND, Action.REDUCE, Action.RELEASE, Action.FREEZE, Action.FREEZE, Action.RENEW, Action.RENEW)
GROUNDS = st.sampled_from(AppealGrounds)
TIMES = st.sampled_from([1, 1, 2])
POLICE = ("police-one",)
TELLS = (POLICE, POLICE, ("bank-two",), ("bank-one", "police-one"))
TOLD = st.sampled_from(TELLS)
NAMES = st.sampled_from([NAME, NAME, NAME, "张*", "Zhang Wei", "", "王芳"])
"""Most know whom they pay; of some nothing can be compared, and one is wrong."""
PAPER = "a" * 64
BY_POLICE = (AuthorityClass.POLICE_ORDER, AuthorityClass.MANDATE)


class Told(NamedTuple):
    """What a report says, and who took it."""

    member: str
    paid: Sequence[Payment]


class Scam(RuleBasedStateMachine):
    """Victims pay mules, mules pay each other and take money out; two of the mules are suspected."""

    office: Office

    @initialize(chance=st.randoms(use_true_random=False))
    def begin(self, chance: Random) -> None:
        self.chance = chance
        self.town = Town(self.office)
        self.office.deliver()
        self.office.post.clear()
        self.office.forget()
        run = 6217 * 10**12 + secrets.randbelow(10**10) * 100
        self.mules = [str(run + index) for index in range(MULES)]
        self.victims = [str(run + 50 + index) for index in range(VICTIMS)]
        for index, name in enumerate(self.mules):
            self.town.open(name, f"bank-{('one', 'two')[index % 2]}", 100 * index)
        for index, name in enumerate(self.victims):
            self.town.open(name, f"bank-{('two', 'one')[index % 2]}", 50_000_00)
        self.caller = f"139{secrets.randbelow(10**8):08}"
        self.town.subscribe(self.caller)
        self.evidence: dict[int, list[Evidence]] = {0: [], 1: [], CALLER: []}
        self.withdrawn: set[UUID] = set()
        self.scams: list[Payment] = []
        self.reports: dict[UUID, Told] = {}
        self.claimed: dict[str, Payment] = {}
        self.mandates: list[Mandate] = []
        self.mandate(at_once=True)
        self.be_robbed(0, 0, 1_000_00, times=2, by=["police-one", "bank-two"])
        asked = [one.amount for one in self._requests() if one.action is Action.STOP]
        assert asked == [self.town.money(2_000_00)]

    @rule(victim=VICTIM, mule=MULE, minor=MINOR, name=NAMES, times=TIMES)
    def scam(self, victim: int, mule: int, minor: int, name: str = NAME, times: int = 1) -> None:
        for _ in range(times):
            if paid := self.town.pay(self.victims[victim], self.mules[mule], minor, name):
                self.scams.append(paid)

    @rule(payer=MULE, payee=MULE, minor=MINOR, name=NAMES)
    def pass_on(self, payer: int, payee: int, minor: int, name: str = NAME) -> None:
        if payer != payee:
            self.town.pay(self.mules[payer], self.mules[payee], minor, name)

    @rule(mule=MULE, minor=MINOR)
    def salary(self, mule: int, minor: int) -> None:
        """From an account that nobody suspects."""
        self.town.pay(self.victims[-1], self.mules[mule], minor)

    @rule(mule=MULE, minor=MINOR, means=st.sampled_from([OutflowType.TRANSFER, OutflowType.ATM, OutflowType.CRYPTO]))
    def take_out(self, mule: int, minor: int, means: OutflowType) -> None:
        self.town.leave(self.mules[mule], minor, means)

    @rule(victim=VICTIM, who=st.integers(0, 1), minor=MINOR, times=TIMES, by=TOLD)
    def be_robbed(self, victim: int, who: int, minor: int, times: int = 1, by: Sequence[str] = POLICE) -> None:
        """A victim pays, reports it, and the account is suspected."""
        self.scam(victim, who, minor, times=times)
        self.report(len(self.scams) - 1, by)
        self.suspect(who, Level.VERY_HIGH, more=True)

    @rule(which=WHICH, by=TOLD)
    def report(self, which: int, by: Sequence[str]) -> None:
        """A victim tells of one payment, or of all that it has not told of, to one member or to each of two."""
        if not self.scams:
            return
        payment = self.scams[which % len(self.scams)]
        paid = [each for each in self.scams if each.payer == payment.payer] if which % 2 else [payment]
        self.scams = [each for each in self.scams if each not in paid]
        for member in by:
            bundle = self.office.bundle(member, self.town.report(*paid, caller=self.caller))
            self.reports[bundle.events[0].event.id] = Told(member, paid)
            self.office.take(reports=[bundle])
        self.claimed |= {each.move.serial: each for each in paid}

    @precondition(lambda self: self.reports)
    @rule(which=WHICH, by=st.sampled_from(["police-one", "bank-one"]), answered=st.booleans())
    def annul(self, which: int, by: str, answered: bool) -> None:
        reported = list(self.reports)[which % len(self.reports)]
        self.office.annul(reported, self.reports[reported].member, by=by)
        if by == "police-one":
            del self.reports[reported]
        if answered:
            self.settle()

    @rule(who=SUSPECT, level=LEVEL, more=st.booleans())
    def suspect(self, who: int, level: Level, more: bool) -> None:
        if more or not self.evidence[who]:
            self.evidence[who] += [evidence("bank-two"), evidence("carrier-one", "suspicious-number")]
        self.office.suspect(self._lead(who, level))

    @rule(who=SUSPECT, count=st.integers(1, 8))
    def withdraw(self, who: int, count: int) -> None:
        self.withdrawn |= {item.event_id for item in self.evidence[who][:count]}
        self.office.withdraw(*self.evidence[who][:count])

    @rule(bank=BANKS, which=WHICH, again=st.booleans(), lost=st.booleans())
    def work(self, bank: str, which: int, again: bool, lost: bool) -> None:
        """One letter, in any order; its answer may be lost, if the letter comes again."""
        self.town.deliver()
        read = self.town.read(bank, which, again=again)
        if read and again and lost:
            self.town.post.pop()

    @rule()
    def turns(self) -> None:
        self.town.turns()

    @rule(which=WHICH, dies=st.booleans())
    def answer(self, which: int, dies: bool) -> None:
        if dies and self.town.post:
            self.office.lose(answers=[self.town.post[which % len(self.town.post)]])
        self.town.arrive(which)

    @precondition(lambda self: self.town.posted)
    @rule(which=WHICH)
    def repeat_an_answer(self, which: int) -> None:
        self.office.take(answers=[self.town.posted[which % len(self.town.posted)]])

    @rule()
    def settle(self) -> None:
        """Once nobody has anything to say, no more is held than what still stands, but for what a person has to do."""
        self.town.settle()
        if self.office.profile.amount_only.value:
            standing = {each.move.serial: each for told in self.reports.values() for each in told.paid}
            decided = set(self.mules) - self._undecided()
            self._holds_no_more_than(standing, decided, decided)

    @rule(bank=BANKS)
    def start_again(self, bank: str) -> None:
        before = self.town.books[bank].bank.ledger.total()
        self.town.books[bank].start_again()
        assert self.town.books[bank].bank.ledger.total() == before

    @rule(hours=st.sampled_from([1, 20, 48]))
    def pass_time(self, hours: int) -> None:
        self.office.pass_time(hours=hours)

    @rule()
    def go_to_the_next_clock(self) -> None:
        if (due := self.office.next_due()) is not None:
            self.office.now = max(self.office.now, due)
            self.office.take()

    @rule(days=st.integers(3, 30))
    def be_down(self, days: int) -> None:
        """Over many clocks; the first turn after it brings an answer of long ago."""
        self.office.now += timedelta(days=days)
        self.office.take(answers=self.town.posted[:1])

    @rule(who=st.sets(MULE))
    def allow(self, who: set[int]) -> None:
        self.office.allow(*(self.town.identifier(self.mules[index]) for index in who))

    @rule(at_once=st.booleans())
    def mandate(self, at_once: bool) -> None:
        caps = Caps(currency=self.town.currency, per_hold=5_000_00, per_account=20_000_00, per_day=200_000_00)
        until = self.office.now + timedelta(days=5 * 365)
        duration = int(self.office.profile.stop.duration_s.value)
        made = self.office.mandate(
            release_at_once=at_once, caps=caps, valid_to=until, max_hop=5, duration_s=duration,
            valid_from=self.office.now - timedelta(days=1),
        )  # fmt: skip
        self.mandates.append(made)
        self.office.take()

    @precondition(lambda self: self.mandates)
    @rule()
    def revoke(self) -> None:
        self.office.revoke(self.mandates.pop())

    @rule(which=WHICH)
    def sign(self, which: int) -> None:
        waiting = [one for one in self._requests() if one.status is RequestStatus.AWAITING_AUTHORISATION]
        if waiting:
            self.office.order(waiting[which % len(waiting)].request_id)

    @rule(which=WHICH, actions=st.lists(st.sampled_from(ACTS), min_size=1, max_size=3), part=st.none() | MINOR)
    def act_on_holds(self, which: int, actions: Sequence[Action], part: int | None) -> None:
        """One after the other, each as the member has answered to the one before."""
        for action in actions:
            self.act_on_a_hold(which, action, part)
            self.town.settle()

    def act_on_a_hold(self, which: int, action: Action, part: int | None) -> None:
        """An officer asks for it, and signs what the casebook drafts; or is refused."""
        if not (holds := self._holds()):
            return
        hold = holds[which % len(holds)]
        on_paper, is_less = action in (Action.FREEZE, Action.RENEW), action in (Action.FREEZE, Action.REDUCE)
        amount = self.town.money(min(part, hold.amount.minor)) if part and is_less and hold.amount else None
        act = HoldAct(
            hold.hold_id, action, "the case needs it", amount,
            30 * 86_400 if on_paper else None, PAPER if on_paper else None,
        )  # fmt: skip
        try:
            with self.office.engine.begin() as db:
                number = holdacts.file_act(db, act, self.office.now)
        except Refused:
            return
        self.office.take()
        with self.office.engine.connect() as db:
            judged = holdacts.judgement(db, number)
        assert judged is not None
        if judged.request_id:
            self.office.order(judged.request_id)

    @rule(chosen=st.permutations([0, 1, CALLER]))
    def merge(self, chosen: Sequence[int]) -> None:
        """The case of one suspect goes on in another's, once."""
        for who in chosen[:2]:
            if not self.evidence[who]:
                self.suspect(who, Level.HIGH, more=True)
        mine, into = (case_id(self._lead(who, Level.NONE).lead_id) for who in chosen[:2])
        act = MergeCase(case_id=mine, into=into, reason="one and the same", at=self.office.now)
        try:
            with self.office.engine.begin() as db:
                caseacts.file_case_act(db, act, self.office.keys["p100"], "police-one/p100/k1", self.office.now)
        except Refused:
            return
        self.office.take()

    @rule(which=WHICH, waits=st.booleans(), upheld=st.none() | st.booleans())
    def give_back(self, which: int, waits: bool, upheld: bool | None) -> None:
        """What is frozen is returned, what is traced at once and the rest after its notice; somebody may object."""
        if not self._frozen():
            self.act_on_a_hold(which, Action.FREEZE, None)
            self.town.settle()
        if not (frozen := self._frozen()):
            return
        hold = frozen[which % len(frozen)]
        number = 1 + len([one for one in self._returns() if one.hold_id == hold.hold_id])
        self._say(AnnounceReturn(hold_id=hold.hold_id, number=number, reason="case 117", at=self.office.now))
        mine = [one for one in self._returns() if one.hold_id == hold.hold_id and one.closed_at is None]
        for one in mine if upheld is not None else ():
            self._say(ObjectToReturn(return_id=one.return_id, reason="it is a wage", at=self.office.now))
            for each in self._returned(one.return_id).objections:
                if each.upheld is None:
                    self._decide(each.objection, upheld is True)
        if waits:
            self.office.pass_time(days=31)
        self._sign_all(Action.RETURN)

    def _decide(self, objection: int, upheld: bool) -> None:
        self._say(DecideObjection(objection=objection, upheld=upheld, reason="we looked", at=self.office.now))

    def _frozen(self) -> list[HoldView]:
        return [hold for hold in self._holds() if hold.status in ON_PAPER]

    @rule(more=st.booleans())
    def cut_off(self, more: bool) -> None:
        """The caller's line."""
        self.suspect(CALLER, Level.HIGH, more)
        self._sign_all(Action.SUSPEND)

    def _sign_all(self, action: Action) -> None:
        waits = RequestStatus.AWAITING_AUTHORISATION
        for one in [one for one in self._requests() if one.action is action and one.status is waits]:
            self.office.order(one.request_id)
        self.town.settle()

    def _say(self, said: Word) -> None:
        """Unless the same was said just now."""
        with suppress(Refused), self.office.engine.begin() as db:
            statements.file_statement(db, said, self.office.keys["p100"], "police-one/p100/k1", self.office.now)
        self.office.take()

    def _returns(self) -> list[ReturnView]:
        with self.office.engine.connect() as db:
            return list(returnviews.returns(db))

    def _returned(self, return_id: UUID) -> ReturnView:
        return next(one for one in self._returns() if one.return_id == return_id)

    @rule(which=WHICH)
    def decline(self, which: int) -> None:
        proposed = [hold for hold in self._holds() if hold.status is HoldStatus.RELEASE_PROPOSED]
        if proposed:
            assert self.office.keep(proposed[which % len(proposed)]) is None

    @rule(which=WHICH, grounds=GROUNDS, upheld=st.booleans())
    def appeal(self, which: int, grounds: AppealGrounds, upheld: bool) -> None:
        if not (holds := self._holds()):
            return
        hold = holds[which % len(holds)]
        self.office.said_by(hold.member, Appeal(hold_id=hold.hold_id, grounds=grounds, statement="it is mine"))
        filed = [one for one in self.office.appeals() if one.hold_id == hold.hold_id and one.decided_at is None]
        for one in [one for one in filed if one.status.value in ("filed", "overdue")]:
            self.office.rule("appeal", one.appeal_id, Finding.UPHELD if upheld else Finding.REJECTED)

    @rule(mule=MULE, grounds=st.sampled_from(DisputeGrounds), upheld=st.booleans(), decided=st.booleans())
    def dispute(self, mule: int, grounds: DisputeGrounds, upheld: bool, decided: bool) -> None:
        name = self.mules[mule]
        said = Dispute(grounds=grounds, statement="our customer", target=self.town.identifier(name))
        self.office.said_by(self.town.home[name], said)
        token = self.town.identifier(name).tokens[0]
        for one in [one for one in self.office.disputes() if one.token == token and one.status.value == "open"]:
            if decided:
                self.office.rule("dispute", one.dispute_id, Finding.UPHELD if upheld else Finding.REJECTED)

    @invariant()
    def goes_on(self) -> None:
        """Whatever else happens: victims pay, mules pass it on, banks do a letter, an answer arrives."""
        happens, pick = self.chance.random, self.chance.randrange
        if happens() < 0.1:
            times, by = 1 + (happens() < 0.3), self.chance.choice(TELLS)
            self.be_robbed(pick(VICTIMS), pick(2), pick(1, 1_000_00), times, by)
        if happens() < 0.3:
            self.pass_on(pick(MULES), pick(MULES), pick(1, 1_000_00))
        if happens() < 0.05:
            self.take_out(pick(MULES), pick(1, 1_000_00), OutflowType.ATM)
        if happens() < 0.6:
            self.work(self.chance.choice(["bank-one", "bank-two"]), pick(40), happens() < 0.2, happens() < 0.5)
        if happens() < 0.05:
            self.act_on_a_hold(pick(40), self.chance.choice(ACTS), self.chance.choice([None, pick(1, 3_000_00)]))
        if happens() < 0.6:
            self.answer(pick(40), happens() < 0.1)

    @invariant()
    def keeps_the_law(self) -> None:
        town, now = self.town, self.office.now
        assert town.total() == town.given
        for books in town.books.values():
            for account in books.bank.ledger.accounts:
                assert books.bank.ledger.held(account, now) <= books.bank.ledger.balance(account)
        most = int(self.office.profile.stop.most.value)
        assert all(count <= most for count in town.stops().values())
        assert not town.held_again()
        for victim in self.victims:
            assert town.back[victim] <= sum(each.move.amount for each in self.claimed.values() if each.payer == victim)
        for cut in town.carrier.suspended[self.caller].values():
            assert town.sent[UUID(cut.request_id)].authority.orders
            assert cut.until is not None
        for _, _, hold in town.measures():
            behind = self.town.sent[UUID(hold.request_id)].authority
            assert behind.authority in BY_POLICE and (behind.orders or behind.mandate)
            assert self._is_named(hold) or behind.orders
        if self.office.profile.amount_only.value:
            self._holds_no_more_than(self.claimed, self.mules, set(self.mules) - self._to_be_less())

    def _holds_no_more_than(self, claimed: Mapping[str, Payment], each: Iterable[str], together: Iterable[str]) -> None:
        """On each of these accounts, and on any of these together, nothing but money of these payments."""
        held = self.town.held()
        for size in range(1, MULES + 1):
            for chosen in combinations(sorted(each if size == 1 else together), size):
                most = self.town.most(chosen, claimed.values(), self.mules)
                assert sum(held[each] for each in chosen) <= most

    def _undecided(self) -> set[str]:
        """The accounts of which an officer has to say whether less is held there, or has said that it is not."""
        return {account for account, _ in self._asked_for_less({RequestStatus.AWAITING_AUTHORISATION})}

    def _to_be_less(self) -> set[str]:
        """And those whose bank has still to let go: what a bank holds beyond what had come, it tells only by then, and
        what had gone on is asked for at the next account at once."""
        return {account for account, _ in self._asked_for_less(set(RequestStatus) - REQUEST_ENDS)}

    def _asked_for_less(self, statuses: Iterable[RequestStatus]) -> set[tuple[str, str]]:
        """Accounts and what holds there, of which less or nothing is asked for, proposed or declined."""
        rows, less = self._rows(), (Action.REDUCE.value, Action.RELEASE.value)
        query = select(RequestRow.parent).where(RequestRow.status.in_(statuses), RequestRow.action.in_(less))
        with self.office.engine.connect() as db:
            waiting = set(db.scalars(query))
        found = set()
        for _, account, hold in self.town.measures():
            row = rows.get(UUID(hold.hold_id))
            # What its bank has only just done the casebook has not heard of.
            if row and (row.status == HoldStatus.RELEASE_PROPOSED.value or row.kept_at or row.request_id in waiting):
                found.add((account, hold.hold_id))
        return found

    def _is_named(self, hold: Held) -> bool:
        """Whether the account's name came, as somebody who paid there told it, and agreed."""
        if not self.office.profile.stop.match_name.value:
            return True
        told = [books.bank.ledger.names.get(hold.request_id) for books in self.town.books.values()]
        return any(each is not None and each.name in (NAME, "张*") for each in told)

    def teardown(self) -> None:
        """All but one victim, then all grounds, and then all time: every hold is over, whatever was lost on the way."""
        self.office.allow()
        self.settle()
        for reported in list(self.reports)[:-1]:
            self.office.annul(reported, self.reports.pop(reported).member)
        self.settle()
        for who, items in self.evidence.items():
            if items:
                self.withdraw(who, len(items))
        for reported, told in self.reports.items():
            self.office.annul(reported, told.member)
        self.settle()
        self.keeps_the_law()
        self._nothing_is_left_undecided()
        for mandate in self.mandates:
            self.office.revoke(mandate)
        self.office.pass_time(days=400)
        self.settle()
        self.keeps_the_law()
        assert not list(self.town.measures())
        assert not self.town.carrier.is_suspended(self.caller, self.office.now)
        assert {HoldStatus(row.status) for row in self._rows().values()} <= HOLD_ENDS
        for books in self.town.books.values():
            for account in books.bank.ledger.accounts:
                assert books.bank.ledger.free(account, self.office.now) == books.bank.ledger.balance(account)
        assert self.office.is_audited()

    def _nothing_is_left_undecided(self) -> None:
        """What rested on the withdrawn alerts and annulled reports is let go, or its unit has it to decide, or to sign:
        the release of what its bank has frozen in time, and told only when its stop was over."""
        undecided = {hold_id for _, hold_id in self._asked_for_less({RequestStatus.AWAITING_AUTHORISATION})}
        assert {hold.hold_id for _, _, hold in self.town.measures()} <= undecided

    def _rows(self) -> dict[UUID, Any]:
        """What the database has of the suspects' holds; a listing shows what nobody writes to any more."""
        suspects = [*map(self.town.identifier, self.mules), self.town.number(self.caller)]
        tokens = [token for one in suspects for token in one.tokens]
        query = select(*HoldRow.__table__.c).where(HoldRow.target.in_(tokens))
        with self.office.engine.connect() as db:
            return {row.hold_id: row for row in db.execute(query)}

    def _lead(self, who: int, level: Level) -> Lead:
        if who == CALLER:
            return lead(self.town.number(self.caller), level, evidence=self.evidence[who], amount_at_risk=[])
        name = self.mules[who]
        paid = sum(payment.move.amount for payment in self.town.payments if payment.payee == name)
        risk = [self.town.money(paid)] if paid else []
        return lead(self.town.identifier(name), level, evidence=self.evidence[who], amount_at_risk=risk)

    def _requests(self) -> list[Any]:
        mine = {case_id(self._lead(who, Level.NONE).lead_id) for who in self.evidence if self.evidence[who]}
        return [one for one in self.office.requests() if one.case_id in mine]

    def _holds(self) -> list[HoldView]:
        """Those that have not ended."""
        suspects = [*map(self.town.identifier, self.mules), self.town.number(self.caller)]
        found = [hold for one in suspects for hold in self.office.holds(one)]
        return [hold for hold in found if hold.status not in HOLD_ENDS]


@pytest.mark.parametrize("profile", ["cn", "th"])
def test_a_town_full_of_mules(casebook_url: str, profile: str, faults: int) -> None:
    office = Office(casebook_url, profile)

    class Here(Scam):
        def __init__(self) -> None:
            super().__init__()
            self.office = office

    # `--faults 100` makes it 10,000 steps. Shrinking what fails would hide the steps that led to it.
    limits = settings(
        max_examples=2 * faults,
        stateful_step_count=50,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Here, settings=limits)
    office.engine.dispose()
