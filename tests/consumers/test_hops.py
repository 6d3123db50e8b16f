"""Money followed from hop to hop on a real database: rings, merges, wallets and cards, unknown banks, and its ends."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from consumers.casebook.asking.drafting import unplaced
from consumers.casebook.holding.holdrules import HoldAct
from consumers.casebook.tables import Claim
from consumers.casebook.views import caseviews
from schemas.answers import AnswerStatus, Outflow, OutflowType
from schemas.base import MAX_MINOR
from schemas.identifiers import Identifier, IdentifierKind
from schemas.registry import Sector
from schemas.requests import Action, Caps, HoldStatus, Request, RequestView, Scope
from tests.consumers.facts import account, identifier, lead, member, yuan
from tests.consumers.office import Office
from tests.consumers.test_holdacts import MONTH_S, PAPER, done, drafted
from tests.consumers.test_office import stopped

pytestmark = pytest.mark.services
GONE, PARTIAL, EXECUTED = AnswerStatus.ALREADY_GONE, AnswerStatus.PARTIAL, AnswerStatus.EXECUTED
M = 1_000_000


def out(office: Office, payee: Identifier | None, minor: int, second: int = 0, **over: Any) -> Outflow:
    at = office.now + timedelta(seconds=second - 600)
    return Outflow(**{"type": OutflowType.TRANSFER, "amount": yuan(minor), "time": at, "payee": payee, **over})


def sent(office: Office) -> list[tuple[Identifier, int, int, int]]:
    """Target, hop, attempt and amount of each stop that went out since the last look."""
    return [told(letter) for letter in stops(office)]


def stops(office: Office) -> list[Request]:
    return [letter for letter in office.deliver() if letter.action is Action.STOP]


def told(letter: Request) -> tuple[Identifier, int, int, int]:
    return letter.target, letter.hop, letter.attempt, letter.amount.minor if letter.amount else 0


def view(office: Office, request_id: UUID) -> RequestView:
    return next(one for one in office.requests() if one.request_id == request_id)


def shares(office: Office, target: Identifier) -> dict[UUID, int]:
    (hold,) = office.holds(target)
    with office.engine.connect() as db:
        query = select(Claim.event_id, Claim.minor).where(Claim.hold_id == hold.hold_id)
        return dict(iter(db.execute(query)))


def test_a_to_b_to_c_to_a(office: Office) -> None:
    """What came back is asked for where it began, once; told again it asks for nothing."""
    a, b, c = account(), account(None, "cnaps:2"), account()
    _, first = stopped(office, a, max_hop=5)
    office.answer(first, GONE, outflows=[out(office, b, 5 * M, 1)])
    (second,) = stops(office)
    office.answer(second, GONE, outflows=[out(office, c, 5 * M, 2)])
    (third,) = stops(office)
    done = office.answer(third, PARTIAL, amount=yuan(M), outflows=[out(office, a, 4 * M, 3)])
    (back,) = stops(office)
    assert [told(stop) for stop in (second, third, back)] == [(b, 1, 1, 5 * M), (c, 2, 1, 5 * M), (a, 0, 2, 4 * M)]
    office.take(answers=[done])
    office.answer(back, EXECUTED, amount=yuan(4 * M))
    assert sent(office) == []
    assert [hold.amount for target in (a, b, c) for hold in office.holds(target)] == [yuan(4 * M), yuan(M)]


def test_five_hops_and_no_sixth(office: Office) -> None:
    accounts = [account(None, f"cnaps:{1 + hop % 2}") for hop in range(7)]
    _, stop = stopped(office, accounts[0], max_hop=5)
    for hop, payee in enumerate(accounts[1:], 1):
        office.answer(stop, GONE, outflows=[out(office, payee, 5 * M, hop)])
        if hop <= 5:
            (stop,) = stops(office)
            assert told(stop) == (payee, hop, 1, 5 * M)
    assert sent(office) == []
    with office.engine.connect() as db:
        (end,) = caseviews.path_ends(db, stop.case_id)
    assert (end.hop, end.outflow.payee, end.tainted) == (5, accounts[6], yuan(5 * M))
    assert office.is_audited()


def test_a_hop_to_a_bank_nobody_knows(office: Office) -> None:
    """It is shown with its reason, costs the other hops nothing, and goes out once the bank has joined."""
    away, near, nobody = account(None, "cnaps:9"), account(), account().model_copy(update={"holders": []})
    _, first = stopped(office, account())
    office.answer(first, GONE, outflows=[out(office, away, M, 1), out(office, near, M, 2), out(office, nobody, M, 3)])
    assert sent(office) == [(near, 1, 1, M)]
    reasons = {one.unroutable for one in office.requests() if one.hop == 1 and one.to is None}
    assert reasons == {"holder cnaps:9 is not a member", "no holder known"}
    office.registry.apply("bank-nine", member("bank-nine", routes=["cnaps:9"]))
    office.registry_changed()
    assert sent(office) == [(away, 1, 1, M)]


def test_two_paths_that_merge_are_one_stop_while_nobody_has_seen_it(office: Office) -> None:
    b, c, d = account(), account(None, "cnaps:2"), account()
    _, first = stopped(office, account(), max_hop=1)
    office.answer(first, GONE, outflows=[out(office, b, 2 * M, 1), out(office, c, 3 * M, 2)])
    by_target = {stop.target.tokens[0]: stop for stop in stops(office)}
    office.answer(by_target[c.tokens[0]], GONE, outflows=[out(office, d, 3 * M, 4)])
    before = office.draft(d)
    office.answer(by_target[b.tokens[0]], GONE, outflows=[out(office, d, 2 * M, 3)])
    waits = office.draft(d)
    assert (waits.request_id, before.amount, waits.amount) == (before.request_id, yuan(3 * M), yuan(5 * M))
    office.order(waits.request_id)
    assert sent(office) == [(d, 2, 1, 5 * M)]


def test_what_merges_after_an_answer_is_the_next_attempt_and_then_a_persons(office: Office) -> None:
    payers, d = [account() for _ in range(3)], account()
    _, first = stopped(office, account(), max_hop=5)
    paid = [2 * M, M, M]
    ways = enumerate(zip(payers, paid, strict=True))
    office.answer(first, GONE, outflows=[out(office, payer, minor, number) for number, (payer, minor) in ways])
    letters = {stop.target.tokens[0]: stop for stop in stops(office)}
    attempts = []
    for number, payer in enumerate(payers):
        office.answer(letters[payer.tokens[0]], GONE, outflows=[out(office, d, paid[number], 10 + number)])
        for letter in stops(office):
            attempts.append(letter)
            office.answer(letter, EXECUTED, amount=letter.amount)
    assert [told(letter) for letter in attempts] == [(d, 2, 1, 2 * M), (d, 2, 2, M)]
    assert "the law has no further stop" in str(view(office, attempts[-1].request_id).reason)
    assert attempts[0].match != attempts[1].match


def test_while_a_stop_is_with_its_member_more_money_waits_for_the_answer(office: Office) -> None:
    b, c, d = account(), account(), account()
    _, first = stopped(office, account(), max_hop=5)
    office.answer(first, GONE, outflows=[out(office, b, M, 1), out(office, c, M, 2)])
    letters = {stop.target.tokens[0]: stop for stop in stops(office)}
    office.answer(letters[b.tokens[0]], GONE, outflows=[out(office, d, M, 3)])
    (one,) = stops(office)
    office.answer(letters[c.tokens[0]], GONE, outflows=[out(office, d, M, 4)])
    assert sent(office) == []
    office.answer(one, EXECUTED, amount=yuan(M))
    assert sent(office) == [(d, 2, 2, M)]


def test_a_hold_of_the_whole_account_has_what_comes_later_too(office: Office) -> None:
    b, c, d = account(), account(), account()
    _, first = stopped(office, account(), max_hop=5)
    office.answer(first, GONE, outflows=[out(office, b, M, 1), out(office, c, M, 2)])
    letters = {stop.target.tokens[0]: stop for stop in stops(office)}
    office.answer(letters[b.tokens[0]], GONE, outflows=[out(office, d, M, 3)])
    (one,) = stops(office)
    office.answer(one, EXECUTED, scope=Scope.ACCOUNT, amount=yuan(M))
    office.answer(letters[c.tokens[0]], GONE, outflows=[out(office, d, M, 4)])
    assert sent(office) == []
    assert (office.holds(d)[0].scope, office.holds(d)[0].amount) == (Scope.ACCOUNT, yuan(M))


def test_answers_that_contradict_each_other_are_shown_and_followed_within_what_is_missing(office: Office) -> None:
    b, c = account(), account()
    serial = identifier(IdentifierKind.TRANSFER_SERIAL, "s-1")
    _, first = stopped(office, account())
    told_twice = [out(office, b, 2 * M, 1, serial=serial), out(office, c, 4 * M, 2, serial=serial)]
    office.answer(first, PARTIAL, amount=yuan(M), outflows=told_twice)
    assert sent(office) == [(b, 1, 1, 2 * M), (c, 1, 1, 2 * M)]
    assert "told twice, differently" in str(view(office, first.request_id).reason)
    assert office.is_audited()


def test_the_ends_of_a_path_have_their_kind_place_and_the_victims_part(office: Office) -> None:
    """2 of 7 were there before; of 4 in cash at first 2 are the victim's, and all of what goes in goods then."""
    _, first = stopped(office, account())
    cash = out(office, None, 4 * M, 1, type=OutflowType.ATM, place="a street corner")
    goods = out(office, account(), M, 2, type=OutflowType.POS, place="a shop")
    office.answer(first, PARTIAL, amount=yuan(2 * M), balance=yuan(2 * M), outflows=[cash, goods])
    with office.engine.connect() as db:
        ends = caseviews.path_ends(db, first.case_id)
    assert sorted((end.outflow.type, end.outflow.place, end.tainted) for end in ends) == [
        (OutflowType.ATM, "a street corner", yuan(2 * M)), (OutflowType.POS, "a shop", yuan(M)),
    ]  # fmt: skip
    assert sent(office) == []


