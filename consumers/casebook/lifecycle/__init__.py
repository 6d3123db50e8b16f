"""The lives of a request, a hold and a case, each as one table of transitions that a reader can check against the law.

Pure. What a table does not list changes nothing: a late, repeated or crossing message never re-opens what has ended.
The database has the same tables as rows (migrations) and refuses by itself what they do not list.
"""

from __future__ import annotations

from consumers.casebook.lifecycle.case import CASE, CASE_BEGINNINGS, CASE_ENDS, CaseEvent, CaseStatus, case_after
from consumers.casebook.lifecycle.hold import (
    HOLD,
    HOLD_BEGINNINGS,
    HOLD_ENDS,
    IN_FORCE,
    KEEPS,
    ON_PAPER,
    PROLONGS,
    UNENDED,
    HoldEvent,
    hold_after,
)
from consumers.casebook.lifecycle.request import (
    FRUITLESS,
    REQUEST,
    REQUEST_BEGINNINGS,
    REQUEST_ENDS,
    UNSENT,
    RequestEvent,
    request_after,
)

__all__ = [
    "CASE",
    "CASE_BEGINNINGS",
    "CASE_ENDS",
    "FRUITLESS",
    "HOLD",
    "HOLD_BEGINNINGS",
    "HOLD_ENDS",
    "IN_FORCE",
    "KEEPS",
    "ON_PAPER",
    "PROLONGS",
    "REQUEST",
    "REQUEST_BEGINNINGS",
    "REQUEST_ENDS",
    "UNENDED",
    "UNSENT",
    "CaseEvent",
    "CaseStatus",
    "HoldEvent",
    "RequestEvent",
    "case_after",
    "hold_after",
    "request_after",
]
