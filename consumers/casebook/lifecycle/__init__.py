"""The lives of requests, holds, cases, appeals and disputes, each as one table that a reader can check against the law.

Pure. What a table does not list changes nothing: a late, repeated or crossing message never re-opens what has ended.
The database has the same tables as rows (migrations) and refuses by itself what they do not list.
"""

from __future__ import annotations

from consumers.casebook.lifecycle.appeal import APPEAL, APPEAL_BEGINNINGS, AppealEvent, appeal_after
from consumers.casebook.lifecycle.case import CASE, CASE_BEGINNINGS, CASE_ENDS, CaseEvent, CaseStatus, case_after
from consumers.casebook.lifecycle.dispute import (
    DISPUTE,
    DISPUTE_BEGINNINGS,
    NEEDS_A_PERSON,
    UNDECIDED,
    DisputeEvent,
    dispute_after,
)
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
    "APPEAL",
    "APPEAL_BEGINNINGS",
    "CASE",
    "CASE_BEGINNINGS",
    "CASE_ENDS",
    "DISPUTE",
    "DISPUTE_BEGINNINGS",
    "FRUITLESS",
    "HOLD",
    "HOLD_BEGINNINGS",
    "HOLD_ENDS",
    "IN_FORCE",
    "KEEPS",
    "NEEDS_A_PERSON",
    "ON_PAPER",
    "PROLONGS",
    "REQUEST",
    "REQUEST_BEGINNINGS",
    "REQUEST_ENDS",
    "UNDECIDED",
    "UNENDED",
    "UNSENT",
    "AppealEvent",
    "CaseEvent",
    "CaseStatus",
    "DisputeEvent",
    "HoldEvent",
    "RequestEvent",
    "appeal_after",
    "case_after",
    "dispute_after",
    "hold_after",
    "request_after",
]
