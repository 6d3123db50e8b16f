"""A day as the members' own systems tell it, in clear: scenes that an oracle can judge, among alerts that meet nothing.

What the oracle judges is the same events in wire form, made here as the member client makes them.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from alliance.keys.tokens import TokenKeys
from producers.clear import validated
from producers.tokenise import tokenise
from tests.chain.cast import BANKS, CARRIER, PLATFORM, ROUTES
from tests.streams.days import LONGEST_S, MAKERS, Scene, withdrawal
from tests.streams.support import IDS

NAME = "张伟"
"""Every mule's."""
VICTIMS, MULES, CALLERS, HANDLES = 4, 3, 3, 3
_HOLDERS = {"caller": [ROUTES[CARRIER]], "handle": [ROUTES[PLATFORM]]}
_FORMS = {"account": "6222{:09d}", "number": "13{:09d}", "handle": "chat/h{:09d}", "transfer-serial": "T{:09d}"}
_numbers: dict[str, int] = {}


class Told(NamedTuple):
    """One line for the publisher: an event in clear or the withdrawal of one, and the id it goes by if known."""

    line: bytes
    id: UUID | None
    member: str


@dataclass
class ClearScene(Scene):
    """Drawn in clear; `events` are in wire form, for the oracle."""

    told: list[Told] = field(default_factory=list)

    def pick(self, kind: str, stem: str, count: int, **over: Any) -> dict[str, Any]:
        return self.named(kind, stem, self.chance.randrange(count), **over)

    def named(self, kind: str, stem: str, index: int, **over: Any) -> dict[str, Any]:
        holders = _HOLDERS.get(stem, [])
        return {"kind": kind, "value": value(kind, f"{self.name}-{stem}-{index}"), "holders": holders, **over}

    def mule(self) -> dict[str, Any]:
        index = self.chance.randrange(MULES)
        return self.named("account", "mule", index, holders=[ROUTES[bank_of(index)]])


def bank_of(mule: int) -> str:
    """Where the mule of that number has its account."""
    return BANKS[mule % 2]


def value(kind: str, name: str) -> str:
    """A value in canonical form, the same for the same name and another for each other."""
    number = _numbers.setdefault(name, len(_numbers) + 1)
    return _FORMS.get(kind, "id-{:09d}").format(number * 7919 % 10**9)


def scenes(seed: int, count: int, alerts: int, now: datetime, tokens: TokenKeys) -> Iterator[ClearScene]:
    """Scenes of about `alerts` events each within the six days before `now`; a tenth is withdrawn."""
    chance = random.Random(seed)
    for index in range(count):
        scene = ClearScene(chance, f"{seed}-{index}", now)
        for _ in range(alerts):
            member, data = chance.choice(MAKERS)(scene)
            # Nobody tells of what has not ended.
            _tell(scene, member, data, now - timedelta(seconds=chance.randrange(LONGEST_S, 6 * 86400)), tokens)
            if chance.random() < 0.1 and data["kind"] != "victim-report":
                _withdraw(scene)
        yield scene


def benign(count: int, chance: random.Random, now: datetime) -> Iterator[Told]:
    """Calls that nobody else sees anything of."""
    for _ in range(count):
        name = f"benign-{len(_numbers)}"
        data = {
            "kind": "suspicious-number",
            "number": {"kind": "number", "value": value("number", f"{name}-caller")},
            "callee": {"kind": "number", "value": value("number", f"{name}-callee")},
            "duration_s": 30,
            "risk": 0.3,
        }
        yield _told(CARRIER, data, now - timedelta(seconds=chance.randrange(86400)), IDS.next())


def in_some_order(days: Iterable[ClearScene], others: Iterable[Told], chance: random.Random) -> Sequence[Told]:
    """All of it over all scenes, a withdrawal anywhere after its event."""
    placed: list[tuple[float, Told]] = [(chance.random(), told) for told in others]
    for scene in days:
        at: dict[UUID, float] = {}
        for told in scene.told:
            first = at.get(_withdrawn(told), 0.0)
            place = chance.uniform(first, 1.0)
            if told.id is not None:
                at[told.id] = place
            placed.append((place, told))
    return [told for _, told in sorted(placed, key=lambda pair: pair[0])]


def _tell(scene: ClearScene, member: str, data: dict[str, Any], time: datetime, tokens: TokenKeys) -> None:
    told = _told(member, _named(data), time, IDS.next())
    assert told.id is not None
    scene.told.append(told)
    payload, _ = tokenise(data, tokens)
    scene.events.append((member, _wire(told.id, member, time, payload)))


def _named(data: dict[str, Any]) -> dict[str, Any]:
    """A report's payees by the name that their banks have."""
    if "transfers" not in data:
        return data
    return {**data, "transfers": [{**transfer, "payee_name": NAME} for transfer in data["transfers"]]}


def _withdraw(scene: ClearScene) -> None:
    member, event = scene.events[-1]
    scene.told.append(Told(orjson.dumps({"member": member, "withdraw": event["id"]}), None, member))
    scene.events.append((member, _wire(IDS.next(), member, scene.now, withdrawal(event))))


def _told(member: str, data: dict[str, Any], time: datetime, event_id: UUID) -> Told:
    event = {"id": str(event_id), "time": time.isoformat(), "data": data}
    return Told(orjson.dumps({"member": member, "event": event}), event_id, member)


def _wire(event_id: UUID, member: str, time: datetime, payload: dict[str, Any]) -> dict[str, Any]:
    draft, _ = validated(event_id, member, time.isoformat(), payload)
    return {**draft, "seals": []}


def _withdrawn(told: Told) -> UUID:
    """The id of the event that is withdrawn; its own where nothing is."""
    said = orjson.loads(told.line)
    return UUID(said["withdraw"] if "withdraw" in said else said["event"]["id"])
