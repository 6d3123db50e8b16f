"""What people are shown: leads, requests, holds and mandates in the contract's own shapes, and the counts of a run.

Reads only. A listing is followed by its cursor: `after` of one page is `since` of the next, and no change is missed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

import orjson
from pydantic import Field
from sqlalchemy import (
    BigInteger,
    CompoundSelect,
    Connection,
    Select,
    cast,
    exists,
    func,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.orm import aliased
from sqlalchemy.sql import ColumnElement
from sqlalchemy.types import Text

from consumers.casebook.asking.requests import message
from consumers.casebook.lifecycle import IN_FORCE, UNDECIDED
from consumers.casebook.model import RANK
from consumers.casebook.tables import (
    AliasRow,
    AnswerRow,
    DisputeRow,
    Escalation,
    HoldRow,
    LeadRow,
    Renamed,
    RequestRow,
    Withdrawn,
)
from schemas.base import Money
from schemas.identifiers import Identifier
from schemas.leads import Lead
from schemas.requests import AuthorityClass, HoldStatus, HoldView, RequestStatus, RequestView, Scope
from schemas.risk import Level
from schemas.tasks import TaskKind, TaskView

Shown = TypeVar("Shown")


@dataclass(frozen=True, slots=True)
class Page(Generic[Shown]):
    """What has changed after `since`, the oldest change first, and where to go on."""

    items: Sequence[Shown]
    after: int


@dataclass(frozen=True, slots=True)
class Totals:
    """Counts of everything so far; leads of level none are those that fell. `held_minor` is in force now."""

    leads: dict[str, int]
    requests: dict[str, int]
    answers: dict[str, int]
    holds: dict[str, int]
    held_minor: dict[str, int]
    """By currency."""


class ListedLead(Lead):
    """A lead as people see it: beside the contract's fields, whether a member disputes it and police have not decided.

    Of the contract is what travels and is printed as JSON; a dispute is listed by itself.
    """

    disputed: bool = Field(default=False, exclude=True)


def leads(db: Connection, since: int = 0) -> Page[ListedLead]:
    """Leads as they stand, numbered."""
    return page(db, select(LeadRow.snapshot, LeadRow.revision, _disputed()), LeadRow.changed, since, _listed)


def requests(db: Connection, since: int = 0) -> Page[RequestView]:
    """Requests, also those that nobody could be asked, with the reason."""
    return page(db, request_columns(), RequestRow.changed, since, shown_request)


def request(db: Connection, request_id: UUID) -> RequestView | None:
    """One request."""
    row = db.execute(request_columns().where(RequestRow.request_id == request_id)).first()
    return None if row is None else shown_request(row)


def desk(db: Connection) -> list[RequestView]:
    """What waits for an officer: the highest level first, then the most money, then the oldest."""
    rows = db.execute(request_columns().where(RequestRow.status == RequestStatus.AWAITING_AUTHORISATION.value)).all()
    ranked = sorted(rows, key=lambda row: (-RANK[Level(row.level)], -(row.minor or 0), row.drafted_at, row.request_id))
    return [shown_request(row) for row in ranked]


def referrals(db: Connection) -> list[RequestView]:
    """Police orders whose holder is out of the city: to be taken over, or taken over and not answered; oldest first."""
    nobody = (RequestRow.status == RequestStatus.DRAFTED.value) & RequestRow.member.is_(None)
    ordered = RequestRow.authority == AuthorityClass.POLICE_ORDER.value
    query = request_columns().where(ordered, nobody | (RequestRow.status == RequestStatus.REFERRED.value))
    return [shown_request(row) for row in db.execute(query.order_by(RequestRow.drafted_at, RequestRow.request_id))]


def holds(db: Connection, since: int = 0) -> Page[HoldView]:
    """Holds in every state."""
    return page(db, select(*HoldRow.__table__.c), HoldRow.changed, since, shown_hold)


def hold(db: Connection, hold_id: UUID) -> HoldView | None:
    """One hold."""
    row = db.execute(select(*HoldRow.__table__.c).where(HoldRow.hold_id == hold_id)).first()
    return None if row is None else shown_hold(row)


def tasks(db: Connection, since: int = 0) -> Page[TaskView]:
    """Deadlines that were missed, also those that were met late since."""
    return page(db, select(*Escalation.__table__.c), Escalation.changed, since, _task)


def totals(db: Connection) -> Totals:
    """Counts for the live view."""
    held = select(HoldRow.currency, func.sum(HoldRow.minor)).where(
        HoldRow.status.in_(IN_FORCE), HoldRow.queue_position.is_(None)
    )
    return Totals(
        leads=_counts(db, LeadRow.level),
        requests=_counts(db, RequestRow.status),
        answers=_counts(db, AnswerRow.status),
        holds=_counts(db, HoldRow.status),
        held_minor={name: int(minor) for name, minor in db.execute(held.group_by(HoldRow.currency))},
    )


def _counts(db: Connection, column: Any) -> dict[str, int]:
    return dict(iter(db.execute(select(column, func.count()).group_by(column))))


def page(db: Connection, query: Any, changed: Any, since: int, shown: Any) -> Page[Any]:
    """Rows of transactions that are over and that no running one precedes, so that no later page misses a change."""
    done: ColumnElement[int] = cast(cast(func.pg_snapshot_xmin(func.pg_current_snapshot()), Text), BigInteger)
    until = db.scalar(select(done))
    assert until is not None
    rows = db.execute(query.where(changed > since, changed < until).order_by(changed))
    return Page([shown(row) for row in rows], max(since, until - 1))


def request_columns() -> Select[Any]:
    return select(*(column for column in RequestRow.__table__.c if column.name not in ("proof", "changed")))


def _disputed() -> ColumnElement[bool]:
    """By its case or its subject, whichever name of the account the dispute has."""
    waits = select(DisputeRow.token, DisputeRow.case_id).where(DisputeRow.status.in_(UNDECIDED))
    whole = exists().where(waits.subquery().c.case_id == LeadRow.case_id)
    named = select(DisputeRow.token).where(DisputeRow.status.in_(UNDECIDED)).cte("named", recursive=True)
    other = _other_names(named.c.token).lateral()
    named = named.union(select(other.c.token).select_from(named.join(other, true())))
    return or_(whole, LeadRow.token.in_(select(named.c.token))).label("disputed")


def _other_names(token: Any) -> CompoundSelect[Any]:
    """Of the same subject before and after rotations of the token epoch, and of the same account by its holder."""
    here, there = aliased(AliasRow), aliased(AliasRow)
    same = (here.member == there.member) & (here.event_id == there.event_id) & (here.digest == there.digest)
    gone = exists().where(Withdrawn.member == here.member, Withdrawn.event_id == here.event_id)
    return union_all(
        select(Renamed.first.label("token")).where(Renamed.token == token),
        select(Renamed.token).where(Renamed.first == token),
        select(there.token).join(here, same).where(here.token == token, ~gone),
    )


def shown_lead(row: Any) -> Lead:
    """A lead as it is numbered here."""
    return Lead.model_validate_json(row.snapshot).model_copy(update={"revision": row.revision})


def _listed(row: Any) -> ListedLead:
    lead = ListedLead.model_validate_json(row.snapshot)
    return lead.model_copy(update={"revision": row.revision, "disputed": row.disputed})


def shown_request(row: Any) -> RequestView:
    said = message(row.body, row.member)
    return RequestView(
        request_id=row.request_id,
        case_id=row.case_id,
        lead_id=row.lead_id,
        to=row.member,
        action=said.action,
        authority=AuthorityClass(row.authority),
        unit=said.authority.unit,
        officers=said.authority.officers,
        missing=row.missing,
        status=RequestStatus(row.status),
        target=said.target,
        amount=said.amount,
        hop=row.hop,
        attempt=row.attempt,
        void_after=row.void_after,
        unroutable=row.unroutable,
        reason=row.reason,
        drafted_at=row.drafted_at,
        sent_at=row.sent_at,
        answered_at=row.answered_at,
    )


def _task(row: Any) -> TaskView:
    return TaskView(
        number=row.number,
        kind=TaskKind(row.kind),
        subject=row.subject,
        case_id=row.case_id,
        unit=row.unit,
        why=row.why,
        since=row.due_at,
        told=row.told,
        closed_at=row.closed_at,
    )


def shown_hold(row: Any) -> HoldView:
    target = Identifier.model_validate_json(orjson.dumps(row.identifier))
    return HoldView(
        hold_id=row.hold_id,
        request_id=row.request_id,
        case_id=row.case_id,
        member=row.member,
        holder=target.holders[0] if target.holders else None,
        target=target,
        status=HoldStatus(row.status),
        scope=Scope(row.scope),
        amount=Money(minor=row.minor, currency=row.currency),
        since=row.since,
        until=row.until,
        unit=row.unit,
        queue_position=row.queue_position,
    )
