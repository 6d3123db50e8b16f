"""Whether the payment that a request speaks of is in the bank's own books: without it nothing may be stopped.

Source: an urgent stop matches name, account, amount and time. Where the books have no name of the payer that the
request could have, the serial stands for the account.
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
    if match.payer and not _paid_by(match, move, index):
        return False
    if match.amount and (match.amount.minor, match.amount.currency) != (move.amount, currency):
        return False
    return not match.time or abs(move.at - match.time) <= timedelta(seconds=match.tolerance_s)


def _paid_by(match: Match, move: Moved, index: TokenIndex) -> bool:
    """Of a payer known by another kind of name, or by none, the serial decides, which agreed."""
    assert match.payer is not None
    if move.other is None or not move.other.number or move.other.kind is not match.payer.kind:
        return match.serial is not None
    return index.means(match.payer, move.other.kind, move.other.number)
