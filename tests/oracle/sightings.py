"""Sightings of identifiers, and what takes some of them out: the cap of a member, hubs, saturation.

Must never judge whether two sightings belong together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from schemas.identifiers import IdentifierKind
from streams.core.alert import Alert, Class, Role
from streams.core.keys import kind_of
from tests.oracle.standing import id_of

LINKING = {Role.VICTIM, Role.CONDUIT}


@dataclass(frozen=True)
class Sighting:
    alert: Alert
    x: str
    role: Role


def window(rules: Mapping[str, Any], name: str) -> int:
    """A window of the rules, in ms."""
    return int(rules["windows"][name + "_s"]) * 1000


def cap(rules: Mapping[str, Any], name: str) -> int:
    return int(rules["caps"][name])


def named_suspects(alert: Alert) -> set[str]:
    return {named.key for named in alert.named if named.role == Role.SUSPECT}


def named_victims(alert: Alert) -> set[str]:
    return {named.key for named in alert.named if named.role == Role.VICTIM}


def sightings(stand: Sequence[Alert], rules: Mapping[str, Any]) -> list[Sighting]:
    """All sightings by standing alerts that the caps of a member and of checks keep."""
    every = [Sighting(alert, named.key, named.role) for alert in stand for named in alert.named]
    checked = [s for s in every if s.alert.cls != Class.CHECK or kept_of_checks(s, every, rules)]
    return [s for s in checked if s.role != Role.SUSPECT or kept_of_member(s, every, rules)]


def kept_of_checks(sighting: Sighting, every: Sequence[Sighting], rules: Mapping[str, Any]) -> bool:
    """Cap of checks: is this one left when, again and again, who asks most has given way with its earliest?"""
    checks = [s.alert for s in every if s.x == sighting.x and s.alert.cls == Class.CHECK]
    while len(checks) > cap(rules, "checks"):
        asked = [check.member for check in checks]
        most = max(asked.count(member) for member in asked)
        giving = [check for check in checks if asked.count(check.member) == most]
        checks.remove(min(giving, key=lambda check: (check.end, *id_of(check))))
    return sighting.alert in checks


def kept_of_member(sighting: Sighting, every: Sequence[Sighting], rules: Mapping[str, Any]) -> bool:
    """Cap of a member: is this sighting of a suspect among its member's latest?"""
    alert = sighting.alert
    later = [
        s
        for s in every
        if s.x == sighting.x
        and s.role == Role.SUSPECT
        and s.alert.member == alert.member
        and (s.alert.end, s.alert.event) > (alert.end, alert.event)
    ]
    return len(later) < cap(rules, "evidence_per_member")


def hub(x: str, stand: Sequence[Alert], rules: Mapping[str, Any]) -> bool:
    seen_by = [alert for alert in stand if links(alert, x)]
    for first in seen_by:
        stretch = [a for a in seen_by if first.start <= a.start <= first.start + hub_window(x, rules)]
        if len({key for alert in stretch for key in named_suspects(alert)}) > cap(rules, "hub_suspects"):
            return True
    return False


def hub_window(x: str, rules: Mapping[str, Any]) -> int:
    if kind_of(x) == IdentifierKind.DEVICE:
        return window(rules, "device")
    if kind_of(x) in (IdentifierKind.IP, IdentifierKind.TERMINAL):
        return window(rules, "ip")
    return window(rules, "chat_transfer")


def saturated(x: str, arrivals: Sequence[Alert], rules: Mapping[str, Any]) -> bool:
    """Counts what ever arrived, since withdrawal does not undo it; that its end comes some day, the oracle, which has
    no clock, doesn't see."""
    return len({id_of(alert) for alert in arrivals if links(alert, x)}) > cap(rules, "sightings")


def links(alert: Alert, x: str) -> bool:
    """Does the alert, which is no check, name `x` as victim or conduit?"""
    return alert.cls != Class.CHECK and any(named.key == x and named.role in LINKING for named in alert.named)
