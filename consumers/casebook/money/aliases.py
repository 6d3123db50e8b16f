"""What holders say of their own identifiers: card and account, wallet and bank card, are one account.

A holder ties its own alone: where anybody else names one of them as held elsewhere, the alias counts for nothing. A
withdrawn one counts no more either; what was asked because of it stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import and_, select

from alliance.registry import Registry
from consumers.casebook.inbound import Admitted
from consumers.casebook.money.accounts import Accounts
from consumers.casebook.rows import given, insert_rows
from consumers.casebook.tables import AliasRow, Withdrawn
from consumers.casebook.turn import Turn
from schemas.alerts import Alias
from schemas.identifiers import Identifier

Holders = Mapping[str, set[str]]
"""By token, the routes of those that are said to hold it."""
_MOST = 4
"""How many aliases in a row are followed: from card to account, account to wallet, and on."""
_NAMED = select(AliasRow.member, AliasRow.event_id).where(given(AliasRow.token, "tokens")).distinct().subquery()
_NAMING = (
    select(AliasRow.member, AliasRow.event_id, AliasRow.digest, AliasRow.token)
    .join(_NAMED, and_(_NAMED.c.member == AliasRow.member, _NAMED.c.event_id == AliasRow.event_id))
    .outerjoin(Withdrawn, and_(Withdrawn.member == AliasRow.member, Withdrawn.event_id == AliasRow.event_id))
    .where(Withdrawn.member.is_(None))
)


def apply(turn: Turn, events: Sequence[Admitted]) -> set[str]:
    """File aliases; the tokens that they name."""
    rows: list[dict[str, Any]] = []
    named: set[str] = set()
    for admitted in events:
        alias = admitted.event.data
        if not isinstance(alias, Alias):
            continue
        subject = f"{admitted.member}/{admitted.event.id}"
        if not all(_may_be_its(admitted.member, set(each.holders), turn.registry) for each in alias.identifiers):
            turn.trail.note("alias refused: not its own", subject)
            continue
        turn.trail.note("alias", subject, admitted.digest)
        rows += [
            {"member": admitted.member, "event_id": admitted.event.id, "digest": admitted.digest, "token": token,
             "taken_at": turn.now}
            for token in _tokens(alias)
        ]  # fmt: skip
        named |= _tokens(alias)
    insert_rows(turn.db, AliasRow, rows, ignore=True)
    return named


def accounts(turn: Turn, identifiers: Iterable[Identifier]) -> Accounts:
    """These identifiers as accounts, by what their holders say."""
    holders: dict[str, set[str]] = {}
    found = Accounts()
    for identifier in identifiers:
        names = turn.names.every(identifier.tokens)
        found.join(names)
        for token in names:
            holders.setdefault(token, set()).update(identifier.holders)
    for (member, _), tokens in _said(turn, set(holders)).items():
        if all(_may_be_its(member, holders.get(token, set()), turn.registry) for token in tokens):
            found.join(tokens)
    return found


def names_of(turn: Turn, token: str) -> set[str]:
    """Every name that the account may have: whoever else names one of them as held elsewhere is not heard here."""
    names = turn.names.all_of(token)
    return {*names}.union(*_said(turn, {*names}).values())


def _said(turn: Turn, tokens: set[str]) -> dict[tuple[str, UUID], set[str]]:
    """By event, the tokens of the standing aliases of these tokens, and of the aliases of those. An id with two
    contents counts for nothing."""
    said: dict[tuple[str, UUID], set[str]] = {}
    known: set[str] = set()
    for _ in range(_MOST):
        if not tokens - known:
            break
        known |= tokens
        contents: dict[tuple[str, UUID], dict[bytes, set[str]]] = {}
        for row in turn.db.execute(_NAMING, {"tokens": list(tokens)}):
            contents.setdefault((row.member, row.event_id), {}).setdefault(row.digest, set()).add(row.token)
        said |= {key: next(iter(each.values())) for key, each in contents.items() if len(each) == 1}
        tokens = turn.names.every(tokens.union(*said.values()))
    return said


def _tokens(alias: Alias) -> set[str]:
    return {token for each in alias.identifiers for token in each.tokens}


def _may_be_its(member: str, holders: set[str], registry: Registry) -> bool:
    """Whether the member holds it, as far as anybody says who does."""
    found = (registry.holder_of(holder) for holder in holders)
    return not holders or any(each is not None and each.member == member for each in found)
