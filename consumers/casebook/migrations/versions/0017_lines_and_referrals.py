"""Lines that police have suspended are holds of no money, which live from active through release-proposed to an end.
What is referred to a holder out of the city is due as the casebook sets it.
"""

from __future__ import annotations

from alembic import op

revision = "0017"
down_revision = "0016"

_LINES = """
alter table hold add column line boolean not null default false, add constraint a_line_is_no_money check (
  not line or (minor = 0 and status in ('active', 'release-proposed', 'released', 'expired')));
"""

# What was referred before had no deadline.
_REFERRALS = """
update request set final_due = void_after where status = 'referred';

create or replace function set_answer_clocks() returns trigger language plpgsql as $$
begin
  if new.status = 'sent' then
    new.acknowledge_due = new.sent_at + new.acknowledge_s * interval '1 second';
    new.final_due = new.sent_at + new.final_s * interval '1 second';
  elsif new.status = 'acknowledged' then
    new.acknowledge_due = null;
    if new.latest_s is not null or old.status = 'drafted' then
      new.final_due = coalesce(new.sent_at, new.answered_at)
        + coalesce(new.latest_s, new.final_s) * interval '1 second';
    end if;
  elsif new.status = 'referred' then
    new.acknowledge_due = null;
  else
    new.acknowledge_due = null;
    new.final_due = null;
  end if;
  return new;
end $$;
"""


def upgrade() -> None:
    op.execute(_LINES)
    op.execute(_REFERRALS)
