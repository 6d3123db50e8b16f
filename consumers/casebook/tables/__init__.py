"""The casebook's tables as the code sees them. What the database itself refuses stands in the migrations.

Columns of JSON hold the contract's own messages; what is searched or counted has a column of its own.
"""

from __future__ import annotations

from consumers.casebook.tables.asking import AnswerRow, Outbox, PathEnd, RequestRow
from consumers.casebook.tables.base import Base
from consumers.casebook.tables.evidence import (
    AliasRow,
    Case,
    EvidenceSeen,
    LeadRow,
    OutcomeCursor,
    Renamed,
    ReportRow,
    ReportTarget,
    ReportVictim,
    Withdrawn,
)
from consumers.casebook.tables.holding import Claim, HoldActRow, HoldDecision, HoldRow
from consumers.casebook.tables.inquiries import InquiryRow
from consumers.casebook.tables.objections import AppealRow, DisputeRow, FiledRuling, Label
from consumers.casebook.tables.record import Audit, ConsumerOffset, DeadLetter, RetentionRun
from consumers.casebook.tables.returning import (
    FiledStatement,
    ReturnClaim,
    ReturnNotice,
    ReturnObjection,
    ReturnPaymentRow,
)
from consumers.casebook.tables.words import (
    CaseActRow,
    Escalation,
    FiledAnswer,
    FiledOrder,
    MandateRow,
    ReinjectionRow,
)

__all__ = [
    "AliasRow",
    "AnswerRow",
    "AppealRow",
    "Audit",
    "Base",
    "Case",
    "CaseActRow",
    "Claim",
    "ConsumerOffset",
    "DeadLetter",
    "DisputeRow",
    "Escalation",
    "EvidenceSeen",
    "FiledAnswer",
    "FiledOrder",
    "FiledRuling",
    "FiledStatement",
    "HoldActRow",
    "HoldDecision",
    "HoldRow",
    "InquiryRow",
    "Label",
    "LeadRow",
    "MandateRow",
    "Outbox",
    "OutcomeCursor",
    "PathEnd",
    "ReinjectionRow",
    "Renamed",
    "ReportRow",
    "ReportTarget",
    "ReportVictim",
    "RequestRow",
    "RetentionRun",
    "ReturnClaim",
    "ReturnNotice",
    "ReturnObjection",
    "ReturnPaymentRow",
    "Withdrawn",
]