def test_what_was_paid_by_a_phones_number_is_money_and_no_line(office: Office) -> None:
    payee = identifier(IdentifierKind.NUMBER, "0812345678", "cnaps:2")
    _, first = stopped(office, account())
    office.answer(first, GONE, outflows=[out(office, payee, 5 * M, 1)])
    (letter,) = stops(office)
    office.answer(letter, EXECUTED, amount=yuan(5 * M))
    (hold,) = office.holds(payee)
    assert (hold.amount, hold.until) == (yuan(5 * M), office.now + timedelta(days=2))
    done(office, HoldAct(hold.hold_id, Action.REDUCE, "less is enough", yuan(M)))
    assert office.holds(payee)[0].amount == yuan(M)


@pytest.mark.parametrize("kind", [OutflowType.COUNTER, OutflowType.FX, OutflowType.CRYPTO])
def test_what_is_changed_into_something_else_ends_the_path_though_it_has_a_payee(
    office: Office, kind: OutflowType
) -> None:
    _, first = stopped(office, account())
    office.answer(first, GONE, outflows=[out(office, account(), 5 * M, 1, type=kind, place="a desk")])
    with office.engine.connect() as db:
        [end] = caseviews.path_ends(db, first.case_id)
    assert (end.outflow.type, end.outflow.place, end.tainted) == (kind, "a desk", yuan(5 * M))
    assert sent(office) == []


