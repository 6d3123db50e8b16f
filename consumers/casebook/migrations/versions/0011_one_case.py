"""What a turn asks is found by an index: the cases that are one, for each stop that is written, and the calls of a day.
Both read a whole table before."""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"

_ONE_CASE = """
create or replace function one_case(wanted uuid) returns setof uuid language sql stable as $$
  with root as (select coalesce(merged_into, case_id) as case_id from "case" where case_id = wanted)
  select case_id from root union all select c.case_id from "case" c join root on c.merged_into = root.case_id
$$;
"""


def upgrade() -> None:
    op.execute(_ONE_CASE)
    op.execute("create index request_calls on request (drafted_at) where action = 'call'")
