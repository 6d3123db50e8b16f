"""Victims at risk: where a call or chat meets a transfer. Must never look at a suspect's evidence."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from schemas.identifiers import IdentifierKind
from schemas.leads import Relation, Stage
from streams.core.alert import Alert, Class
from streams.core.keys import kind_of
from tests.oracle.lead import OracleLead
from tests.oracle.money import Said, amount_at_risk
from tests.oracle.pairs import Pair
from tests.oracle.sightings import window
from tests.oracle.standing import id_of
from tests.oracle.suspects import relation_and_weight

KINDS = {IdentifierKind.NUMBER, IdentifierKind.ACCOUNT, IdentifierKind.PERSON}
RELATIONS = {Relation.CALL_TRANSFER, Relation.CHAT_TRANSFER}


def victim_at_risk(x: str, found: Sequence[Pair], rules: Mapping[str, Any]) -> OracleLead | None:
    """`found` holds no pair through a hub, nor through what is saturated."""
    here = [pair for pair in found if pair.through == x and pair.relation in RELATIONS]
    if kind_of(x) not in KINDS or not here:
        return None
    alerts = list({id_of(alert): alert for pair in here for alert in pair.alerts}.values())
    transfers = [alert for alert in alerts if alert.cls in (Class.PAYER, Class.CHECK)]
    said = [Said(alert, transfer) for alert in transfers for transfer in alert.transfers]
    near = any(pair.rule == "call_transfer_near" for pair in here)
    threshold = rules["levels"]["very_high" if near else "high"]
    return OracleLead(
        level="very-high" if near else "high",
        log_odds=round(math.log(threshold / (1 - threshold)), 6),
        score=threshold,
        stage=(Stage.PRE_TRANSFER if any(is_to_come(s, transfers) for s in said) else Stage.IN_FLIGHT).value,
        sectors=tuple(sorted({alert.sector for alert in alerts})),
        members=tuple(sorted({alert.member for alert in alerts})),
        amount_at_risk=amount_at_risk(said),
        victims_named=0,
        victims_corroborated=0,
        reported=False,
        at=max(alert.end for alert in alerts),
        expires_at=max(alert.start for alert in transfers) + window(rules, "at_risk"),
        evidence=frozenset((*id_of(alert), *relation_and_weight(alert, alerts, here)) for alert in alerts),
    )


def is_to_come(said: Said, transfers: Sequence[Alert]) -> bool:
    """Pending; a check until a transfer of the member that asked, not before it, is among them."""
    check = said.alert
    if check.cls != Class.CHECK:
        return said.transfer.pending
    return not [t for t in transfers if t.cls == Class.PAYER and t.member == check.member and t.start >= check.start]
