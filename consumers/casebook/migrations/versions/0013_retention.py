"""What is past its time may be erased, and nothing else: of each row the database itself asks whether it is.

Time is that of the newest entry of the audit, which the casebook writes by the alliance clock: it never runs ahead.
"""

from __future__ import annotations

from alembic import op
from sqlalchemy import text

revision = "0013"
down_revision = "0012"

GUARDED = {
    "case": "case",
    "lead": "lead",
    "evidence_seen": "case",
    "request": "case",
    "hold": "case",
    "path_end": "case",
    "case_act": "case",
    "return_notice": "case",
    "answer": "request",
    "filed_order": "request",
    "filed_answer": "request",
    "hold_act": "hold",
    "hold_decision": "hold",
    "return_claim": "return",
    "return_objection": "return",
    "return_payment": "return",
    "appeal": "objection appeal_id",
    "dispute": "objection dispute_id",
    "filed_ruling": "objection id",
    "label": "objection id",
    "escalation": "objection subject",
    "report": "report",
    "report_target": "report",
    "alias": "alias",
    "withdrawn": "withdrawn",
    "filed_statement": "statement",
    "inquiry": "inquiry",
    "mandate": "mandate",
}
"""How the database finds out whether a row of a table is past its time: by what it belongs to, or by a rule of its own.
What neither this lists nor a later migration holds no citizen's data, or is done with when sent or written anew."""

_TABLES = """
create table retention_period (
  name text primary key check (name in ('suspicion', 'case')),
  seconds bigint not null check (seconds >= 180 * 86400));
create table retention_run (
  number bigint generated always as identity primary key, asked_at timestamptz not null, begun_at timestamptz,
  ended_at timestamptz, steps bigint not null default 0 check (steps >= 0), erased jsonb not null default '{}');
create index retention_run_open on retention_run (number) where ended_at is null;

create index case_opened on "case" using brin (opened_at);
create index report_taken on report using brin (taken_at);
create index alias_taken on alias using brin (taken_at);
create index withdrawn_at on withdrawn using brin (at);
create index lead_alone on lead (taken_at) where case_id is null;
create index claim_report on claim (event_id);
create index report_target_report on report_target (event_id);
create index request_covered_by on request (covered_by) where covered_by is not null;
create index filed_order_of on filed_order (request_id);
create index filed_answer_of on filed_answer (request_id);
create index path_end_request on path_end (request_id);
create index hold_act_of on hold_act (hold_id);
create index hold_act_request on hold_act (request_id) where request_id is not null;
create index hold_decision_of on hold_decision (hold_id);
create index appeal_hold on appeal (hold_id);
create index dispute_case on dispute (case_id) where case_id is not null;
create index dispute_request on dispute (request_id) where request_id is not null;
create index label_case on label (case_id) where case_id is not null;
create index escalation_case on escalation (case_id) where case_id is not null;
create index return_notice_case on return_notice (case_id);
create index inquiry_case on inquiry (case_id) where case_id is not null;
create index filed_statement_return on filed_statement (return_id) where return_id is not null;
create index filed_ruling_of on filed_ruling (id);
"""

_TIME = """
create function retention_now() returns timestamptz language sql stable as
  'select at from audit order by number desc limit 1';

create function long_ago(period text) returns timestamptz language sql stable as $$
  select retention_now() - seconds * interval '1 second' from retention_period where name = period
$$;

create function said(jws text) returns jsonb language plpgsql immutable as $$
declare
  part text := translate(split_part(jws, '.', 2), '-_', '+/');
begin
  return convert_from(decode(part || repeat('=', -length(part) & 3), 'base64'), 'UTF8')::jsonb;
exception when others then
  return '{}';
end $$;
"""

