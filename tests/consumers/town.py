"""Two banks and a carrier with real books, in which money only moves, and the casebook that asks them; no broker.

A letter may come late, twice or out of order, an answer may be lost, and a bank may start again from its journal. A
name may not be known, or be another's; here it travels in base64 and unsealed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

import msgspec

from alliance.keys.encoding import decode, encode
from consumers.casebook.inbound import Bundle
from producers.reference.bank import Bank
from producers.reference.decision import Decided
from producers.reference.entries import AccountRef, Entry, Held, Lifted, Measure, Moved, Opened, Way
from producers.reference.handler import handle
from producers.reference.index import TokenIndex
from producers.reference.ledger import PaymentRefused
from producers.reference.subscribers import Carrier, Subscribed
from schemas.alerts import ReportChannel, ReportedTransfer, VictimReport
from schemas.answers import Answer, OutflowType
from schemas.base import Money
from schemas.identifiers import Identifier, IdentifierKind
from schemas.names import AccountName, NameToMatch
from schemas.requests import Request
from schemas.returns import ReturnList
from tests.consumers import facts
from tests.consumers.office import Office

ROUTES = {"bank-one": "cnaps:1", "bank-two": "cnaps:2"}
ELSEWHERE = AccountRef("cnaps:9", "9" * 16)
"""An account of a bank that nobody in the city knows."""
NAME = "张伟"
"""Everybody's who lives here."""


class Payment(NamedTuple):
    payer: str
    payee: str
    move: Moved


class Books:
    """One bank: its journal, its answers, its mail, and what it still has to send."""

    def __init__(self, name: str, currency: str) -> None:
        self.name, self.currency = name, currency
        self.journal: list[Entry] = []
        self.mail: list[Request | NameToMatch] = []
        self.answers: dict[UUID, Answer] = {}
        self.bank = Bank(name, ROUTES[name], facts.TOKENS, currency)

    def enter(self, *entries: Entry) -> None:
        for entry in entries:
            self.journal.append(entry)
            self.bank.apply(entry)

    def start_again(self) -> None:
        """From what is on disk."""
        written = msgspec.json.encode(self.journal)
        self.bank = Bank(self.name, ROUTES[self.name], facts.TOKENS, self.currency)
        for entry in msgspec.json.decode(written, type=list[Entry]):
            self.bank.apply(entry)


