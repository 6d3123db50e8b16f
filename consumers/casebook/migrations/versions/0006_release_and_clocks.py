"""Grounds that fall request by request, the unit's decision on a release, deadlines as rows, and who is told of a
missed one. A stop that nobody carried out no longer counts as one of the two that the law has.
"""

from __future__ import annotations

import base64
import json

from alembic import op
from sqlalchemy import text

revision = "0006"
down_revision = "0005"

KEEPS = {
    "keep-queued": "queued",
    "keep-active": "active",
    "keep-reduced": "reduced",
    "keep-extended": "extended",
    "keep-frozen": "converted-to-freeze",
    "keep-renewed": "renewed",
    "keep-part-returned": "part-returned",
}

_TABLES = """
alter table request
  drop constraint two_stops_at_most,
  add acknowledge_s bigint check (acknowledge_s > 0), add final_s bigint check (final_s > 0),
  add latest_s bigint check (latest_s > 0), add acknowledge_due timestamptz, add final_due timestamptz,
  add spent_at timestamptz, add freed_at timestamptz;
drop index request_target;
create index request_target on request (target);
create index request_acknowledge_due on request (acknowledge_due) where acknowledge_due is not null;
create index request_final_due on request (final_due) where final_due is not null;

alter table hold
  add proposed_from text, add cause text, add decide_by timestamptz, add kept_at timestamptz,
  add constraint decided_while_proposed check (decide_by is null or status = 'release-proposed');
create index hold_undecided on hold (decide_by) where decide_by is not null;

alter table mandate add valid_from timestamptz, add begun boolean not null default false;
create index mandate_to_begin on mandate (valid_from) where not begun and revoked_at is null;

create table hold_decision (
  number bigint generated always as identity primary key, hold_id uuid not null references hold,
  jws text not null, filed_at timestamptz not null, judged_at timestamptz, refusal text);
create index hold_decision_new on hold_decision (number) where judged_at is null;

create table escalation (
  number bigint generated always as identity primary key,
  kind text not null check (kind in ('acknowledge', 'final', 'release', 'decision')),
  subject uuid not null, case_id uuid not null references "case", unit text, why text not null,
  due_at timestamptz not null, told bigint not null default 0 check (told >= 0), next_at timestamptz,
  closed_at timestamptz, changed bigint not null,
  unique (kind, subject, due_at));
create index escalation_next on escalation (next_at) where next_at is not null;
create index escalation_open on escalation (subject) where closed_at is null;
create index escalation_changed on escalation (changed);
create trigger note_change before insert or update on escalation for each row execute function note_change();
"""

# What was proposed before this version is kept, if it is, as what the law allows least to.
_FORMER = """
update hold set proposed_from = case when queue_position is not null then 'queued'
    when frozen_at is not null then 'converted-to-freeze' else 'extended' end
  where status = 'release-proposed';
"""

_TRIGGERS = """
create function refuse_third_stop() returns trigger language plpgsql as $$
begin
  if 2 <= (select count(*) from request
      where case_id = new.case_id and target = new.target and action = 'stop' and request_id <> new.request_id
        and status not in ('refused', 'not-found', 'already-gone', 'failed', 'cancelled')) then
    raise exception 'the account % was stopped twice in this case, and the law has no third', new.target
      using errcode = 'check_violation';
  end if;
  return new;
end $$;
create trigger refuse_third_stop before insert on request for each row
  when (new.action = 'stop') execute function refuse_third_stop();

create function refuse_other_keep() returns trigger language plpgsql as $$
begin
  if new.status is distinct from old.proposed_from and exists (select from hold_move where before = new.status) then
    raise exception 'the hold % goes on as %, as it was before its release was proposed, and not as %',
      old.hold_id, old.proposed_from, new.status using errcode = 'check_violation';
  end if;
  return new;
end $$;
create trigger refuse_other_keep before update on hold for each row
  when (old.status = 'release-proposed' and new.status <> 'release-proposed') execute function refuse_other_keep();

create function set_answer_clocks() returns trigger language plpgsql as $$
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
  else
    new.acknowledge_due = null;
    new.final_due = null;
  end if;
  return new;
end $$;
create trigger set_answer_clocks before update on request for each row
  when (old.status <> new.status) execute function set_answer_clocks();
"""


def upgrade() -> None:
    for statements in (_TABLES, _FORMER, _TRIGGERS):
        op.execute(statements)
    rows = ", ".join(f"('release-proposed', '{event}', '{after}')" for event, after in KEEPS.items())
    op.execute(f"insert into hold_move (before, event, after) values {rows}")
    db = op.get_bind()
    for mandate_id, jws in db.execute(text("select mandate_id, signatures[1] from mandate")).all():
        begins = {"id": mandate_id, "at": _begins(jws)}
        db.execute(text("update mandate set valid_from = cast(:at as timestamptz) where mandate_id = :id"), begins)


def _begins(jws: str) -> str | None:
    """What can't be read is never in force."""
    try:
        part = jws.split(".")[1]
        found: str = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))["valid_from"]
    except (ValueError, LookupError, TypeError):
        return None
    return found