# A suspicion becomes a case of police when anybody acts on it: then it stays until an officer has ended it.
_CASE = """
create function is_acted_on(cases uuid[], requests uuid[]) returns boolean language sql stable as $$
  select exists (select from hold where case_id = any(cases))
    or exists (select from case_act where case_id = any(cases))
    or exists (select from inquiry where case_id = any(cases) and judged_at is not null and refusal is null)
    or exists (select from filed_order where request_id = any(requests))
    or exists (select from dispute where case_id = any(cases) or request_id = any(requests))
    or exists (select from label where case_id = any(cases))
    or exists (select from request where request_id = any(requests) and authority in ('police-order', 'mandate')
      and status not in ('drafted', 'awaiting-authorisation', 'cancelled'))
    or exists (select from evidence_seen where case_id = any(cases) and report)
    or exists (select from lead join report_target using (token) where case_id = any(cases))
    or exists (select from request join report_target on token = target where request_id = any(requests))
$$;

create function is_waited_for(cases uuid[], requests uuid[]) returns boolean language sql stable as $$
  select exists (select from hold join hold_move on before = status where case_id = any(cases))
    or exists (select from request where request_id = any(requests) and (
      status in ('drafted', 'awaiting-authorisation') or acknowledge_due is not null or final_due is not null
      or (status in ('sent', 'acknowledged', 'referred') and authority in ('police-order', 'mandate'))))
    or exists (select from outbox where request_id = any(requests))
    or exists (select from case_act where case_id = any(cases) and judged_at is null)
    or exists (select from inquiry where case_id = any(cases) and answer is null and refusal is null
      and (judged_at is null or judged_at > long_ago('suspicion')))
    or exists (select from filed_order where request_id = any(requests) and judged_at is null)
    or exists (select from filed_answer where request_id = any(requests) and judged_at is null)
    or exists (select from hold_act join hold using (hold_id) where case_id = any(cases) and judged_at is null)
    or exists (select from hold_decision join hold using (hold_id) where case_id = any(cases) and judged_at is null)
    or exists (select from return_notice where case_id = any(cases) and closed_at is null)
    or exists (select from appeal join hold using (hold_id)
      where case_id = any(cases) and appeal.status in ('filed', 'overdue'))
    or exists (select from dispute
      where (case_id = any(cases) or request_id = any(requests)) and status in ('open', 'overdue'))
    or exists (select from escalation where case_id = any(cases) and next_at is not null)
$$;

create function is_touched_since(moment timestamptz, cases uuid[], requests uuid[])
returns boolean language sql stable as $$
  select exists (select from lead where case_id = any(cases) and taken_at > moment)
    or exists (select from request
      where request_id = any(requests) and greatest(drafted_at, sent_at, answered_at, void_after) > moment)
    or exists (select from answer where request_id = any(requests) and received_at > moment)
    or exists (select from hold where case_id = any(cases) and until > moment)
    or exists (select from case_act where case_id = any(cases) and judged_at > moment)
    or exists (select from inquiry where case_id = any(cases) and judged_at > moment)
    or exists (select from hold_act join hold using (hold_id) where case_id = any(cases) and judged_at > moment)
    or exists (select from hold_decision join hold using (hold_id) where case_id = any(cases) and judged_at > moment)
    or exists (select from return_notice where case_id = any(cases) and closed_at > moment)
    or exists (select from appeal join hold using (hold_id)
      where case_id = any(cases) and greatest(due_at, decided_at) > moment)
    or exists (select from dispute
      where (case_id = any(cases) or request_id = any(requests)) and greatest(due_at, decided_at) > moment)
    or exists (select from label where case_id = any(cases) and at > moment)
    or exists (select from escalation where case_id = any(cases) and greatest(due_at, closed_at) > moment)
$$;

create function case_is_past(wanted uuid) returns boolean language plpgsql stable as $$
declare
  root record;
  cases uuid[];
  requests uuid[];
  begun_by timestamptz := long_ago('suspicion');
begin
  select own.case_id, own.status, own.opened_at into root from "case"
    join "case" own on own.case_id = coalesce("case".merged_into, "case".case_id) where "case".case_id = wanted;
  if root is null or begun_by is null or root.opened_at > begun_by then
    return false;
  end if;
  cases := array(select root.case_id union select case_id from "case" where merged_into = root.case_id);
  requests := array(select request_id from request where case_id = any(cases));
  return not (root.status = 'open' and is_acted_on(cases, requests)) and not is_waited_for(cases, requests)
    and not is_touched_since(case root.status when 'open' then begun_by else long_ago('case') end, cases, requests);
end $$;
"""

