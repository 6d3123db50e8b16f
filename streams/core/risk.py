"""Victims at risk: a call or chat of one member meets a transfer, or a check before one, of another at one victim.

Decided where they meet.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

from schemas.risk import Level
from streams.core.alert import Class, Role
from streams.core.pairs import relate
from streams.core.rules import Rules
from streams.core.score import link_weight
from streams.core.sightings import is_open
from streams.core.state import Id, Movement, Pairing, Sighting, State

MEETINGS = (Pairing.CALL_TRANSFER_NEAR, Pairing.CALL_TRANSFER, Pairing.CHAT_TRANSFER)
PAYING = (Class.PAYER, Class.CHECK)
VICTIM_KINDS = "nap"
"""Namespace letters of numbers, accounts and persons."""


@dataclass(frozen=True, slots=True)
class AtRisk:
    """The alerts that meet at one victim, by time; the closest relation of each."""

    level: Level
    sightings: tuple[Sighting, ...]
    relations: dict[Id, Pairing]
    pending: bool
    last_transfer: int


def victim_at_risk(state: State, key: str, rules: Rules) -> AtRisk | None:
    """None where nothing meets, or the identifier is a hub or saturated."""
    seen = [s for s in state.sightings if s.role is Role.VICTIM and s.cls in (*PAYING, Class.CALL, Class.CHAT)]
    if len(seen) < 2 or key[0] not in VICTIM_KINDS or not is_open(state, key, rules):
        return None
    relations: dict[Id, Pairing] = {}
    met: dict[Id, Sighting] = {}
    for a, b in combinations(seen, 2):
        relation = relate(key, a, b, rules)
        if relation in MEETINGS:
            for sighting in (a, b):
                met[sighting.id] = sighting
                relations[sighting.id] = _closer(relation, relations.get(sighting.id, relation), rules)
    if not met:
        return None
    sightings = tuple(sorted(met.values(), key=lambda s: (s.start, s.id)))
    transfers = [s for s in sightings if s.cls in PAYING]
    near = Pairing.CALL_TRANSFER_NEAR in relations.values()
    return AtRisk(
        Level.VERY_HIGH if near else Level.HIGH,
        sightings,
        relations,
        any(_is_pending(s, transfers) for s in transfers),
        max(s.start for s in transfers),
    )


def _is_pending(paying: Sighting, transfers: list[Sighting]) -> bool:
    """A check is answered by the same member's next transfer: it is pending no longer."""
    if paying.cls is Class.CHECK:
        own = [s for s in transfers if s.cls is Class.PAYER and s.member == paying.member]
        return all(s.start < paying.start for s in own)
    return paying.money is Movement.PENDING


def _closer(one: Pairing, other: Pairing, rules: Rules) -> Pairing:
    """The relation of the greater weight; of equal ones the first."""
    return min(one, other, key=lambda r: (-link_weight(r, rules), r))
