"""Days of alerts for fault tests: many small worlds that share no identifier, so that the oracle can judge each."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from alliance.admission import digest_of
from schemas.envelope import EVENT, Event
from schemas.topics import BY_KIND
from streams.core.alert import Alert, Retraction
from streams.core.extract import alerts_of, retraction_of
from tests.streams.support import SECTORS, World, number

Maker = Callable[["Scene"], tuple[str, dict[str, Any]]]
LONGEST_S = 3600
"""Of a call."""


@dataclass
class Scene:
    """A handful of victims and suspects that alerts are drawn from."""

    chance: random.Random
    name: str
    now: datetime
    events: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """Member and event."""

    def pick(self, kind: str, stem: str, count: int, **over: Any) -> dict[str, Any]:
        return number(kind, f"{self.name}-{stem}-{self.chance.randrange(count)}", **over)

    def victim(self) -> dict[str, Any]:
        return self.pick("number", "victim", 4)

    def mule(self) -> dict[str, Any]:
        return self.pick("account", "mule", 3, holders=["cnaps:1"])


def _call(scene: Scene) -> tuple[str, dict[str, Any]]:
    return "carrier-a", {
        "kind": "suspicious-number",
        "number": scene.pick("number", "caller", 3),
        "device": scene.pick("device", "goip", 2),
        "callee": scene.victim(),
        "duration_s": scene.chance.choice((30, LONGEST_S)),
        "risk": scene.chance.choice((0.2, 0.6, 0.9)),
    }


def _chat(scene: Scene) -> tuple[str, dict[str, Any]]:
    return "platform-a", {
        "kind": "suspicious-handle",
        "handle": scene.pick("handle", "handle", 3),
        "platform": "chat",
        "signal": "chat",
        "target_phone": scene.victim(),
        "score": scene.chance.choice((0.3, 0.8)),
    }


def _transfer(scene: Scene) -> tuple[str, dict[str, Any]]:
    payer_side = scene.chance.random() < 0.6
    own, other = scene.pick("account", "payer", 4), scene.mule()
    phones = [{"identifier": scene.victim(), "role": "registered"}] if payer_side else []
    if not payer_side:
        own, other = other, own
    return scene.chance.choice(("bank-a", "bank-b")), {
        "kind": "suspicious-account",
        "serial": scene.pick("transfer-serial", "serial", 8),
        "direction": "out" if payer_side or scene.chance.random() < 0.2 else "in",
        "amount": {"minor": scene.chance.choice((10_000, 5_000_000)), "currency": "CNY"},
        "status": scene.chance.choice(("pending", "posted")),
        "reporting_side": "payer" if payer_side else "payee",
        "customer": {"account": own, "phones": phones},
        "counterparty": {"account": other},
        "device": scene.pick("device", "goip", 2),
        "score": scene.chance.choice((0.4, 0.9)),
    }


def _report(scene: Scene) -> tuple[str, dict[str, Any]]:
    taken = scene.chance.randrange(10**9)
    return "police-a", {
        "kind": "victim-report",
        "report_id": f"R{taken}",
        "channel": "hotline",
        "victim_phones": [{"identifier": scene.victim(), "role": "registered"}],
        "incident_from": (scene.now - timedelta(hours=26)).isoformat(),
        "transfers": [{"payee": {**scene.mule(), "basis": "typed"}, "amount": {"minor": 5_000_000, "currency": "CNY"}}],
    }


MAKERS: tuple[Maker, ...] = (_call, _call, _chat, _transfer, _transfer, _transfer, _report)


def scenes(seed: int, count: int, alerts: int, now: datetime, world: World) -> Iterator[Scene]:
    """`count` scenes of about `alerts` events each within the six days before `now`; a tenth is withdrawn."""
    chance = random.Random(seed)
    for index in range(count):
        scene = Scene(chance, f"{seed}-{index}-{now.timestamp()}", now)
        for _ in range(alerts):
            member, data = chance.choice(MAKERS)(scene)
            event = world.event(member, data, now - timedelta(seconds=chance.randrange(LONGEST_S, 6 * 86400)))
            scene.events.append((member, event))
            if chance.random() < 0.1 and data["kind"] != "victim-report":
                scene.events.append((member, world.event(member, withdrawal(event), now)))
        yield scene


def withdrawal(event: dict[str, Any]) -> dict[str, Any]:
    """The payload that withdraws an event, with all its tokens."""
    return {
        "kind": "withdrawal",
        "event_id": event["id"],
        "identifiers": list(_identifiers(event["data"])),
        "reason": "a mistake",
    }


def facts(scene: Scene) -> tuple[list[Alert], list[Retraction]]:
    """What the oracle judges: the scene's alerts and withdrawals as the correlation sees them."""
    alerts: list[Alert] = []
    retractions = []
    for member, raw in scene.events:
        event: Event = EVENT.validate_json(orjson.dumps(raw))
        alerts += alerts_of(event, member, SECTORS[member], digest_of(raw))
        retraction = retraction_of(event, member, SECTORS[member].value == "police")
        retractions += [retraction] if retraction else []
    return alerts, retractions


def bundles(all_scenes: list[Scene], chance: random.Random) -> Iterator[tuple[str, str, list[dict[str, Any]]]]:
    """Member, topic and events of bundles, over all scenes in a random order, some of them twice."""
    events = [pair for scene in all_scenes for pair in scene.events]
    chance.shuffle(events)
    waiting: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for member, event in events:
        place = (member, BY_KIND[event["data"]["kind"]].name)
        waiting.setdefault(place, []).append(event)
        if len(waiting[place]) >= chance.randint(1, 200):
            yield *place, waiting[place]
            if chance.random() < 0.1:
                yield *place, waiting[place]
            waiting[place] = []
    for place, rest in waiting.items():
        if rest:
            yield *place, rest


def _identifiers(data: Any) -> Iterator[dict[str, Any]]:
    if isinstance(data, dict):
        if "tokens" in data:
            yield data
        else:
            for value in data.values():
                yield from _identifiers(value)
    elif isinstance(data, list):
        for value in data:
            yield from _identifiers(value)


def event_ids(all_scenes: list[Scene]) -> set[UUID]:
    return {UUID(event["id"]) for scene in all_scenes for _, event in scene.events}
