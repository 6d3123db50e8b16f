"""The second core: what is known of this suspect? Its own sightings and the links from elsewhere, judged by the rules.

`judge` is a function of the state alone, so that the last snapshot does not depend on how the state came about.
The text that this is the code of is `docs/correlation.md` ("Evidence of a suspect").
"""

from __future__ import annotations

from dataclasses import dataclass

from streams.core.alert import Class, Role
from streams.core.rules import Rules
from streams.core.score import Item, Score, direct_weight, link_weight, score
from streams.core.state import VICTIM_RELATIONS, Cut, Id, Link, Pairing, Sighting, State


@dataclass(frozen=True, slots=True)
class Judgement:
    """All that a lead says of a suspect; `level` none where there is no lead."""

    score: Score
    direct: tuple[Sighting, ...]
    items: tuple[Item, ...]
    links: dict[Id, Link]
    at: int
    payer_sightings: tuple[Sighting, ...]
    asked: bool
    """A bank asked, before its customer paid the subject, and it is no day since."""


def link(state: State, new: Link, rules: Rules) -> None:
    """Take a link. Of one member's alerts that another's are linked with, the cap's number is kept, the latest: what a
    third member says takes the place of none."""
    if any(known.b_event == new.b_event and known.identity == new.identity for known in state.links):
        return
    state.links.append(new)
    alike = [k for k in state.links if k.b_member == new.b_member and k.a_member == new.a_member]
    linked = {(known.b_end, known.b_event) for known in alike}
    if len(linked) > rules.caps.evidence_per_member:
        _, surplus = min(linked)
        gone = {id(known) for known in alike if known.b_event == surplus}
        state.links = [known for known in state.links if id(known) not in gone]


def cut(state: State, gone: Cut) -> None:
    """Drop a link, if it is there."""
    state.links = [known for known in state.links if known.b_event != gone.b_event or known.identity != gone.identity]


def merit(known: Link, rules: Rules) -> tuple[float, Pairing, tuple[str, str, bytes, str, bytes]]:
    """Of two links to one alert the lesser one counts: the greater weight, then the first relation by its order."""
    return -link_weight(known.relation, rules), known.relation, known.identity


def judge(state: State, rules: Rules) -> Judgement | None:
    """What is known of the key as a suspect, or None where no standing alert of the evidence's window names it."""
    named = [s for s in state.sightings if s.role is Role.SUSPECT]
    if not named:
        return None
    by_id = {s.id: s for s in named}
    links = [k for k in state.links if (k.a_member, k.a_event) in by_id]
    at = max(max(s.end for s in named), max((k.b_end for k in links if _is_linked(k, by_id)), default=0))
    since = at - rules.windows.evidence_s * 1000
    by_id = {i: s for i, s in by_id.items() if s.end >= since}
    if not by_id:
        return None
    links = [k for k in links if (k.a_member, k.a_event) in by_id]
    best: dict[Id, Link] = {}
    for known in links:
        if known.b_end >= since and _is_linked(known, by_id):
            best[(known.b_member, known.b_event)] = _better(best.get((known.b_member, known.b_event)), known, rules)
    direct = tuple(sorted(by_id.values(), key=lambda s: (s.end, s.member, s.event)))
    items = [Item(s.id, s.sector, direct_weight(s, rules), s.cls is Class.REPORT, False) for s in direct]
    items += [Item(i, k.b_sector, link_weight(k.relation, rules), False, True) for i, k in sorted(best.items())]
    total = score(items, *_victims(direct, links), _only_typed(direct), rules)
    payers = tuple(s for s in state.sightings if s.role is Role.VICTIM and s.cls is Class.PAYER)
    recent = at - rules.windows.at_risk_s * 1000
    asked = any(s.role is Role.ASKED and s.end >= recent for s in state.sightings)
    return Judgement(total, direct, tuple(items), best, at, payers, asked)


def _is_linked(known: Link, named: dict[Id, Sighting]) -> bool:
    """A link to an alert that itself names the suspect corroborates a victim, and is no item of its own."""
    return (known.b_member, known.b_event) not in named


def _better(old: Link | None, new: Link, rules: Rules) -> Link:
    if old is None:
        return new
    return min(old, new, key=lambda k: merit(k, rules))


def _only_typed(direct: tuple[Sighting, ...]) -> bool:
    return all(s.basis == 0 for s in direct)


def _victims(direct: tuple[Sighting, ...], links: list[Link]) -> tuple[int, int]:
    """How many victims the suspect's own alerts name, and how many of them others corroborate."""
    corroborated = {(k.a_member, k.a_event) for k in links if k.relation in VICTIM_RELATIONS}
    groups: list[tuple[set[str], bool]] = []
    for sighting in direct:
        if not sighting.victims:
            continue
        keys, sure = set(sighting.victims), sighting.cls is Class.REPORT or sighting.id in corroborated
        apart = []
        for other, other_sure in groups:
            if keys & other:
                keys, sure = keys | other, sure or other_sure
            else:
                apart.append((other, other_sure))
        groups = [*apart, (keys, sure)]
    return len(groups), sum(sure for _, sure in groups)
