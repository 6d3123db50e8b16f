"""Hops that the reference member finds in its own books: a wallet by the transfer's serial, an account by its card."""

from __future__ import annotations

from datetime import timedelta

import pytest

from producers.reference.bank import Bank
from producers.reference.decision import Decided
from producers.reference.entries import AccountRef, Carded, Moved, Opened, Way
from producers.reference.handler import handle
from producers.reference.index import TokenIndex
from schemas.answers import AnswerStatus, OutflowType
from schemas.identifiers import Identifier, IdentifierKind
from schemas.names import AccountName
from schemas.registry import Sector
from schemas.requests import HoldStatus, Request
from tests.consumers.facts import NOW, TOKENS, member, yuan
from tests.consumers.office import Office
from tests.consumers.test_hops import M, stopped_by, stops

pytestmark = pytest.mark.services
NAME = "张伟"
MULE, NEXT, LAST = "6217000000018067", "6217000000018075", "6217000000018083"
CARD, WALLET, SERIAL = "6222020000000000007", "wallet-of-somebody", "T20261120000001"


def bank(name: str, route: str, *entries: Opened | Carded | Moved) -> Bank:
    made = Bank(name, route, TOKENS)
    for entry in entries:
        made.apply(entry)
    return made


def opened(number: str, kind: IdentifierKind = IdentifierKind.ACCOUNT) -> Opened:
    return Opened(number, kind, "", (), 0, NOW - timedelta(days=9), NAME)


def came(number: str, serial: str, minute: int, other: AccountRef | None) -> Moved:
    return Moved(serial, Way.IN, number, 5 * M, NOW + timedelta(minutes=minute - 30), other=other)


def left(number: str, serial: str, minute: int, other: AccountRef, means: OutflowType) -> Moved:
    return Moved(serial, Way.OUT, number, 5 * M, NOW + timedelta(minutes=minute - 30), means, other)


def judged(office: Office, stub: Bank, request: Request) -> Decided:
    """With the account's name, which came before."""
    for entry in stub.named(request.request_id, AccountName(tokens=request.target.tokens, name=NAME), office.now):
        stub.apply(entry)
    return handle(request, stub, office.registry, office.profile, office.now)


def answered(office: Office, stub: Bank, request: Request) -> AnswerStatus:
    """By the member's own books and its own judgement of who allows it."""
    decision = judged(office, stub, request)
    for entry in decision.entries:
        stub.apply(entry)
    told = decision.answer.model_fields_set - {"request_id", "status"}
    office.answer(request, decision.answer.status, **{name: getattr(decision.answer, name) for name in told})
    return decision.answer.status


def named(value: str, route: str, kind: IdentifierKind = IdentifierKind.ACCOUNT) -> Identifier:
    """As a member tells it that holds the value itself."""
    made = TokenIndex(TOKENS).identifier(kind, value, [route])
    assert made is not None
    return made


def reported(office: Office, mule: Identifier) -> Request:
    office.report(mule, 5 * M)
    _, stop = stopped_by(office, mule)
    return stop


def test_a_hop_by_serial_where_bank_and_payment_firm_have_no_name_in_common(office: Office) -> None:
    office.registry.apply("pay-one", member("pay-one", sector=Sector.PAYMENT, routes=["pay:1"]))
    nameless = AccountRef("pay:1", "")
    paid = left(MULE, SERIAL, 1, nameless, OutflowType.WALLET)
    payer = bank("bank-one", "cnaps:1", opened(MULE), came(MULE, "T20261120000000", 0, None), paid)
    onward = left(WALLET, "T20261120000012", 2, AccountRef("cnaps:2", LAST), OutflowType.TRANSFER)
    # The firm knows who topped up by a card of the payer's, which the request can't name.
    top_up = came(WALLET, SERIAL, 1, AccountRef("cnaps:1", CARD, IdentifierKind.CARD))
    firm = bank("pay-one", "pay:1", opened(WALLET, IdentifierKind.WALLET), top_up, onward)
    last = bank("bank-two", "cnaps:2", opened(LAST), came(LAST, "T20261120000012", 2, AccountRef("pay:1", WALLET)))

    assert answered(office, payer, reported(office, named(MULE, "cnaps:1"))) is AnswerStatus.ALREADY_GONE
    (by_serial,) = stops(office)
    assert (by_serial.to, by_serial.hop) == ("pay-one", 1)
    assert by_serial.target == named(SERIAL, "pay:1", IdentifierKind.TRANSFER_SERIAL)
    assert answered(office, firm, by_serial) is AnswerStatus.ALREADY_GONE
    (third,) = stops(office)
    assert (third.to, third.hop, third.amount) == ("bank-two", 2, yuan(5 * M))
    assert answered(office, last, third) is AnswerStatus.EXECUTED
    assert last.ledger.held(LAST, NOW) == 5 * M
    assert [hold.status for hold in office.holds(named(LAST, "cnaps:2"))] == [HoldStatus.ACTIVE]


def test_a_hop_by_card_is_held_on_its_account_once(office: Office) -> None:
    """The payer's bank sent half to the card and half to the account; their bank says that they are one."""
    card = AccountRef("cnaps:2", CARD, IdentifierKind.CARD)
    halves = [
        Moved(serial, Way.OUT, MULE, 5 * M // 2, NOW - timedelta(minutes=20), other=other)
        for serial, other in (("T20261120000011", card), ("T20261120000012", AccountRef("cnaps:2", NEXT)))
    ]
    payer = bank("bank-one", "cnaps:1", opened(MULE), came(MULE, "T20261120000000", 0, None), *halves)
    arrived = [
        Moved(half.serial, Way.IN, NEXT, half.amount, half.at, other=AccountRef("cnaps:1", MULE)) for half in halves
    ]
    payee = bank("bank-two", "cnaps:2", opened(NEXT), Carded(NEXT, CARD, NOW), *arrived)
    by_name, by_card = named(NEXT, "cnaps:2"), named(CARD, "cnaps:2", IdentifierKind.CARD)
    office.alias(by_name, by_card, member="bank-two")

    answered(office, payer, reported(office, named(MULE, "cnaps:1")))
    (stop,) = stops(office)
    assert (stop.to, stop.amount) == ("bank-two", yuan(5 * M))
    for target in (by_name, by_card):
        asked = stop.model_copy(update={"target": target})
        assert judged(office, payee, asked).answer.status is AnswerStatus.EXECUTED
    assert answered(office, payee, stop) is AnswerStatus.EXECUTED
    assert payee.ledger.held(NEXT, NOW) == 5 * M
    assert stops(office) == []
