"""Whose signature counts as the police's: an officer's of an active police unit, for the hub as for each member."""

from __future__ import annotations

from alliance.errors import Refused
from alliance.registry import Registry
from schemas.registry import Sector, Status


def officer_of(kid: str, registry: Registry) -> tuple[str, str]:
    """Unit and officer of a verified signature's `kid`. Raises Refused for any other key, and any other unit."""
    unit, _, rest = kid.partition("/")
    officer, slash, _ = rest.partition("/")
    if not slash:
        raise Refused(f"{kid} is no officer's key, and only a police officer's counts.")
    member = registry.member(unit)
    if member is None or member.sector is not Sector.POLICE or member.status is not Status.ACTIVE:
        raise Refused(f"{unit} is no active police unit, and only police can order.")
    return unit, officer
