"""What officers say and could not: a mandate's later signatures and its end, a stop once more, the end of a case.

The database refuses a mandate that ends by nobody's word (what was revoked before this version stays so), and counts an
extension as one of the two stops that the law has.
"""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"

_TABLES = """
alter table mandate add signed_at timestamptz, add revocation text,
  add constraint revoked_by_an_officer check (revoked_at is null or revocation is not null) not valid;

create table case_act (
  number bigint generated always as identity primary key, case_id uuid not null references "case",
  jws text not null, filed_at timestamptz not null, judged_at timestamptz, refusal text);
create index case_act_new on case_act (number) where judged_at is null;
create index case_act_case on case_act (case_id);
"""

_EXTENSIONS = """
alter table hold_act drop constraint hold_act_action_check,
  add constraint hold_act_action_check check (action in ('reduce', 'extend', 'freeze', 'renew', 'release'));

create or replace function refuse_third_stop() returns trigger language plpgsql as $$
begin
  if 2 <= (select count(*) from request
      where case_id = new.case_id and target = new.target and action in ('stop', 'extend')
        and request_id <> new.request_id
        and status not in ('refused', 'not-found', 'already-gone', 'failed', 'cancelled')) then
    raise exception 'the account % was stopped twice in this case, and the law has no third', new.target
      using errcode = 'check_violation';
  end if;
  return new;
end $$;
drop trigger refuse_third_stop on request;
create trigger refuse_third_stop before insert on request for each row
  when (new.action in ('stop', 'extend')) execute function refuse_third_stop();
"""


def upgrade() -> None:
    op.execute(_TABLES)
    op.execute(_EXTENSIONS)
