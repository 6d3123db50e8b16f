"""How often an account is stopped in a case is the profile's to say, here too: it was two everywhere."""

from __future__ import annotations

from alembic import op

revision = "0020"
down_revision = "0019"

_TABLE = """
create table stop_bound (
  one boolean primary key default true check (one), most bigint not null check (most > 0));
"""

# Until a casebook has said by which profile it goes, the bound is what it was.
_TRIGGER = """
create or replace function refuse_third_stop() returns trigger language plpgsql as $$
declare
  bound bigint := coalesce((select most from stop_bound), 2);
begin
  if bound <= (select count(*) from request
      where case_id in (select one_case(new.case_id)) and target = new.target and action in ('stop', 'extend')
        and request_id <> new.request_id
        and status not in ('refused', 'not-found', 'already-gone', 'failed', 'cancelled')) then
    raise exception 'the account % was stopped as often in this case as the law allows (%)', new.target, bound
      using errcode = 'check_violation';
  end if;
  return new;
end $$;
"""


def upgrade() -> None:
    op.execute(_TABLE)
    op.execute(_TRIGGER)
