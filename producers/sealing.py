"""Who may open which clear values of an event: police all of them, an identifier's holder its own.

A seal's content is JSON: `{"identifiers": {token: {"kind", "value"}}, "clear": {…}}`. Must never seal for a member that
is not active, nor tell a holder what is not its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

import orjson

from alliance.errors import InvalidAlert, Refused
from alliance.keys.encoding import decode
from alliance.keys.seals import EVENT_INFO, seal
from alliance.registry import Registry
from producers.tokenise import Tokenised
from schemas.envelope import Seal
from schemas.registry import Member, Status

MAX_SEALS = 8
_MAX_BLOB = 20_000


def make_seals(
    found: Sequence[Tokenised], clear: Mapping[str, str], sender: str, registry: Registry, event_id: UUID
) -> list[Seal]:
    """Police first, then up to seven holders in the order in which the event names them.

    Raises Refused if no police unit is known, InvalidAlert if there is too much for one seal.
    """
    if not found and not clear:
        return []
    police = registry.police()
    if police is None:
        raise Refused(
            "The registry knows no active police unit to seal for; admit one (`afa member add … --sector police`)."
        )
    seals = [_seal(police, found, clear, event_id)]
    for holder, own in _by_holder(found, {sender, police.member}, registry):
        if len(seals) == MAX_SEALS:
            break
        seals.append(_seal(holder, own, {}, event_id))
    return seals


def _by_holder(
    found: Iterable[Tokenised], without: set[str], registry: Registry
) -> Iterable[tuple[Member, Sequence[Tokenised]]]:
    groups: dict[str, tuple[Member, list[Tokenised]]] = {}
    for identifier in found:
        for route in identifier.holders:
            holder = registry.holder_of(route)
            if holder is None or holder.status is not Status.ACTIVE or holder.member in without:
                continue
            groups.setdefault(holder.member, (holder, []))[1].append(identifier)
    return groups.values()


def _seal(recipient: Member, found: Iterable[Tokenised], clear: Mapping[str, str], event_id: UUID) -> Seal:
    identifiers = {token: {"kind": f.kind, "value": f.value} for f in found for token in f.tokens}
    content = orjson.dumps({"identifiers": identifiers, "clear": clear})
    blob = seal(decode(recipient.seal_key), content, EVENT_INFO, event_id.bytes)
    if len(blob) > _MAX_BLOB:
        raise InvalidAlert(
            "clear", f"{len(content)} bytes of clear values are too many for one seal; report in several events"
        )
    return Seal(to=recipient.member, blob=blob)
