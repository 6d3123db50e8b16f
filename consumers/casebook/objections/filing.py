"""What appeals and disputes have in common: read once from `answers`, and the words that an officer signs on one.

Must never decide anything.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, Literal, TypeVar
from uuid import UUID

import orjson
from sqlalchemy import Connection, select

from consumers.casebook.inbound import Admitted, Bundle, refuse
from consumers.casebook.rows import among, insert_rows
from consumers.casebook.tables import AppealRow, DisputeRow, Label, Outbox
from consumers.casebook.turn import Turn
from schemas.decisions import About, Decision, Finding, Ruling
from schemas.objections import Appeal, Dispute
from schemas.reasons import Reason

TABLES: dict[About, Any] = {"appeal": AppealRow, "dispute": DisputeRow}
Said = TypeVar("Said", Appeal, Dispute)
_SIGNED = {
    "appeal": ("appeal_id", "member", "event_id", "hold_id", "grounds", "statement"),
    "dispute": ("dispute_id", "member", "event_id", "token", "lead_id", "request_id", "grounds", "statement"),
}


def new(turn: Turn, bundles: Sequence[Bundle], kind: type[Said], table: Any) -> list[tuple[Bundle, Admitted, Said]]:
    """The events of a kind that were not taken before; a second content under one id is refused."""
    items = [
        (bundle, admitted, admitted.event.data)
        for bundle in bundles
        for admitted in bundle.events
        if isinstance(admitted.event.data, kind)
    ]
    if not items:
        return []
    ids = [admitted.event.id for _, admitted, _ in items]
    query = select(table.member, table.event_id, table.digest).where(among(table.event_id, ids))
    seen = {(row.member, row.event_id): row.digest for row in turn.db.execute(query)}
    fresh = []
    for bundle, admitted, said in items:
        key = (admitted.member, admitted.event.id)
        if key not in seen:
            seen[key] = admitted.digest
            fresh.append((bundle, admitted, said))
        elif seen[key] != admitted.digest:
            refuse(
                bundle, admitted, Reason.CONFLICT, f"id: it was used for another {kind.model_fields['kind'].default}"
            )
    return fresh


def is_known(db: Connection, about: About, of: UUID) -> bool:
    """Whether it was taken."""
    table = TABLES[about].__table__
    return db.scalar(select(table.c.status).where(table.c[f"{about}_id"] == of)) is not None


def ruling(about: About, row: Any, outcome: Literal[Finding.UPHELD, Finding.REJECTED], reason: str) -> Ruling:
    """What an officer signs on an appeal's or a dispute's row."""
    said = orjson.dumps({name: str(row[name]) for name in _SIGNED[about]}, option=orjson.OPT_SORT_KEYS)
    of = hashlib.sha256(said).hexdigest()
    return Ruling(about=about, id=row[f"{about}_id"], of=of, outcome=outcome, reason=reason)


def tell(turn: Turn, decision: Decision, filer: str, others: Sequence[str | None] = ()) -> None:
    """Each party once; whoever filed it can tell by its own event."""
    told = decision.model_copy(update={"event_id": None})
    letters = {**{member: told for member in others if member}, filer: decision}
    rows = [
        {"member": member, "key": str(decision.id), "value": letter.model_dump_json()}
        for member, letter in letters.items()
    ]
    insert_rows(turn.db, Outbox, rows)


def label(turn: Turn, decision: Decision, filer: str, lead_id: str | None, case_id: UUID | None) -> None:
    """Keep what was found."""
    row = {
        "about": decision.about, "id": decision.id, "lead_id": lead_id, "case_id": case_id, "member": filer,
        "outcome": decision.outcome.value, "reason": decision.reason, "at": turn.now,
    }  # fmt: skip
    insert_rows(turn.db, Label, [row])
