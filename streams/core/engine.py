"""One partition of the correlation: signals in; state, signals for other keys and lead snapshots out.

Pure but for its dict. `apply` takes signals in their order; `flush` gives all that has to move in one transaction. The
state is kept packed and is unpacked only while a batch touches it. Must never talk to Kafka, read a clock or decide
about retries.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from schemas.leads import SubjectRole
from streams.core import bounds, events, evidence, packing, sightings
from streams.core.alert import Alert, Class, Retraction, Role
from streams.core.former import former_key
from streams.core.partitioning import Signal, destinations, event_key, partition_of
from streams.core.rules import Rules
from streams.core.snapshots import Snapshot, said, spared, suspect_lead, victim_lead, withdrawn
from streams.core.state import Cut, EventState, Link, State

DEBOUNCE_MS = 1_000
TURNED_KEYS = 2_000
"""How many keys a flush looks at anew since leads come under another epoch: its transaction must stay short."""
T = TypeVar("T")


@dataclass
class Flush:
    """What one batch changed: all of it, or nothing, must reach the broker."""

    changelog: dict[str, bytes | None] = field(default_factory=dict)
    signals: dict[int, list[Signal]] = field(default_factory=lambda: defaultdict(list))
    leads: list[tuple[str, Snapshot]] = field(default_factory=list)
    """State key and snapshot."""
    formers: dict[str, str] = field(default_factory=dict)
    """State key of a lead → its key under the older epoch, as most of the members say that know both."""
    retired: set[str] = field(default_factory=set)
    """State keys whose leads fall because leads come under another epoch now."""
    conflicts: list[tuple[str, bytes]] = field(default_factory=list)
    """Member and event id, each time a second content arrives."""


class Engine:
    """Owner of one partition's state. `store` maps a state key to its packed bytes."""

    def __init__(
        self,
        partition: int,
        partitions: int,
        rules: Rules,
        store: dict[str, bytes] | None = None,
        leading: str | None = None,
    ) -> None:
        self.partition = partition
        self.partitions = partitions
        self.rules = rules
        self.store = {} if store is None else store
        self.allowed: Mapping[str, str] = {key: "" for key, value in self.store.items() if packing.is_spared(value)}
        """State key → id of its allow-list entry; until the first `allow` the keys that the state was left with."""
        self.spared: Counter[str] = Counter()
        """Id of an entry → leads that were not published because of it."""
        self.saturated: set[str] = set()
        """Keys that are saturated, as far as a batch has touched them."""
        self.counts: Counter[str] = Counter()
        self._live: dict[str, State] = {}
        self._events: dict[str, EventState] = {}
        self._out = Flush()
        self._waiting: dict[str, int] = {key: 0 for key, value in self.store.items() if packing.is_waiting(value)}
        self._leading, self._turning = "", list[str]()
        self.lead_under(leading)

    def apply(self, signals: Iterable[Signal]) -> None:
        """Take signals in the order of the partition; those that concern other partitions' keys alone change
        nothing."""
        for signal in signals:
            if isinstance(signal, Alert):
                self._alert(signal)
            elif isinstance(signal, Retraction):
                self._retraction(signal)
            else:
                self._link(signal)

    def flush(self, now: int, at: int) -> Flush:
        """Judge what was touched, and hand over what must be written; `now`, in ms of a clock that nobody
        sets, decides what may wait, `at` in ms of alliance time is when a lead fell of which nothing is left."""
        self._bound()
        out, self._out = self._out, Flush()
        for key in self._turned():
            self._state(key)
        due = [key for key, since in self._waiting.items() if now - since >= DEBOUNCE_MS]
        for key in {**self._live, **dict.fromkeys(due)}:
            self._publish(key, self._state(key), now, at, out)
        for key, state in self._live.items():
            marks = key in self._waiting, key in self.allowed, self._is_silent(key)
            self._keep(out, key, None if state.empty() else packing.pack(state, *marks))
            if state.saturated_until:
                self.saturated.add(key)
            elif self.saturated:
                self.saturated.discard(key)
        for key, known in self._events.items():
            self._keep(out, key, packing.pack_event(known))
        self._live, self._events = {}, {}
        return out

    def next_due(self) -> int | None:
        """When, by the `now` of `flush`, a waiting snapshot must be published; None if none waits."""
        if self._turning:
            return 0
        return min(self._waiting.values()) + DEBOUNCE_MS if self._waiting else None

    def expire(self, keys: Iterable[str], now: int) -> None:
        """Forget what can't matter any more of these keys; `now` in ms of alliance time."""
        for key in keys:
            packed = self.store.get(key)
            if packed is None:
                continue
            if key.startswith("!"):
                self._expire_event(key, packed, now)
            elif key in self._live or sightings.outdated(packing.unpack(packed), key, now, self.rules):
                self._emit(sightings.expire(self._state(key), key, now, self.rules))

    def allow(self, entries: Mapping[str, str]) -> None:
        """The allow-list changed: what it names is no subject, and what it named before may be one again."""
        for key in self.allowed.keys() ^ entries.keys():
            if key in self.store:
                self._state(key)
        self.allowed = entries

    def lead_under(self, epoch: str | None) -> None:
        """Leads are told of what this epoch names, and of nothing else; None where no epoch is known: of everything.

        A few keys at a time are looked at anew by each flush from now on; a mark in the state says which still have to
        be, also to the next owner.
        """
        prefix = "" if epoch is None else f"{epoch}:"
        if prefix == self._leading:
            return
        self._leading = prefix
        self._turning = [
            key
            for key, value in self.store.items()
            if not key.startswith("!") and packing.is_silent(value) != self._is_silent(key)
        ]

    def _turned(self) -> list[str]:
        """The next keys to look at; what has expired meanwhile has nothing to say."""
        keys, self._turning = self._turning[:TURNED_KEYS], self._turning[TURNED_KEYS:]
        return [key for key in keys if key in self.store]

    def _is_silent(self, key: str) -> bool:
        return not key.startswith(self._leading, 1)

    def _alert(self, alert: Alert) -> None:
        for named in alert.named:
            if self._mine(named.key):
                self.counts["sightings"] += 1
                sighting = sightings.of_alert(alert, named)
                self._emit(sightings.sight(self._state(named.key), named.key, sighting, self.rules))
        own = event_key(alert.member, alert.event)
        if self._mine(own):
            self._arrived(own, alert)

    def _arrived(self, own: str, alert: Alert) -> None:
        state = self._event(own)
        known, repeated = len(state.contents), state.duplicates
        self._send(events.arrive(state, alert))
        # The other epoch's telling of one that came before is neither.
        self.counts["alerts"] += len(state.contents) > known or state.duplicates > repeated
        self.counts["duplicates"] += state.duplicates - repeated
        if len(state.contents) > max(known, 1):
            self.counts["conflicts"] += 1
            self._out.conflicts.append((alert.member, alert.event))

    def _retraction(self, gone: Retraction) -> None:
        for key in gone.keys:
            if self._mine(key):
                self._emit(sightings.retract(self._state(key), key, gone, self.rules))
        own = event_key(gone.member, gone.event)
        if not gone.derived and self._mine(own):
            self.counts["withdrawals"] += 1
            self._send(events.withdraw(self._event(own), gone))

    def _link(self, signal: Link | Cut) -> None:
        if not self._mine(signal.suspect):
            return
        state = self._state(signal.suspect)
        if isinstance(signal, Link):
            evidence.link(state, signal, self.rules)
        else:
            evidence.cut(state, signal)

    def _emit(self, outputs: list[Link | Cut]) -> None:
        for output in outputs:
            self._send(output)

    def _send(self, signal: Signal | None) -> None:
        """What is for a key of this partition is applied at once; the rest goes through the topic."""
        if signal is None:
            return
        for partition in destinations(signal, self.partitions):
            if partition == self.partition:
                self.apply((signal,))
            else:
                self._out.signals[partition].append(signal)

    def _bound(self) -> None:
        """What other keys are told may make theirs larger: until none is. Each time sightings become fewer."""
        while large := [
            key
            for key, state in self._live.items()
            if (len(state.sightings) > 1 or state.links or state.tombs) and bounds.is_large(state)
        ]:
            for key in large:
                self._emit(bounds.trim(self._state(key), key, self.rules))

    def _publish(self, key: str, state: State, now: int, at: int, out: Flush) -> None:
        if _says_nothing(state):
            return
        silent = self._is_silent(key)
        suspect = suspect_lead(state, key, self.rules) if not silent and _may_lead(state) else None
        victim = victim_lead(state, key, self.rules) if not silent and len(state.sightings) > 1 else None
        if key in self.allowed and not silent:
            self.spared[self.allowed[key]] += (said(suspect) is not None) + (said(victim) is not None)
            suspect, victim = spared(suspect), spared(victim)
        waits = self._publish_one(SubjectRole.SUSPECT, key, state, suspect, now, at, out)
        waits |= self._publish_one(SubjectRole.VICTIM, key, state, victim, now, at, out)
        if waits:
            self._waiting.setdefault(key, now)
        else:
            self._waiting.pop(key, None)

    def _publish_one(
        self, role: SubjectRole, key: str, state: State, snapshot: Snapshot | None, now: int, at: int, out: Flush
    ) -> bool:
        """Publish if it must be told now; True if something is left to be told within a second."""
        attribute = "said_suspect" if role is SubjectRole.SUSPECT else "said_victim"
        before, after = getattr(state, attribute), said(snapshot)
        if before == after:
            return False
        patient = before is not None and after is not None and before.material == after.material
        since = self._waiting.get(key, now)
        if patient and now - since < DEBOUNCE_MS:
            return True
        told = (
            snapshot if after is not None and snapshot is not None else withdrawn(role, key, snapshot, self.rules, at)
        )
        setattr(state, attribute, after)
        out.leads.append((key, told))
        if self._is_silent(key):
            out.retired.add(key)
        elif former := former_key(state):
            out.formers[key] = former
        self.counts["leads"] += 1
        return False

    def _expire_event(self, key: str, packed: bytes, now: int) -> None:
        known = packing.unpack_event(packed)
        memory = self.rules.check_memory_ms() if known.check else self.rules.memory_ms()
        if known.time < now - memory and key not in self._events:
            self._keep(self._out, key, None)

    def _keep(self, out: Flush, key: str, value: bytes | None) -> None:
        out.changelog[key] = value
        if value is None:
            self.store.pop(key, None)
        else:
            self.store[key] = value

    def _state(self, key: str) -> State:
        return self._unpacked(self._live, key, packing.unpack, State)

    def _event(self, key: str) -> EventState:
        return self._unpacked(self._events, key, packing.unpack_event, lambda: EventState(0))

    def _unpacked(self, live: dict[str, T], key: str, unpack: Callable[[bytes], T], new: Callable[[], T]) -> T:
        state = live.get(key)
        if state is None:
            packed = self.store.get(key)
            state = live[key] = new() if packed is None else unpack(packed)
        return state

    def _mine(self, key: str) -> bool:
        return partition_of(key, self.partitions) == self.partition


def _says_nothing(state: State) -> bool:
    """The most common state by far: one alert that meets no other."""
    alone = len(state.sightings) == 1 and not state.links and state.sightings[0].cls is not Class.REPORT
    return alone and state.said_suspect is None and state.said_victim is None


def _may_lead(state: State) -> bool:
    """Cheaply: a lead needs a second member or a report, so what one member alone saw is not judged."""
    if state.links or state.said_suspect is not None:
        return True
    named = [s for s in state.sightings if s.role is Role.SUSPECT]
    return any(s.cls is Class.REPORT or s.member != named[0].member for s in named)