def test_a_wallet_is_found_by_the_serial_where_its_bank_has_no_identifier_of_it(office: Office) -> None:
    office.registry.apply("pay-one", member("pay-one", sector=Sector.PAYMENT, routes=["pay:1"]))
    serial = identifier(IdentifierKind.TRANSFER_SERIAL, "s-2", "pay:1")
    _, first = stopped(office, account())
    office.answer(first, GONE, outflows=[out(office, None, 2 * M, 1, type=OutflowType.WALLET, serial=serial)])
    (letter,) = stops(office)
    assert (letter.to, letter.target, letter.amount) == ("pay-one", serial, yuan(2 * M))
    assert letter.match
    assert letter.match.serial == serial
    after = account()
    office.answer(letter, GONE, outflows=[out(office, after, 2 * M, 2)])
    assert sent(office) == [(after, 2, 1, 2 * M)]


CARD = IdentifierKind.CARD


def test_a_card_and_its_account_are_one_by_what_their_holder_says(office: Office) -> None:
    b, card = account(), identifier(CARD, "card of b", "cnaps:1")
    office.alias(b, card)
    _, first = stopped(office, account())
    office.answer(first, GONE, outflows=[out(office, b, 2 * M, 1), out(office, card, M, 2)])
    assert [minor for *_, minor in sent(office)] == [3 * M]


