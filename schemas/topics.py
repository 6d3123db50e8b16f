"""Every topic, declared once: who owns it, how it is keyed, how long it is kept, what travels on it and an example.

Must be the only place that spells a topic's name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Cleanup = Literal["delete", "compact", "compact,delete"]
DAY = 86_400_000
PARTITIONS = 2
"""Of a topic that workers share, unless whoever makes it says otherwise: enough for one machine, where each costs a
transaction. What is made is never changed, since keys would be parted from their past; readers ask the cluster."""


@dataclass(frozen=True)
class Topic:
    """`retention_ms` −1 keeps for ever; `schema` names the model in `schemas`; `example` a file in
    `schemas/examples`."""

    name: str
    owner: str
    key: str
    schema: str
    example: str
    partitions: int = PARTITIONS
    retention_ms: int = 14 * DAY
    cleanup: Cleanup = "delete"
    max_message_bytes: int = 1_100_000
    inbound: bool = False

    @property
    def slack_ms(self) -> int:
        """How long a record may outlive its retention, or the one that replaced it, as the broker lets go of whole
        segments: a tenth, and seven days at most."""
        return 7 * DAY if self.retention_ms < 0 else min(7 * DAY, self.retention_ms // 10)

    def kept(self) -> str:
        """What ends a record of it, in words."""
        if self.cleanup == "compact":
            return "until another record of its key takes its place"
        if self.retention_ms < 0:
            return "for good"
        return "from its stamp" if self.cleanup == "delete" else "from its stamp, or until another of its key"

    @property
    def is_shared(self) -> bool:
        """Workers share its partitions."""
        return self.partitions > 1


SUSPICIOUS_ACCOUNT = Topic("suspicious-account", "members", "member", "Event", "suspicious-account", inbound=True)
SUSPICIOUS_NUMBER = Topic("suspicious-number", "members", "member", "Event", "suspicious-number", inbound=True)
SUSPICIOUS_HANDLE = Topic("suspicious-handle", "members", "member", "Event", "suspicious-handle", inbound=True)
VICTIM_REPORT = Topic(
    "victim-report", "members", "member", "Event", "victim-report", retention_ms=180 * DAY, inbound=True
)
WITHDRAWAL = Topic("withdrawal", "members", "member", "Event", "withdrawal", retention_ms=180 * DAY, inbound=True)
ALIAS = Topic("alias", "members", "member", "Event", "alias", retention_ms=180 * DAY, inbound=True)
RISK_CHECK = Topic("risk-check", "members", "member", "Event", "risk-check", retention_ms=DAY, inbound=True)
ANSWERS = Topic("answers", "members", "member", "Event", "answer", retention_ms=180 * DAY, inbound=True)

SIGNALS = Topic(
    "signals", "intake", "token", "streams.core.alert", "", retention_ms=100 * DAY, max_message_bytes=2_000_000
)
CHANGELOG = Topic(
    "correlate-changelog", "correlate", "token", "streams.core.state", "", PARTITIONS, 100 * DAY, "compact,delete"
)
LEADS = Topic("leads", "correlate", "subject", "Lead", "lead", retention_ms=180 * DAY)
QUARANTINE = Topic(
    "quarantine", "intake", "member", "QuarantineNote", "quarantine-note", 1, 90 * DAY, max_message_bytes=2_000_000
)
TALLY = Topic("tally", "intake", "hour and worker", "streams.tally", "", 1, 180 * DAY, "compact,delete")
# Beside the members, under a key that is nobody's name: the rulebook.
MEMBERS = Topic("members", "registrar", "member", "Member", "member", 1, -1, "compact")
RULES = Topic("rules", "registrar", "kind and token", "AllowRecord", "allow-record", 1, -1, "compact")
REGISTRAR_ACTS = Topic("registrar-acts", "registrar", "member", "RegistrarAct", "registrar-act", 1, 180 * DAY)
AUDIT = Topic("audit", "auditor", "number", "AuditRecord", "audit-entry", 1, -1, max_message_bytes=16_000_000)

TOPICS: tuple[Topic, ...] = (
    SUSPICIOUS_ACCOUNT,
    SUSPICIOUS_NUMBER,
    SUSPICIOUS_HANDLE,
    VICTIM_REPORT,
    WITHDRAWAL,
    ALIAS,
    RISK_CHECK,
    ANSWERS,
    SIGNALS,
    CHANGELOG,
    LEADS,
    QUARANTINE,
    TALLY,
    MEMBERS,
    RULES,
    REGISTRAR_ACTS,
    AUDIT,
)

BY_KIND: dict[str, Topic] = {
    "suspicious-account": SUSPICIOUS_ACCOUNT,
    "suspicious-number": SUSPICIOUS_NUMBER,
    "suspicious-handle": SUSPICIOUS_HANDLE,
    "victim-report": VICTIM_REPORT,
    "withdrawal": WITHDRAWAL,
    "alias": ALIAS,
    "risk-check": RISK_CHECK,
    "answer": ANSWERS,
    # Behind the answer by which the member said that it holds the money.
    "appeal": ANSWERS,
    "dispute": ANSWERS,
}
"""On which topic a kind of event travels."""


def member_topic(member: str) -> Topic:
    """What the hub sends to one member alone."""
    return Topic(f"to.{member}", "dispatch", "request", "ToMember", "request", 1, 30 * DAY)


def joining_topic(member: str) -> Topic:
    """Between one unit and the registrar alone: its keys in, and what is sealed to them out. What it says of a token
    key that it has taken must outlast the overlap of two epochs."""
    return Topic(f"joining.{member}", "registrar", "what it is", "KeyRequest", "key-request", 1, 180 * DAY,
                 max_message_bytes=20_000, inbound=True)  # fmt: skip


def unit_topic(name: str) -> Topic | None:
    """What a topic of one unit is declared as, by its name; None if it is no unit's."""
    kind, _, member = name.partition(".")
    made = {"to": member_topic, "joining": joining_topic}.get(kind)
    return made(member) if made and member else None
