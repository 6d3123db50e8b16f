"""The chain has one entry a transaction, over salted digests of its acts. What was on record is chained anew, act by
act: its old hashes follow from what stays, and can still be computed.

The database refuses every change of an entry but one: an act's text may be erased, with its salt.
"""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"

_TABLE = """
alter table audit rename to audit_by_act;
alter table audit_by_act rename constraint audit_pkey to audit_by_act_pkey;
create table audit (
  number bigint primary key check (number > 0), at timestamptz not null, acts jsonb not null,
  digests bytea not null, previous bytea not null, hash bytea not null,
  check (jsonb_array_length(acts) > 0 and octet_length(digests) = 32 * jsonb_array_length(acts)));
"""

_CHAIN = """
do $$
declare
  one record;
  salt bytea;
  name bytea;
  digest bytea;
  link bytea := decode(repeat('00', 32), 'hex');
  here bytea;
begin
  for one in select * from audit_by_act order by number loop
    salt := uuid_send(gen_random_uuid());
    name := convert_to(one.act, 'UTF8');
    digest := sha256(salt || one.digest || int2send(octet_length(name)::int2) || name
      || convert_to(one.subject, 'UTF8'));
    here := sha256(int8send(one.number) || link
      || sha256(int8send((extract(epoch from one.at) * 1000000)::bigint) || digest));
    insert into audit values (one.number, one.at, jsonb_build_array(jsonb_build_array(
      one.act, one.subject, encode(one.digest, 'hex'), encode(salt, 'hex'))), digest, link, here);
    link := here;
  end loop;
end $$;
drop table audit_by_act;
"""

_APPEND_ONLY = """
create function refuse_audit_change() returns trigger language plpgsql as $$
begin
  if (new.number, new.at, new.digests, new.previous, new.hash)
      is distinct from (old.number, old.at, old.digests, old.previous, old.hash)
    or exists (
      select from jsonb_array_elements(old.acts) with ordinality as was(act, place)
      full join jsonb_array_elements(new.acts) with ordinality as now(act, place) using (place)
      where now.act is distinct from was.act and now.act is distinct from 'null'::jsonb) then
    raise exception 'the table audit is append-only; an act may be erased, and nothing else';
  end if;
  return new;
end $$;
create trigger append_only before delete or truncate on audit for each statement execute function refuse_change();
create trigger erase_only before update on audit for each row execute function refuse_audit_change();
"""


def upgrade() -> None:
    op.execute(_TABLE)
    op.execute(_CHAIN)
    op.execute(_APPEND_ONLY)
