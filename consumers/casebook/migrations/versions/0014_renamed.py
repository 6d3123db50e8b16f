"""A subject has one more name after each rotation of the token epoch. No name is a later one and a first one."""

from __future__ import annotations

from alembic import op

revision = "0014"
down_revision = "0013"

_TABLE = """
create table renamed (token text primary key, first text not null, check (token <> first));
create index on renamed (first);
"""


def upgrade() -> None:
    op.execute(_TABLE)