# A dispute of nobody's case, a report that no case rests on, and what else stands by itself.
_OTHERS = """
create function is_of_a_case(wanted text) returns boolean language sql stable as $$
  select exists (select from lead where token = wanted and case_id is not null)
    or exists (select from request where target = wanted)
$$;

create function objection_is_past(wanted uuid, of_case uuid) returns boolean language plpgsql stable as $$
declare
  owner uuid := coalesce(of_case,
    (select case_id from appeal join hold using (hold_id) where appeal_id = wanted),
    (select coalesce(dispute.case_id, request.case_id) from dispute left join request using (request_id)
      where dispute_id = wanted));
begin
  if owner is not null then
    return case_is_past(owner);
  end if;
  return exists (select from dispute where dispute_id = wanted and status not in ('open', 'overdue')
    and greatest(due_at, decided_at) <= long_ago(case status when 'upheld' then 'case' else 'suspicion' end)
    and not is_of_a_case(token));
end $$;

create function report_is_past(by_member text, id uuid) returns boolean language sql stable as $$
  select exists (select from report
      where member = by_member and event_id = id and taken_at <= long_ago('suspicion'))
    and not exists (select from claim where member = by_member and event_id = id)
    and not exists (select from return_claim where member = by_member and event_id = id)
    and not exists (select from evidence_seen where member = by_member and event_id = id)
    and not exists (select from request where covered_by = id)
    and not exists (select from report_target
      where member = by_member and event_id = id and is_of_a_case(token))
$$;

create function alias_is_past(by_member text, id uuid) returns boolean language sql stable as $$
  with recursive tied(token, step) as (
    select token, 0 from alias where member = by_member and event_id = id
    union
    select other.token, step + 1 from tied join alias here using (token)
      join alias other on other.member = here.member and other.event_id = here.event_id
      where step < 4)
  select (select max(taken_at) from alias where member = by_member and event_id = id) <= long_ago('suspicion')
    and not exists (select from tied where is_of_a_case(token))
$$;

create function withdrawal_is_past(by_member text, id uuid) returns boolean language sql stable as $$
  select exists (select from withdrawn where member = by_member and event_id = id and at <= long_ago('suspicion'))
    and not exists (select from evidence_seen where member = by_member and event_id = id)
    and not exists (select from report where member = by_member and event_id = id)
    and not exists (select from alias where member = by_member and event_id = id)
$$;

create function statement_is_past(wanted bigint) returns boolean language sql stable as $$
  select exists (select from filed_statement where number = wanted and judged_at <= long_ago('suspicion')
    and not exists (select from return_notice where return_notice.return_id = filed_statement.return_id
      or return_notice.return_id::text = said(jws) ->> 'return_id')
    and not exists (select from hold where hold_id::text = said(jws) ->> 'hold_id'))
$$;

create function mandate_is_past(wanted uuid) returns boolean language sql stable as $$
  select exists (select from mandate where mandate_id = wanted and filed_at <= long_ago('case')
    and coalesce(revoked_at, (said(signatures[1]) ->> 'valid_to')::timestamptz) <= long_ago('case')
    and not exists (select from request where request.mandate_id = wanted))
$$;

create function act_is_past(at timestamptz, act jsonb) returns boolean language plpgsql stable as $$
declare
  about text := act ->> 1;
  id uuid := substring(about from '([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$')::uuid;
begin
  if at > long_ago('suspicion') then
    return false;
  elsif id::text = about then
    return not (exists (select from request where request_id = id) or exists (select from hold where hold_id = id)
      or exists (select from "case" where case_id = id) or exists (select from appeal where appeal_id = id)
      or exists (select from dispute where dispute_id = id) or exists (select from mandate where mandate_id = id)
      or exists (select from return_notice where return_id = id)
      or exists (select from return_payment where payment_id = id));
  elsif id is not null then
    return not (exists (select from report where event_id = id) or exists (select from alias where event_id = id)
      or exists (select from withdrawn where event_id = id) or exists (select from evidence_seen where event_id = id));
  elsif about ~ '^[0-9]+$' and act ->> 0 like 'statement %' then
    return not exists (select from filed_statement where number = about::bigint);
  elsif about ~ '^[0-9]+$' and act ->> 0 like 'answer %' then
    return not exists (select from filed_answer where number = about::bigint);
  elsif act ->> 0 like 'reveal%' or act ->> 0 like 'reseal%' then
    return not exists (select from "case" where case_id::text = split_part(about, '/', 1));
  elsif act ->> 0 = 'subject renamed' then
    return not exists (select from renamed where token = about);
  elsif act ->> 0 like 'search%' then
    return true;
  end if;
  return false;
end $$;
"""

