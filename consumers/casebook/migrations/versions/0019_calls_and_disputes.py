"""Calls to victims: once a scam and not once for ever, again where nobody was reached, tasks where they do not help;
disputes that were rejected, filed once more.

Each attempt is one call, however many leads speak of the victim.
"""

from __future__ import annotations

from alembic import op

revision = "0019"
down_revision = "0018"

_CALLS = """
alter table request add column again_at timestamptz check (again_at is null or action = 'call');
create index request_again on request (again_at) where again_at is not null;
drop index one_call_a_victim;
create unique index one_call_a_victim on request (case_id, attempt) where action = 'call' and status <> 'cancelled';
alter table escalation
  drop constraint escalation_kind_check,
  add constraint escalation_kind_check
    check (kind in ('acknowledge', 'final', 'release', 'decision', 'review', 'visit', 'report'));
"""


_DISPUTES = """
drop index said_once_on_the_same_grounds;
create unique index said_once_on_the_same_grounds on dispute (member, token, grounds)
  where status not in ('inadmissible', 'rejected');
"""
"""What was rejected may be said again later; it is the casebook that knows when."""


def upgrade() -> None:
    op.execute(_CALLS)
    op.execute(_DISPUTES)
