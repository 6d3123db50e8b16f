"""Whose signatures a member lets count, by the registry and the law that it has itself, whatever the hub says."""

from __future__ import annotations

from datetime import timedelta
from itertools import combinations
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alliance import profiles
from alliance.authority import Signer, missing
from alliance.keys.signatures import sign_object
from alliance.registry import Registry
from producers.reference.authority import NotProven, prove
from producers.reference.handler import handle
from schemas.answers import AnswerStatus
from schemas.base import Money
from schemas.registry import Member
from schemas.requests import Action, AuthorityClass, Caps, Request
from tests.producers.reference.support import (
    CHEN,
    CN,
    KEYS,
    LI,
    NOW,
    PAPER,
    POLICE,
    POLICE_2,
    ZHAO,
    bank,
    done,
    mandate,
    mandated,
    registry,
    request,
    signed_by,
    yuan,
)

MILLION = yuan(100_000_000)
FREEZE = request(1, Action.FREEZE, amount=None, match=None, duration_s=30 * 86400)
OFFICERS = st.lists(
    st.builds(Signer, st.just("police"), st.sampled_from("abcd"), st.sampled_from(["county-head", "inspector"])),
    max_size=4, unique_by=lambda signer: signer.officer,
)  # fmt: skip


def unit(change: dict[str, Any], name: str = POLICE, **officers: dict[str, Any]) -> Registry:
    """The registry with a unit's record changed, and with what is said of an officer's key."""
    known = registry()
    member = known.member(name)
    assert member is not None
    held = [
        one.model_copy(update={"key": one.key.model_copy(update=officers.get(one.officer, {}))})
        for one in member.officers
    ]
    known.apply(name, Member.model_validate({**member.model_dump(), "officers": held, **change}, strict=False))
    return known


def refusal(asked: Request, known: Registry | None = None, law: str = "cn") -> str:
    with pytest.raises(NotProven) as refused:
        prove(asked, known or registry(), profiles.load(law), NOW)
    return str(refused.value)


def test_an_order_signed_by_an_officer_who_has_since_left_is_refused() -> None:
    signed = signed_by(request(), CHEN)
    assert prove(signed, registry(), CN, NOW).unit == POLICE
    left = unit({}, chen={"valid_to": NOW})
    assert "unknown-key" in refusal(signed, left)
    removed = unit({"officers": []})
    assert "unknown-key" in refusal(signed, removed)
    decision = handle(signed, bank(), removed, CN, NOW)
    assert decision.answer.status is AnswerStatus.REFUSED
    assert not decision.entries


def test_an_order_of_a_suspended_unit_is_refused() -> None:
    assert "no active police unit" in refusal(signed_by(request(), CHEN), unit({"status": "suspended"}))


def test_a_freeze_wants_two_officers_one_of_them_a_head_and_a_paper() -> None:
    assert "one more officer" in refusal(signed_by(FREEZE, CHEN, paper=PAPER))
    assert "an officer of the rank county-head" in refusal(signed_by(FREEZE, LI, paper=PAPER))
    assert "comes with paper" in refusal(signed_by(FREEZE, LI, CHEN))
    assert prove(signed_by(FREEZE, LI, CHEN, paper=PAPER), registry(), CN, NOW).unit == POLICE


def test_one_officer_who_signs_twice_is_one() -> None:
    once = signed_by(FREEZE, CHEN, paper=PAPER)
    twice = once.authority.model_copy(update={"orders": once.authority.orders * 2})
    assert "one more officer" in refusal(once.model_copy(update={"authority": twice}))


def test_one_of_two_signatures_that_does_not_verify_spoils_the_order() -> None:
    signed = signed_by(FREEZE, LI, CHEN, paper=PAPER)
    assert "unknown-key" in refusal(signed, unit({}, li={"valid_to": NOW - timedelta(days=1)}))
    other = sign_object(KEYS[LI], f"{POLICE}/{LI}/k1", {**signed.order_text(), "duration_s": 1})
    mixed = signed.authority.model_copy(update={"orders": [signed.authority.orders[1], other]})
    assert "not over the same text" in refusal(signed.model_copy(update={"authority": mixed}))


def test_officers_of_two_units_make_no_order() -> None:
    signed = signed_by(FREEZE, CHEN, paper=PAPER)
    theirs = sign_object(KEYS[ZHAO], f"{POLICE_2}/{ZHAO}/k1", signed.order_text())
    mixed = signed.authority.model_copy(update={"orders": [*signed.authority.orders, theirs], "officers": [CHEN, ZHAO]})
    assert "another unit" in refusal(signed.model_copy(update={"authority": mixed}))


