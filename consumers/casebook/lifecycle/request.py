"""The life of a request: one act asked of one member, answered once for good.

Pure. Source: nothing is stopped or frozen without an authority (Anti-Telecom and Online Fraud Law, art. 20, makes stop
and freeze a duty of police with banks): what needs an officer can move on by an officer's hand or a mandate alone.
"""

from __future__ import annotations

from enum import StrEnum

from schemas.requests import RequestStatus

R = RequestStatus


class RequestEvent(StrEnum):
    """What can happen to a request. The last seven are a member's answers."""

    AWAIT = "await"
    """It needs an officer."""
    AUTHORISE = "authorise"
    """An officer's order was verified, or a mandate covers it now."""
    DELIVER = "deliver"
    """The broker has it."""
    CANCEL = "cancel"
    """Withdrawn before anyone saw it, or void."""
    REFER = "refer"
    """Its holder is out of the city; an officer asks there."""
    ACKNOWLEDGED = "acknowledged"
    EXECUTED = "executed"
    PARTIAL = "partial"
    REFUSED = "refused"
    NOT_FOUND = "not-found"
    ALREADY_GONE = "already-gone"
    FAILED = "failed"


E = RequestEvent
_FINAL_ANSWERS = {
    E.EXECUTED: R.EXECUTED,
    E.PARTIAL: R.PARTIAL,
    E.REFUSED: R.REFUSED,
    E.NOT_FOUND: R.NOT_FOUND,
    E.ALREADY_GONE: R.ALREADY_GONE,
    E.FAILED: R.FAILED,
}
_ANSWERS = {E.ACKNOWLEDGED: R.ACKNOWLEDGED, **_FINAL_ANSWERS}

REQUEST: dict[RequestStatus, dict[RequestEvent, RequestStatus]] = {
    # A member may answer before dispatch has noted that the broker has the request.
    R.DRAFTED: {
        E.AWAIT: R.AWAITING_AUTHORISATION,
        E.DELIVER: R.SENT,
        E.CANCEL: R.CANCELLED,
        E.REFER: R.REFERRED,
        **_ANSWERS,
    },
    R.AWAITING_AUTHORISATION: {E.AUTHORISE: R.DRAFTED, E.CANCEL: R.CANCELLED},
    R.SENT: {**_ANSWERS},
    R.ACKNOWLEDGED: {**_FINAL_ANSWERS},
    R.REFERRED: {**_FINAL_ANSWERS},
    R.EXECUTED: {},
    R.PARTIAL: {},
    R.REFUSED: {},
    R.NOT_FOUND: {},
    R.ALREADY_GONE: {},
    R.FAILED: {},
    R.CANCELLED: {},
}


REQUEST_BEGINNINGS = frozenset({R.DRAFTED, R.AWAITING_AUTHORISATION})
"""How a request comes into being: nobody has seen it."""
REQUEST_ENDS = frozenset(status for status, moves in REQUEST.items() if not moves)
UNSENT = frozenset({R.DRAFTED, R.AWAITING_AUTHORISATION})
"""May still be cancelled, unless dispatch has taken it."""
FRUITLESS = frozenset({R.REFUSED, R.NOT_FOUND, R.ALREADY_GONE, R.FAILED, R.CANCELLED})
"""Ended, and nothing is held or done because of it."""


def request_after(status: RequestStatus, event: RequestEvent) -> RequestStatus:
    """The request's next status; the same one where the table lists nothing."""
    return REQUEST[status].get(event, status)
