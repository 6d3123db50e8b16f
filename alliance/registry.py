"""Who is who and who may what, as the `members` topic last told it: members by id, signing key and routing code; the
rulebook.

Holds no connection: whoever reads the topic applies its records here.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from alliance.errors import Refused
from alliance.rulebook import Permits, prepare, standard
from schemas.registry import Member, Sector, SigningKey, Status
from schemas.rulebook import Rulebook


class Registry:
    """A view of the compacted `members` topic; `apply` is idempotent and the last record of a member stands."""

    def __init__(self, members: Iterator[Member] | list[Member] | tuple[Member, ...] = ()) -> None:
        self._members: dict[str, Member] = {}
        self._routes: dict[str, str] = {}
        self._keys: dict[str, tuple[SigningKey, Ed25519PublicKey]] = {}
        self.adopt(None)
        for member in members:
            self.apply(member.member, member)

    def __iter__(self) -> Iterator[Member]:
        return iter(self._members.values())

    def apply(self, name: str, record: Member | None) -> None:
        """Take the member's newest record; None forgets it. Another thread sees the one before or this one."""
        members = {known: member for known, member in self._members.items() if known != name}
        keys = {kid: key for kid, key in self._keys.items() if kid.split("/", 1)[0] != name}
        if record is not None:
            members[name] = record
            # Two parts name a member's key and three an officer's: no key of the one may pass for one of the other.
            keys.update((f"{name}/{key.key_id}", (key, _public(key))) for key in record.keys if "/" not in key.key_id)
            signers = ((f"{name}/{each.officer}/{each.key.key_id}", each.key) for each in record.officers)
            keys.update((kid, (key, _public(key))) for kid, key in signers)
        self._members, self._routes, self._keys = members, _answering(members.values()), keys

    def adopt(self, book: Rulebook | None) -> None:
        """Take the newest rulebook, to which there is no objection; None is the one that the product ships."""
        self.rulebook = book or standard()
        self.permits: Permits = prepare(self.rulebook)

    def member(self, name: str) -> Member | None:
        """The member of that id, whatever its status."""
        return self._members.get(name)

    def holder_of(self, route: str) -> Member | None:
        """The member that answers for a routing code; None if nobody in the alliance does."""
        name = self._routes.get(route)
        return None if name is None else self._members[name]

    def refuse_taken(self, member: str, routes: Iterable[str]) -> None:
        """Raises Refused for a routing code that another unit answers for: who is asked would be who came last."""
        for route in routes:
            holder = self.holder_of(route)
            if holder is not None and holder.member != member and holder.status is not Status.REVOKED:
                raise Refused(f"The routing code {route} is {holder.member}'s; correct it, or revoke {holder.member}.")

    def refuse_centre(self, member: str, sector: Sector) -> None:
        """Raises Refused for a police unit that would be the centre in the place of another: members would seal to it,
        and the other could open nothing of that."""
        centre = self.police()
        if centre is not None and sector is Sector.POLICE and member < centre.member:
            raise Refused(
                f"{member} would take the place of {centre.member} as the police centre, to which members seal, since "
                "that is the first active police unit by name; choose a name that sorts after it, or say --centre."
            )

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


def _answering(members: Iterable[Member]) -> dict[str, str]:
    """Routing code → who answers for it. Who was revoked gives way to who came since, whatever came last."""
    last = sorted(members, key=lambda member: member.status is not Status.REVOKED)
    return {route: member.member for member in last for route in member.routes}


def _valid(key: SigningKey, at: datetime) -> bool:
    return key.valid_from <= at and (key.valid_to is None or at < key.valid_to)


def _public(key: SigningKey) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(key.public + "="))
