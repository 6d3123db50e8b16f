"""Both ways: each member is told what became of its own alerts when that changes, many alerts in one message.

What is told is gathered for some seconds, so that a lead that moves costs one message and not one a turn. Must never
tell a member of another's alert, nor which lead, case or account its own led to.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

import orjson
from sqlalchemy import DateTime, literal_column, text

from alliance import metrics
from alliance.rulebook import OUTCOME
from consumers.casebook.lifecycle import HOLD_ENDS, IN_FORCE
from consumers.casebook.rows import insert_rows
from consumers.casebook.tables import Outbox
from consumers.casebook.turn import Turn
from schemas.outcomes import MAX_ALERTS, AlertOutcome, Became, Outcome
from schemas.registry import Status
from schemas.requests import HoldStatus

EVERY = timedelta(seconds=5)
_RETURNED = frozenset({HoldStatus.PART_RETURNED, HoldStatus.RETURNED})
_OF_HOLD = {
    **dict.fromkeys(HOLD_ENDS, Became.RELEASED),
    **dict.fromkeys(IN_FORCE, Became.HELD),
    **dict.fromkeys(_RETURNED, Became.RETURNED),
}
_OF_HOLD_TEXT = orjson.dumps({status.value: became.value for status, became in _OF_HOLD.items()}).decode()

# `changed` is the transaction that wrote a row. The casebook alone writes leads and holds, one turn after the other, so
# that the newest of which was told is a cursor. It is a parameter, since a plan must know how little comes after it.
_NEWEST = "greatest((select max(changed) from lead), (select max(changed) from hold))"
_PENDING = text(f"select up_to from outcome_cursor where {_NEWEST} > up_to")
_TOUCHED = """
select case_id from lead where changed > :up_to and case_id is not null
union select case_id from hold where changed > :up_to"""
_CASES = """
update "case" c set became = now.became from (
  select case_id, greatest(
    (select max((cast(:of_hold as jsonb) ->> status)::became) from hold
      where hold.case_id = touched.case_id and queue_position is null),
    (select 'lead'::became where exists (select from lead where lead.case_id = touched.case_id and level <> 'none')),
    'nothing') as became
  from unnest(cast(:cases as uuid[])) touched (case_id)) now
where c.case_id = now.case_id and c.became <> now.became"""
# An alert may be evidence in several cases: what it led to is the most that any of them did.
_ALERTS = """
with fresh as (
  select case_id, member, event_id, became from evidence_seen join "case" using (case_id)
  where case_id = any(cast(:cases as uuid[])) and told is distinct from became),
noted as (
  update evidence_seen s set told = fresh.became from fresh
  where (s.case_id, s.member, s.event_id) = (fresh.case_id, fresh.member, fresh.event_id))
select member, event_id, max(c.became) as became
from (select distinct member, event_id from fresh) alert
join evidence_seen s using (member, event_id) join "case" c on c.case_id = s.case_id
where not exists (
  select from withdrawn w where (w.member, w.event_id) = (s.member, s.event_id) and (w.by_police or not s.report))
group by member, event_id having max(c.became) <> coalesce(max(s.told), 'nothing')
order by member, event_id"""
_MOVE = f"update outcome_cursor set up_to = {_NEWEST}, at = :now"


CLOCK = literal_column(
    f"(select at + interval '{EVERY.total_seconds()} s' from outcome_cursor where {_NEWEST} > up_to)",
    DateTime(timezone=True),
)
"""When the next messages are due; none while nothing has changed."""


def tell(turn: Turn, told_at: datetime) -> None:
    """Unless members were told just now. What changes after it in the same transaction is told of with the next change
    only, so that it comes last."""
    up_to = turn.db.scalar(_PENDING) if told_at + EVERY <= turn.now else None
    if up_to is None:
        return
    cases = list(turn.db.scalars(text(_TOUCHED), {"up_to": up_to}))
    turn.db.execute(text(_CASES), {"cases": cases, "of_hold": _OF_HOLD_TEXT})
    rows = turn.db.execute(text(_ALERTS), {"cases": cases}).all()
    turn.db.execute(text(_MOVE), {"now": turn.now})
    sent = []
    for message in _messages(turn, rows):
        value = message.model_dump_json()
        sent.append({"member": message.to, "key": message.to, "value": value})
        turn.trail.note("outcomes", message.to, value.encode())
        metrics.OUTCOMES_TOLD.inc(len(message.alerts))
    insert_rows(turn.db, Outbox, sent)


def _messages(turn: Turn, rows: Sequence[Any]) -> Iterator[Outcome]:
    """Of the members that are active and may be told; who is not, or may not, is told of nothing, also not later."""
    for name, alerts in groupby(rows, key=lambda row: row.member):
        member = turn.registry.member(name)
        if member is None or member.status is not Status.ACTIVE:
            continue
        if OUTCOME not in turn.registry.permits.received_by(member):
            continue
        told = [AlertOutcome(event_id=row.event_id, became=Became(row.became)) for row in alerts]
        for start in range(0, len(told), MAX_ALERTS):
            yield Outcome(to=name, alerts=told[start : start + MAX_ALERTS], at=turn.now)
