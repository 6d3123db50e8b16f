"""A request says whose signature it waits for, and a mandate has one signature for each officer that gave it."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0002"

_TABLES = """
alter table request
  add missing text,
  add constraint nothing_missing_when_it_goes check (
    missing is null or member is null or status in ('awaiting-authorisation', 'cancelled'));
alter table mandate rename jws to signatures;
alter table mandate alter signatures type text[] using array[signatures],
  add constraint signed check (cardinality(signatures) > 0);
"""


def upgrade() -> None:
    op.execute(_TABLES)
