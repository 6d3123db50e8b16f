"""What the casebook has of each member's requests, answers and alerts, for the members' numbers. Reads only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from consumers.casebook.views.scorecard import Asked, Rows
from schemas.base import Money, to_ms
from schemas.outcomes import Became
from schemas.requests import Action, RequestStatus

# An answer that only says that others' orders are first holds nothing yet. What was late, the clocks have noted as they
# struck: a card that judged by itself could blame a member for what was no task of anybody's.
_ASKED = """
with done as (
  select request_id, effect and status <> 'acknowledged' as final, received_at, body::jsonb as body,
    effect and status in ('executed', 'partial') and coalesce((body::jsonb ->> 'queue_position')::bigint, 1) = 1 as done
  from answer)
select r.member, r.action, r.status, r.sent_at, r.minor, r.currency,
  min(a.received_at) as first_at, min(a.received_at) filter (where a.final) as final_at,
  coalesce(bool_or(a.body ->> 'scope' = 'account') filter (where a.done), false) as whole,
  exists (select from escalation where subject = r.request_id and kind in ('final', 'release')) as late,
  max((a.body #>> '{amount,minor}')::bigint)
    filter (where a.done and a.body #>> '{amount,currency}' = r.currency) as held_minor
from request r left join done a using (request_id)
where r.member = any(:members) and r.sent_at >= coalesce(cast(:since as timestamptz), '-infinity')
group by r.request_id"""
# Ids of alerts begin with the time at which they were published.
_BECAME = """
select member, became, count(*) as alerts from (
  select s.member, max(c.became) as became from evidence_seen s join "case" c using (case_id)
  where s.member = any(:members) and s.event_id >= :floor group by s.member, s.event_id) alert
group by member, became"""


def rows_of(
    db: Connection, members: Iterable[str], since: datetime | None = None, published: Mapping[str, int] | None = None
) -> dict[str, Rows]:
    """Each member's rows since then, also where there are none. `published`: how many alerts of each were let in."""
    names = list(members)
    asked: dict[str, list[Asked]] = defaultdict(list)
    for row in db.execute(text(_ASKED), {"members": names, "since": since}):
        asked[row.member].append(_asked(row))
    became: dict[str, dict[Became, int]] = defaultdict(dict)
    for row in db.execute(text(_BECAME), {"members": names, "floor": _floor(since)}):
        became[row.member][Became(row.became)] = row.alerts
    counted = {} if published is None else {name: published.get(name, 0) for name in names}
    return {name: Rows(asked[name], became[name], counted.get(name)) for name in names}


def _asked(row: Any) -> Asked:
    return Asked(
        action=Action(row.action),
        status=RequestStatus(row.status),
        sent_at=row.sent_at,
        first_at=row.first_at,
        final_at=row.final_at,
        asked=Money(minor=row.minor, currency=row.currency) if row.minor is not None else None,
        whole=row.action == Action.STOP and row.whole,
        held_minor=row.held_minor if row.action == Action.STOP else None,
        late=row.late,
    )


def _floor(since: datetime | None) -> UUID:
    """The least id of an alert that was published then (RFC 9562, version 7)."""
    return UUID(int=to_ms(since) << 80 if since else 0)
