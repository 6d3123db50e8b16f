"""How far the money has come: contact, pre-transfer, in-flight, layering, cash-out."""

from __future__ import annotations

from schemas.leads import Stage
from streams.core.alert import Onward
from streams.core.evidence import Judgement
from streams.core.state import Movement


def stage(judged: Judgement) -> Stage:
    """The furthest stage that standing evidence shows."""
    onward = {s.onward for s in judged.direct}
    if Onward.CASH_OUT in onward:
        return Stage.CASH_OUT
    transfers = [t for s in judged.direct for t in s.transfers]
    if Onward.TRANSFER in onward or _paid_on(judged, [t.time for t in transfers]):
        return Stage.LAYERING
    seen = {Movement.PENDING if t.pending else Movement.POSTED for t in transfers}
    seen |= {k.b_money for k in judged.links.values()}
    if Movement.POSTED in seen:
        return Stage.IN_FLIGHT
    return Stage.PRE_TRANSFER if judged.asked or Movement.PENDING in seen else Stage.CONTACT


def _paid_on(judged: Judgement, arrivals: list[int]) -> bool:
    """The suspect itself is the payer of a posted transfer, not before money first reached it."""
    if not arrivals:
        return False
    return any(s.money is Movement.POSTED and s.start >= min(arrivals) for s in judged.payer_sightings)
