"""Mandates on record: who has signed one, and who has ended it. Commands write them; the casebook notes what it finds.

What does not verify is noted as that: whoever writes to the table leaves a trace too.
"""

from __future__ import annotations

from sqlalchemy import exists, func, select, update

from consumers.casebook.authority import mandates
from consumers.casebook.tables import MandateRow
from consumers.casebook.turn import Turn

_UNNOTED = (MandateRow.noted < func.cardinality(MandateRow.signatures)) | (
    MandateRow.revoked_at.is_not(None) & MandateRow.end_noted.is_(False)
)
WAITS = exists().where(_UNNOTED)
"""Whether something of a mandate is to be put on record."""


def note(turn: Turn) -> None:
    """Each signature and each end once."""
    row = MandateRow
    for held in turn.db.execute(select(*row.__table__.c).where(_UNNOTED).order_by(row.filed_at)).all():
        for number in range(held.noted, len(held.signatures)):
            so_far = held.signatures[: number + 1]
            believed = mandates.is_believed(so_far, turn.registry, turn.profile, turn.now)
            turn.trail.note(f"mandate {'signed' if believed else 'not believed'}", held.mandate_id, so_far[-1].encode())
        ended = held.revoked_at is not None
        if ended and not held.end_noted:
            said = mandates.is_revoked(held.mandate_id, held.signatures, held.revocation or "", turn.registry, turn.now)
            act = "mandate revoked" if said else "mandate's end not believed"
            turn.trail.note(act, held.mandate_id, (held.revocation or "").encode())
        noted = {"noted": len(held.signatures), "end_noted": ended}
        turn.db.execute(update(row).where(row.mandate_id == held.mandate_id).values(noted))
