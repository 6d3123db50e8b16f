"""The books of a bank or payment firm, and which of its means each request calls for."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from alliance.keys.tokens import TokenKeys
from producers.reference import decision, holding, queueing, returning
from producers.reference.ask import EVER, Ask
from producers.reference.authority import Proof
from producers.reference.decision import Decided, answer
from producers.reference.entries import (
    AccountRef,
    Carded,
    Entry,
    Held,
    Listed,
    Measure,
    Moved,
    Named,
    Noted,
    Opened,
    Slowed,
    Way,
)
from producers.reference.index import TokenIndex
from producers.reference.ledger import Ledger
from producers.reference.matching import compare
from schemas.answers import AnswerStatus, Comparison
from schemas.base import seconds
from schemas.identifiers import IdentifierKind
from schemas.names import AccountName
from schemas.requests import ABOUT_HOLDS, Action, Match, Request, Scope
from schemas.returns import ReturnList

DELAY = timedelta(hours=24)
"""How long the bank's own delay lasts at most."""
_CUSTOMERS = frozenset({IdentifierKind.NUMBER, IdentifierKind.PERSON})
_FOR_CUSTOMERS = frozenset({Action.DELAY, Action.VERIFY, Action.QUERY, Action.WATCH, Action.WARN, Action.RELEASE})
_SEVERAL = "it leads to more than one account: an officer must say which payment is meant, by payer, amount and time"
_FOR_PAYERS = frozenset({Action.DELAY, Action.VERIFY, Action.WATCH, Action.WARN, Action.RELEASE})


class Bank:
    """A `Stub` of a money member; its one currency is that of its ledger's amounts."""

    def __init__(self, member: str, route: str, keys: TokenKeys, currency: str = "CNY") -> None:
        self.member = member
        self.route = route
        self.ledger = Ledger()
        self.index = TokenIndex(keys)
        self.payees = TokenIndex(keys)
        """Accounts elsewhere that customers have paid."""
        self._currency = currency
        self._decoder: msgspec.json.Decoder[Entry] = msgspec.json.Decoder(Entry)

    def decode(self, line: bytes) -> Entry:
        return self._decoder.decode(line)

    def apply(self, entry: Entry) -> None:
        self.ledger.apply(entry)
        if isinstance(entry, Opened):
            self.index.add(entry.kind, entry.account, entry.account)
            self.index.add("person", entry.person, entry.account)
            for phone in entry.phones:
                self.index.add("number", phone, entry.account)
        elif isinstance(entry, Carded):
            self.index.add("card", entry.card, entry.account)
        elif isinstance(entry, Moved) and entry.way is Way.IN:
            # Who paid may know nothing of the account but the payment itself.
            self.index.add("transfer-serial", entry.serial, entry.account)
        elif isinstance(entry, Moved) and entry.other is not None:
            self.payees.add(entry.other.kind, entry.other.number, entry.other.number)

    def turn(self, now: datetime) -> Held | None:
        return queueing.turn(self.ledger, now)

    def untold(self, now: datetime) -> list[Decided]:
        told = [queueing.told(hold, self._currency, now) for hold in self.ledger.untold.values()]
        return [*told, *queueing.nearer(self.ledger, self._currency, now)]

    def listed(self, listed: ReturnList, now: datetime) -> list[Listed]:
        return [Listed(str(listed.request_id), listed.model_dump_json(), now)]

    def named(self, request_id: UUID, said: AccountName, now: datetime) -> list[Named]:
        known = str(request_id) in self.ledger.names
        return [] if known else [Named(str(request_id), tuple(said.tokens), said.name, now)]

    def has(self, opening: Opened) -> bool:
        return opening.account in self.ledger.accounts

    def ref(self, account: str) -> AccountRef:
        """How other banks speak of an account of this one."""
        return AccountRef(self.route, account, self.ledger.accounts[account].kind)

    def decide(self, request: Request, proof: Proof, now: datetime) -> Decided:
        """A number or a person leads to all accounts of the customer; only an account itself can be stopped."""
        found = self.index.find(request.target)
        if not found:
            return self._about_payee(request, now)
        is_customer = request.target.kind in _CUSTOMERS
        if is_customer and request.action not in _FOR_CUSTOMERS:
            return decision.refused(request, f"{request.action.value} needs an account, not a customer")
        accounts = self._meant(request, found)
        if len(accounts) > 1 and not is_customer:
            return decision.refused(request, _SEVERAL, comparison=Comparison.NOT_COMPARABLE)
        made = [
            _act(Ask(self.ledger, self.index, self._currency, self.route, request, account, proof, now))
            for account in accounts
        ]
        # One account may have nothing left to be done, as where a delay was ended before; the others are not silent.
        first = next((each for each in made if each.entries), made[0])
        return Decided(first.answer, [entry for each in made for entry in each.entries], first.payees)

    def _meant(self, request: Request, found: list[str]) -> list[str]:
        """Of several accounts those that have the hold which the request is about. Two banks may number their payments
        alike: of a payment those to which it came as the request tells of it."""
        if len(found) == 1:
            return found
        if request.action in ABOUT_HOLDS:
            hold_id = str(request.hold_id)
            return [each for each in found if self.ledger.has_order(each, hold_id)] or found
        if request.target.kind in _CUSTOMERS:
            return found
        told = request.match or Match()
        if request.target.kind is IdentifierKind.TRANSFER_SERIAL:
            told = told.model_copy(update={"serial": request.target})
        paid = [each for each in found if self._came(told, each)]
        return paid or found

    def _came(self, told: Match, account: str) -> bool:
        inflows = self.ledger.moves(account, Way.IN, EVER)
        return compare(told, inflows, self.index, self._currency).comparison is Comparison.MATCH

    def _about_payee(self, request: Request, now: datetime) -> Decided:
        """Of an account elsewhere the payer's bank can keep back its own customers' payments, and ask them."""
        payee = next(iter(self.payees.find(request.target)), None)
        if payee is None or request.action not in _FOR_PAYERS:
            return decision.not_found(request)
        hold_id = str(request.hold_id or request.request_id)
        if request.action is Action.RELEASE and not self.ledger.is_slowed(payee, hold_id, now):
            return decision.refused(request, "no delay of this id is in force on payments to it")
        done = answer(request, AnswerStatus.EXECUTED, "about our customers' payments to it")
        if request.action not in (Action.DELAY, Action.RELEASE):
            return Decided(done, [Noted(payee, request.action.value, str(request.request_id), now)])
        until = now if request.action is Action.RELEASE else now + _delay_of(request)
        slowed = Slowed(payee, str(request.request_id), now, until, hold_id)
        return Decided(done.model_copy(update={"until": until}), [slowed])


