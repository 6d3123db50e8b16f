"""Two banks and a crowd of payments and holds: to the last fen, money is neither made nor lost, nor paid while held."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from producers.reference.entries import AccountRef, Dropped, Entry, Held, Lifted, Measure, Moved, Opened, Queued, Way
from producers.reference.ledger import Ledger, PaymentRefused
from producers.reference.queueing import turn
from schemas.identifiers import IdentifierKind

BEGIN = datetime(2026, 11, 10, tzinfo=UTC)
BANKS = ("left", "right")
ACCOUNTS = ("100001", "100002")
OPENED = 10_000
amounts = st.integers(1, 12_000)
accounts = st.tuples(st.sampled_from(BANKS), st.sampled_from(ACCOUNTS))


class Money(RuleBasedStateMachine):
    """Everything that is ever applied is also kept as written, so that a replay can be compared."""

    def __init__(self) -> None:
        super().__init__()
        self.now = BEGIN
        self.serial = 0
        self.paid = dict.fromkeys(BANKS, 0)
        """Payments of each bank, which numbers them by itself: so does the other."""
        self.cashed = 0
        self.ledgers = {name: Ledger() for name in BANKS}
        self.written: dict[str, list[bytes]] = {name: [] for name in BANKS}
        self.pending: list[tuple[str, Moved]] = []
        for name in BANKS:
            for number in ACCOUNTS:
                self.enter(name, Opened(number, IdentifierKind.ACCOUNT, "c", (), OPENED, BEGIN))

    def enter(self, bank: str, entry: Entry) -> None:
        self.ledgers[bank].apply(entry)
        self.written[bank].append(msgspec.json.encode(entry))

    @rule(payer=accounts, payee=st.none() | accounts, amount=amounts, pending=st.booleans())
    def pay(self, payer: tuple[str, str], payee: tuple[str, str] | None, amount: int, pending: bool) -> None:
        self.paid[payer[0]] += 1
        other = None if payee is None else AccountRef(*payee)
        moved = Moved(f"S{self.paid[payer[0]]}", Way.OUT, payer[1], amount, self.now, other=other, pending=pending)
        free = self.ledgers[payer[0]].free(payer[1], self.now)
        try:
            self.enter(payer[0], self.ledgers[payer[0]].pay(moved))
        except PaymentRefused:
            assert amount > free
            return
        assert amount <= free
        if pending:
            self.pending.append((payer[0], moved))
        else:
            self.arrive(payer[0], moved)

    @rule(index=st.integers(0, 5), drop=st.booleans())
    def end_pending(self, index: int, drop: bool) -> None:
        if index >= len(self.pending):
            return
        bank, moved = self.pending[index]
        if drop:
            self.enter(bank, Dropped(moved.serial, self.now))
        else:
            try:
                self.enter(bank, self.ledgers[bank].settle(moved.serial, self.now))
            except PaymentRefused:
                return
            self.arrive(bank, moved)
        del self.pending[index]

    def arrive(self, bank: str, moved: Moved) -> None:
        if moved.other is None:
            self.cashed += moved.amount
            return
        ledger = self.ledgers[moved.other.route]
        came = AccountRef(bank, moved.account)
        arrived = Moved(moved.serial, Way.IN, moved.other.number, moved.amount, self.now, other=came)
        self.enter(moved.other.route, ledger.receive(arrived))
        try:
            ledger.receive(arrived)
        except PaymentRefused:
            return
        raise AssertionError("it came twice")

    @rule(where=accounts, amount=amounts, hours=st.integers(1, 50), measure=st.sampled_from(Measure))
    def hold(self, where: tuple[str, str], amount: int, hours: int, measure: Measure) -> None:
        bank, number = where
        bound = 0 if measure is Measure.DELAY else min(amount, self.ledgers[bank].unheld(number, self.now))
        self.serial += 1
        until = self.now + timedelta(hours=hours)
        self.enter(bank, Held(f"H{self.serial}", "r", "c", number, measure, bound, "police", self.now, until))

    @rule(where=accounts, amount=amounts, hours=st.integers(1, 50))
    def wait_behind(self, where: tuple[str, str], amount: int, hours: int) -> None:
        """An order comes where others hold all there is."""
        bank, number = where
        behind = self.ledgers[bank].held(number, self.now)
        if behind and self.ledgers[bank].unheld(number, self.now) == 0:
            self.serial += 1
            until = self.now + timedelta(hours=hours)
            name = f"H{self.serial}"
            self.enter(bank, Queued(name, "r", "c", number, amount, behind, "police", self.now, until, 3600))

    @rule(where=accounts)
    def give_turns(self, where: tuple[str, str]) -> None:
        """As the bank does: each gets what is due to it, and no more is due then."""
        ledger = self.ledgers[where[0]]
        free = ledger.free(where[1], self.now)
        while (hold := turn(ledger, self.now)) is not None:
            self.enter(where[0], hold)
        assert not any(share for _, share in ledger.due(where[1], self.now))
        assert ledger.free(where[1], self.now) == free

    @rule(where=accounts)
    def lift(self, where: tuple[str, str]) -> None:
        for hold in self.ledgers[where[0]].active(where[1], self.now)[:1]:
            self.enter(where[0], Lifted(hold.hold_id, hold.account, self.now))

    @rule(hours=st.integers(1, 30))
    def wait(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @invariant()
    def no_money_is_made_or_lost(self) -> None:
        total = sum(ledger.total() for ledger in self.ledgers.values())
        assert total + self.cashed == OPENED * len(BANKS) * len(ACCOUNTS)

    @invariant()
    def what_is_held_is_there(self) -> None:
        for ledger in self.ledgers.values():
            for number in ACCOUNTS:
                assert 0 <= ledger.held(number, self.now) <= ledger.balance(number)
                assert ledger.free(number, self.now) <= ledger.unheld(number, self.now)

    def teardown(self) -> None:
        decoder: msgspec.json.Decoder[Entry] = msgspec.json.Decoder(Entry)
        for name, lines in self.written.items():
            again = Ledger(map(decoder.decode, lines))
            for number in ACCOUNTS:
                assert again.balance(number) == self.ledgers[name].balance(number)
                assert again.free(number, self.now) == self.ledgers[name].free(number, self.now)


TestMoney = Money.TestCase
TestMoney.settings = settings(max_examples=60, stateful_step_count=40)
