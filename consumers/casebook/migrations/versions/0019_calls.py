"""Calls to victims: once a scam and not once for ever, again where nobody was reached, tasks where they do not help.

Each attempt is one call, however many leads speak of the victim.
"""

from __future__ import annotations

from alembic import op

revision = "0019"
down_revision = "0016"

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


def upgrade() -> None:
    op.execute(_CALLS)
