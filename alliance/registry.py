"""Who is who: the members as the `members` topic last told them, looked up by id, by signing key and by routing code.

Holds no connection: whoever reads the topic applies its records here.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from schemas.registry import Member, Sector, SigningKey, Status


class Registry:
    """A view of the compacted `members` topic; `apply` is idempotent and the last record of a member stands."""

    def __init__(self, members: Iterator[Member] | list[Member] | tuple[Member, ...] = ()) -> None:
        self._members: dict[str, Member] = {}
        self._routes: dict[str, str] = {}
        self._keys: dict[str, tuple[SigningKey, Ed25519PublicKey]] = {}
        for member in members:
            self.apply(member.member, member)

    def __iter__(self) -> Iterator[Member]:
        return iter(self._members.values())

    def apply(self, name: str, record: Member | None) -> None:
        """Take the member's newest record; None forgets it."""
        self._forget(name)
        if record is None:
            return
        self._members[name] = record
        for route in record.routes:
            self._routes[route] = name
        for key in record.keys:
            self._keys[f"{name}/{key.key_id}"] = (key, _public(key))
        for officer in record.officers:
            self._keys[f"{name}/{officer.officer}/{officer.key.key_id}"] = (officer.key, _public(officer.key))

    def member(self, name: str) -> Member | None:
        """The member of that id, whatever its status."""
        return self._members.get(name)

    def holder_of(self, route: str) -> Member | None:
        """The member that answers for a routing code; None if nobody in the alliance does."""
        name = self._routes.get(route)
        return None if name is None else self._members[name]

    def key(self, kid: str, at: datetime | None = None) -> Ed25519PublicKey | None:
        """The public key that `kid` names, if it is valid at `at` (any time if None)."""
        known = self._keys.get(kid)
        if known is None or (at is not None and not _valid(known[0], at)):
            return None
        return known[1]

    def police(self) -> Member | None:
        """The police centre: the first active member of the police sector, by id."""
        names = sorted(m.member for m in self if m.sector is Sector.POLICE and m.status is Status.ACTIVE)
        return self._members[names[0]] if names else None

    def _forget(self, name: str) -> None:
        self._members.pop(name, None)
        self._routes = {route: owner for route, owner in self._routes.items() if owner != name}
        self._keys = {kid: key for kid, key in self._keys.items() if kid.split("/", 1)[0] != name}


def _valid(key: SigningKey, at: datetime) -> bool:
    return key.valid_from <= at and (key.valid_to is None or at < key.valid_to)


def _public(key: SigningKey) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(key.public + "="))
