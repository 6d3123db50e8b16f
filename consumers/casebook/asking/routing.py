"""Who is asked about an identifier: the first of its holders that is an active member, or the reason why nobody is; and
whether the rulebook lets that member be asked so.

Pure. A reason is a sentence that police read beside the request.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from alliance.registry import Registry
from schemas.registry import Member, Sector, Status

AWAY = "its holder is out of the city: its unit takes this over and asks there"
"""Why nobody is asked about a hold that police had referred."""


@dataclass(frozen=True, slots=True)
class Route:
    """Either `to` or `unroutable` is set."""

    to: str | None
    unroutable: str | None = None

    @property
    def is_closed(self) -> bool:
        """Whether nobody can ask: no member is there, and no unit has it referred."""
        return self.to is None and self.unroutable != AWAY


def to_holder(holders: Sequence[str], registry: Registry) -> Route:
    """Routes in the order of `holders`, the best known first."""
    if not holders:
        return Route(None, "no holder known")
    routes = [_to(registry.holder_of(holder), f"holder {holder}") for holder in holders]
    return next((route for route in routes if route.to), routes[0])


def to_member(name: str, registry: Registry) -> Route:
    """To a member by its id."""
    return _to(registry.member(name), name)


def to_keeper(name: str, registry: Registry) -> Route:
    """To the member that a hold is with. Police hold no account and no line: with them it is out of the city, and what
    is to become of it is referred again."""
    member = registry.member(name)
    return Route(None, AWAY) if member is not None and member.sector is Sector.POLICE else to_member(name, registry)


def to_police(registry: Registry) -> Route:
    """To the police centre."""
    centre = registry.police()
    return Route(centre.member) if centre else Route(None, "no police unit is an active member")


def permitted(route: Route, what: str, registry: Registry) -> Route:
    """The route, unless the rulebook does not let that member be sent `what`, an action or an advisory."""
    why = barred(route.to, what, registry) if route.to else None
    return Route(None, why) if why else route


def barred(name: str, what: str, registry: Registry) -> str | None:
    """Why the rulebook does not let that member be sent `what`; None if it does."""
    member = registry.member(name)
    if member is None or what in registry.permits.received_by(member):
        return None
    return f"by the rulebook {name}, a {member.sector.value} of {member.alliance.value}, is sent no {what}"


def _to(member: Member | None, what: str) -> Route:
    if member is None:
        return Route(None, f"{what} is not a member")
    if member.status is not Status.ACTIVE:
        return Route(None, f"member {member.member} is {member.status.value}")
    return Route(member.member)