@pytest.mark.parametrize("says", ["withdrawn", "another bank", "no holder named", "another bank's by its own word"])
def test_an_alias_that_is_not_its_holders_or_was_withdrawn_counts_for_nothing(office: Office, says: str) -> None:
    b, card = account(), identifier(CARD, f"card {says}", "cnaps:1")
    if says == "withdrawn":
        office.annul(office.alias(b, card), member="bank-one", by="bank-one")
    elif says == "another bank":
        office.alias(b, card, member="bank-two")
    elif says == "no holder named":
        office.alias(unplaced(b), unplaced(card), member="bank-two")
    else:
        office.alias(b, card, member="bank-two")
        b, card = unplaced(b), unplaced(card)
    _, first = stopped(office, account())
    office.answer(first, GONE, outflows=[out(office, b, 2 * M, 1), out(office, card, M, 2)])
    onward = [one.amount.minor for one in office.requests() if one.hop == 1 and one.amount]
    assert sorted(onward) == [M, 2 * M]


def test_an_alias_that_comes_later_keeps_the_same_money_from_being_asked_for_again(office: Office) -> None:
    """It went to an account and came back to its payer's card."""
    a, b, card = account(), account(), identifier(CARD, "card of a", "cnaps:1")
    _, first = stopped(office, a)
    office.answer(first, GONE, outflows=[out(office, b, 2 * M, 1)])
    (second,) = stops(office)
    office.alias(a, card)
    office.answer(second, GONE, outflows=[out(office, card, 2 * M, 2)])
    assert sent(office) == [(a, 0, 2, 2 * M)]


def test_a_mule_with_three_victims_and_a_salary(office: Office) -> None:
    """3, 2 and 1 of victims came to 4 of salary; of 7 that go on the salary is first, and 3 are still there."""
    mule, payee = account(), account()
    reports = [office.report(mule, minor * M) for minor in (3, 2, 1)]
    _, first = stopped_by(office, mule)
    assert first.amount == yuan(6 * M)
    office.answer(first, PARTIAL, amount=yuan(3 * M), balance=yuan(3 * M), outflows=[out(office, payee, 7 * M, 1)])
    assert sent(office) == [(payee, 1, 1, 3 * M)]
    assert sum(shares(office, mule).values()) == 3 * M
    assert set(shares(office, mule)) <= set(reports)


def stopped_by(office: Office, mule: Identifier) -> tuple[Any, Request]:
    """A stop for what was reported before."""
    office.mandate()
    suspicion = lead(mule, reported=True, amount_at_risk=[])
    office.suspect(suspicion)
    return suspicion, stops(office)[0]


def test_each_victim_has_its_share_of_the_hold_at_a_later_hop(office: Office) -> None:
    mule, payee = account(), account()
    reports = [office.report(mule, 3 * M), office.report(mule, M)]
    _, first = stopped_by(office, mule)
    office.answer(first, GONE, outflows=[out(office, payee, 4 * M, 1)])
    (second,) = stops(office)
    office.answer(second, PARTIAL, amount=yuan(2 * M))
    assert shares(office, payee) == {reports[0]: 1_500_000, reports[1]: 500_000}
    office.annul(reports[1])
    assert shares(office, payee) == {reports[0]: 2 * M}


