"""One turn of the casebook's loop: one transaction at one moment of alliance time, and what decides in it.

Everything that a turn writes stands or falls together.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, func, literal_column, select

from alliance.profiles import Profile
from alliance.registry import Registry
from consumers.casebook.audit import Trail
from consumers.casebook.authority import mandates
from consumers.casebook.evidence.names import Names
from consumers.casebook.lifecycle import FRUITLESS, UNENDED
from consumers.casebook.model import InForce, Law, Usage
from consumers.casebook.rows import among
from consumers.casebook.tables import HoldRow, RequestRow
from schemas.requests import Action, RequestStatus

_DAY = timedelta(days=1)
_CALL: ColumnElement[str] = literal_column(f"'{Action.CALL.value}'")
"""As the index of calls has it: a parameter would hide from the plan that this is its condition."""
_IS_STOP: ColumnElement[bool] = RequestRow.action == Action.STOP.value
"""Under a mandate things are let go, too, which uses nothing of it up."""
_UNANSWERED = (RequestStatus.DRAFTED, RequestStatus.SENT, RequestStatus.ACKNOWLEDGED)


@dataclass
class Turn:
    """`trail` gathers what goes on record."""

    db: Connection
    now: datetime
    registry: Registry
    profile: Profile
    spared: frozenset[str] = frozenset()
    """Tokens of what is allow-listed now."""
    trail: Trail = field(default_factory=Trail)
    names: Names = field(default_factory=Names)
    """What subjects were called before and after rotations of the token epoch."""

    @cached_property
    def mandates(self) -> list[InForce]:
        return mandates.in_force(self.db, self.registry, self.profile, self.now)

    def law(self, accounts: Iterable[str] = ()) -> Law:
        """What decides; the mandates' usage is counted for `accounts`, where a stop may come of it."""
        return Law(self.profile, self.registry, self.now, self.mandates, self._usage(set(accounts)), self.spared)

    def calls_left(self) -> int:
        """How many more calls the desk can make within a day."""
        made = self.db.scalar(select(func.count()).where(*self._calls_of_a_day())) or 0
        return int(self.profile.desk.calls_a_day.value) - made

    def room_for_calls(self) -> datetime:
        """When the next call can be made, where the day is full."""
        row, beyond = RequestRow, max(0, -self.calls_left())
        query = select(row.drafted_at).where(*self._calls_of_a_day()).order_by(row.drafted_at).offset(beyond).limit(1)
        return (self.db.scalar(query) or self.now) + _DAY

    def _calls_of_a_day(self) -> tuple[ColumnElement[bool], ...]:
        row = RequestRow
        gone_out = row.member.is_not(None) & row.status.not_in(FRUITLESS)
        return row.action == _CALL, row.drafted_at > self.now - _DAY, gone_out

    def _usage(self, accounts: set[str]) -> Usage:
        ids = [held.mandate.mandate_id for held in self.mandates]
        if not ids or not accounts:
            return Usage()
        return Usage(self._ordered_in_a_day(ids), self._on_accounts(ids, accounts))

    def _ordered_in_a_day(self, ids: list[UUID]) -> dict[UUID, int]:
        query = (
            select(RequestRow.mandate_id, func.sum(RequestRow.minor))
            .where(
                among(RequestRow.mandate_id, ids),
                RequestRow.drafted_at > self.now - _DAY,
                RequestRow.member.is_not(None),
                RequestRow.status.not_in(FRUITLESS),
                _IS_STOP,
            )
            .group_by(RequestRow.mandate_id)
        )
        return {mandate: int(total) for mandate, total in self.db.execute(query) if mandate and total}

    def _on_accounts(self, ids: list[UUID], accounts: set[str]) -> dict[tuple[UUID, str], int]:
        found: dict[tuple[UUID, str], int] = {}
        under_way = RequestRow.status.in_(_UNANSWERED) & _IS_STOP
        for table, counts in ((HoldRow, HoldRow.status.in_(tuple(UNENDED))), (RequestRow, under_way)):
            query = (
                select(table.mandate_id, table.target, func.sum(table.minor))
                .where(among(table.mandate_id, ids), among(table.target, accounts), counts)
                .group_by(table.mandate_id, table.target)
            )
            for mandate, target, total in self.db.execute(query):
                assert mandate is not None
                found[mandate, target] = found.get((mandate, target), 0) + int(total or 0)
        return found
