"""How much is kept of one identifier: its state, and the lead that it makes, must each be one record for the broker.

Each member has an equal share of the room, and what it does not need is the others': who says more than its share loses
the earliest of its own. Must never take from a member what lies within its share.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from streams.core import packing
from streams.core.alert import Role
from streams.core.evidence import merit
from streams.core.rules import Rules
from streams.core.sightings import Output, remove
from streams.core.state import VICTIM_RELATIONS, Id, Link, Sighting, State, Tomb

MAX_STATE = 360_000
"""Bytes, packed. Its lead has up to two and a half times as many, which `schemas.topics.LEADS` takes."""
MEASURED = 28
"""A state of more items is measured: so many of the greatest (`streams.core.extract.MAX_HOLDER`) fit in any case."""
LEFT = 0.9
"""The part of its room to which a state is brought, so that the next alert does not bring it there again."""

Item = Sighting | Link | Tomb


def is_large(state: State) -> bool:
    """Whether `trim` has something to do."""
    if len(state.sightings) + len(state.links) + len(state.tombs) <= MEASURED:
        return False
    return packing.size(state) > MAX_STATE


def trim(state: State, key: str, rules: Rules) -> list[Output]:
    """Bring the state into its room; what the keys of other suspects must know of it."""
    best, sure = _telling(state, rules)
    state.links = [*best, *sure]
    surplus = set(_surplus(state, best, sure))
    state.tombs = [tomb for tomb in state.tombs if id(tomb) not in surplus]
    state.links = [link for link in state.links if id(link) not in surplus]
    return remove(state, key, {s.id for s in state.sightings if id(s) in surplus}, rules)


def _telling(state: State, rules: Rules) -> tuple[list[Link], list[Link]]:
    """Of the links to one alert the best; of what is left, one for each alert whose victim no best one corroborates."""
    named = {s.id for s in state.sightings if s.role is Role.SUSPECT}
    best: dict[Id, Link] = {}
    sure: dict[Id, Link] = {}
    for link in sorted(state.links, key=lambda k: ((k.a_member, k.a_event) not in named, merit(k, rules))):
        chosen = best.setdefault((link.b_member, link.b_event), link)
        if link.relation in VICTIM_RELATIONS and (chosen is link or (link.a_member, link.a_event) not in sure):
            sure[(link.a_member, link.a_event)] = link
    kept = set(map(id, best.values()))
    return list(best.values()), [link for link in sure.values() if id(link) not in kept]


def _surplus(state: State, best: Iterable[Link], sure: Iterable[Link]) -> Iterator[int]:
    """`id` of what goes: of each member that has more than its share, the earliest, what is withdrawn before all."""
    owned: dict[str, list[Item]] = defaultdict(list)
    for sighting in state.sightings:
        owned[sighting.member].append(sighting)
    for tomb in state.tombs:
        owned[tomb.member].append(tomb)
    for link in best:
        owned[link.b_member].append(link)
    for link in sure:
        owned[link.a_member].append(link)
    totals = {member: sum(map(packing.size, items)) for member, items in owned.items()}
    share = _share(totals.values(), int(MAX_STATE * LEFT))
    for member, items in owned.items():
        left = totals[member]
        for item in sorted(items, key=_age):
            if left <= share:
                break
            left -= packing.size(item)
            yield id(item)


def _share(totals: Iterable[int], room: int) -> int:
    """What each may have: equal parts, of which those who need less leave the rest to the others."""
    ascending = sorted(totals)
    for index, total in enumerate(ascending):
        share = room // (len(ascending) - index)
        if total > share:
            return share
        room -= total
    return ascending[-1]


def _age(item: Item) -> tuple[bool, int, bytes]:
    if isinstance(item, Tomb):
        return False, item.time, item.event
    if isinstance(item, Link):
        return True, item.b_end, item.b_event
    return True, item.end, item.event
