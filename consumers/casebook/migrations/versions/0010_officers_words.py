"""What officers say by a signature of their own: a mandate's later signatures and its end.

The database refuses a mandate that ends by nobody's word; what was revoked before this version stays so.
"""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0006"

_TABLES = """
alter table mandate add signed_at timestamptz, add revocation text,
  add constraint revoked_by_an_officer check (revoked_at is null or revocation is not null) not valid;
"""


def upgrade() -> None:
    op.execute(_TABLES)
