"""The first core: which alerts of other members share this identifier? Sightings in, links and cuts out.

`state` is changed in place; the outputs are for the suspects' own keys. Order, repetition and retraction in any
sequence end in the same set of links (`docs/correlation.md`), as long as no cap is passed.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from itertools import combinations

from streams.core.alert import Alert, Class, Named, Retraction, Role
from streams.core.pairs import ADDRESSES, DEVICE, links
from streams.core.rules import Rules
from streams.core.state import Cut, Id, Link, Movement, Sighting, State, Tomb

Output = Link | Cut


def of_alert(alert: Alert, named: Named) -> Sighting:
    """The alert as its identifier `named` sees it."""
    suspects = tuple(n.key for n in alert.named if n.role is Role.SUSPECT)
    money = Movement.NONE
    if alert.transfers and alert.cls in (Class.PAYER, Class.PAYEE, Class.CHECK):
        money = Movement.PENDING if alert.transfers[0].pending else Movement.POSTED
    if named.role is not Role.SUSPECT:
        pays = alert.cls in (Class.PAYER, Class.CHECK) and named.role is Role.VICTIM
        transfers = alert.transfers if pays else ()
        return Sighting(
            alert.member, alert.event, alert.sector, alert.cls, named.role, alert.start, alert.end, alert.score,
            money, suspects, transfers, kind=named.kind, basis=named.basis, as_of=named.as_of, holders=named.holders,
            former=named.former,
        )  # fmt: skip
    return Sighting(
        alert.member, alert.event, alert.sector, alert.cls, named.role, alert.start, alert.end, alert.score,
        money, suspects, tuple(t for t in alert.transfers if t.payee == named.key),
        tuple(n.key for n in alert.named if n.role is Role.VICTIM),
        alert.onward, named.kind, named.basis, named.as_of, named.holders, named.former,
    )  # fmt: skip


def sight(state: State, key: str, new: Sighting, rules: Rules) -> list[Output]:
    """Take a sighting; a repeated, retracted or surplus one changes nothing."""
    if not (state.sightings or state.tombs or state.saturated_until):
        state.sightings = [new]
        return []
    if _buried(state, new) or any(s.event == new.event and s.member == new.member for s in state.sightings):
        return []
    if new.role is Role.SUSPECT:
        return _sight_suspect(state, key, new, rules)
    if new.cls is Class.CHECK:
        _sight_check(state, new, rules)
        return []
    if state.saturated_until and new.start <= state.saturated_until:
        _saturate(state, key, new, rules)
        return []
    state.saturated_until = 0
    if sum(_ties(s) for s in state.sightings) >= rules.caps.sightings:
        return _close_for_good(state, key, new, rules)
    return _add(state, key, new, rules)


def retract(state: State, key: str, gone: Retraction, rules: Rules) -> list[Output]:
    """An alert no longer stands, whether it came before or comes later. Victim reports fall only to police or
    conflict."""
    tomb = Tomb(gone.member, gone.event, gone.by_police or gone.conflict, gone.time)
    _bury(state, tomb, rules)
    return remove(state, key, {s.id for s in state.sightings if _falls(tomb, s)}, rules)


def _bury(state: State, new: Tomb, rules: Rules) -> None:
    """Of one member's the latest are kept. What comes though its tomb is gone, the event's own key takes back."""
    known = next((t for t in state.tombs if t.event == new.event and t.member == new.member), None)
    if known is not None and (known.absolute or not new.absolute):
        return
    state.tombs = [*(t for t in state.tombs if t is not known), new]
    own = [t for t in state.tombs if t.member == new.member]
    if len(own) > rules.caps.withdrawn_per_member:
        surplus = min(own, key=lambda t: (t.time, t.event))
        state.tombs = [t for t in state.tombs if t is not surplus]


def outdated(state: State, key: str, now: int, rules: Rules) -> bool:
    """Whether `expire` would forget anything."""
    horizon = now - rules.memory_ms()
    return (
        bool(_old(state, key, now, rules))
        or any(tomb.time < horizon for tomb in state.tombs)
        or any(link.b_end < horizon for link in state.links)
        or 0 < state.saturated_until < now
    )


def expire(state: State, key: str, now: int, rules: Rules) -> list[Output]:
    """Forget what no later alert can be paired with. What was linked stays so until it leaves its suspect's window."""
    horizon = now - rules.memory_ms()
    old = _old(state, key, now, rules)
    was_hub = bool(old) and _hub(state, key, rules)
    state.sightings = [s for s in state.sightings if s.id not in old]
    state.tombs = [t for t in state.tombs if t.time >= horizon]
    state.links = [link for link in state.links if link.b_end >= horizon]
    if state.saturated_until and state.saturated_until < now:
        state.saturated_until = 0
    return list(_all_links(state, key, rules)) if was_hub and not _hub(state, key, rules) else []


def remove(state: State, key: str, gone: set[Id], rules: Rules) -> list[Output]:
    """Drop the sightings of these alerts, and what they link."""
    if not gone:
        return []
    was_open = is_open(state, key, rules)
    leaving = [s for s in state.sightings if s.id in gone]
    staying = [s for s in state.sightings if s.id not in gone]
    state.sightings = staying
    pairs = [(a, b) for a in leaving for b in staying] + list(combinations(leaving, 2))
    outputs = _cuts(link for a, b in pairs if was_open or not _weak(a, b) for link in links(key, a, b, rules))
    if not was_open and is_open(state, key, rules):
        outputs += _all_links(state, key, rules)
    return outputs


