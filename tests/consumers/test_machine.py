"""Any order of leads, reports, withdrawals, answers, orders, mandates and time, on a real database.

After each step: no stop without an authority that a member would verify, no more stops than the law has, nothing sent
twice, nothing that has ended goes on, and nothing is held on withdrawn grounds that nobody is asked to release.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any
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

from consumers.casebook.ids import case_id
from consumers.casebook.inbound import Bundle
from consumers.casebook.lifecycle import FRUITLESS, HOLD_BEGINNINGS
from producers.reference.authority import prove
from schemas.answers import AnswerStatus, Outflow, OutflowType
from schemas.identifiers import Identifier
from schemas.leads import Evidence, Lead
from schemas.requests import Action, Caps, HoldView, Mandate, Request, RequestStatus
from schemas.risk import Level
from tests.consumers.facts import account, evidence, lead, yuan
from tests.consumers.office import Office

pytestmark = [pytest.mark.services, pytest.mark.timeout(3600)]
LEVELS = st.sampled_from([Level.HIGH, Level.VERY_HIGH, Level.MEDIUM, Level.NONE])
WHO = st.integers(0, 1)
ANSWERS = st.sampled_from(
    [
        AnswerStatus.EXECUTED,
        AnswerStatus.PARTIAL,
        AnswerStatus.ALREADY_GONE,
        AnswerStatus.REFUSED,
        AnswerStatus.ACKNOWLEDGED,
    ]
)
ENDED = frozenset({"executed", "partial", "refused", "not-found", "already-gone", "failed", "cancelled"})
OVER = frozenset({"expired", "released"})
STATUSES = st.lists(ANSWERS, min_size=1, max_size=3)
CAPS = Caps(currency="CNY", per_hold=8_000_000, per_account=8_000_000, per_day=20_000_000)


class Casebook(RuleBasedStateMachine):
    """Two suspects, whose cases are this run's own; one is reported and under a mandate from the first."""

    office: Office

    @initialize()
    def begin(self) -> None:
        self.suspects: list[Identifier] = [account(None, f"cnaps:{1 + index % 2}") for index in range(2)]
        self.evidence: dict[int, list[Evidence]] = {index: [] for index in range(2)}
        self.withdrawn: set[UUID] = set()
        self.reports: dict[UUID, int] = {}
        self.sent: dict[UUID, Request] = {}
        self.given: list[Bundle] = []
        self.mandates: list[Mandate] = []
        self.ended: dict[UUID, Any] = {}
        self.office.deliver()
        self.office.forget()
        self.mandate(at_once=True)
        self.report(0, 5_000_000)
        self.suspect(0, Level.HIGH, more=True)
        self.deliver()

    @rule(who=WHO, level=LEVELS, more=st.booleans())
    def suspect(self, who: int, level: Level, more: bool) -> None:
        if more or not self.evidence[who]:
            self.evidence[who] += [evidence("bank-two"), evidence("carrier-one", "suspicious-number")]
        self.office.suspect(self._lead(who, level))

    @rule(who=WHO, minor=st.integers(1, 10_000_000))
    def report(self, who: int, minor: int) -> None:
        self.reports[self.office.report(self.suspects[who], minor)] = who

    @precondition(lambda self: self.reports)
    @rule(by=st.sampled_from(["police-one", "bank-one"]))
    def annul(self, by: str) -> None:
        reported = list(self.reports)[-1]
        self.office.annul(reported, by=by)
        if by == "police-one":
            del self.reports[reported]

    @rule(who=WHO, count=st.integers(1, 8))
    def withdraw(self, who: int, count: int) -> None:
        self.withdrawn |= {item.event_id for item in self.evidence[who][:count]}
        self.office.withdraw(*self.evidence[who][:count])

    @rule()
    def deliver(self) -> None:
        mine = {self._lead(who, Level.NONE).lead_id for who in range(2) if self.evidence[who]}
        for letter in (letter for letter in self.office.deliver() if letter.lead_id in mine):
            assert letter.request_id not in self.sent
            assert letter.void_after > self.office.now
            # A member verifies for itself, and would refuse what does not hold.
            prove(letter, self.office.registry, self.office.profile, self.office.now)
            self.sent[letter.request_id] = letter

    @precondition(lambda self: self.sent)
    @rule(
        which=st.integers(0, 5), stops=st.booleans(), statuses=STATUSES, share=st.integers(1, 10), onward=WHO,
        place=st.sampled_from([None, None, 2]),
    )  # fmt: skip
    def answer(
        self, which: int, stops: bool, statuses: list[AnswerStatus], share: int, onward: int, place: int | None
    ) -> None:
        """Once, or again and again with other words; an order that waits in the queue may have its turn."""
        asked_for = [one for one in self.sent.values() if not stops or one.action is Action.STOP]
        request = (asked_for or list(self.sent.values()))[-1 - which % len(asked_for or self.sent)]
        asked = request.amount.minor if request.amount else 1_000
        payee, now = self.suspects[onward], self.office.now
        left = Outflow(type=OutflowType.TRANSFER, amount=yuan(asked), time=now, payee=payee)
        for status in statuses:
            held = yuan(asked * share // 10)
            said = self.office.answer(request, status, amount=held, outflows=[left], queue_position=place)
            self.given.append(said)
            self.keeps_the_law()
            place = None

    @precondition(lambda self: self.given)
    @rule(which=st.integers(0, 30))
    def repeat_an_answer(self, which: int) -> None:
        self.office.take(answers=[self.given[which % len(self.given)]])

    @rule(hours=st.sampled_from([1, 20, 48]))
    def pass_time(self, hours: int) -> None:
        self.office.pass_time(hours=hours)

    @rule()
    def go_to_the_next_clock(self) -> None:
        """To its very second; what was due is due no more."""
        due = self.office.next_due()
        if due is not None:
            self.office.now = max(self.office.now, due)
            self.office.take()
            following = self.office.next_due()
            assert following is None or following > self.office.now

    @rule(days=st.integers(3, 30))
    def be_down(self, days: int) -> None:
        """Over many clocks; the first turn after it brings an answer of long ago."""
        self.office.now += timedelta(days=days)
        self.office.take(answers=self.given[:1])

    @rule(who=st.sets(WHO))
    def allow(self, who: set[int]) -> None:
        """These are the allow-list from now on; an entry that ends opens nothing."""
        before = {one.request_id for one in self._requests()}
        self.office.allow(*(self.suspects[index] for index in who))
        opened = [one for one in self._requests() if one.request_id not in before]
        assert all(one.action in (Action.RELEASE, Action.REDUCE) for one in opened)

    @rule(at_once=st.booleans())
    def mandate(self, at_once: bool) -> None:
        until = self.office.now + timedelta(days=5 * 365)
        self.mandates.append(self.office.mandate(release_at_once=at_once, caps=CAPS, valid_to=until, max_hop=2))
        self.office.take()

    @precondition(lambda self: self.mandates)
    @rule()
    def revoke(self) -> None:
        self.office.revoke(self.mandates.pop())

    @rule()
    def sign(self) -> None:
        waiting = [one for one in self._requests() if one.status is RequestStatus.AWAITING_AUTHORISATION]
        if waiting:
            self.office.order(waiting[0].request_id)

    @invariant()
    def keeps_the_law(self) -> None:
        requests = self._requests()
        stops = [one for one in requests if one.action is Action.STOP and one.status not in FRUITLESS]
        keys = [(one.case_id, one.target.tokens[0]) for one in stops]
        assert all(keys.count(key) <= 2 for key in keys)
        for one in requests:
            self._stays(one.request_id, one.status, one.status.value in ENDED)
            assert one.status is not RequestStatus.DRAFTED or one.void_after > self.office.now
        for suspect in self.suspects:
            for hold in self.office.holds(suspect):
                self._stays(hold.hold_id, hold.status, hold.status.value in OVER)
                assert hold.status.value in OVER or hold.until > self.office.now
                assert hold.until > hold.since
        self._lets_go()

    def teardown(self) -> None:
        self.office.allow()
        for mandate in self.mandates:
            self.office.revoke(mandate)
        assert self.office.is_audited()

    def _lets_go(self) -> None:
        fallen = {
            case_id(self._lead(who, Level.NONE).lead_id)
            for who, items in self.evidence.items()
            if items and self.withdrawn >= {item.event_id for item in items}
        }
        spared = self.office.spared
        held = [hold for suspect in self.suspects for hold in self.office.holds(suspect) if hold.case_id in fallen]
        released = self.office.being_released()
        onward = {one.request_id for one in self._requests() if one.hop}
        held = [hold for hold in held if hold.request_id not in onward or not self._is_named(hold)]
        held += [hold for one in self.suspects for hold in self.office.holds(one) if hold.target.tokens[0] in spared]
        assert all(hold.request_id in released for hold in held if hold.status in HOLD_BEGINNINGS)

    def _is_named(self, hold: HoldView) -> bool:
        """By a report that police have not annulled."""
        return any(who == self.suspects.index(hold.target) for who in self.reports.values())

    def _stays(self, key: UUID, status: Any, ended: bool) -> None:
        assert self.ended.get(key, status) is status
        if ended:
            self.ended[key] = status

    def _lead(self, who: int, level: Level) -> Lead:
        return lead(self.suspects[who], level, evidence=self.evidence[who])

    def _requests(self) -> list[Any]:
        mine = {self._lead(who, Level.NONE).lead_id for who in range(2) if self.evidence[who]}
        return [one for one in self.office.requests() if one.lead_id in mine]


def test_whatever_happens_the_law_is_kept(casebook_url: str) -> None:
    office = Office(casebook_url)

    class OnThisDatabase(Casebook):
        def __init__(self) -> None:
            super().__init__()
            self.office = office

    # Shrinking what fails takes longer than a test may, and would hide the steps that led to it.
    limits = settings(
        max_examples=40,
        stateful_step_count=30,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(OnThisDatabase, settings=limits)
    office.engine.dispose()
