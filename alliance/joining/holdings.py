"""Which members have which token keys: as they have said, or as lies on the registrar's own folder."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from alliance.errors import Refused
from alliance.joining import granting
from alliance.joining.desk import Desk, notes
from alliance.membership import load_keys, members_of
from alliance.registry import Registry
from schemas.registry import Member

TAKEN = b"token-keys-taken"
"""Key of the record on `joining.<member>` by which a member says so."""


@dataclass(frozen=True, slots=True)
class Holding:
    """The epochs whose keys a member has, and the word by which it has said so; none where its keys lie here."""

    epochs: list[str]
    word: str | None = None


def holdings(desk: Desk, members: Iterable[Member]) -> dict[str, Holding]:
    """By member."""
    registry, here = desk.registry(), set(members_of(desk.data))
    return {
        member.member: _here(desk, member.member) if member.member in here else _said(desk, registry, member.member)
        for member in members
    }


def _here(desk: Desk, member: str) -> Holding:
    tokens = load_keys(desk.data, member).tokens
    return Holding(list(tokens.epochs) if tokens else [])


def _said(desk: Desk, registry: Registry, member: str) -> Holding:
    """What the member has said last, if anything, by a key that is valid now."""
    words = [note.value for note in notes(desk.login, member) if note.key == TAKEN]
    for word in reversed(words):
        try:
            said = granting.confirmed(word, lambda kid: registry.key(kid, desk.clock.now()))
        except Refused:
            continue
        if said.member == member:
            return Holding(said.epochs, word)
    return Holding([])
