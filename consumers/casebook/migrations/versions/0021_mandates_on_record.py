"""What of a mandate is on record: how many of its signatures, and whether its end is."""

from __future__ import annotations

from alembic import op

revision = "0021"
down_revision = "0020"

_TABLE = """
alter table mandate add noted bigint not null default 0, add end_noted boolean not null default false,
  add constraint noted_as_signed check (noted between 0 and cardinality(signatures)),
  add constraint noted_as_ended check (not end_noted or revoked_at is not null);
create index mandate_to_note on mandate (mandate_id)
  where noted < cardinality(signatures) or (revoked_at is not null and not end_noted);
"""


def upgrade() -> None:
    op.execute(_TABLE)
