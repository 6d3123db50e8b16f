"""A small core-banking ledger: balances, payments and holds, to the minor unit. Pure: entries in, the books out.

Money is never made or lost here, no payment takes what is held, and no hold takes what another holds already.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

import msgspec

from alliance.errors import AfaError
from producers.reference.entries import (
    Carded,
    Dropped,
    Entry,
    Held,
    Lifted,
    Listed,
    Measure,
    Moved,
    Named,
    Noted,
    Opened,
    Placed,
    Queued,
    Settled,
    Slowed,
    Told,
    Way,
    serial_of,
)
from schemas.returns import ReturnList


class PaymentRefused(AfaError):
    """The payment can not be made: what is free does not suffice, or the account's payments are delayed."""


class Ledger:
    """`apply` folds an entry in; `pay`, `receive`, `settle` and `hold` say which entry would be right, and change
    nothing."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self.accounts: dict[str, Opened] = {}
        self.holds: dict[tuple[str, str], Held] = {}
        """By account and hold id, also those that ended."""
        self.waiting: dict[tuple[str, str], Queued] = {}
        """Orders that others come before, by the same, the first in the queue first; also those that lapsed."""
        self.untold: dict[tuple[str, str], Held] = {}
        """Of those whose turn has come, the ones of which nobody has heard yet."""
        self.lists: dict[str, ReturnList] = {}
        """Payments to victims by the request that may order them."""
        self.names: dict[str, Named] = {}
        """Whose account is meant, by the request that may stop it."""
        self.notes: list[Noted] = []
        self._returns: set[str] = set()
        self._lifted: set[tuple[str, str]] = set()
        self._turns: dict[tuple[str, str], int] = {}
        """In which order the measures came, whether they waited or not."""
        self._slowed: dict[str, dict[str, datetime]] = defaultdict(dict)
        """Until when, by payee and what delays the payments to it."""
        self._balances: dict[str, int] = {}
        self._moves: dict[str, list[Moved]] = defaultdict(list)
        self._sent: dict[str, Moved] = {}
        self._came: dict[tuple[str, str], Moved] = {}
        """By serial and the payer's routing code: each bank numbers its own payments."""
        self._pending: dict[str, dict[str, int]] = defaultdict(dict)
        self._holds_of: dict[str, list[str]] = defaultdict(list)
        for entry in entries:
            self.apply(entry)

    def apply(self, entry: Entry) -> None:
        """Take an entry as what happened; it was judged when it was made."""
        match entry:
            case Opened():
                self.accounts[entry.account] = entry
                self._balances[entry.account] = entry.balance
            case Moved():
                self._moved(entry)
            case Settled(serial=serial):
                self._settled(serial)
            case Dropped(serial=serial):
                self._pending[self._sent[serial].account].pop(serial)
                self._replace(self._sent.pop(serial), None)
            case Held():
                self._held(entry)
            case Queued() | Placed() | Told() | Lifted():
                self._ordered(entry)
            case Slowed():
                self._slowed[entry.payee][entry.hold_id or entry.request_id] = entry.until
            case Noted():
                self.notes.append(entry)
            case Carded():
                # Another name of an account moves no money.
                pass
            case Listed():
                self._listed(entry)
            case Named():
                self.names[entry.request_id] = entry

    def balance(self, account: str) -> int:
        """All that the account has, held or not."""
        return self._balances[account]

    def total(self) -> int:
        """All money of all accounts."""
        return sum(self._balances.values())

    def active(self, account: str, now: datetime) -> list[Held]:
        """The measures in force on an account, the oldest first. A clock that was set back before one's beginning opens
        none, and brings none back."""
        lasting = [hold for hold in self.history(account) if now < hold.until]
        return [hold for hold in lasting if (account, hold.hold_id) not in self._lifted]

    def history(self, account: str) -> list[Held]:
        """Every measure that ever was on an account, in its last form."""
        return [self.holds[account, hold_id] for hold_id in self._holds_of.get(account, ())]

    def has_order(self, account: str, hold_id: str) -> bool:
        """Whether a measure of this id ever was on the account, or waits there."""
        return (account, hold_id) in self.holds or (account, hold_id) in self.waiting

    def queue(self, account: str, now: datetime) -> list[Queued]:
        """The orders that still wait on an account, the first first."""
        return [order for order in self.waiting.values() if order.account == account and now < order.until]

    def before(self, order: Queued, now: datetime) -> list[Held | Queued]:
        """What police ordered before it and is in force, or waits, the first first."""
        came = {self._turns[order.account, each.hold_id]: each for each in self._orders(order.account, now)}
        mine = self._turns[order.account, order.hold_id]
        return [came[number] for number in sorted(came) if number < mine]

    def due(self, account: str, now: datetime) -> list[tuple[Queued, int]]:
        """What each waiting order gets of what those before it have let go, and of nothing that came since, as little
        as what a later order holds of that takes from it."""
        held, shares = self.held(account, now), dict[str, int]()
        queue = self.queue(account, now)
        for order in queue:
            first = sum(
                each.amount if isinstance(each, Held) else shares[each.hold_id] for each in self.before(order, now)
            )
            share = max(0, min(order.amount, order.behind - first, self.balance(account) - held))
            shares[order.hold_id] = share
            held += share
        return [(order, shares[order.hold_id]) for order in queue]

    def _orders(self, account: str, now: datetime) -> list[Held | Queued]:
        held = (hold for hold in self.active(account, now) if hold.measure is not Measure.DELAY)
        return [*held, *self.queue(account, now)]

    def held(self, account: str, now: datetime) -> int:
        """What is bound by orders; a delay binds nothing."""
        return sum(hold.amount for hold in self.active(account, now) if hold.measure is not Measure.DELAY)

    def is_delayed(self, account: str, now: datetime) -> bool:
        return any(hold.measure is Measure.DELAY for hold in self.active(account, now))

    def unheld(self, account: str, now: datetime) -> int:
        """What a further hold can still take; payments that are only pending have not left, and what earlier orders
        let go is the waiting ones' from that moment."""
        due = sum(share for _, share in self.due(account, now))
        return self.balance(account) - self.held(account, now) - due

    def free(self, account: str, now: datetime) -> int:
        """What the customer can pay with."""
        if self.is_delayed(account, now):
            return 0
        return max(0, self.unheld(account, now) - sum(self._pending.get(account, {}).values()))

    def moves(self, account: str, way: Way, since: datetime) -> list[Moved]:
        """The account's payments of one direction, in the order they were made."""
        return [move for move in self._moves.get(account, ()) if move.way is way and move.at >= since]

    def sent(self, serial: str) -> Moved | None:
        """The payment out of that serial."""
        return self._sent.get(serial)

    def came(self, serial: str, route: str) -> Moved | None:
        """The payment in that the bank of this routing code has so numbered."""
        return self._came.get((serial, route))

    def pay(self, payment: Moved) -> Moved:
        """The payment out, if it can be made. PaymentRefused if what is free does not suffice."""
        if payment.amount <= 0 or payment.serial in self._sent:
            raise PaymentRefused(f"payment {payment.serial}: its amount is not above 0, or it was made before")
        if payment.amount > self.free(payment.account, payment.at):
            raise PaymentRefused(f"payment {payment.serial}: what is free on the account does not suffice")
        if self._is_slowed(payment, payment.at):
            raise PaymentRefused(f"payment {payment.serial}: payments to this payee are delayed")
        return payment

    def receive(self, payment: Moved) -> Moved:
        """The payment in, of which the payer's bank has the other half, if it is new and the account is ours."""
        if payment.account not in self.accounts or _told_by(payment) in self._came:
            raise PaymentRefused(f"payment {payment.serial}: there is no such account, or it came before")
        return payment

    def settle(self, serial: str, now: datetime) -> Settled:
        """The entry that lets a pending payment leave. PaymentRefused while a delay or a hold stands in its way."""
        move = self._sent.get(serial)
        if move is None or not move.pending:
            raise PaymentRefused(f"payment {serial}: it is not pending")
        kept = self.is_delayed(move.account, now) or self._is_slowed(move, now)
        if kept or move.amount > self.unheld(move.account, now):
            raise PaymentRefused(f"payment {serial}: a delay or a hold keeps it")
        return Settled(serial, now)

    def is_return(self, move: Moved) -> bool:
        """Whether it gave a victim's money back, rather than moved it on."""
        return move.serial in self._returns

    def is_slowed(self, payee: str, hold_id: str, now: datetime) -> bool:
        """Whether this very measure delays payments to an account elsewhere."""
        return now < self._slowed.get(payee, {}).get(hold_id, now)

    def _listed(self, entry: Listed) -> None:
        listed = ReturnList.model_validate_json(entry.body)
        # What the order must name does not change by a second letter.
        if self.lists.setdefault(entry.request_id, listed) == listed:
            self._returns |= {serial_of(payment) for payment in listed.payments}

    def _is_slowed(self, payment: Moved, now: datetime) -> bool:
        measures = self._slowed.get(payment.other.number, {}) if payment.other else {}
        return any(now < until for until in measures.values())

    def _held(self, entry: Held) -> None:
        key = (entry.account, entry.hold_id)
        self._turns.setdefault(key, len(self._turns))
        if key not in self.holds:
            self._holds_of[entry.account].append(entry.hold_id)
        if self.waiting.pop(key, None):
            self.untold[key] = entry
        self.holds[key] = entry

    def _ordered(self, entry: Queued | Placed | Told | Lifted) -> None:
        key = (entry.account, entry.hold_id)
        if isinstance(entry, Queued):
            self._turns.setdefault(key, len(self._turns))
            self.waiting[key] = entry
        elif isinstance(entry, Placed):
            if order := self.waiting.get(key):
                self.waiting[key] = msgspec.structs.replace(order, place=entry.place)
        elif isinstance(entry, Told):
            del self.untold[key]
        elif self.waiting.pop(key, None) is None:
            self.holds[key] = msgspec.structs.replace(self.holds[key], until=entry.at)
            self._lifted.add(key)

    def _moved(self, entry: Moved) -> None:
        if entry.way is Way.OUT:
            self._sent[entry.serial] = entry
        else:
            self._came[_told_by(entry)] = entry
        self._moves[entry.account].append(entry)
        if entry.pending:
            self._pending[entry.account][entry.serial] = entry.amount
        else:
            self._balances[entry.account] += entry.amount if entry.way is Way.IN else -entry.amount

    def _settled(self, serial: str) -> None:
        move = self._sent[serial]
        posted = msgspec.structs.replace(move, pending=False)
        del self._pending[move.account][serial]
        self._balances[move.account] -= move.amount
        self._sent[serial] = posted
        self._replace(move, posted)

    def _replace(self, old: Moved, new: Moved | None) -> None:
        moves = self._moves[old.account]
        index = moves.index(old)
        moves[index : index + 1] = [] if new is None else [new]


def _told_by(arrived: Moved) -> tuple[str, str]:
    return arrived.serial, arrived.other.route if arrived.other else ""