def test_of_a_reduced_hold_each_victim_has_less(office: Office) -> None:
    mule = account()
    reports = [office.report(mule, 3 * M), office.report(mule, M)]
    _, stop = stopped_by(office, mule)
    office.answer(stop, EXECUTED, queue_position=2)
    assert shares(office, mule) == {reports[0]: 3 * M, reports[1]: M}
    office.answer(stop, EXECUTED, amount=yuan(2 * M))
    assert shares(office, mule) == {reports[0]: 1_500_000, reports[1]: 500_000}
    (hold,) = office.holds(mule)
    done(office, HoldAct(hold.hold_id, Action.REDUCE, "the case needs no more", yuan(M)))
    assert shares(office, mule) == {reports[0]: 750_000, reports[1]: 250_000}


def test_a_300_yuan_transfer_to_a_shopkeeper(thai: Office) -> None:
    """Where amounts alone are held, a stop asks for what victims claim, and no more counts as held."""
    shop = account()
    paid = thai.report(shop, 30_000)
    thai.mandate(officers=["p100", "p101"])
    thai.suspect(lead(shop, reported=True))
    (letter,) = stops(thai)
    assert letter.amount == yuan(30_000)
    thai.answer(letter, EXECUTED, amount=yuan(800_000))
    (hold,) = thai.holds(shop)
    assert (hold.amount, shares(thai, shop)) == (yuan(30_000), {paid: 30_000})


def test_a_freeze_keeps_the_victims_money_alone_unless_it_says_otherwise(office: Office) -> None:
    mule = account()
    office.report(mule, 3 * M)
    _, stop = stopped_by(office, mule)
    office.answer(stop, EXECUTED, scope=Scope.ACCOUNT, amount=yuan(9 * M), balance=yuan(9 * M))
    (hold,) = office.holds(mule)
    assert (hold.amount, hold.status) == (yuan(9 * M), HoldStatus.ACTIVE)
    freeze = HoldAct(hold.hold_id, Action.FREEZE, "the case needs it", duration_s=MONTH_S, paper=PAPER)
    assert drafted(office, freeze).amount == yuan(3 * M)


def test_a_report_that_comes_later_asks_for_its_victims_money_too(office: Office) -> None:
    """At the account, by the payment that it names, and wherever the money went."""
    mule, payee = account(), account()
    office.report(mule, 3 * M)
    _, first = stopped_by(office, mule)
    office.answer(first, PARTIAL, amount=yuan(2 * M), balance=yuan(4 * M), outflows=[out(office, payee, M, 1)])
    assert sent(office) == []
    office.report(mule, 2 * M)
    letters = stops(office)
    assert [told(letter) for letter in letters] == [(mule, 0, 2, 2 * M), (payee, 1, 1, M)]
    assert letters[0].match
    assert letters[0].match.amount == yuan(2 * M)


@pytest.mark.parametrize("reports", [1, 2])
def test_what_is_more_than_an_amount_can_be_is_followed_all_the_same(office: Office, reports: int) -> None:
    """A member could else have no money of a case followed by two payments that nobody has made."""
    mule, payee = account(), account()
    for _ in range(reports):
        office.report(mule, MAX_MINOR)
    caps = Caps(currency="CNY", per_hold=10**18, per_account=10**18, per_day=10**18)
    office.mandate(caps=caps, officers=["p100", "p101"])
    office.suspect(lead(mule, reported=True, amount_at_risk=[]))
    (first,) = stops(office)
    assert first.amount == yuan(MAX_MINOR)
    office.answer(first, GONE, outflows=[out(office, payee, MAX_MINOR, second) for second in (1, 2, 3)])
    assert sent(office) == [(payee, 1, 1, MAX_MINOR)]
