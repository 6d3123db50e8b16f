"""Whose a report is: by each name that it gives its victim. It goes with its report.

Of reports that there were before, the accounts alone are known from which their victims paid.
"""

from __future__ import annotations

from alembic import op

revision = "0022"
down_revision = "0021"

GUARDED = {"report_victim": "report"}
"""As in migration 0013: how the database finds out whether a row is past its time."""

_TABLE = """
create table report_victim (
  token text, member text, event_id uuid,
  primary key (token, member, event_id), foreign key (member, event_id) references report);
create index report_victim_report on report_victim (event_id);
insert into report_victim
  select distinct jsonb_array_elements_text(transfer -> 'payer' -> 'tokens'), member, event_id from report_target
  where jsonb_typeof(transfer -> 'payer' -> 'tokens') = 'array';
"""

_GUARDS = f"""
create trigger refuse_early_erasure before delete on report_victim
  for each row execute function refuse_early_erasure('{GUARDED["report_victim"]}');
create trigger refuse_truncation before truncate on report_victim
  for each statement execute function refuse_change();
"""


def upgrade() -> None:
    for statements in (_TABLE, _GUARDS):
        op.execute(statements)