class Town:
    """`home` says which bank an account is at; `gone` is what has left the city, in the minor unit."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.currency = office.profile.currency
        self.books = {name: Books(name, self.currency) for name in ROUTES}
        self.home: dict[str, str] = {}
        self.payments: list[Payment] = []
        self.post: list[Bundle] = []
        """Answers under way."""
        self.posted: list[Bundle] = []
        self.sent: dict[UUID, Request] = {}
        """What dispatch has sent, each once."""
        self.gone = self.given = 0
        self.back: Counter[str] = Counter()
        """What came back to each victim."""
        self.carrier = Carrier("carrier-one", facts.TOKENS)
        self.calls: list[Request] = []
        """The carrier's mail."""

    def subscribe(self, phone: str) -> None:
        self.carrier.apply(Subscribed(phone, (("number", phone),), self.office.now))

    def number(self, phone: str) -> Identifier:
        found = TokenIndex(facts.TOKENS).identifier(IdentifierKind.NUMBER, phone, ["carrier:one"])
        assert found is not None
        return found

    def open(self, account: str, bank: str, balance: int) -> None:
        kind, at = IdentifierKind.ACCOUNT, self.office.now - timedelta(days=100)
        self.books[bank].enter(Opened(account, kind, "", (), balance, at, NAME))
        self.home[account] = bank
        self.given += balance

    def identifier(self, account: str) -> Identifier:
        """As its bank, and whoever paid to it, writes it."""
        books = self.books[self.home[account]]
        found = books.bank.index.identifier(IdentifierKind.ACCOUNT, account, [ROUTES[books.name]])
        assert found is not None
        return found

    def money(self, minor: int) -> Money:
        return Money(minor=minor, currency=self.currency)

    def pay(self, payer: str, payee: str, minor: int, name: str = NAME) -> Payment | None:
        """From one ledger into the other, to whom the payer names; None where the payer's bank keeps it."""
        serial, now = f"S{len(self.payments)}-{payer}", self.office.now
        to = AccountRef(ROUTES[self.home[payee]], payee)
        paid = self._out(Moved(serial, Way.OUT, payer, minor, now, other=to, payee=name))
        if paid is None:
            return None
        books = self.books[self.home[payee]]
        came = AccountRef(ROUTES[self.home[payer]], payer)
        books.enter(books.bank.ledger.receive(Moved(serial, Way.IN, payee, minor, now, other=came)))
        self.payments.append(Payment(payer, payee, paid))
        return self.payments[-1]

    def leave(self, account: str, minor: int, means: OutflowType) -> None:
        """Out of the city: to a bank elsewhere, or as cash."""
        other = ELSEWHERE if means is OutflowType.TRANSFER else None
        serial = f"G{self.gone}-{len(self.payments)}-{account}"
        if self._out(Moved(serial, Way.OUT, account, minor, self.office.now, means, other)):
            self.gone += minor

    def _out(self, move: Moved) -> Moved | None:
        books = self.books[self.home[move.account]]
        try:
            books.enter(paid := books.bank.ledger.pay(move))
        except PaymentRefused:
            return None
        return paid

    def report(self, *payments: Payment, caller: str) -> VictimReport:
        """As the victim tells it: whom, how much, when, and who had called."""
        told = [
            ReportedTransfer(
                payer=self.identifier(payment.payer),
                payee=self.identifier(payment.payee),
                payee_name=_sealed(payment.move.payee, self.identifier(payment.payee)),
                amount=self.money(payment.move.amount),
                time=payment.move.at,
            )
            for payment in payments
        ]
        channel, began = ReportChannel.HOTLINE, payments[0].move.at
        contacts = [self.number(caller)]
        return VictimReport(report_id="R1", channel=channel, incident_from=began, transfers=told, contacts=contacts)

    def deliver(self) -> list[Request]:
        """What dispatch sends, into the banks' mail; all of it."""
        letters = self.office.deliver()
        for letter in letters:
            assert letter.request_id not in self.sent
            self.sent[letter.request_id] = letter
        post, self.office.post = self.office.post, []
        for each in post:
            if (to := self.sent[each.request_id].to) in self.books:
                self.books[to].mail.append(each)
            elif isinstance(each, Request) and to == self.carrier.member:
                self.calls.append(each)
        told, self.office.returns = self.office.returns, []
        for listed in told:
            if isinstance(listed, ReturnList):
                books = self.books[self.sent[listed.request_id].to]
                books.enter(*books.bank.listed(listed, self.office.now))
        return letters

    def read(self, bank: str, which: int, *, again: bool = False) -> Request | None:
        """A bank does one of its letters, whichever comes first, and answers; `again`: it does not know that it did."""
        books = self.books[bank]
        if not books.mail:
            return None
        request = books.mail[which % len(books.mail)]
        if isinstance(request, NameToMatch):
            books.mail.remove(request)
            books.enter(*books.bank.named(request.request_id, _opened(request.sealed), self.office.now))
            return self.read(bank, which, again=again)
        if not again:
            books.mail.remove(request)
        if request.request_id not in books.answers:
            decision = handle(request, books.bank, self.office.registry, self.office.profile, self.office.now)
            books.answers[request.request_id] = _named(decision)
            books.enter(*decision.entries)
            self._pass_back(bank, decision.entries)
        self._send(bank, books.answers[request.request_id])
        return request

    def _pass_back(self, bank: str, entries: Iterable[Entry]) -> None:
        """What is returned, over the counter or into the account from which its victim had paid."""
        for entry in [each for each in entries if isinstance(each, Moved) and each.way is Way.OUT]:
            if entry.other is None:
                self.gone += entry.amount
                continue
            self.back[entry.other.number] += entry.amount
            # Into an account of its own the bank has entered it itself.
            if (home := self.home[entry.other.number]) != bank:
                came = AccountRef(ROUTES[bank], entry.account)
                returned = Moved(entry.serial, Way.IN, entry.other.number, entry.amount, self.office.now, other=came)
                self.books[home].enter(returned)

    def answer_calls(self) -> None:
        """The carrier does all of its letters."""
        letters, self.calls = self.calls, []
        for letter in letters:
            decision = handle(letter, self.carrier, self.office.registry, self.office.profile, self.office.now)
            for entry in decision.entries:
                self.carrier.apply(entry)
            self._send(self.carrier.member, decision.answer)

    def turns(self) -> None:
        """Whoever waited and has its turn is told of."""
        for name, books in self.books.items():
            while (entry := books.bank.turn(self.office.now)) is not None:
                books.enter(entry)
            for told in books.bank.untold(self.office.now):
                self._send(name, told.answer)
                books.enter(*told.entries)

    def _send(self, bank: str, answer: Answer) -> None:
        self.post.append(self.office.bundle(bank, answer))

    def arrive(self, which: int) -> None:
        """One answer, whichever is first."""
        if self.post:
            bundle = self.post.pop(which % len(self.post))
            self.posted.append(bundle)
            self.office.take(answers=[bundle])

    def settle(self) -> None:
        """Until nobody has anything to say."""
        while self.deliver() or self.post or self.calls or any(books.mail for books in self.books.values()):
            for name in self.books:
                while self.read(name, 0):
                    pass
            self.turns()
            self.answer_calls()
            while self.post:
                self.arrive(0)

    def measures(self) -> Iterator[tuple[Books, str, Held]]:
        """The police's holds in force, at their banks."""
        for books in self.books.values():
            for account in books.bank.ledger.accounts:
                for hold in books.bank.ledger.active(account, self.office.now):
                    if hold.measure is not Measure.DELAY:
                        yield books, account, hold

    def held(self) -> Counter[str]:
        """By the police's holds in force, by account."""
        found: Counter[str] = Counter()
        for _, account, hold in self.measures():
            found[account] += hold.amount
        return found

    def most(self, among: Collection[str], claimed: Iterable[Payment], suspects: Collection[str]) -> int:
        """What of these payments can be on the accounts `among`, whatever the banks have told: what was paid to them,
        and what came there from the other suspects."""
        paid = sum(each.move.amount for each in claimed if each.payee in among)
        others = set(suspects) - set(among)
        return paid + sum(each.move.amount for each in self.payments if each.payee in among and each.payer in others)

    def total(self) -> int:
        return self.gone + sum(books.bank.ledger.total() for books in self.books.values())

    def stops(self) -> Counter[tuple[str, str]]:
        """How often an account was stopped in a case, by case and account."""
        seen = {
            (entry.case_id, entry.account, entry.request_id)
            for books in self.books.values()
            for entry in books.journal
            if isinstance(entry, Held) and entry.measure is Measure.STOP
        }
        return Counter((case, account) for case, account, _ in seen)

    def held_again(self) -> list[str]:
        """Measures that were in force again after they had been let go."""
        found = []
        for books in self.books.values():
            lifted: set[tuple[str, str]] = set()
            for entry in books.journal:
                if isinstance(entry, Lifted):
                    lifted.add((entry.account, entry.hold_id))
                elif isinstance(entry, Held) and (entry.account, entry.hold_id) in lifted:
                    found.append(entry.hold_id)
        return found


def _sealed(name: str, known_by: Identifier) -> str | None:
    return encode(AccountName(tokens=known_by.tokens, name=name).model_dump_json().encode()) if name else None


def _opened(sealed: str) -> AccountName:
    return AccountName.model_validate_json(decode(sealed))


def _named(decision: Decided) -> Answer:
    """The answer with its payees' names."""
    outflows = [
        each.model_copy(update={"payee_name": _sealed(decision.payees[place], each.payee)})
        if place in decision.payees and each.payee
        else each
        for place, each in enumerate(decision.answer.outflows)
    ]
    return decision.answer.model_copy(update={"outflows": outflows})
