"""Onward stops that became void, or were withdrawn before anybody saw them: drafted once more on new evidence.

What was sent and let go is not: its money is followed anew, from the account where the new evidence begins.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from uuid import UUID

from sqlalchemy import select

from consumers.casebook.asking import requests
from consumers.casebook.model import RANK, Case, Draft, Known, Law
from consumers.casebook.money import hops
from consumers.casebook.rows import among
from consumers.casebook.tables import RequestRow
from consumers.casebook.turn import Turn
from schemas.requests import Action, RequestStatus
from schemas.risk import Level


def onward(turn: Turn, cases: Sequence[tuple[Case, UUID]], law: Law) -> Iterator[Draft]:
    """Of cases with new evidence, each with the report that covers it now."""
    void = {known.request_id: (case, report) for case, report in cases for known in _void(case)}
    if not void:
        return
    columns = (RequestRow.request_id, RequestRow.body, RequestRow.member, RequestRow.parent)
    for row in turn.db.execute(select(*columns).where(among(RequestRow.request_id, void)).order_by(columns[0])):
        case, report = void[row.request_id]
        draft = hops.again(case, requests.message(row.body, row.member), law, report, row.parent)
        if draft is not None:
            yield draft


def _void(case: Case) -> list[Known]:
    """The last attempt at each onward stop, where that is void."""
    if RANK[case.level] < RANK[Level.HIGH]:
        return []
    last: dict[str, Known] = {}
    for known in case.known:
        if known.action is Action.STOP and known.hop and known.attempt >= _attempt(last.get(known.target)):
            last[known.target] = known
    return [known for known in last.values() if known.status is RequestStatus.CANCELLED]


def _attempt(known: Known | None) -> int:
    return known.attempt if known else 0
