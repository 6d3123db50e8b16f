"""A subject has one more name after each rotation of the token epoch. No name is a later one and a first one.

What a case holds on to it holds by every name of it: what says so of migration 0013 says it of all names from here on.
"""

from __future__ import annotations

from alembic import op

revision = "0014"
down_revision = "0013"

GUARDED = {"renamed": "renamed"}
"""As in migration 0013: how the database finds out whether a row is past its time."""

_TABLE = """
create table renamed (token text primary key, first text not null, check (token <> first));
create index on renamed (first);

create function names_of(wanted text) returns table (name text) language sql stable as $$
  with known as (select coalesce((select first from renamed where renamed.token = wanted), wanted) as first)
  select first from known union all select renamed.token from known join renamed on renamed.first = known.first
$$;
"""

_CASE = """
create or replace function is_acted_on(cases uuid[], requests uuid[]) returns boolean language sql stable as $$
  select exists (select from hold where case_id = any(cases))
    or exists (select from case_act where case_id = any(cases))
    or exists (select from inquiry where case_id = any(cases) and judged_at is not null and refusal is null)
    or exists (select from filed_order where request_id = any(requests))
    or exists (select from dispute where case_id = any(cases) or request_id = any(requests))
    or exists (select from label where case_id = any(cases))
    or exists (select from request where request_id = any(requests) and authority in ('police-order', 'mandate')
      and status not in ('drafted', 'awaiting-authorisation', 'cancelled'))
    or exists (select from evidence_seen where case_id = any(cases) and report)
    or exists (select from lead cross join lateral names_of(lead.token) join report_target on report_target.token = name
      where case_id = any(cases))
    or exists (select from request cross join lateral names_of(target) join report_target on report_target.token = name
      where request_id = any(requests))
$$;
"""

_OTHERS = """
create or replace function is_of_a_case(wanted text) returns boolean language sql stable as $$
  select exists (select from names_of(wanted) join lead on lead.token = name where case_id is not null)
    or exists (select from names_of(wanted) join request on target = name)
$$;

create or replace function alias_is_past(by_member text, id uuid) returns boolean language sql stable as $$
  with recursive tied(token, step) as (
    select token, 0 from alias where member = by_member and event_id = id
    union
    select other.token, step + 1 from tied cross join lateral names_of(tied.token)
      join alias here on here.token = name
      join alias other on other.member = here.member and other.event_id = here.event_id
      where step < 4)
  select (select max(taken_at) from alias where member = by_member and event_id = id) <= long_ago('suspicion')
    and not exists (select from tied where is_of_a_case(token))
$$;

create function renamed_is_past(wanted text) returns boolean language sql stable as $$
  select not exists (select from names_of(wanted) where exists (select from lead where token = name)
    or exists (select from request where target = name)
    or exists (select from dispute where token = name)
    or exists (select from report_target where token = name)
    or exists (select from alias where token = name))
$$;
"""

_GUARDS = """
create trigger refuse_early_erasure before delete on renamed
  for each row execute function refuse_early_erasure('renamed');
create trigger refuse_truncation before truncate on renamed for each statement execute function refuse_change();
create trigger append_only before update on renamed for each statement execute function refuse_change();
"""


def upgrade() -> None:
    for statements in (_TABLE, _CASE, _OTHERS, _GUARDS):
        op.execute(statements)
