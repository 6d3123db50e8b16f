"""The life of an appeal against a hold: filed, looked into by somebody else than who authorised it, decided for good.

Pure. Source: who is wronged by an act of an authority may have it reviewed by another (Administrative Reconsideration
Law); how long that may take is the profile's.
"""

from __future__ import annotations

from enum import StrEnum

from schemas.decisions import AppealStatus

A = AppealStatus


class AppealEvent(StrEnum):
    """What can happen to an appeal."""

    ESCALATE = "escalate"
    """Its deadline has passed. It stays to be decided: a reviewer's delay must not take the holder's right away."""
    UPHOLD = "uphold"
    """The hold falls, and all that rests on it."""
    REJECT = "reject"
    """The hold stays; the same grounds are not heard again."""


_DECIDED = {AppealEvent.UPHOLD: A.UPHELD, AppealEvent.REJECT: A.REJECTED}

APPEAL: dict[AppealStatus, dict[AppealEvent, AppealStatus]] = {
    A.FILED: {AppealEvent.ESCALATE: A.OVERDUE, **_DECIDED},
    A.OVERDUE: {**_DECIDED},
    A.UPHELD: {},
    A.REJECTED: {},
    A.INADMISSIBLE: {},
}

APPEAL_BEGINNINGS = frozenset({A.FILED, A.INADMISSIBLE})


def appeal_after(status: AppealStatus, event: AppealEvent) -> AppealStatus:
    """The appeal's next status; the same one where the table lists nothing."""
    return APPEAL[status].get(event, status)
