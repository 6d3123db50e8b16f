"""A case with all that belongs to it and to the cases that were merged into it, erased as one, the leaves first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

_SETS = {
    "cases": 'select case_id from "case" where case_id = any(:roots) or merged_into = any(:roots)',
    "requests": "select request_id from request where case_id = any(:cases)",
    "holds": "select hold_id from hold where case_id = any(:cases)",
    "returns": "select return_id from return_notice where case_id = any(:cases)",
    "objections": "select appeal_id from appeal where hold_id = any(:holds) union select dispute_id from dispute "
    "where case_id = any(:cases) or request_id = any(:requests)",
}
LEAVES = {
    "return_payment": "return_id = any(:returns)",
    "return_objection": "return_id = any(:returns)",
    "return_claim": "return_id = any(:returns)",
    "return_notice": "return_id = any(:returns)",
    "claim": "hold_id = any(:holds)",
    "hold_act": "hold_id = any(:holds)",
    "hold_decision": "hold_id = any(:holds)",
    "filed_ruling": "id = any(:objections)",
    "label": "case_id = any(:cases) or id = any(:objections)",
    "escalation": "case_id = any(:cases) or subject = any(:objections)",
    "appeal": "hold_id = any(:holds)",
    "dispute": "case_id = any(:cases) or request_id = any(:requests)",
    "path_end": "case_id = any(:cases)",
    "answer": "request_id = any(:requests)",
    "filed_order": "request_id = any(:requests)",
    "filed_answer": "request_id = any(:requests)",
    "hold": "case_id = any(:cases)",
    "request": "case_id = any(:cases)",
    "inquiry": "case_id = any(:cases)",
    "case_act": "case_id = any(:cases)",
    "evidence_seen": "case_id = any(:cases)",
    "lead": "case_id = any(:cases)",
}
"""Which rows of each table are the case's, in an order that leaves no reference behind."""
_CASES = 'delete from "case" where case_id = any(:cases) and (merged_into is not null) = :merged'


def erase(db: Connection, roots: Sequence[UUID]) -> Counter[str]:
    """All that belongs to these cases; how many rows of each table. The database refuses it if one is not past."""
    sets = _sets(db, roots)
    gone = Counter({table: db.execute(text(f"delete from {table} where {mine}"), sets).rowcount
                    for table, mine in LEAVES.items()})  # fmt: skip
    for merged in (True, False):
        gone["case"] += db.execute(text(_CASES), {**sets, "merged": merged}).rowcount
    return gone


def count(db: Connection, roots: Sequence[UUID]) -> Counter[str]:
    """How many rows of each table belong to these cases."""
    sets = _sets(db, roots)
    found = {
        table: db.scalar(text(f"select count(*) from {table} where {mine}"), sets) for table, mine in LEAVES.items()
    }
    return Counter({**found, "case": len(sets["cases"])})


def _sets(db: Connection, roots: Sequence[UUID]) -> dict[str, Any]:
    sets: dict[str, Any] = {"roots": list(roots)}
    for name, query in _SETS.items():
        sets[name] = list(db.scalars(text(query), sets))
    return sets
