"""The life of a case: everything about one suspect, or one victim at risk, with the hops inside it.

Pure. Every move but one is a person's act, as joining or closing them by rule would join or drop people who have
nothing to do with each other: the casebook opens cases, and opens one again for what new evidence asks.
"""

from __future__ import annotations

from enum import StrEnum


class CaseStatus(StrEnum):
    OPEN = "open"
    MERGED = "merged"
    TRANSFERRED = "transferred"
    CLOSED = "closed"


C = CaseStatus


class CaseEvent(StrEnum):
    """What a person can do to a case."""

    MERGE = "merge"
    """It speaks of the same as another case, which goes on."""
    TRANSFER = "transfer"
    """Another unit, in or out of the city, takes it over."""
    CLOSE = "close"
    """Nothing of it is in force any more, and nothing is left to do."""
    REOPEN = "reopen"
    """There is new evidence. A case follows from its lead and there is one for each: without a way back nobody could
    ever act for the next victim of the same account. What had ended in it stays ended."""


CASE: dict[CaseStatus, dict[CaseEvent, CaseStatus]] = {
    C.OPEN: {CaseEvent.MERGE: C.MERGED, CaseEvent.TRANSFER: C.TRANSFERRED, CaseEvent.CLOSE: C.CLOSED},
    C.CLOSED: {CaseEvent.REOPEN: C.OPEN},
    C.MERGED: {},
    C.TRANSFERRED: {},
}

CASE_BEGINNINGS = frozenset({C.OPEN})
CASE_ENDS = frozenset(status for status, moves in CASE.items() if not moves)


def case_after(status: CaseStatus, event: CaseEvent) -> CaseStatus:
    """The case's next status; the same one where the table lists nothing."""
    return CASE[status].get(event, status)
