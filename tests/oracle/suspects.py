"""Evidence of a suspect, its victims, score, level and stage. Must never look at a victim at risk."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from schemas.leads import Relation, Stage
from streams.core.alert import Alert, Class, Onward, Role
from tests.oracle.lead import OracleLead
from tests.oracle.money import Said, amount_at_risk
from tests.oracle.pairs import VICTIM_PAIRS, Pair
from tests.oracle.sightings import Sighting, named_victims, window
from tests.oracle.standing import id_of

DIRECT = {Class.PAYER: "payer_bank", Class.PAYEE: "payee_bank", Class.CALL: "carrier", Class.CHAT: "platform"}
TYPED = 0


def suspect_lead(
    s: str, kept: Sequence[Sighting], found: Sequence[Pair], stand: Sequence[Alert], rules: Mapping[str, Any]
) -> OracleLead | None:
    d = [sighting.alert for sighting in kept if sighting.x == s and sighting.role == Role.SUSPECT]
    if not d:
        return None
    t = max(alert.end for alert in d + linked(d, stand, found))
    d = [alert for alert in d if alert.end >= t - window(rules, "evidence")]
    links = [alert for alert in linked(d, stand, found) if alert.end >= t - window(rules, "evidence")]
    named, corroborated = victims(d, found)
    log_odds = score(d, links, found, (named, corroborated), rules)
    probability = 1 / (1 + math.exp(-log_odds))
    level = level_of(s, d, links, probability, rules)
    if level is None:
        return None
    return OracleLead(
        level=level,
        log_odds=log_odds,
        score=probability,
        stage=stage(s, d, links, stand, is_asked_about(s, kept, t - window(rules, "at_risk"))),
        sectors=tuple(sorted({alert.sector for alert in d + links})),
        members=tuple(sorted({alert.member for alert in d + links})),
        amount_at_risk=amount_at_risk(transfers_to(s, d)),
        victims_named=named,
        victims_corroborated=corroborated,
        reported=any(alert.cls == Class.REPORT for alert in d),
        at=t,
        expires_at=t + window(rules, "evidence"),
        evidence=frozenset(
            [(*id_of(alert), Relation.NAMED.value, round(direct_weight(alert, rules), 6)) for alert in d]
            + [(*id_of(alert), *relation_and_weight(alert, d, found)) for alert in links]
        ),
    )


def linked(d: Sequence[Alert], stand: Sequence[Alert], found: Sequence[Pair]) -> list[Alert]:
    """L: the standing alerts not in D that form a pair with one in D."""
    return [alert for alert in stand if alert not in d and pairs_with(alert, d, found)]


def pairs_with(alert: Alert, d: Sequence[Alert], found: Sequence[Pair]) -> list[Pair]:
    return [
        pair
        for pair in found
        if (pair.alerts[0] == alert and pair.alerts[1] in d) or (pair.alerts[1] == alert and pair.alerts[0] in d)
    ]


def direct_weight(alert: Alert, rules: Mapping[str, Any]) -> float:
    if alert.cls == Class.REPORT:
        return float(rules["weights"]["report"])
    return float(rules["weights"][DIRECT[alert.cls]]) * (0.5 + alert.score)


def relation_and_weight(alert: Alert, d: Sequence[Alert], found: Sequence[Pair]) -> tuple[str, float]:
    """The greatest of its pairs; of equal ones the relation first by name."""
    best = min(pairs_with(alert, d, found), key=lambda pair: (-pair.weight, pair.relation.value))
    return best.relation.value, round(best.weight, 6)


def victims(d: Sequence[Alert], found: Sequence[Pair]) -> tuple[int, int]:
    """Counts of victims named and corroborated."""
    together: list[tuple[set[str], list[Alert]]] = []
    for alert in d:
        if named_victims(alert):
            same = [group for group in together if group[0] & named_victims(alert)]
            together = [group for group in together if group not in same]
            together.append(
                (
                    named_victims(alert).union(*(keys for keys, _ in same)),
                    [alert, *(member for _, alerts in same for member in alerts)],
                )
            )
    return len(together), sum(any(corroborates(alert, found) for alert in alerts) for _, alerts in together)


def corroborates(alert: Alert, found: Sequence[Pair]) -> bool:
    return alert.cls == Class.REPORT or any(alert in p.alerts and p.relation in VICTIM_PAIRS for p in found)


def score(
    d: Sequence[Alert],
    links: Sequence[Alert],
    found: Sequence[Pair],
    counts: tuple[int, int],
    rules: Mapping[str, Any],
) -> float:
    """The log-odds."""
    weights, (named, corroborated) = rules["weights"], counts
    floor = weights["corroborated_floor"]
    factor = floor + (1 - floor) * (corroborated / named if named else 0)
    items = [(alert, direct_weight(alert, rules)) for alert in d if alert.cls != Class.REPORT]
    items += [(alert, relation_and_weight(alert, d, found)[1] * factor) for alert in links]
    reports = [direct_weight(alert, rules) for alert in d if alert.cls == Class.REPORT]
    sectors = len({branch(alert.sector) for alert in [*d, *links]} - {"police"})
    bonus = (weights["second_sector"] if sectors >= 2 else 0) + (weights["third_sector"] if sectors >= 3 else 0)
    more = (weights["second_victim"] if corroborated >= 2 else 0) + weights["further_victim"] * max(0, corroborated - 2)
    total = [saturating(items, rules), *reports, factor * bonus, more, weights["prior"]]
    return round(math.fsum(total), 6)


def saturating(items: Sequence[tuple[Alert, float]], rules: Mapping[str, Any]) -> float:
    """Per member, then per sector, each at most its cap."""
    caps = rules["saturation"]
    of_sector: dict[str, list[float]] = {}
    for sector, member in {(branch(alert.sector), alert.member) for alert, _ in items}:
        own = math.fsum(weight for alert, weight in items if (branch(alert.sector), alert.member) == (sector, member))
        of_sector.setdefault(sector, []).append(min(own, caps["member"]))
    return math.fsum(min(math.fsum(sums), caps["sector"]) for sums in of_sector.values())


def level_of(
    s: str, d: Sequence[Alert], links: Sequence[Alert], probability: float, rules: Mapping[str, Any]
) -> str | None:
    levels, all_evidence = rules["levels"], [*d, *links]
    if not d or probability < levels["medium"]:
        return None
    if len({alert.member for alert in all_evidence}) < 2 and not any(a.cls == Class.REPORT for a in all_evidence):
        return None
    only_typed = all(named.basis == TYPED for alert in d for named in alert.named if named.key == s)
    if probability < levels["high"] or only_typed:
        return "medium"
    return "high" if probability < levels["very_high"] else "very-high"


def transfers_to(s: str, d: Sequence[Alert]) -> list[Said]:
    return [Said(alert, transfer) for alert in d for transfer in alert.transfers if transfer.payee == s]


def is_asked_about(s: str, kept: Sequence[Sighting], since: int) -> bool:
    return any(k.x == s and k.role == Role.ASKED and k.alert.end >= since for k in kept)


def stage(s: str, d: Sequence[Alert], links: Sequence[Alert], stand: Sequence[Alert], asked: bool) -> str:
    to_s = [said.transfer for said in transfers_to(s, d)]
    of_links = [t for alert in links if alert.cls in (Class.PAYER, Class.PAYEE) for t in alert.transfers]
    if any(alert.onward == Onward.CASH_OUT for alert in d):
        return Stage.CASH_OUT.value
    if any(alert.onward == Onward.TRANSFER for alert in d):
        return Stage.LAYERING.value
    if to_s and paid_on(s, min(t.time for t in to_s), stand):
        return Stage.LAYERING.value
    if any(not t.pending for t in to_s + of_links):
        return Stage.IN_FLIGHT.value
    return Stage.PRE_TRANSFER.value if to_s or of_links or asked else Stage.CONTACT.value


def paid_on(s: str, since: int, stand: Sequence[Alert]) -> bool:
    """Does `s` appear as payer in a standing posted transfer not before `since`?"""
    return any(
        s in named_victims(alert) and any(not t.pending and t.time >= since for t in alert.transfers)
        for alert in stand
        if alert.cls == Class.PAYER
    )


def branch(sector: str) -> str:
    """Money is one sector, whoever keeps it."""
    return "money" if sector in ("bank", "payment", "securities", "insurance") else sector
