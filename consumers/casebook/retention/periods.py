"""How long each table of the casebook is kept, table by table, and why.

Pure. The lengths of the two periods are the profile's (`retention`); which rows they leave alone, since a case, a hold
or a clock still needs them, the database judges (migrations 0013 and 0014).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from alliance.profiles import Profile


class Period(StrEnum):
    SUSPICION = "suspicion"
    """What has no case of police."""
    CASE = "case"
    """What belongs to one, from its end."""


@dataclass(frozen=True, slots=True)
class Kept:
    """`period`: None where no time erases it. `oldest`: the column that tells how old a row is, if there is one."""

    period: Period | None
    why: str
    oldest: str | None = None


_CASE = Period.CASE
_OF_A_CASE = "goes with its case"
KEPT: dict[str, Kept] = {
    "case": Kept(_CASE, "from the last that happened in it, once it has ended; a suspicion on which nobody acted: "
                 "as what has no case", "opened_at"),
    "lead": Kept(Period.SUSPICION, "from its last change; one that has a case goes with it", "taken_at"),
    "evidence_seen": Kept(_CASE, _OF_A_CASE),
    "request": Kept(_CASE, _OF_A_CASE, "drafted_at"),
    "answer": Kept(_CASE, _OF_A_CASE, "received_at"),
    "path_end": Kept(_CASE, _OF_A_CASE),
    "hold": Kept(_CASE, _OF_A_CASE, "since"),
    "hold_act": Kept(_CASE, _OF_A_CASE, "filed_at"),
    "hold_decision": Kept(_CASE, _OF_A_CASE, "filed_at"),
    "claim": Kept(_CASE, "goes with its hold, and is written anew as more is known"),
    "filed_order": Kept(_CASE, _OF_A_CASE, "filed_at"),
    "filed_answer": Kept(_CASE, _OF_A_CASE, "filed_at"),
    "case_act": Kept(_CASE, _OF_A_CASE, "filed_at"),
    "inquiry": Kept(_CASE, "goes with its case; a search as what has no case, from its judgement", "filed_at"),
    "escalation": Kept(_CASE, _OF_A_CASE, "due_at"),
    "appeal": Kept(_CASE, _OF_A_CASE, "filed_at"),
    "dispute": Kept(_CASE, "goes with its case; without one from its decision, if it was upheld, and else as what has "
                    "no case", "filed_at"),
    "filed_ruling": Kept(_CASE, "goes with its appeal or dispute", "filed_at"),
    "label": Kept(_CASE, "goes with its appeal or dispute", "at"),
    "return_notice": Kept(_CASE, _OF_A_CASE, "announced_at"),
    "return_claim": Kept(_CASE, _OF_A_CASE, "taken_at"),
    "return_objection": Kept(_CASE, _OF_A_CASE, "filed_at"),
    "return_payment": Kept(_CASE, _OF_A_CASE, "drafted_at"),
    "report": Kept(Period.SUSPICION, "from its time, unless a case names what it names", "taken_at"),
    "report_target": Kept(Period.SUSPICION, "goes with its report"),
    "report_victim": Kept(Period.SUSPICION, "goes with its report"),
    "alias": Kept(Period.SUSPICION, "from its coming, unless it leads to an account of a case", "taken_at"),
    "withdrawn": Kept(Period.SUSPICION, "from its coming, unless what was withdrawn is still here", "at"),
    "filed_statement": Kept(Period.SUSPICION, "from its judgement, once its hold and its return are gone", "filed_at"),
    "reinjection": Kept(Period.SUSPICION, "from its judgement", "filed_at"),
    "dead_letter": Kept(Period.SUSPICION, "from its coming", "taken_at"),
    "renamed": Kept(Period.SUSPICION, "with the last lead, request, dispute, report or alias that bears any of its "
                    "names"),
    "mandate": Kept(_CASE, "from its end, once no request names it", "filed_at"),
    "audit": Kept(Period.SUSPICION, "entries stay for good; the text and the salt of an act go with what it is about",
                  "at"),
    "outbox": Kept(None, "until it is sent"),
    "consumer_offset": Kept(None, "for good: where reading goes on"),
    "outcome_cursor": Kept(None, "for good: one row"),
    "retention_period": Kept(None, "for good: the profile's two periods"),
    "stop_bound": Kept(None, "for good: how often the profile has an account stopped"),
    "retention_run": Kept(None, "for good: how many rows of what were erased", "asked_at"),
    **{f"{life}_move": Kept(None, "for good: part of the program")
       for life in ("request", "hold", "case", "appeal", "dispute")},
    "alembic_version": Kept(None, "for good: part of the program"),
}  # fmt: skip
"""Every table that the database has."""


def seconds_of(profile: Profile, period: Period) -> int:
    """How long that is at the place."""
    kept = profile.retention
    value = kept.suspicion_s if period is Period.SUSPICION else kept.case_s
    return value.value
