"""An outflow as the answer tells it: the next bank finds its own customer by the payee's token, or by the serial where
the payee has no name that both know."""

from __future__ import annotations

import re

from producers.reference.entries import Moved
from producers.reference.index import TokenIndex
from schemas.alerts import Channel, TransferStatus
from schemas.answers import Outflow, OutflowType
from schemas.base import Money
from schemas.identifiers import Basis, IdentifierKind

_CHANNELS = {
    OutflowType.TRANSFER: Channel.MOBILE,
    OutflowType.ATM: Channel.ATM,
    OutflowType.COUNTER: Channel.COUNTER,
    OutflowType.POS: Channel.POS,
    OutflowType.WALLET: Channel.WALLET,
    OutflowType.FX: Channel.FX,
    OutflowType.CRYPTO: Channel.CRYPTO,
}


_HIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
_LONGEST_PLACE = 100


def outflow(move: Moved, index: TokenIndex, currency: str) -> Outflow:
    """The payee is verified: the bank itself sent the money there."""
    other = move.other
    payee = index.identifier(other.kind, other.number, [other.route], Basis.VERIFIED) if other else None
    holders = [other.route] if other and payee is None else []
    return Outflow(
        type=move.means,
        status=TransferStatus.PENDING if move.pending else TransferStatus.POSTED,
        amount=Money(minor=move.amount, currency=currency),
        time=move.at,
        payee=payee,
        serial=index.identifier(IdentifierKind.TRANSFER_SERIAL, move.serial, holders),
        channel=_CHANNELS[move.means],
        # In the words of a shop or a customer, which must not keep the answer from being given.
        place=_HIDDEN.sub(" ", move.place).strip()[:_LONGEST_PLACE] or None,
    )
