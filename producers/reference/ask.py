"""One request on one account of a bank's ledger, with what its answer is made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from heapq import nlargest
from typing import Any

from producers.reference.authority import Proof
from producers.reference.entries import Held, Measure, Moved, Queued, Way
from producers.reference.index import TokenIndex
from producers.reference.ledger import Ledger
from producers.reference.matching import Matched, compare
from producers.reference.names import compare_names
from producers.reference.outflows import outflow
from schemas.answers import Comparison
from schemas.base import Money
from schemas.requests import Request

_LOOK_BACK = timedelta(hours=24)
"""How far the outflows of an answer go back where no payment is matched."""
_MAX_OUTFLOWS = 200
EVER = datetime.min.replace(tzinfo=UTC)


def is_frozen(order: Held | Queued) -> bool:
    """Whether it is a freeze by now, which stands on paper."""
    return isinstance(order, Held) and order.measure is Measure.FREEZE


@dataclass(frozen=True, slots=True)
class Ask:
    """`account` is the target in the bank's own terms; amounts of the ledger are in `currency`, and `route` is the
    bank's own."""

    ledger: Ledger
    index: TokenIndex
    currency: str
    route: str
    request: Request
    account: str
    proof: Proof
    now: datetime

    def matched(self) -> Matched:
        """The payment that the request speaks of, as the ledger has it."""
        return compare(self.request.match, self.inflows(), self.index, self.currency)

    def named(self) -> Comparison:
        """Whether the account is whose the request means, where the law asks; not comparable without a name."""
        if not self.proof.by_name:
            return Comparison.MATCH
        told, kept = self.ledger.names.get(str(self.request.request_id)), self.ledger.accounts[self.account].name
        if told is None or self.account not in self.index.known_as(told.tokens):
            return Comparison.NOT_COMPARABLE
        return compare_names(told.name, kept)

    def inflows(self) -> list[Moved]:
        """All that ever came."""
        return self.ledger.moves(self.account, Way.IN, EVER)

    def standing(self, matched: Matched, *, traced: bool = True) -> dict[str, Any]:
        """The answer's balance and, if `traced`, where the money went since it came."""
        out = self._left(matched) if traced else []
        return {
            "balance": self.money(max(0, self.ledger.balance(self.account))),
            "outflows": [outflow(move, self.index, self.currency) for move in out],
        }

    def payees(self, matched: Matched) -> dict[int, str]:
        """Whose name the payer gave, by the place of the outflow in `standing`."""
        return {place: move.payee for place, move in enumerate(self._left(matched)) if move.payee}

    def _left(self, matched: Matched) -> list[Moved]:
        since = matched.payment.at if matched.payment else self.now - _LOOK_BACK
        moves = [move for move in self.ledger.moves(self.account, Way.OUT, since) if not self.ledger.is_return(move)]
        # The greatest, not the first: a thief could hide the one that matters behind many of a cent.
        told = nlargest(_MAX_OUTFLOWS, enumerate(moves), key=lambda placed: placed[1].amount)
        return [move for _, move in sorted(told, key=lambda placed: placed[0])]

    def orders(self) -> list[Held]:
        """The holds in force that police ordered, the first in the queue first."""
        active = self.ledger.active(self.account, self.now)
        return [hold for hold in active if hold.measure is not Measure.DELAY]

    def hold_meant(self) -> Held | None:
        """By its id, and no other of the case; the newest of the case on this account for who names none."""
        active = self.ledger.active(self.account, self.now)
        return next((hold for hold in reversed(active) if self._is_meant(hold)), None)

    def waiting(self) -> list[Queued]:
        """The orders that others come before, the first first."""
        return self.ledger.queue(self.account, self.now)

    def waiting_meant(self) -> Queued | None:
        """As `hold_meant`; the first."""
        return next((order for order in self.waiting() if self._is_meant(order)), None)

    def _is_meant(self, order: Held | Queued) -> bool:
        if self.request.hold_id is None:
            return order.case_id == str(self.request.case_id)
        return order.hold_id == str(self.request.hold_id)

    def is_its_own(self, order: Held | Queued) -> bool:
        """Whether who asks may change or end it: its unit by an order; by a mandate what is held under that and was not
        frozen since, as a freeze stands on paper."""
        mandate = self.proof.mandate
        if mandate is not None and (is_frozen(order) or order.mandate != str(mandate.mandate_id)):
            return False
        return order.unit == self.proof.unit

    def is_taken(self) -> bool:
        """Whether the id of the measure asked for is another's, which it would replace."""
        return self.ledger.has_order(self.account, self._new_id())

    def stops(self) -> int:
        """How often the account was stopped in the case, extensions included."""
        ever = self.ledger.history(self.account)
        case = [hold for hold in ever if hold.case_id == str(self.request.case_id)]
        return sum(1 + hold.extended for hold in case if hold.measure is not Measure.DELAY)

    def _new_id(self) -> str:
        return str(self.request.hold_id or self.request.request_id)

    def new_hold(self, measure: Measure, amount: int, until: datetime) -> Held:
        """The entry of a measure that begins now."""
        mandate = self.proof.mandate
        return Held(
            hold_id=self._new_id(),
            request_id=str(self.request.request_id),
            case_id=str(self.request.case_id),
            account=self.account,
            measure=measure,
            amount=amount,
            unit=self.proof.unit,
            at=self.now,
            until=until,
            mandate=str(mandate.mandate_id) if mandate else "",
            begun=amount,
        )

    def money(self, minor: int) -> Money:
        return Money(minor=minor, currency=self.currency)
