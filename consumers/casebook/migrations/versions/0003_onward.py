"""Aliases of accounts; what of a path's end is victims' money, each end once."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute(
        """
create table alias (
  member text, event_id uuid, digest bytea, token text,
  primary key (member, event_id, digest, token));
create index ix_alias_token on alias (token);

alter table path_end add serial text, add minor bigint check (minor >= 0);
create unique index path_end_once on path_end (case_id, serial);
create index request_stops on request (case_id) where action = 'stop';
create index request_target on request (target) where action = 'stop';
"""
    )
