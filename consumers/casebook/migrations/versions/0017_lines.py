"""Lines that police have suspended are holds of no money, which live from active through release-proposed to an end."""

from __future__ import annotations

from alembic import op

revision = "0017"
down_revision = "0020"

_LINES = """
alter table hold add constraint a_line_is_no_money check (
  identifier ->> 'kind' not in ('number', 'sim')
  or (minor = 0 and status in ('active', 'release-proposed', 'released', 'expired')));
"""


def upgrade() -> None:
    op.execute(_LINES)
