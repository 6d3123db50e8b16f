"""The tables of transitions as rows, and what the database refuses that they do not list; what a hold carries.

The rows are those of `consumers.casebook.lifecycle` as it is at this version: a change there needs a migration that
changes them too. `event` is empty where a status is a beginning.
"""

from __future__ import annotations

from collections.abc import Iterator

from alembic import op

revision = "0002"
down_revision = "0001"

_ANSWERS = (
    "executed executed, partial partial, refused refused, not-found not-found, already-gone already-gone, failed failed"
)
_ENDS = "release released, expire expired"
_IN_FORCE = f"propose-release release-proposed, deduct deducted-by-court, {_ENDS}"
_FROZEN = f"return-part part-returned, return returned, {_IN_FORCE}"

REQUEST_MOVES = {
    "": "- drafted, - awaiting-authorisation",
    "drafted": "await awaiting-authorisation, deliver sent, cancel cancelled, refer referred, "
    f"acknowledged acknowledged, {_ANSWERS}",
    "awaiting-authorisation": "authorise drafted, cancel cancelled",
    "sent": f"acknowledged acknowledged, {_ANSWERS}",
    "acknowledged": _ANSWERS,
    "referred": _ANSWERS,
}
HOLD_MOVES = {
    "": "- queued, - active",
    "queued": f"activate active, propose-release release-proposed, {_ENDS}",
    "active": f"extend extended, reduce reduced, freeze converted-to-freeze, {_IN_FORCE}",
    "reduced": f"extend extended, reduce reduced, freeze converted-to-freeze, {_IN_FORCE}",
    "extended": f"reduce extended, freeze converted-to-freeze, {_IN_FORCE}",
    "converted-to-freeze": f"reduce converted-to-freeze, renew renewed, {_FROZEN}",
    "renewed": f"reduce renewed, renew renewed, {_FROZEN}",
    "part-returned": f"reduce part-returned, renew part-returned, {_FROZEN}",
    "release-proposed": f"activate release-proposed, reduce release-proposed, deduct deducted-by-court, {_ENDS}",
}
CASE_MOVES = {
    "": "- open",
    "open": "merge merged, transfer transferred, close closed",
    "closed": "reopen open",
}
PROLONGS = ("activate", "extend", "freeze", "renew")

_TABLES = """
create table request_move (before text, event text, after text not null);
create table hold_move (before text, event text, after text not null, prolongs boolean not null default false);
create table case_move (before text, event text, after text not null);

drop index hold_due;
create index hold_due on hold (until)
  where status not in ('released', 'returned', 'expired', 'deducted-by-court');

alter table hold
  add unit text, add queue_position bigint check (queue_position > 1), add earlier jsonb,
  add frozen_at timestamptz, add paper text,
  add constraint queued_has_a_place check (status <> 'queued' or queue_position is not null),
  add constraint in_force_has_none check (
    queue_position is null or status in ('queued', 'release-proposed', 'released', 'expired')),
  add constraint freeze_on_paper check (frozen_at is null or paper is not null);
update hold set unit = request.body::jsonb #>> '{authority,unit}'
  from request where request.request_id = hold.request_id;

create table claim (
  hold_id uuid references hold, member text, event_id uuid, minor bigint not null check (minor > 0),
  primary key (hold_id, member, event_id), foreign key (member, event_id) references report);

create table hold_act (
  number bigint generated always as identity primary key, hold_id uuid not null references hold,
  action text not null check (action in ('reduce', 'freeze', 'renew', 'release')),
  minor bigint check (minor > 0), currency text, duration_s bigint check (duration_s > 0), paper text,
  reason text not null, filed_at timestamptz not null,
  judged_at timestamptz, request_id uuid references request, refusal text,
  constraint amount_in_a_currency check ((minor is null) = (currency is null)),
  constraint frozen_for_a_time_on_paper check (
    action not in ('freeze', 'renew') or (duration_s is not null and paper is not null)));
create index hold_act_new on hold_act (number) where judged_at is null;
"""

_BEGINNINGS = """
create function refuse_{name}_beginning() returns trigger language plpgsql as $$
begin
  if not exists (select from {name}_move where before is null and after = new.status) then
    raise exception 'a {name} does not begin as %', new.status using errcode = 'check_violation';
  end if;
  return new;
end $$;
create trigger refuse_beginning before insert on "{name}" for each row execute function refuse_{name}_beginning();
"""

