"""Money between the city's banks: what leaves one arrives at another, once, also if a run broke off between the two."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime

from producers.city.acts import Payment
from producers.city.cast import MEMBER_OF
from producers.reference.bank import Bank
from producers.reference.books import Books
from producers.reference.entries import Moved, Way
from producers.reference.ledger import PaymentRefused

_EVER = datetime.min.replace(tzinfo=UTC)


class Clearing:
    """`books` are those of the money members, by member. Call the rest inside `session`."""

    def __init__(self, books: Mapping[str, Books]) -> None:
        self._books = books
        self.banks: dict[str, Bank] = {}
        for member, kept in books.items():
            assert isinstance(kept.stub, Bank)
            self.banks[member] = kept.stub

    @contextmanager
    def session(self) -> Iterator[None]:
        """All books at once: one transaction each, and nobody else acts on them meanwhile."""
        with ExitStack() as stack:
            for member in sorted(self._books):
                stack.enter_context(self._books[member].batch())
            yield

    def pay(self, payment: Payment, now: datetime) -> bool:
        """Whether the payer's bank let it go. A pending one waits for `settle`."""
        member, account = payment.actor, payment.payer.number
        ledger = self.banks[member].ledger
        amount = min(payment.amount, ledger.free(account, now)) if payment.at_most else payment.amount
        moved = Moved(
            serial=payment.serial,
            way=Way.OUT,
            account=account,
            amount=amount,
            at=now,
            means=payment.means,
            other=payment.payee,
            place=payment.place,
            pending=payment.pending,
            payee=payment.payee_name,
        )
        try:
            self._books[member].record([ledger.pay(moved)])
        except PaymentRefused:
            return False
        if not payment.pending:
            self._deliver(member, moved, now)
        return True

    def settle(self, payment: Payment, now: datetime) -> bool:
        """Whether a pending payment went out."""
        ledger = self.banks[payment.actor].ledger
        try:
            self._books[payment.actor].record([ledger.settle(payment.serial, now)])
        except PaymentRefused:
            return False
        moved = ledger.sent(payment.serial)
        assert moved is not None
        self._deliver(payment.actor, moved, now)
        return True

    def deliver_late(self, now: datetime) -> int:
        """Bring what left one bank and never arrived at the other; how many payments that were."""
        late = 0
        for member, bank in self.banks.items():
            for account in list(bank.ledger.accounts):
                for moved in bank.ledger.moves(account, Way.OUT, _EVER):
                    late += not moved.pending and self._deliver(member, moved, now)
        return late

    def _deliver(self, payer: str, moved: Moved, now: datetime) -> bool:
        if moved.other is None:
            return False
        payee = MEMBER_OF[moved.other.route]
        arrived = Moved(
            serial=moved.serial,
            way=Way.IN,
            account=moved.other.number,
            amount=moved.amount,
            at=now,
            other=self.banks[payer].ref(moved.account),
        )
        try:
            self._books[payee].record([self.banks[payee].ledger.receive(arrived)])
        except PaymentRefused:
            return False
        return True
