"""What follows from a lead, row by row of the table; and whatever the facts, never a stop without authority."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alliance import profiles
from alliance.registry import Registry
from consumers.casebook import ids
from consumers.casebook.asking.decide import decide
from consumers.casebook.authority import cover
from consumers.casebook.model import Case, Draft, InForce, Law, Reported, Usage
from consumers.casebook.money import untraced
from consumers.casebook.release import releasing
from schemas.alerts import ReportedTransfer
from schemas.answers import Answer, AnswerStatus, Outflow, OutflowType
from schemas.base import MAX_MINOR
from schemas.identifiers import Identifier, IdentifierKind
from schemas.leads import Lead, Relation, SubjectRole
from schemas.registry import Status
from schemas.requests import Action, AuthorityClass, Caps, Request, RequestStatus
from schemas.risk import Level
from tests.consumers.facts import NOW, SECTORS, account, evidence, identifier, lead, mandate, member, reported, yuan

PROFILE = profiles.load("cn")
REGISTRY = Registry([member(name) for name in SECTORS])
JWS = "e30.e30.AAAA"
NUMBER = identifier(IdentifierKind.NUMBER, "a caller", "carrier:one")
HANDLE = identifier(IdentifierKind.HANDLE, "a handle", "platform:one")


def law(*mandates: Any, registry: Registry = REGISTRY, usage: Usage | None = None) -> Law:
    return Law(PROFILE, registry, NOW, [InForce(one, [JWS]) for one in mandates], usage or Usage())


def case_of(suspicion: Lead, **over: Any) -> Case:
    return Case(ids.case_id(suspicion.lead_id), suspicion.lead_id, suspicion.level, **over)


def report(minor: int = 5_000_000) -> Reported:
    return reported(ReportedTransfer(amount=yuan(minor), time=NOW))


def decided(suspicion: Lead, reports: Sequence[Reported] = (), by: Law | None = None, **over: Any) -> list[Draft]:
    return decide(suspicion, case_of(suspicion, **over), reports, by or law())


def acts(drafts: list[Draft]) -> set[tuple[str | None, str, str]]:
    return {(draft.to, draft.action.value, draft.authority.authority.value) for draft in drafts}


@pytest.mark.parametrize(
    ("subject", "level", "reported", "expected"),
    [
        (account("m"), Level.NONE, True, set()),
        (account("m"), Level.MEDIUM, False, {("bank-one", "watch", "advisory")}),
        (account("m"), Level.MEDIUM, True, {("bank-one", "watch", "advisory"), ("bank-one", "query", "advisory")}),
        (
            account("m"),
            Level.HIGH,
            False,
            {(bank, act, "member-request") for bank in ("bank-one", "bank-two") for act in ("delay", "verify")},
        ),
        (NUMBER, Level.MEDIUM, True, set()),
        (NUMBER, Level.HIGH, False, {("carrier-one", act, "member-request") for act in ("warn", "query")}),
        (
            NUMBER,
            Level.HIGH,
            True,
            {
                ("carrier-one", "warn", "member-request"),
                ("carrier-one", "query", "member-request"),
                ("carrier-one", "suspend", "police-order"),
            },
        ),
        (HANDLE, Level.HIGH, False, {("platform-one", act, "member-request") for act in ("takedown", "query")}),
        (identifier(IdentifierKind.DEVICE, "a phone"), Level.VERY_HIGH, True, set()),
    ],
)
def test_the_table(
    subject: Identifier, level: Level, reported: bool, expected: set[tuple[str | None, str, str]]
) -> None:
    drafts = decided(lead(subject, level), [report()] if reported else [])
    assert acts(drafts) == expected
    for place in map(profiles.load, profiles.names()):
        assert all(draft.authority.authority in place.authority[draft.action].by.value for draft in drafts)


def test_a_reported_account_is_stopped_under_a_mandate_that_covers_it() -> None:
    named = report(7_000_000)
    (stop,) = decided(lead(account("m")), [named], law(mandate()))
    assert (stop.action, stop.status, stop.to) == (Action.STOP, RequestStatus.DRAFTED, "bank-one")
    assert (stop.amount, stop.duration_s, stop.authority.covered_by) == (yuan(7_000_000), 172_800, named.event_id)
    assert stop.match
    assert stop.match.amount == yuan(7_000_000)


@pytest.mark.parametrize(
    "short",
    [
        {"min_level": "very-high"},
        {"actions": [Action.FREEZE]},
        {"valid_to": NOW},
        {"valid_from": NOW + timedelta(seconds=1)},
        {"caps": Caps(currency="CNY", per_hold=4_999_999, per_account=9_000_000, per_day=9_000_000)},
        {"caps": Caps(currency="CNY", per_hold=9_000_000, per_account=4_999_999, per_day=9_000_000)},
        {"caps": Caps(currency="CNY", per_hold=9_000_000, per_account=9_000_000, per_day=4_999_999)},
        {"caps": Caps(currency="USD", per_hold=9_000_000, per_account=9_000_000, per_day=9_000_000)},
    ],
)
def test_a_mandate_that_falls_short_leaves_the_stop_to_an_officer(short: dict[str, Any]) -> None:
    drafts = decided(lead(account("m")), [report()], law(mandate(**short)))
    (stop,) = [draft for draft in drafts if draft.action is Action.STOP]
    assert (stop.status, stop.authority.authority) == (
        RequestStatus.AWAITING_AUTHORISATION, AuthorityClass.POLICE_ORDER,
    )  # fmt: skip
    assert {draft.action for draft in drafts} == {Action.STOP, Action.DELAY, Action.VERIFY}


def without(kind: AuthorityClass, *mandates: Any) -> Law:
    """The law of a place where this class authorises nothing."""
    rules = {
        action: rule.model_copy(
            update={"by": rule.by.model_copy(update={"value": [one for one in rule.by.value if one is not kind]})}
        )
        for action, rule in PROFILE.authority.items()
    }
    return replace(law(*mandates), profile=PROFILE.model_copy(update={"authority": rules}))


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (AuthorityClass.MANDATE, {"stop": "police-order", "delay": "member-request", "verify": "member-request"}),
        (AuthorityClass.MEMBER_REQUEST, {"stop": "mandate"}),
        (AuthorityClass.POLICE_ORDER, {"stop": "mandate"}),
    ],
)
def test_nothing_is_drafted_by_a_class_that_the_profile_does_not_list(
    kind: AuthorityClass, expected: dict[str, str]
) -> None:
    drafts = decided(lead(account("m")), [report()], without(kind, mandate()))
    assert {draft.action.value: draft.authority.authority.value for draft in drafts} == expected
    for drafted in decided(lead(account("m")), [report()], without(kind)):
        assert drafted.authority.authority is not kind


def test_where_the_law_wants_a_report_no_mandate_does_without() -> None:
    free, target = mandate(report_required=False), account("m").tokens[0]
    by = (Action.STOP, target, Level.HIGH, 0, yuan(1))
    assert cover.mandate_for(law(free), *by, None) is None
    assert cover.mandate_for(law(free), *by, uuid4())


def test_where_no_officer_can_order_nothing_waits_for_one() -> None:
    drafts = decided(lead(account("m")), [report()], without(AuthorityClass.POLICE_ORDER))
    assert {draft.action for draft in drafts} == {Action.DELAY, Action.VERIFY}
    assert releasing.by_its_unit(
        case_of(lead(account("m"))), stop_request(), without(AuthorityClass.POLICE_ORDER), "its grounds fell"
    ) is None  # fmt: skip


def test_a_draft_for_officers_says_whose_signatures_it_wants() -> None:
    for minor, wants in ((99_999_999, "an officer"), (100_000_000, "2 officers")):
        suspicion = lead(account("m"), amount_at_risk=[yuan(minor)])
        (stop,) = [one for one in decided(suspicion, [report(minor)]) if one.action is Action.STOP]
        assert stop.missing == wants
    assert {draft.missing for draft in decided(lead(account("m")), [report()], law(mandate()))} == {None}


def test_reports_of_more_than_an_amount_can_be_are_decided_about_like_others() -> None:
    """A member could else hide an account by two payments that nobody has made."""
    drafts = decided(lead(account("m")), [report(MAX_MINOR), report(MAX_MINOR)])
    assert {draft.amount for draft in drafts if draft.action is Action.STOP} == {yuan(MAX_MINOR)}


def test_what_a_platform_refused_to_take_down_an_officer_may_order() -> None:
    suspicion = lead(HANDLE)
    asked = decided(suspicion)
    refused = [
        draft.known() if draft.action is Action.QUERY else _with_status(draft, RequestStatus.REFUSED) for draft in asked
    ]
    (again,) = decided(suspicion, [report()], known=refused)
    assert (again.action, again.attempt, again.status) == (Action.TAKEDOWN, 2, RequestStatus.AWAITING_AUTHORISATION)


def _with_status(draft: Draft, status: RequestStatus) -> Any:
    return replace(draft.known(), status=status)


@pytest.mark.parametrize(
    ("holders", "registry", "reason"),
    [
        ([], REGISTRY, "no holder known"),
        (["cnaps:9"], REGISTRY, "holder cnaps:9 is not a member"),
        (["cnaps:9", "cnaps:8"], REGISTRY, "holder cnaps:9 is not a member"),
        (["cnaps:1"], Registry([member("bank-one", status=Status.SUSPENDED)]), "member bank-one is suspended"),
    ],
)
def test_who_can_not_be_asked_is_said_in_words(holders: list[str], registry: Registry, reason: str) -> None:
    subject = account("m").model_copy(update={"holders": holders})
    drafts = decided(lead(subject, Level.MEDIUM), by=law(registry=registry))
    assert [(draft.to, draft.unroutable) for draft in drafts] == [(None, reason)]


LEVELS = st.sampled_from(Level)


def test_of_several_holders_the_best_known_that_is_a_member_is_asked() -> None:
    subject = account("m").model_copy(update={"holders": ["cnaps:9", "cnaps:1", "carrier:one"]})
    (watch,) = decided(lead(subject, Level.MEDIUM))
    assert (watch.to, watch.unroutable) == ("bank-one", None)


SUBJECTS = st.sampled_from([account("m"), account("m", "cnaps:9"), NUMBER, HANDLE])
MANDATES = st.lists(
    st.builds(
        mandate,
        min_level=st.sampled_from(["medium", "high", "very-high"]),
        report_required=st.booleans(),
        max_hop=st.integers(0, 5),
        caps=st.builds(
            Caps,
            currency=st.sampled_from(["CNY", "USD"]),
            per_hold=st.integers(1, 10**7),
            per_account=st.integers(1, 10**7),
            per_day=st.integers(1, 10**7),
        ),
        valid_to=st.sampled_from([NOW, NOW + timedelta(days=1)]),
    ),
    max_size=3,
)


@given(SUBJECTS, LEVELS, MANDATES, st.lists(st.integers(0, 10**7), max_size=2), st.sampled_from(SubjectRole))
def test_never_a_stop_without_authority(
    subject: Identifier, level: Level, mandates: list[Any], told: list[int], role: SubjectRole
) -> None:
    drafts = decided(lead(subject, level, role), [report(minor) for minor in told], law(*mandates))
    for draft in drafts:
        if draft.action not in (Action.STOP, Action.SUSPEND):
            assert draft.authority.authority in (AuthorityClass.MEMBER_REQUEST, AuthorityClass.ADVISORY)
            continue
        assert told
        if draft.authority.authority is AuthorityClass.POLICE_ORDER:
            assert draft.status is RequestStatus.AWAITING_AUTHORISATION or draft.to is None
            continue
        (held,) = [one for one in mandates if one.mandate_id == draft.mandate_id]
        assert draft.amount
        assert draft.amount.currency == held.caps.currency
        assert draft.amount.minor <= min(held.caps.per_hold, held.caps.per_account, held.caps.per_day)
        assert held.valid_from <= NOW < held.valid_to


@given(SUBJECTS, st.lists(LEVELS, min_size=1, max_size=4), st.booleans(), st.sampled_from(SubjectRole))
def test_nothing_is_asked_twice(subject: Identifier, levels: list[Level], reported: bool, role: SubjectRole) -> None:
    items = [evidence("bank-two"), evidence("carrier-one", "suspicious-number")]
    known: list[Any] = []
    seen: set[Any] = set()
    for level in levels:
        suspicion = lead(subject, level, role, evidence=items)
        for draft in decided(suspicion, [report()] if reported else [], known=known):
            assert draft.request_id not in seen
            seen.add(draft.request_id)
            known.append(draft.known())


def stop_request(amount: int | None = 5_000_000, hop: int = 0) -> Request:
    named = report()
    (draft,) = decided(lead(account("m")), [named], law(mandate()))
    asked = draft.request()
    return asked.model_copy(update={"hop": hop, "amount": yuan(amount) if amount is not None else None})


def gone(*outflows: tuple[str, int], status: AnswerStatus = AnswerStatus.ALREADY_GONE, held: int = 0) -> Answer:
    return Answer(
        request_id=uuid4(),
        status=status,
        amount=yuan(held) if held else None,
        outflows=[
            Outflow(type=OutflowType.TRANSFER, amount=yuan(minor), time=NOW, payee=account(payee, "cnaps:2"))
            for payee, minor in outflows
        ],
    )


def followed(request: Request, answer: Answer, by: Law | None = None) -> list[tuple[str, int, str]]:
    case = Case(request.case_id, request.lead_id, Level.HIGH)
    names = {account(name).tokens[0]: name for name in ("x", "y", "z")}
    drafts = untraced.next_hop(request, answer, case, by or law(mandate()))
    return [(names[d.target.tokens[0]], d.amount.minor if d.amount else 0, d.authority.authority.value) for d in drafts]


def test_the_next_hop_asks_for_no_more_than_is_missing() -> None:
    answer = gone(("x", 2_000_000), ("y", 2_000_000), ("x", 500_000), status=AnswerStatus.PARTIAL, held=2_000_000)
    assert followed(stop_request(), answer) == [("x", 2_500_000, "mandate"), ("y", 500_000, "mandate")]


def test_beyond_the_mandates_hops_an_officer_decides_and_beyond_the_last_nobody() -> None:
    answer = gone(("x", 1_000))
    assert followed(stop_request(hop=3), answer) == [("x", 1_000, "police-order")]
    assert followed(stop_request(hop=5), answer) == []


@given(
    st.lists(st.tuples(st.sampled_from("xyz"), st.integers(1, 10**6)), max_size=8),
    st.integers(1, 10**6),
    st.integers(0, 10**6),
)
def test_onward_stops_never_sum_to_more_than_left_or_is_missing(
    outflows: list[tuple[str, int]], asked: int, held: int
) -> None:
    answer = gone(*outflows, status=AnswerStatus.PARTIAL, held=held)
    total = sum(minor for _, minor, _ in followed(stop_request(asked), answer))
    assert total <= min(sum(minor for _, minor in outflows), max(0, asked - held))


def test_a_bank_that_asked_about_a_victims_payment_is_asked_to_hold_it_back() -> None:
    met = {"relation": Relation.CALL_TRANSFER}
    seen = [evidence("carrier-one", "suspicious-number", **met), evidence("bank-two", "risk-check", **met)]
    victim = identifier(IdentifierKind.NUMBER, "a victim", "carrier:one")
    drafts = decided(lead(victim, Level.VERY_HIGH, SubjectRole.VICTIM, evidence=seen))
    assert {(to, act) for to, act, _ in acts(drafts)} == {
        ("bank-two", "delay"), ("bank-two", "verify"), ("carrier-one", "interrupt-line"), ("police-one", "call"),
    }  # fmt: skip


def test_no_member_is_told_which_sectors_see_a_suspect() -> None:
    suspicion = lead(account("m"), Level.VERY_HIGH, members=["bank-two", "carrier-one"])
    assert {sector.value for sector in suspicion.sectors} == {"bank", "carrier"}
    for draft in decided(suspicion, [report()]):
        assert "seen by 2 members of 2 sectors" in draft.reasons
        assert not any(sector.value in " ".join(draft.reasons) for sector in suspicion.sectors)


def test_a_payers_bank_is_told_neither_what_others_customers_paid_nor_where_the_account_is() -> None:
    suspicion = lead(account("m"), amount_at_risk=[yuan(9_000_000)], evidence=[evidence("bank-two")])
    drafts = decided(suspicion)
    told = {draft.to: (draft.amount, draft.target.holders) for draft in drafts}
    assert told == {"bank-one": (yuan(9_000_000), account("m").holders), "bank-two": (None, [])}
    assert {draft.target.tokens[0] for draft in drafts} == {account("m").tokens[0]}


def test_a_line_that_is_suspended_is_not_suspended_beside_that() -> None:
    suspicion = lead(NUMBER, reported=True)
    drafted, again = ({draft.action for draft in decided(suspicion, [report()], suspended=so)} for so in (False, True))
    assert drafted - again == {Action.SUSPEND}
    assert again == {Action.WARN, Action.QUERY}


def test_only_police_are_told_what_a_victim_risks_at_all_its_banks_and_where_its_number_is() -> None:
    seen = [evidence("carrier-one", "suspicious-number"), evidence("bank-one"), evidence("bank-two")]
    victim = identifier(IdentifierKind.NUMBER, "a victim", "carrier:one")
    risk = [yuan(9_000_000)]
    drafts = decided(lead(victim, Level.VERY_HIGH, SubjectRole.VICTIM, evidence=seen, amount_at_risk=risk))
    told = {draft.to: (draft.amount, draft.target.holders) for draft in drafts}
    police = told.pop("police-one")
    assert police == (yuan(9_000_000), ["carrier:one"])
    assert told == dict.fromkeys(("carrier-one", "bank-one", "bank-two"), (None, []))
