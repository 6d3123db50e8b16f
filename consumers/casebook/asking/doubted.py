"""Whose suspicion is disputed, or fell by a decision: by every name of the account, and wherever money went on from it.

Must never take a member's word on an account that others say is held elsewhere.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Executable, cast, false, literal, null, select, union_all
from sqlalchemy.dialects.postgresql import JSONB

from consumers.casebook.lifecycle import NEEDS_A_PERSON, UNDECIDED
from consumers.casebook.money import aliases
from consumers.casebook.money.accounts import Accounts
from consumers.casebook.rows import among, given, one_of
from consumers.casebook.tables import AliasRow, AppealRow, DisputeRow, HoldRow, RequestRow
from consumers.casebook.turn import Turn
from schemas.decisions import AppealStatus
from schemas.identifiers import Identifier

_IDENTIFIER = cast(RequestRow.body, JSONB)["target"].label("identifier")
_NOBODY = literal(None, DisputeRow.case_id.type)
_FOUND: Executable = union_all(
    select(DisputeRow.token, DisputeRow.case_id, one_of(DisputeRow.status, UNDECIDED).label("undecided")).where(
        one_of(DisputeRow.status, NEEDS_A_PERSON),
        given(DisputeRow.token, "names") | given(DisputeRow.case_id, "case_ids"),
    ),
    select(HoldRow.target, _NOBODY, false())
    .join(AppealRow, AppealRow.hold_id == HoldRow.hold_id)
    .where(one_of(AppealRow.status, [AppealStatus.UPHELD]), given(HoldRow.target, "names")),
    select(null(), _NOBODY, false()).where(select(AliasRow.token).where(given(AliasRow.token, "names")).exists()),
)
"""What is disputed and what was won of these; and whether any of the names is said to be another's too."""
_FIRST = (
    select(RequestRow.request_id.label("start"), RequestRow.request_id, RequestRow.parent)
    .where(given(RequestRow.request_id, "request_ids"))
    .cte("way", recursive=True)
)
_WAY = _FIRST.union(
    select(_FIRST.c.start, RequestRow.request_id, RequestRow.parent).join(
        _FIRST, _FIRST.c.parent == RequestRow.request_id
    )
)
_STEPS = select(_WAY.c.start, RequestRow.freed_at, _IDENTIFIER).join(_WAY, _WAY.c.request_id == RequestRow.request_id)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked about whom in which case; `parent`: the request from whose answer it follows."""

    case_id: UUID
    target: Identifier
    parent: UUID | None = None


@dataclass(frozen=True, slots=True)
class _Way:
    """Whose accounts the money came through, and whether police let go of one of the stops there."""

    targets: Sequence[Identifier] = ()
    freed: bool = False


@dataclass(frozen=True, slots=True)
class _Doubt:
    """Names that need a person, those of them on which police have yet to decide, and cases that are disputed whole."""

    tokens: frozenset[str]
    undecided: frozenset[str]
    cases: frozenset[UUID]
    aliased: bool
    """Whether any of the names is said to be another's too."""


def need_a_person(turn: Turn, asked: Sequence[Asked]) -> list[bool]:
    """Whether each is about a suspect whose suspicion is disputed and not decided otherwise, or let go by an appeal; or
    follows from one that is disputed still, or was let go; or is in a case that is disputed whole.

    From what an officer orders of a suspect after it was let go, money is followed as from any other."""
    ways = _ways(turn, {one.parent for one in asked if one.parent})
    steps = [(one, ways[one.parent] if one.parent in ways else _Way()) for one in asked]
    doubt, accounts = _doubt(turn, asked, [target for way in ways.values() for target in way.targets])

    def is_any(names: frozenset[str], targets: Sequence[Identifier]) -> bool:
        return any(not names.isdisjoint(accounts.all_of(target.tokens[0])) for target in targets)

    return [
        one.case_id in doubt.cases
        or way.freed
        or is_any(doubt.tokens, [one.target])
        or is_any(doubt.undecided, way.targets)
        for one, way in steps
    ]


def about(turn: Turn, token: str) -> list[UUID]:
    """What was asked about the suspect, by whatever name of its account."""
    row = RequestRow
    query = select(row.request_id, row.target, _IDENTIFIER).where(among(row.target, aliases.names_of(turn, token)))
    asked = turn.db.execute(query).all()
    same = aliases.accounts(turn, [_identifier(one.identifier) for one in asked]).all_of(token)
    same = {*same, *turn.names.all_of(token)}
    return [one.request_id for one in asked if one.target in same]


def _ways(turn: Turn, parents: set[UUID]) -> dict[UUID, _Way]:
    """How the money came to what follows from these requests: through their accounts, and those before."""
    if not parents:
        return {}
    found: dict[UUID, list[Any]] = defaultdict(list)
    for step in turn.db.execute(_STEPS, {"request_ids": list(parents)}):
        found[step.start].append(step)
    return {
        start: _Way([_identifier(one.identifier) for one in steps], any(one.freed_at for one in steps))
        for start, steps in found.items()
    }


def _identifier(target: Any) -> Identifier:
    return Identifier.model_validate_json(orjson.dumps(target))


def _doubt(turn: Turn, asked: Sequence[Asked], through: Sequence[Identifier]) -> tuple[_Doubt, Accounts]:
    """What is in doubt of these and of the accounts that their money came through; which names are one account."""
    cases, targets = {one.case_id for one in asked}, [*(one.target for one in asked), *through]
    names = turn.names.every(target.tokens[0] for target in targets)
    accounts = Accounts(turn.names.all_of(name) for name in names)
    doubt = _found(turn, cases, names)
    if doubt.aliased:
        # Few accounts have another name, and what is asked about the rest pays for no more than the one question.
        accounts = aliases.accounts(turn, targets)
        known = {name for target in targets for name in accounts.all_of(target.tokens[0])}
        doubt = _found(turn, cases, turn.names.every(known))
    return doubt, accounts


def _found(turn: Turn, cases: set[UUID], names: set[str]) -> _Doubt:
    found: Sequence[Any] = turn.db.execute(_FOUND, {"names": list(names), "case_ids": list(cases)}).all()
    return _Doubt(
        tokens=frozenset(turn.names.every(one.token for one in found if one.token)),
        undecided=frozenset(turn.names.every(one.token for one in found if one.undecided)),
        cases=frozenset(one.case_id for one in found if one.case_id),
        aliased=any(one.token is None for one in found),
    )
