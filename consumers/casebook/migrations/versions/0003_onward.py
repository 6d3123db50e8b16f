"""Aliases of accounts; answers of holders out of the city; what of a path's end is victims' money, each end once."""

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

create table filed_answer (
  number bigint generated always as identity primary key, event_id uuid not null unique,
  request_id uuid not null references request, jws text not null, filed_at timestamptz not null,
  judged_at timestamptz, refusal text);
create index filed_answer_new on filed_answer (number) where judged_at is null;

alter table path_end add serial text, add minor bigint check (minor >= 0);
create unique index path_end_once on path_end (case_id, serial);
create index request_stops on request (case_id) where action = 'stop';
create index request_target on request (target) where action = 'stop';
"""
    )
