"""Which sightings of one identifier are a pair, and by which weight of the rules.

Must never look at more than two alerts at a time, but for hubs and saturation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from schemas.identifiers import IdentifierKind
from schemas.leads import Relation
from streams.core.alert import Alert, Class, Role
from streams.core.keys import kind_of
from tests.oracle.sightings import LINKING, Sighting, hub, saturated, window

RELATIONS: dict[str, Relation] = {
    "call_transfer_near": Relation.CALL_TRANSFER,
    "call_transfer": Relation.CALL_TRANSFER,
    "chat_transfer": Relation.CHAT_TRANSFER,
    "call_chat": Relation.CALL_CHAT,
    "report_link": Relation.REPORT,
    "same_suspect": Relation.SAME_SUSPECT,
    "same_device": Relation.SAME_DEVICE,
    "same_ip": Relation.SAME_IP,
}
"""The relation that each pair's weight in the rules stands for."""
VICTIM_PAIRS = {Relation.CALL_TRANSFER, Relation.CHAT_TRANSFER, Relation.CALL_CHAT, Relation.REPORT}


@dataclass(frozen=True)
class Pair:
    alerts: tuple[Alert, Alert]
    through: str
    rule: str
    """Name of its weight in the rules."""
    weight: float

    @property
    def relation(self) -> Relation:
        return RELATIONS[self.rule]


def pairs(
    kept: Sequence[Sighting], stand: Sequence[Alert], arrivals: Sequence[Alert], rules: Mapping[str, Any]
) -> list[Pair]:
    """Every pair, once for each identifier that makes it one."""
    shut = {x for x in {s.x for s in kept} if hub(x, stand, rules) or saturated(x, arrivals, rules)}
    found = []
    for number, a in enumerate(kept):
        for b in kept[:number]:
            if a.x != b.x or a.alert.member == b.alert.member:
                continue
            if a.x in shut and {a.role, b.role} & LINKING:
                continue
            rule = pair_rule(a, b, rules)
            if rule is not None:
                found.append(Pair((a.alert, b.alert), a.x, rule, rules["weights"][rule]))
    return found


def is_asked(pair: Pair) -> bool:
    """A pair with a risk-check, which is a sign of a victim at risk and of nothing else."""
    return any(alert.cls == Class.CHECK for alert in pair.alerts)


def pair_rule(a: Sighting, b: Sighting, rules: Mapping[str, Any]) -> str | None:
    """By the roles of the identifier in both."""
    roles = {a.role, b.role}
    if roles == {Role.VICTIM}:
        return victim_in_both(a.alert, b.alert, rules) or victim_in_both(b.alert, a.alert, rules)
    if roles == {Role.SUSPECT}:
        return "same_suspect" if gap(a.alert, b.alert) <= window(rules, "suspect") else None
    if Role.VICTIM in roles or Role.ASKED in roles:
        return None
    return conduit(a.x, a.alert, b.alert, rules)


def gap(a: Alert, b: Alert) -> int:
    """Time between two spans, 0 where they overlap."""
    return max(0, a.start - b.end, b.start - a.end)


def victim_in_both(a: Alert, b: Alert, rules: Mapping[str, Any]) -> str | None:
    """For the two in this order: a call or chat before what follows it, a report before what it reports."""
    match a.cls, b.cls:
        case Class.CALL, Class.PAYER | Class.CHECK:
            return call_and_transfer(a, b, rules)
        case Class.CHAT, Class.PAYER | Class.CHECK:
            return "chat_transfer" if follows(a, b, "chat_transfer", rules) else None
        case Class.CALL, Class.CHAT:
            return "call_chat" if gap(a, b) <= window(rules, "call_chat") else None
        case Class.REPORT, other if other != Class.CHECK:
            return "report_link" if reported(a, b, rules) else None
    return None


def call_and_transfer(call: Alert, transfer: Alert, rules: Mapping[str, Any]) -> str | None:
    if follows(call, transfer, "call_transfer_near", rules):
        return "call_transfer_near"
    return "call_transfer" if follows(call, transfer, "call_transfer", rules) else None


def follows(cause: Alert, transfer: Alert, name: str, rules: Mapping[str, Any]) -> bool:
    begun = transfer.start >= cause.start - window(rules, "clock_skew")
    return begun and transfer.start <= cause.end + window(rules, name)


def reported(report: Alert, other: Alert, rules: Mapping[str, Any]) -> bool:
    not_before = other.end >= report.start - window(rules, "report")
    return not_before and other.start <= report.end + window(rules, "clock_skew")


def conduit(x: str, a: Alert, b: Alert, rules: Mapping[str, Any]) -> str | None:
    """Conduit in both, or conduit in one and suspect in the other."""
    if kind_of(x) == IdentifierKind.DEVICE and gap(a, b) <= window(rules, "device"):
        return "same_device"
    if kind_of(x) in (IdentifierKind.IP, IdentifierKind.TERMINAL) and gap(a, b) <= window(rules, "ip"):
        return "same_ip"
    return None
