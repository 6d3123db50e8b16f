"""The score: a sum of named weights that saturates within a member and a sector and rises across sectors.

Log-odds, after the table in `streams/rules.toml`; the sums are exact (`math.fsum`), so that order does not matter.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from schemas.registry import MONEY, Sector
from schemas.risk import Level
from streams.core.alert import Class
from streams.core.rules import Rules
from streams.core.state import Id, Pairing, Sighting

_MONEY = frozenset(sector.value for sector in MONEY)


@dataclass(frozen=True, slots=True)
class Item:
    """One alert that bears on the suspect, with its weight before the corroborated share and saturation."""

    id: Id
    sector: str
    weight: float
    report: bool
    linked: bool


@dataclass(frozen=True, slots=True)
class Score:
    level: Level
    log_odds: float
    probability: float
    victims_named: int
    victims_corroborated: int


def direct_weight(sighting: Sighting, rules: Rules) -> float:
    """Weight of an alert that names the suspect."""
    weights = rules.weights
    if sighting.cls is Class.REPORT:
        return weights.report
    base = (weights.payer_bank, weights.payee_bank, weights.carrier, weights.platform)[sighting.cls]
    return base * (0.5 + sighting.score)


def link_weight(relation: Pairing, rules: Rules) -> float:
    """Weight of an alert that shares an identifier with one that names the suspect."""
    weights = rules.weights
    return (
        weights.call_transfer_near,
        weights.call_transfer,
        weights.chat_transfer,
        weights.call_chat,
        weights.report_link,
        weights.same_suspect,
        weights.same_device,
        weights.same_ip,
    )[relation]


def score(items: Sequence[Item], named: int, corroborated: int, only_typed: bool, rules: Rules) -> Score:
    """Score and level of a suspect; no lead without two members or a report."""
    weights = rules.weights
    share = corroborated / named if named else 0.0
    factor = weights.corroborated_floor + (1 - weights.corroborated_floor) * share
    log_odds = round(
        math.fsum(
            [
                weights.prior,
                *(item.weight for item in items if item.report),
                *_saturated(items, factor, rules),
                factor * _sectors(items, rules),
                _further_victims(corroborated, rules),
            ]
        ),
        6,
    )
    probability = 1 / (1 + math.exp(-log_odds))
    grounds = len({item.id[0] for item in items}) >= 2 or any(item.report for item in items)
    level = level_of(probability, rules) if grounds else Level.NONE
    if only_typed and level in (Level.HIGH, Level.VERY_HIGH):
        level = Level.MEDIUM
    return Score(level, log_odds, probability, named, corroborated)


def level_of(probability: float, rules: Rules) -> Level:
    """The level that a probability reaches."""
    if probability >= rules.levels.very_high:
        return Level.VERY_HIGH
    if probability >= rules.levels.high:
        return Level.HIGH
    return Level.MEDIUM if probability >= rules.levels.medium else Level.NONE


def _saturated(items: Sequence[Item], factor: float, rules: Rules) -> list[float]:
    """Per sector the sum over its members, each and all bounded; victim reports that name the suspect apart."""
    members: dict[tuple[str, str], list[float]] = defaultdict(list)
    for item in items:
        if not item.report:
            members[(_branch(item.sector), item.id[0])].append(item.weight * (factor if item.linked else 1.0))
    sectors: dict[str, list[float]] = defaultdict(list)
    for (sector, _), weights in members.items():
        sectors[sector].append(min(math.fsum(weights), rules.saturation.member))
    return [min(math.fsum(weights), rules.saturation.sector) for weights in sectors.values()]


def _sectors(items: Sequence[Item], rules: Rules) -> float:
    count = len({_branch(item.sector) for item in items} - {Sector.POLICE.value})
    bonus = rules.weights.second_sector if count >= 2 else 0.0
    return bonus + (rules.weights.third_sector if count >= 3 else 0.0)


def _further_victims(corroborated: int, rules: Rules) -> float:
    if corroborated < 2:
        return 0.0
    return rules.weights.second_victim + (corroborated - 2) * rules.weights.further_victim


def _branch(sector: str) -> str:
    """Banks and payment firms see the same transfers: two of them are no second view of the scam."""
    return Sector.BANK.value if sector in _MONEY else sector
