"""One turn of the casebook's loop: one transaction at one moment of alliance time, and what decides in it.

Everything that a turn writes stands or falls together.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

from sqlalchemy import ColumnElement, Connection, Executable, bindparam, func, literal_column, null, select, union_all

from alliance.profiles import Profile
from alliance.registry import Registry
from consumers.casebook.audit import Trail
from consumers.casebook.authority import mandates
from consumers.casebook.evidence.names import Names
from consumers.casebook.lifecycle import FRUITLESS, UNENDED
from consumers.casebook.model import InForce, Law, Usage
from consumers.casebook.rows import given, one_of
from consumers.casebook.tables import HoldRow, RequestRow
from schemas.requests import Action, RequestStatus

_DAY = timedelta(days=1)
_CALL: ColumnElement[str] = literal_column(f"'{Action.CALL.value}'")
"""As the index of calls has it: a parameter would hide from the plan that this is its condition."""
_IS_STOP: ColumnElement[bool] = RequestRow.action == Action.STOP.value
"""Under a mandate things are let go, too, which uses nothing of it up."""
_UNANSWERED = (RequestStatus.DRAFTED, RequestStatus.SENT, RequestStatus.ACKNOWLEDGED)
_GONE_OUT = RequestRow.member.is_not(None) & ~one_of(RequestRow.status, FRUITLESS)
_SINCE = RequestRow.drafted_at > bindparam("since", type_=RequestRow.drafted_at.type)
_CALLS = select(func.count()).where(RequestRow.action == _CALL, _SINCE, _GONE_OUT)
_USAGE: Executable = union_all(
    select(RequestRow.mandate_id, null().label("target"), func.sum(RequestRow.minor).label("total"))
    .where(given(RequestRow.mandate_id, "mandates"), _IS_STOP, _SINCE, _GONE_OUT)
    .group_by(RequestRow.mandate_id),
    *(
        select(table.mandate_id, table.target, func.sum(table.minor))
        .where(given(table.mandate_id, "mandates"), given(table.target, "accounts"), counts)
        .group_by(table.mandate_id, table.target)
        for table, counts in (
            (HoldRow, one_of(HoldRow.status, UNENDED)),
            (RequestRow, one_of(RequestRow.status, _UNANSWERED) & _IS_STOP),
        )
    ),
)
"""What was ordered under each mandate since, and what is held or asked for on each of the accounts."""


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
        made = self.db.scalar(_CALLS, {"since": self.now - _DAY}) or 0
        return int(self.profile.desk.calls_a_day.value) - made

    def room_for_calls(self) -> datetime:
        """When the next call can be made, where the day is full."""
        row, beyond = RequestRow, max(0, -self.calls_left())
        query = select(row.drafted_at).where(row.action == _CALL, _SINCE, _GONE_OUT)
        first = self.db.scalar(query.order_by(row.drafted_at).offset(beyond).limit(1), {"since": self.now - _DAY})
        return (first or self.now) + _DAY

    def _usage(self, accounts: set[str]) -> Usage:
        ids = [held.mandate.mandate_id for held in self.mandates]
        if not ids or not accounts:
            return Usage()
        usage = Usage()
        asked = {"mandates": ids, "accounts": list(accounts), "since": self.now - _DAY}
        for mandate, target, total in self.db.execute(_USAGE, asked):
            if target is None:
                usage.day[mandate] = int(total or 0)
            else:
                usage.account[mandate, target] = usage.account.get((mandate, target), 0) + int(total or 0)
        return usage
