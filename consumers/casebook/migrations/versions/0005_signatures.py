"""A request says whose signature it waits for, and an order and a mandate have one signature for each officer.

What the former version drafted is written anew as this one's contract has it, so that it can be listed and signed.
"""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"

_TABLES = """
alter table request
  add missing text,
  add constraint nothing_missing_when_it_goes check (
    missing is null or member is null or status in ('awaiting-authorisation', 'cancelled'));
alter table mandate rename jws to signatures;
alter table mandate alter signatures type text[] using array[signatures],
  add constraint signed check (cardinality(signatures) > 0);
"""

_MESSAGES = """
create function pg_temp.listed(signature jsonb) returns jsonb language sql as $$
  select case when coalesce(signature, 'null') = 'null' then '[]' else jsonb_build_array(signature) end
$$;
create function pg_temp.listed_in(message jsonb) returns text language sql as $$
  select jsonb_set(message, '{authority}', ((message -> 'authority') - 'order') || jsonb_build_object(
    'orders', pg_temp.listed(message #> '{authority,order}'),
    'mandate', pg_temp.listed(message #> '{authority,mandate}')))::text
$$;
update request set body = pg_temp.listed_in(body::jsonb);
update outbox set value = pg_temp.listed_in(value::jsonb) where request_id is not null;
"""


def upgrade() -> None:
    op.execute(_TABLES)
    op.execute(_MESSAGES)
