"""Whether the payment that a request speaks of is in the bank's own books: without it nothing may be stopped.

Source: an urgent stop matches name, account, amount and time. The name travels sealed and is compared by a clerk.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import NamedTuple

from producers.reference.entries import Moved
from producers.reference.index import TokenIndex
from schemas.answers import Comparison
from schemas.identifiers import IdentifierKind
from schemas.requests import Match


class Matched(NamedTuple):
    """How the comparison came out, and the payment that was found."""

    comparison: Comparison
    payment: Moved | None = None


def compare(match: Match | None, inflows: Iterable[Moved], index: TokenIndex, currency: str) -> Matched:
    """The newest inflow that agrees in everything that the match block says; what it leaves out is not compared."""
    if match is None or not any((match.payer, match.serial, match.amount, match.time)):
        return Matched(Comparison.NOT_COMPARABLE)
    for move in sorted(inflows, key=lambda move: move.at, reverse=True):
        if _agrees(match, move, index, currency):
            return Matched(Comparison.MATCH, move)
    return Matched(Comparison.MISMATCH)


def _agrees(match: Match, move: Moved, index: TokenIndex, currency: str) -> bool:
    if match.serial and not index.means(match.serial, IdentifierKind.TRANSFER_SERIAL, move.serial):
        return False
    if match.payer and not (move.other and index.means(match.payer, move.other.kind, move.other.number)):
        return False
    if match.amount and (match.amount.minor, match.amount.currency) != (move.amount, currency):
        return False
    return not match.time or abs(move.at - match.time) <= timedelta(seconds=match.tolerance_s)
