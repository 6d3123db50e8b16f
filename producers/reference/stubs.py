"""Which books a member keeps, by its sector."""

from __future__ import annotations

from alliance.errors import SetupError
from alliance.keys.store import MemberKeys
from producers.reference.bank import Bank
from producers.reference.decision import Stub
from producers.reference.desk import Desk
from producers.reference.subscribers import Carrier
from producers.reference.users import Platform
from schemas.registry import MONEY, SERVICE, Member, Sector


def stub_of(member: Member, keys: MemberKeys) -> Stub:
    """Empty books. SetupError for a sector that gets no requests, or keys that make no tokens."""
    if keys.tokens is None:
        raise SetupError(f"The keys of {member.member} can make no tokens; use a member's key file, not the hub's.")
    if member.sector in MONEY:
        route = member.routes[0] if member.routes else f"member:{member.member}"
        return Bank(member.member, route, keys.tokens)
    if member.sector is Sector.CARRIER:
        return Carrier(member.member, keys.tokens)
    if member.sector in SERVICE:
        return Platform(member.member, keys.tokens)
    if member.sector is Sector.POLICE:
        return Desk(member.member)
    raise SetupError(f"{member.member} is of the sector {member.sector.value}, which gets no requests.")