_GUARD = """
create function refuse_early_erasure() returns trigger language plpgsql as $$
declare
  gone jsonb := to_jsonb(old);
  of_case uuid := (gone ->> 'case_id')::uuid;
  event uuid := (gone ->> 'event_id')::uuid;
  past boolean;
begin
  past := case tg_argv[0]
    when 'case' then case_is_past(of_case)
    when 'lead' then case when of_case is null then (gone ->> 'taken_at')::timestamptz <= long_ago('suspicion')
      else case_is_past(of_case) end
    when 'request' then case_is_past((select case_id from request where request_id = (gone ->> 'request_id')::uuid))
    when 'hold' then case_is_past((select case_id from hold where hold_id = (gone ->> 'hold_id')::uuid))
    when 'return' then case_is_past((select case_id from return_notice where return_id = (gone ->> 'return_id')::uuid))
    when 'objection' then objection_is_past((gone ->> tg_argv[1])::uuid, of_case)
    when 'report' then report_is_past(gone ->> 'member', event)
    when 'alias' then alias_is_past(gone ->> 'member', event)
    when 'withdrawn' then withdrawal_is_past(gone ->> 'member', event)
    when 'statement' then statement_is_past((gone ->> 'number')::bigint)
    when 'inquiry' then case when of_case is null
      then coalesce((gone ->> 'judged_at')::timestamptz, (gone ->> 'filed_at')::timestamptz) <= long_ago('suspicion')
      else case_is_past(of_case) end
    when 'mandate' then mandate_is_past((gone ->> 'mandate_id')::uuid)
    when 'renamed' then renamed_is_past(gone ->> 'token')
  end;
  if past is not true then
    raise exception 'a row of the table % is not past its time, and stays', tg_table_name
      using errcode = 'check_violation';
  end if;
  return old;
end $$;

drop trigger append_only on label;
create trigger append_only before update on label for each statement execute function refuse_change();
drop trigger refuse_delete on return_payment;
drop function refuse_payment_delete;
"""

_AUDIT = """
create or replace function refuse_audit_change() returns trigger language plpgsql as $$
begin
  if (new.number, new.at, new.digests, new.previous, new.hash)
      is distinct from (old.number, old.at, old.digests, old.previous, old.hash)
    or exists (
      select from jsonb_array_elements(old.acts) with ordinality as was(act, place)
      full join jsonb_array_elements(new.acts) with ordinality as now(act, place) using (place)
      where now.act is distinct from was.act
        and (now.act is distinct from 'null'::jsonb or act_is_past(old.at, was.act) is not true)) then
    raise exception 'the table audit is append-only; an act may be erased that is past its time, and nothing else';
  end if;
  return new;
end $$;
"""


def upgrade() -> None:
    _stamp("lead", "alias")
    for statements in (_TABLES, _TIME, _CASE, _OTHERS, _GUARD, _AUDIT):
        op.execute(statements)
    for table, way in GUARDED.items():
        named = ", ".join(f"'{part}'" for part in way.split())
        op.execute(
            f'create trigger refuse_early_erasure before delete on "{table}" '
            f"for each row execute function refuse_early_erasure({named})"
        )
        op.execute(
            f'create trigger refuse_truncation before truncate on "{table}" '
            "for each statement execute function refuse_change()"
        )


def _stamp(*tables: str) -> None:
    """When a row was taken. Of what was there before nobody knows, so that its time begins now."""
    now = op.get_bind().scalar(text("select coalesce((select max(at) from audit), now())"))
    for table in tables:
        # As a default, since an update would look like a change to those who follow.
        op.execute(f"alter table {table} add taken_at timestamptz not null default '{now.isoformat()}'")
        op.execute(f"alter table {table} alter taken_at drop default")