def test_the_paper_is_signed_with_the_order() -> None:
    signed = signed_by(FREEZE, LI, CHEN, paper=PAPER)
    other = signed.authority.model_copy(update={"document_hash": "cd" * 32})
    assert "something else" in refusal(signed.model_copy(update={"authority": other}))


def test_a_great_stop_wants_a_second_officer_and_so_does_one_without_a_bound() -> None:
    for amount, enough in ((yuan(99_999_999), True), (MILLION, False), (None, False)):
        asked = request(amount=amount, match=None)
        if enough:
            assert prove(signed_by(asked, LI), registry(), CN, NOW).police
        else:
            assert "one more officer" in refusal(signed_by(asked, LI))
        assert prove(signed_by(asked, LI, CHEN), registry(), CN, NOW).police


def test_a_mandate_is_signed_as_the_greatest_of_what_it_allows() -> None:
    caps = Caps(currency="CNY", per_hold=100_000_000, per_account=200_000_000, per_day=10**9)
    great = mandate(caps=caps, officers=[CHEN, LI])
    asked = mandated(request(), great)
    assert "one more officer" in refusal(asked)
    second = sign_object(KEYS[LI], f"{POLICE}/{LI}/k1", great.model_dump(mode="json"))
    both = asked.authority.model_copy(update={"mandate": [*asked.authority.mandate, second]})
    assert prove(asked.model_copy(update={"authority": both}), registry(), CN, NOW).mandate == great


def test_a_mandate_that_asks_for_no_report_does_not_set_the_members_law_aside() -> None:
    free = mandate(report_required=False)
    assert "reported cases only" in refusal(mandated(request(), free, covered_by=None))


def test_what_the_law_of_the_place_does_not_have_nobody_can_order() -> None:
    frozen = signed_by(FREEZE, LI, CHEN, paper=PAPER)
    assert "a law that allows it" in refusal(frozen, law="th")


@given(st.sampled_from(sorted(CN.authority)), st.sampled_from(AuthorityClass))
def test_a_member_asks_its_own_law_for_every_class_and_action(action: Action, kind: AuthorityClass) -> None:
    asked = request(action=action, match=None).model_copy(
        update={"authority": request().authority.model_copy(update={"authority": kind})}
    )
    if kind in CN.authority[action].by.value and kind in (AuthorityClass.MEMBER_REQUEST, AuthorityClass.ADVISORY):
        assert not prove(asked, registry(), CN, NOW).police
    else:
        refusal(asked)


@given(st.sampled_from(sorted(CN.authority)), st.integers(0, 2 * 10**8) | st.none(), OFFICERS)
def test_what_suffices_is_what_the_profile_says_and_no_signature_makes_it_worse(
    action: Action, minor: int | None, signers: list[Signer]
) -> None:
    rule = CN.authority[action]
    amount = None if minor is None else Money(minor=minor, currency="CNY")
    officers = rule.officers.value if rule.officers else 1
    second = rule.second_from is not None and (minor is None or minor >= rule.second_from.value.minor)
    ranked = rule.ranks is None or any(signer.rank in rule.ranks.value for signer in signers)
    enough = len(signers) >= max(officers, 1 + second) and ranked
    assert (missing(CN, action, amount, signers) is None) is enough
    for fewer in combinations(signers, max(0, len(signers) - 1)):
        assert enough or missing(CN, action, amount, fewer) is not None


def test_two_police_units_one_account() -> None:
    books = bank()
    first = signed_by(request(1, match=None), CHEN)
    second = signed_by(request(2, match=None, case_id=UUID(int=20)), ZHAO, unit=POLICE_2)
    assert done(books, first).answer.status is AnswerStatus.EXECUTED
    waits = done(books, second).answer
    assert (waits.queue_position, [order.unit for order in waits.earlier_orders]) == (2, [POLICE])
    meddles = signed_by(request(3, Action.RELEASE, amount=None, match=None), ZHAO, unit=POLICE_2)
    assert "by the unit that ordered it" in str(done(books, meddles).answer.reason)
    done(books, signed_by(request(4, Action.RELEASE, amount=None, match=None), CHEN))
    taken = books.turn(NOW)
    assert taken is not None
    assert (taken.unit, taken.amount) == (POLICE_2, 500_000)
