"""Records that no turn could take: kept as they came, until a later version of the casebook takes them."""

from __future__ import annotations

from alembic import op

revision = "0023"
down_revision = "0022"

GUARDED = {"dead_letter": "lead"}
"""Of no case, as a lead without one, it is past by the same rule."""

_TABLE = """
create table dead_letter (
  number bigint generated always as identity primary key,
  topic text not null, partition bigint not null, place bigint not null,
  key bytea, value bytea, headers jsonb not null, fault text not null,
  taken_at timestamptz not null, carried_out_at timestamptz,
  unique (topic, partition, place));
create index dead_letter_waits on dead_letter (number) where carried_out_at is null;
"""

_ONCE = """
create function refuse_dead_letter_change() returns trigger language plpgsql as $$
begin
  if to_jsonb(new) - 'carried_out_at' <> to_jsonb(old) - 'carried_out_at' or old.carried_out_at is not null then
    raise exception 'a record that was set aside stays as it came, and is carried out once';
  end if;
  return new;
end $$;
create trigger once_only before update on dead_letter for each row execute function refuse_dead_letter_change();
"""

_GUARDS = f"""
create trigger refuse_early_erasure before delete on dead_letter
  for each row execute function refuse_early_erasure('{GUARDED["dead_letter"]}');
create trigger refuse_truncation before truncate on dead_letter
  for each statement execute function refuse_change();
"""


def upgrade() -> None:
    for statements in (_TABLE, _ONCE, _GUARDS):
        op.execute(statements)
