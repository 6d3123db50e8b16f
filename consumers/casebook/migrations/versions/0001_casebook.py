"""The casebook's tables, and what the database refuses whatever the code does."""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None

_TABLES = """
create table consumer_offset (
  topic text, partition bigint, next bigint not null check (next >= 0),
  primary key (topic, partition));

create table "case" (
  case_id uuid primary key, lead_id text not null, role text not null,
  status text not null check (status in ('open', 'merged', 'transferred', 'closed')),
  releases bigint not null check (releases >= 0), opened_at timestamptz not null);

create table lead (
  lead_id text primary key, case_id uuid references "case", revision bigint not null check (revision > 0),
  digest bytea not null, role text not null, token text not null,
  level text not null check (level in ('none', 'medium', 'high', 'very-high')),
  snapshot text not null, changed bigint not null);
create index ix_lead_token on lead (token);
create index lead_changed on lead (changed);

create table evidence_seen (
  case_id uuid references "case", member text, event_id uuid, direct boolean not null, report boolean not null,
  primary key (case_id, member, event_id));
create index evidence_seen_event on evidence_seen (event_id);

create table withdrawn (
  member text, event_id uuid, by_police boolean not null, at timestamptz not null,
  primary key (member, event_id));

create table report (
  member text, event_id uuid, digest bytea not null, conflict boolean not null,
  report_id text not null, taken_at timestamptz not null,
  primary key (member, event_id));
create table report_target (
  token text, member text, event_id uuid, transfer jsonb,
  primary key (token, member, event_id), foreign key (member, event_id) references report);

create table mandate (
  mandate_id uuid primary key, jws text not null, filed_at timestamptz not null, revoked_at timestamptz);

create table request (
  request_id uuid primary key, case_id uuid not null references "case", lead_id text, parent uuid,
  asked text not null, member text, unroutable text,
  action text not null, target text not null, authority text not null, proof text,
  mandate_id uuid references mandate, covered_by uuid, level text not null,
  status text not null, reason text, minor bigint check (minor >= 0), currency text,
  hop bigint not null check (hop between 0 and 5), attempt bigint not null check (attempt >= 1),
  void_after timestamptz not null, drafted_at timestamptz not null, sent_at timestamptz, answered_at timestamptz,
  body text not null, changed bigint not null,
  constraint one_act_once unique (case_id, target, action, attempt, asked),
  constraint stop_at_the_holder_alone check (action not in ('stop', 'freeze') or asked = 'holder'),
  constraint two_stops_at_most check (action <> 'stop' or attempt <= 2),
  constraint police_alone_may check (
    action not in ('stop', 'extend', 'freeze', 'renew', 'return', 'suspend', 'reduce')
    or authority in ('police-order', 'mandate')),
  constraint not_without_proof check (
    authority not in ('police-order', 'mandate') or proof is not null
    or status in ('awaiting-authorisation', 'cancelled') or (status = 'drafted' and member is null)),
  constraint somebody_is_asked check (
    member is not null or (unroutable is not null and status in ('drafted', 'cancelled', 'referred'))),
  constraint amount_in_a_currency check ((minor is null) = (currency is null)));
create unique index one_call_a_victim on request (case_id) where action = 'call';
create index request_changed on request (changed);
create index request_open on request (void_after) where status in ('drafted', 'awaiting-authorisation');
create index request_unroutable on request (request_id) where status = 'drafted' and member is null;
create index request_mandate on request (mandate_id, drafted_at) where mandate_id is not null;

create table hold (
  hold_id uuid primary key, request_id uuid not null unique references request, case_id uuid not null references "case",
  member text not null, target text not null, identifier jsonb not null, mandate_id uuid,
  status text not null, scope text not null check (scope in ('amount', 'account')),
  minor bigint not null check (minor >= 0), currency text not null,
  since timestamptz not null, until timestamptz not null, changed bigint not null,
  constraint every_hold_ends check (until > since));
create index hold_changed on hold (changed);
create index hold_case on hold (case_id);
create index hold_due on hold (until) where status in ('active', 'extended', 'release-proposed');

create table path_end (
  number bigint generated always as identity primary key, case_id uuid not null references "case",
  request_id uuid not null references request, hop bigint not null, outflow jsonb not null);

create table answer (
  member text, event_id uuid, request_id uuid not null, digest bytea not null, status text not null,
  effect boolean not null, done_at timestamptz not null, received_at timestamptz not null, body text not null,
  primary key (member, event_id));
create index ix_answer_request_id on answer (request_id);

create table filed_order (
  number bigint generated always as identity primary key, request_id uuid not null references request,
  jws text not null, filed_at timestamptz not null, judged_at timestamptz, refusal text);
create index filed_order_new on filed_order (number) where judged_at is null;

create table outbox (
  number bigint generated always as identity primary key, member text not null, key text not null,
  value text not null, request_id uuid, claimed boolean not null default false);
create index outbox_request on outbox (request_id);

create table audit (
  number bigint primary key, at timestamptz not null, act text not null, subject text not null,
  digest bytea not null, previous bytea not null, hash bytea not null);
"""

_TRIGGERS = """
create function note_change() returns trigger language plpgsql as
  'begin new.changed = pg_current_xact_id()::text::bigint; return new; end';
create trigger note_change before insert or update on lead for each row execute function note_change();
create trigger note_change before insert or update on request for each row execute function note_change();
create trigger note_change before insert or update on hold for each row execute function note_change();

create function refuse_change() returns trigger language plpgsql as
  'begin raise exception ''the table % is append-only'', tg_table_name; end';
create trigger append_only before update or delete or truncate on audit
  for each statement execute function refuse_change();

create function wake_dispatch() returns trigger language plpgsql as
  'begin perform pg_notify(''outbox'', ''''); return null; end';
create trigger wake_dispatch after insert on outbox for each statement execute function wake_dispatch();
"""


def upgrade() -> None:
    op.execute(_TABLES)
    op.execute(_TRIGGERS)
