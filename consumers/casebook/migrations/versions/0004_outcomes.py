"""What became of each case and of each alert in it, as far as the alert's member was told; how far telling has come."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"

_TABLES = """
create type became as enum ('nothing', 'lead', 'released', 'held', 'returned');
alter table "case" add became became not null default 'nothing';
alter table evidence_seen add told became;
create index lead_case on lead (case_id);
create table outcome_cursor (
  one boolean primary key default true check (one), up_to bigint not null, at timestamptz not null);
insert into outcome_cursor (up_to, at) values (0, 'epoch');
"""


def upgrade() -> None:
    op.execute(_TABLES)
