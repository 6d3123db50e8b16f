"""An outflow as the answer tells it: the next bank finds its own customer by the payee's token."""

from __future__ import annotations

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


def outflow(move: Moved, index: TokenIndex, currency: str) -> Outflow:
    """The payee is verified: the bank itself sent the money there."""
    payee = move.other
    return Outflow(
        type=move.means,
        status=TransferStatus.PENDING if move.pending else TransferStatus.POSTED,
        amount=Money(minor=move.amount, currency=currency),
        time=move.at,
        payee=index.identifier(payee.kind, payee.number, [payee.route], Basis.VERIFIED) if payee else None,
        serial=index.identifier(IdentifierKind.TRANSFER_SERIAL, move.serial),
        channel=_CHANNELS[move.means],
        place=move.place or None,
    )