def _act(ask: Ask) -> Decided:
    match ask.request.action:
        case Action.QUERY | Action.WATCH | Action.VERIFY | Action.WARN:
            return _note(ask)
        case Action.DELAY:
            return _delay(ask)
        case Action.STOP:
            return holding.stop(ask)
        case Action.FREEZE | Action.EXTEND | Action.RENEW | Action.REDUCE:
            return holding.change(ask)
        case Action.RELEASE:
            return holding.release(ask)
        case Action.RETURN:
            return returning.give_back(ask)
    return decision.not_ours(ask.request)


def _note(ask: Ask) -> Decided:
    """Balance and outflows are the customer's secret, but to police and to who knows the payment already."""
    matched = ask.matched()
    known = ask.proof.police or matched.comparison is Comparison.MATCH
    told = ask.standing(matched) if known and ask.request.action is not Action.WARN else {}
    done = answer(ask.request, AnswerStatus.EXECUTED, comparison=matched.comparison, **told)
    return Decided(done, [noted(ask)])


def _delay(ask: Ask) -> Decided:
    """The bank's own risk control: nothing leaves until the customer was asked, and no money is bound."""
    if ask.is_taken():
        return decision.refused(ask.request, holding.TAKEN)
    until = ask.now + _delay_of(ask.request)
    there = ask.ledger.unheld(ask.account, ask.now)
    amount = ask.money(min(ask.request.amount.minor, there)) if ask.request.amount else None
    done = answer(ask.request, AnswerStatus.EXECUTED, scope=Scope.ACCOUNT, amount=amount, until=until)
    return Decided(done, [ask.new_hold(Measure.DELAY, 0, until)])


def _delay_of(request: Request) -> timedelta:
    # A number without a bound makes no timedelta.
    return seconds(min(request.duration_s, DELAY // seconds(1))) if request.duration_s else DELAY


def noted(ask: Ask) -> Noted:
    """The entry of a request that bound nothing."""
    return Noted(ask.account, ask.request.action.value, str(ask.request.request_id), ask.now)