def is_open(state: State, key: str, rules: Rules) -> bool:
    """Whether pairs through this identifier as victim or conduit count at present."""
    return not state.saturated_until and not _hub(state, key, rules)


def _old(state: State, key: str, now: int, rules: Rules) -> set[Id]:
    horizon = now - rules.memory_ms()
    near = now - (_window(key, rules) + rules.admission.max_age_s * 1000)
    asked = now - rules.check_memory_ms()
    return {
        s.id
        for s in state.sightings
        if s.end < (asked if s.cls is Class.CHECK else horizon if s.role is Role.SUSPECT else near)
    }


def _sight_suspect(state: State, key: str, new: Sighting, rules: Rules) -> list[Output]:
    mine = [s for s in state.sightings if s.role is Role.SUSPECT and s.member == new.member]
    outputs: list[Output] = []
    if len(mine) >= rules.caps.evidence_per_member:
        oldest = min(mine, key=_recency)
        if _recency(new) < _recency(oldest):
            return []
        outputs = remove(state, key, {oldest.id}, rules)
    return outputs + _add(state, key, new, rules)


def _sight_check(state: State, new: Sighting, rules: Rules) -> None:
    """Checks link nothing and close nothing: a shop is asked about a thousand times, and only the latest matter. Who
    asks most gives way, so that nobody's questions hide another's."""
    checks = [*(s for s in state.sightings if s.cls is Class.CHECK), new]
    state.sightings = [*state.sightings, new]
    if len(checks) > rules.caps.checks:
        of_member = Counter(s.member for s in checks)
        most = max(of_member.values())
        gone = min((s for s in checks if of_member[s.member] == most), key=lambda s: (s.end, s.id))
        state.sightings = [s for s in state.sightings if s is not gone]


def _recency(sighting: Sighting) -> tuple[int, bytes]:
    return (sighting.end, sighting.event)


def _add(state: State, key: str, new: Sighting, rules: Rules) -> list[Output]:
    was_open = is_open(state, key, rules)
    before = state.sightings
    state.sightings = [*before, new]
    if new.role is not Role.SUSPECT and was_open and _hub(state, key, rules):
        return _cuts(link for a, b in combinations(before, 2) if _weak(a, b) for link in links(key, a, b, rules))
    return [link for other in before if was_open or not _weak(new, other) for link in links(key, new, other, rules)]


def _close_for_good(state: State, key: str, new: Sighting, rules: Rules) -> list[Output]:
    outputs: list[Output] = []
    if is_open(state, key, rules):
        outputs = _cuts(_all_links(state, key, rules))
    for sighting in state.sightings:
        if _ties(sighting):
            _saturate(state, key, sighting, rules)
    _saturate(state, key, new, rules)
    state.sightings = [s for s in state.sightings if not _ties(s)]
    return outputs


def _saturate(state: State, key: str, sighting: Sighting, rules: Rules) -> None:
    state.saturated_until = max(state.saturated_until, sighting.start + _window(key, rules))


def _all_links(state: State, key: str, rules: Rules) -> list[Link]:
    """Links of every pair that an open identifier has and a closed one has not."""
    pairs = combinations(state.sightings, 2)
    return [link for a, b in pairs if _weak(a, b) for link in links(key, a, b, rules)]


def _ties(sighting: Sighting) -> bool:
    """Whether it may link two alerts through this identifier without naming it as a suspect."""
    return sighting.role is not Role.SUSPECT and sighting.cls is not Class.CHECK


def _weak(a: Sighting, b: Sighting) -> bool:
    """A pair that a hub or a saturated identifier does not count."""
    return a.role is not Role.SUSPECT or b.role is not Role.SUSPECT


def _cuts(gone: Iterable[Link]) -> list[Output]:
    return [Cut(link.suspect, *link.identity) for link in gone]


def _hub(state: State, key: str, rules: Rules) -> bool:
    """More distinct suspects than the cap through sightings that start within one window."""
    cap = rules.caps.hub_suspects
    passing = [s for s in state.sightings if s.role is not Role.SUSPECT]
    if sum(len(s.suspects) for s in passing) <= cap:
        return False
    if len({suspect for s in passing for suspect in s.suspects}) <= cap:
        return False
    span = _window(key, rules)
    inside: deque[Sighting] = deque()
    for sighting in sorted(passing, key=lambda s: s.start):
        inside.append(sighting)
        while inside[0].start < sighting.start - span:
            inside.popleft()
        if len({suspect for s in inside for suspect in s.suspects}) > cap:
            return True
    return False


def _window(key: str, rules: Rules) -> int:
    """How long a victim or conduit of this kind ties alerts together, in ms."""
    if key[0] == DEVICE:
        return rules.windows.device_s * 1000
    return (rules.windows.ip_s if key[0] in ADDRESSES else rules.windows.chat_transfer_s) * 1000


def _buried(state: State, sighting: Sighting) -> bool:
    return any(_falls(tomb, sighting) for tomb in state.tombs)


def _falls(tomb: Tomb, sighting: Sighting) -> bool:
    same = tomb.event == sighting.event and tomb.member == sighting.member
    return same and (tomb.absolute or sighting.cls is not Class.REPORT)
