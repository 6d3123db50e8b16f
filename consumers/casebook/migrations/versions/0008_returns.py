"""Return of funds: notices with their claims, objections and payments. No victim is paid twice, nor more than it
reported, whatever the code does; and no hold pays more than it holds.
"""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"

_TABLES = """
create table filed_statement (
  number bigint generated always as identity primary key, jws text not null, filed_at timestamptz not null,
  judged_at timestamptz, refusal text, return_id uuid);
create unique index filed_statement_once on filed_statement (md5(jws));
create index filed_statement_new on filed_statement (number) where judged_at is null;

create table return_notice (
  return_id uuid primary key, hold_id uuid not null references hold, case_id uuid not null references "case",
  number bigint not null check (number > 0), unit text not null, officer text not null, reason text not null,
  announced_at timestamptz not null, objections_until timestamptz not null, until timestamptz not null,
  stays jsonb not null, look boolean not null, ended boolean not null, held_status text not null,
  held_minor bigint not null, closed_at timestamptz, closed_for text,
  unique (hold_id, number),
  constraint objections_within_the_notice check (announced_at <= objections_until and objections_until <= until),
  constraint closed_for_a_reason check ((closed_at is null) = (closed_for is null)));
create unique index one_open_return on return_notice (hold_id) where closed_at is null;
create index return_notice_running on return_notice (until) where closed_at is null and not ended;

create table return_claim (
  return_id uuid references return_notice, member text, event_id uuid, taken_at timestamptz not null,
  minor bigint not null check (minor > 0), traced boolean not null, annulled boolean not null, payer jsonb,
  primary key (return_id, member, event_id), foreign key (member, event_id) references report);
create index return_claim_report on return_claim (event_id);

create table return_objection (
  number bigint primary key references filed_statement, return_id uuid not null references return_notice,
  member text, event_id uuid, by text not null, reason text not null, filed_at timestamptz not null,
  upheld boolean, decided_by text, decided_at timestamptz,
  foreign key (return_id, member, event_id) references return_claim,
  constraint one_claim_or_the_whole check ((member is null) = (event_id is null)),
  constraint decided_by_somebody check (
    (upheld is null) = (decided_at is null) and (upheld is null) = (decided_by is null)));
create index return_objection_of on return_objection (return_id);

create table return_payment (
  payment_id uuid primary key, return_id uuid not null, hold_id uuid not null references hold,
  request_id uuid not null references request, member text not null, event_id uuid not null,
  minor bigint not null check (minor > 0), currency text not null,
  status text not null check (status in ('drafted', 'paid', 'dropped', 'unclear')),
  drafted_at timestamptz not null, settled_at timestamptz,
  foreign key (return_id, member, event_id) references return_claim,
  unique (request_id, member, event_id),
  constraint settled_once_it_is check ((status = 'drafted') = (settled_at is null)));
create index return_payment_of on return_payment (return_id);
create index return_payment_hold on return_payment (hold_id);
create index return_payment_report on return_payment (event_id);
create index return_payment_drafted on return_payment (request_id) where status = 'drafted';
"""

_TRIGGERS = """
create function refuse_payment() returns trigger language plpgsql as $$
declare
  held record;
  claimed bigint;
  of_claim bigint;
  reported bigint;
  of_report bigint;
begin
  select minor, currency into held from hold where hold_id = new.hold_id for update;
  if new.status <> 'drafted' or new.currency <> held.currency or new.hold_id is distinct from
      (select hold_id from return_notice where return_id = new.return_id and closed_at is null) then
    raise exception 'the payment % is drafted from the hold of an open return, in its currency', new.payment_id
      using errcode = 'check_violation';
  end if;
  if held.minor < new.minor + (select coalesce(sum(minor), 0) from return_payment
      where hold_id = new.hold_id and status in ('drafted', 'unclear')) then
    raise exception 'the hold % has no % left to return', new.hold_id, new.minor using errcode = 'check_violation';
  end if;
  select minor into claimed from return_claim
    where return_id = new.return_id and member = new.member and event_id = new.event_id and not annulled;
  select coalesce(sum(minor), 0) into of_claim from return_payment
    where return_id = new.return_id and member = new.member and event_id = new.event_id and status <> 'dropped';
  if claimed is null or claimed < of_claim + new.minor then
    raise exception 'the report % claims no % more of the hold %', new.event_id, new.minor, new.hold_id
      using errcode = 'check_violation';
  end if;
  select sum((transfer #>> '{amount,minor}')::bigint) into reported from (
    select distinct transfer from report_target where member = new.member and event_id = new.event_id
      and transfer #>> '{amount,currency}' = new.currency) named;
  select coalesce(sum(minor), 0) into of_report from return_payment
    where member = new.member and event_id = new.event_id and currency = new.currency and status <> 'dropped';
  if coalesce(reported, 0) < of_report + new.minor then
    raise exception 'the victim of the report % would get more than it lost', new.event_id
      using errcode = 'check_violation';
  end if;
  return new;
end $$;
create trigger refuse_payment before insert on return_payment for each row execute function refuse_payment();

create function refuse_payment_change() returns trigger language plpgsql as $$
begin
  if (old.payment_id, old.return_id, old.hold_id, old.request_id, old.member, old.event_id, old.minor, old.currency)
      is distinct from
      (new.payment_id, new.return_id, new.hold_id, new.request_id, new.member, new.event_id, new.minor, new.currency)
      or (old.status <> new.status and old.status <> 'drafted') then
    raise exception 'the payment % is % and stays what it is', old.payment_id, old.status
      using errcode = 'check_violation';
  end if;
  return new;
end $$;
create trigger refuse_change before update on return_payment for each row execute function refuse_payment_change();

create function refuse_payment_delete() returns trigger language plpgsql as
  'begin raise exception ''what was paid or drafted stays on record''; end';
create trigger refuse_delete before delete or truncate on return_payment
  for each statement execute function refuse_payment_delete();
"""


def upgrade() -> None:
    op.execute(_TABLES)
    op.execute(_TRIGGERS)
