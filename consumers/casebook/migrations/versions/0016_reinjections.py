"""What officers say is to be put back from the quarantine: judged once, on record before it is done."""

from __future__ import annotations

from alembic import op

revision = "0016"
down_revision = "0015"

GUARDED = {"reinjection": "inquiry"}
"""Of no case, as a search of the vault, it is past by the same rule."""

_TABLE = """
create table reinjection (
  number bigint generated always as identity primary key, place text not null, jws text not null,
  filed_at timestamptz not null, judged_at timestamptz, refusal text,
  check (refusal is null or judged_at is not null));
create unique index reinjection_once on reinjection (md5(jws));
create index reinjection_new on reinjection (number) where judged_at is null;
"""

_ONCE = """
create function refuse_reinjection_change() returns trigger language plpgsql as $$
begin
  if (new.number, new.place, new.jws, new.filed_at) is distinct from (old.number, old.place, old.jws, old.filed_at)
    or old.judged_at is not null and (new.judged_at, new.refusal) is distinct from (old.judged_at, old.refusal) then
    raise exception 'what was said of a refused bundle, or judged of that, stays as it is';
  end if;
  return new;
end $$;
create trigger once_only before update on reinjection for each row execute function refuse_reinjection_change();
"""

_GUARDS = f"""
create trigger refuse_early_erasure before delete on reinjection
  for each row execute function refuse_early_erasure('{GUARDED["reinjection"]}');
create trigger refuse_truncation before truncate on reinjection
  for each statement execute function refuse_change();
"""


def upgrade() -> None:
    for statements in (_TABLE, _ONCE, _GUARDS):
        op.execute(statements)
