"""What officers say and could not: a mandate's later signatures and its end, a stop once more, the end of a case, and
that two cases are one, in which their stops are counted together.

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

_MERGES = """
alter table "case" add merged_into uuid references "case",
  add constraint merged_into_another check ((status = 'merged') = (merged_into is not null) and merged_into <> case_id);
create index case_merged_into on "case" (merged_into) where merged_into is not null;

create function refuse_merge_into_nothing() returns trigger language plpgsql as $$
begin
  if not exists (select from "case" where case_id = new.merged_into and status = 'open' and role = new.role) then
    raise exception 'the case % is merged into an open case of the same kind, and % is none',
      new.case_id, new.merged_into using errcode = 'check_violation';
  end if;
  return new;
end $$;
create trigger refuse_merge_into_nothing before update on "case" for each row
  when (new.merged_into is not null and old.merged_into is distinct from new.merged_into)
  execute function refuse_merge_into_nothing();

create function one_case(wanted uuid) returns setof uuid language sql stable as $$
  select case_id from "case" where coalesce(merged_into, case_id) =
    (select coalesce(merged_into, case_id) from "case" where case_id = wanted)
$$;
"""

_EXTENSIONS = """
alter table hold_act drop constraint hold_act_action_check,
  add constraint hold_act_action_check check (action in ('reduce', 'extend', 'freeze', 'renew', 'release'));

create or replace function refuse_third_stop() returns trigger language plpgsql as $$
begin
  if 2 <= (select count(*) from request
      where case_id in (select one_case(new.case_id)) and target = new.target and action in ('stop', 'extend')
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
    op.execute(_MERGES)
    op.execute(_EXTENSIONS)
