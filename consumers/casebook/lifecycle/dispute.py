"""The life of a dispute: a member says that a suspicion is wrong, and police decide.

Pure. While it is open nothing new is asked without a person, and what is held stays held: a member's word alone neither
lets a suspect go nor stops anybody.
"""

from __future__ import annotations

from enum import StrEnum

from schemas.decisions import DisputeStatus

D = DisputeStatus


class DisputeEvent(StrEnum):
    """What can happen to a dispute."""

    ESCALATE = "escalate"
    """Its deadline has passed. It stays to be decided, and the suspicion disputed."""
    UPHOLD = "uphold"
    """The suspicion was wrong: what rests on it falls, and nothing is asked because of it but by a person's hand."""
    REJECT = "reject"
    """The suspicion stands, and what waited goes on."""


_DECIDED = {DisputeEvent.UPHOLD: D.UPHELD, DisputeEvent.REJECT: D.REJECTED}

DISPUTE: dict[DisputeStatus, dict[DisputeEvent, DisputeStatus]] = {
    D.OPEN: {DisputeEvent.ESCALATE: D.OVERDUE, **_DECIDED},
    D.OVERDUE: {**_DECIDED},
    D.UPHELD: {},
    D.REJECTED: {},
    D.INADMISSIBLE: {},
}

DISPUTE_BEGINNINGS = frozenset({D.OPEN, D.INADMISSIBLE})
UNDECIDED = frozenset({D.OPEN, D.OVERDUE})
NEEDS_A_PERSON = UNDECIDED | {D.UPHELD}
"""What is asked about the suspect meanwhile, and ever after, waits for an officer."""


def dispute_after(status: DisputeStatus, event: DisputeEvent) -> DisputeStatus:
    """The dispute's next status; the same one where the table lists nothing."""
    return DISPUTE[status].get(event, status)
