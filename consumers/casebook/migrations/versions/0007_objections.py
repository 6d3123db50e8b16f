"""Appeals and disputes with their lives as rows, what was decided on them, and what a decision has let go of.

The rows are those of `consumers.casebook.lifecycle` as it is at this version. `event` is empty where a status is a
beginning.
"""

from __future__ import annotations

from collections.abc import Iterator

from alembic import op

revision = "0007"
down_revision = "0006"

APPEAL_MOVES = {
    "": "- filed, - inadmissible",
    "filed": "escalate overdue, uphold upheld, reject rejected",
    "overdue": "uphold upheld, reject rejected",
}
DISPUTE_MOVES = {
    "": "- open, - inadmissible",
    "open": "escalate overdue, uphold upheld, reject rejected",
    "overdue": "uphold upheld, reject rejected",
}

_TABLES = """
create table appeal_move (before text, event text, after text not null, unique (before, event));
create table dispute_move (before text, event text, after text not null, unique (before, event));

create table appeal (
  appeal_id uuid primary key, member text not null, event_id uuid not null, digest bytea not null,
  hold_id uuid not null references hold, grounds text not null, statement text not null, status text not null,
  filed_at timestamptz not null, due_at timestamptz not null,
  decided_at timestamptz, reviewer text, reason text, jws text, changed bigint not null, unique (member, event_id),
  constraint decided_by_an_officer check (
    (status in ('upheld', 'rejected')) = (jws is not null) and (jws is null) = (reviewer is null)
    and (jws is null) = (decided_at is null)),
  constraint decided_with_reasons check ((status in ('filed', 'overdue')) = (reason is null)));
create unique index heard_once_on_the_same_grounds on appeal (hold_id, grounds) where status <> 'inadmissible';
create index appeal_changed on appeal (changed);
create index appeal_due on appeal (due_at) where status = 'filed';

create table dispute (
  dispute_id uuid primary key, member text not null, event_id uuid not null, digest bytea not null,
  token text not null, lead_id text, request_id uuid references request, case_id uuid references "case",
  grounds text not null, statement text not null, status text not null, filed_at timestamptz not null,
  due_at timestamptz not null, decided_at timestamptz, officer text, reason text, jws text,
  changed bigint not null, unique (member, event_id),
  constraint decided_by_an_officer check (
    (status in ('upheld', 'rejected')) = (jws is not null) and (jws is null) = (officer is null)
    and (jws is null) = (decided_at is null)),
  constraint decided_with_reasons check ((status in ('open', 'overdue')) = (reason is null)));
create unique index said_once_on_the_same_grounds on dispute (member, token, grounds) where status <> 'inadmissible';
create index dispute_changed on dispute (changed);
create index dispute_standing on dispute (token) where status in ('open', 'overdue', 'upheld');
create index dispute_due on dispute (due_at) where status = 'open';

create table filed_ruling (
  number bigint generated always as identity primary key, about text not null check (about in ('appeal', 'dispute')),
  id uuid not null, jws text not null, filed_at timestamptz not null, judged_at timestamptz, refusal text);
create index filed_ruling_new on filed_ruling (number) where judged_at is null;

create table label (
  about text, id uuid, lead_id text, case_id uuid references "case", member text not null,
  outcome text not null check (outcome in ('upheld', 'rejected')), reason text not null, at timestamptz not null,
  primary key (about, id));
alter table request add freed_for text check (freed_for in ('appeal', 'dispute')),
  add constraint freed_for_a_reason check ((freed_at is null) = (freed_for is null));

-- A call that was void before anybody made it does not use up the one that a victim gets.
drop index one_call_a_victim;
create unique index one_call_a_victim on request (case_id) where action = 'call' and status <> 'cancelled';

alter table escalation
  alter case_id drop not null,
  drop constraint escalation_kind_check,
  add constraint escalation_kind_check check (kind in ('acknowledge', 'final', 'release', 'decision', 'review'));

create trigger append_only before update or delete or truncate on label
  for each statement execute function refuse_change();
create trigger note_change before insert or update on appeal for each row execute function note_change();
create trigger note_change before insert or update on dispute for each row execute function note_change();
"""

_LIFE = """
create function refuse_{name}_beginning() returns trigger language plpgsql as $$
begin
  if not exists (select from {name}_move where before is null and after = new.status) then
    raise exception 'a {name} does not begin as %', new.status using errcode = 'check_violation';
  end if;
  return new;
end $$;
create trigger refuse_beginning before insert on {name} for each row execute function refuse_{name}_beginning();

create function refuse_{name}_change() returns trigger language plpgsql as $$
begin
  if ({old}) is distinct from ({new}) then
    raise exception 'the {name} % stays what was filed', old.{name}_id using errcode = 'check_violation';
  end if;
  if old.status <> new.status
      and not exists (select from {name}_move where before = old.status and after = new.status) then
    raise exception 'a {name} does not go from % to % (%)', old.status, new.status, old.{name}_id
      using errcode = 'check_violation';
  end if;
  return new;
end $$;
create trigger refuse_change before update on {name} for each row execute function refuse_{name}_change();
"""
_FILED = {
    "appeal": ("appeal_id", "member", "event_id", "hold_id", "grounds", "statement", "filed_at", "due_at"),
    "dispute": (
        "dispute_id", "member", "event_id", "token", "lead_id", "request_id", "case_id", "grounds", "statement",
        "filed_at", "due_at",
    ),
}  # fmt: skip


def upgrade() -> None:
    op.execute(_TABLES)
    for name, moves in (("appeal", APPEAL_MOVES), ("dispute", DISPUTE_MOVES)):
        rows = ", ".join(f"({', '.join(map(_literal, row))})" for row in _rows(moves))
        op.execute(f"insert into {name}_move (before, event, after) values {rows}")
        old, new = (", ".join(f"{which}.{column}" for column in _FILED[name]) for which in ("old", "new"))
        op.execute(_LIFE.format(name=name, old=old, new=new))


def _rows(moves: dict[str, str]) -> Iterator[tuple[str | None, str | None, str]]:
    for before, listed in moves.items():
        for move in listed.split(", "):
            event, after = move.split()
            yield (before, event, after) if before else (None, None, after)


def _literal(value: str | None) -> str:
    return "null" if value is None else f"'{value}'"
