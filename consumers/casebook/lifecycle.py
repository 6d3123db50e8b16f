"""The life of a request and of a hold, each as one table of transitions that a reader can check against the law.

Pure. What a table does not list changes nothing: a late, repeated or crossing message never re-opens what has ended.
"""

from __future__ import annotations

from enum import StrEnum

from schemas.requests import HoldStatus, RequestStatus

R, H = RequestStatus, HoldStatus


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


class HoldEvent(StrEnum):
    """What can happen to a hold."""

    EXTEND = "extend"
    EXPIRE = "expire"
    RELEASE = "release"
    PROPOSE_RELEASE = "propose-release"


X = HoldEvent
_ENDS = {X.EXPIRE: H.EXPIRED, X.RELEASE: H.RELEASED}

HOLD: dict[HoldStatus, dict[HoldEvent, HoldStatus]] = {
    # A stop is extended once at most: an extended hold lists no further extension.
    H.ACTIVE: {X.EXTEND: H.EXTENDED, X.PROPOSE_RELEASE: H.RELEASE_PROPOSED, **_ENDS},
    H.EXTENDED: {X.PROPOSE_RELEASE: H.RELEASE_PROPOSED, **_ENDS},
    H.RELEASE_PROPOSED: {**_ENDS},
    H.EXPIRED: {},
    H.RELEASED: {},
}

REQUEST_ENDS = frozenset(status for status, moves in REQUEST.items() if not moves)
UNSENT = frozenset({R.DRAFTED, R.AWAITING_AUTHORISATION})
"""May still be cancelled, unless dispatch has taken it."""
IN_FORCE = frozenset({H.ACTIVE, H.EXTENDED, H.RELEASE_PROPOSED})
"""The account is held."""
FRUITLESS = frozenset({R.REFUSED, R.NOT_FOUND, R.ALREADY_GONE, R.FAILED, R.CANCELLED})
"""Ended, and nothing is held or done because of it."""


def request_after(status: RequestStatus, event: RequestEvent) -> RequestStatus:
    """The request's next status; the same one where the table lists nothing."""
    return REQUEST[status].get(event, status)


def hold_after(status: HoldStatus, event: HoldEvent) -> HoldStatus:
    """The hold's next status; the same one where the table lists nothing."""
    return HOLD.get(status, {}).get(event, status)