_REQUEST = """
create function refuse_request_change() returns trigger language plpgsql as $$
begin
  if (old.request_id, old.case_id, old.target, old.action, old.attempt, old.asked)
      is distinct from (new.request_id, new.case_id, new.target, new.action, new.attempt, new.asked) then
    raise exception 'the request % stays what it is: its case, target, action, attempt and who is asked do not change',
      old.request_id using errcode = 'check_violation';
  end if;
  if old.member is distinct from new.member
      and not (old.status = 'awaiting-authorisation' or (old.status = 'drafted' and old.member is null)) then
    raise exception 'the request % is with its member, and goes to no other', old.request_id
      using errcode = 'check_violation';
  end if;
  if old.status <> new.status
      and not exists (select from request_move where before = old.status and after = new.status) then
    raise exception 'a request does not go from % to % (%)', old.status, new.status, old.request_id
      using errcode = 'check_violation';
  end if;
  return new;
end $$;
create trigger refuse_change before update on request for each row
  when ((old.request_id, old.case_id, old.target, old.action, old.attempt, old.asked, old.member, old.status)
    is distinct from
    (new.request_id, new.case_id, new.target, new.action, new.attempt, new.asked, new.member, new.status))
  execute function refuse_request_change();
"""

_HOLD = """
create function refuse_hold_change() returns trigger language plpgsql as $$
declare
  turn boolean := old.queue_position is not null and new.queue_position is null
    and exists (select from hold_move where before = old.status and event = 'activate' and after = new.status);
begin
  if (old.hold_id, old.request_id, old.case_id, old.member, old.target, old.currency)
      is distinct from (new.hold_id, new.request_id, new.case_id, new.member, new.target, new.currency)
      or old.identifier <> new.identifier or (old.unit is not null and old.unit is distinct from new.unit) then
    raise exception 'the hold % stays what it is: its request, case, member, account, currency and unit do not change',
      old.hold_id using errcode = 'check_violation';
  end if;
  if old.status <> new.status
      and not exists (select from hold_move where before = old.status and after = new.status) then
    raise exception 'a hold does not go from % to % (%)', old.status, new.status, old.hold_id
      using errcode = 'check_violation';
  end if;
  if new.minor > old.minor and not turn then
    raise exception 'the hold % never grows: from % to %', old.hold_id, old.minor, new.minor
      using errcode = 'check_violation';
  end if;
  if new.minor < old.minor and not exists (select from hold_move where before = old.status) then
    raise exception 'the hold % has ended as %, and its amount stays', old.hold_id, old.status
      using errcode = 'check_violation';
  end if;
  if new.until <> old.until and not exists (
      select from hold_move
      where before = old.status and after = new.status and prolongs and (event <> 'activate' or turn)) then
    raise exception 'the end of the hold % does not move from % to %', old.hold_id, old.status, new.status
      using errcode = 'check_violation';
  end if;
  if new.since <> old.since and not turn then
    raise exception 'the hold % began when it began', old.hold_id using errcode = 'check_violation';
  end if;
  if old.queue_position is null and new.queue_position is not null then
    raise exception 'the hold % has begun, and never queues again', old.hold_id using errcode = 'check_violation';
  end if;
  return new;
end $$;
create trigger refuse_change before update on hold for each row execute function refuse_hold_change();
"""

_CASE = """
create function refuse_case_change() returns trigger language plpgsql as $$
begin
  if (old.case_id, old.lead_id, old.role, old.opened_at)
      is distinct from (new.case_id, new.lead_id, new.role, new.opened_at) or new.releases < old.releases then
    raise exception 'the case % stays what it is: its lead, role and beginning do not change, and no fall is forgotten',
      old.case_id using errcode = 'check_violation';
  end if;
  if old.status <> new.status
      and not exists (select from case_move where before = old.status and after = new.status) then
    raise exception 'a case does not go from % to % (%)', old.status, new.status, old.case_id
      using errcode = 'check_violation';
  end if;
  if new.status = 'closed' and exists (
      select from hold join hold_move on before = status where hold.case_id = new.case_id) then
    raise exception 'the case % is not closed while a hold of it has not ended', old.case_id
      using errcode = 'check_violation';
  end if;
  return new;
end $$;
create trigger refuse_change before update on "case" for each row execute function refuse_case_change();
"""


def upgrade() -> None:
    op.execute(_TABLES)
    for name, moves in (("request", REQUEST_MOVES), ("hold", HOLD_MOVES), ("case", CASE_MOVES)):
        rows = ", ".join(f"({', '.join(map(_literal, row))})" for row in _rows(moves))
        op.execute(f"insert into {name}_move (before, event, after) values {rows}")
        op.execute(f"alter table {name}_move add unique (before, event)")
        op.execute(_BEGINNINGS.format(name=name))
    op.execute(f"update hold_move set prolongs = true where event in ({', '.join(map(_literal, PROLONGS))})")
    for triggers in (_REQUEST, _HOLD, _CASE):
        op.execute(triggers)


def _rows(moves: dict[str, str]) -> Iterator[tuple[str | None, str | None, str]]:
    for before, listed in moves.items():
        for move in listed.split(", "):
            event, after = move.split()
            yield (before, event, after) if before else (None, None, after)


def _literal(value: str | None) -> str:
    return "null" if value is None else f"'{value}'"
