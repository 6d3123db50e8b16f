"""Disputes: a member says that a suspicion is wrong. Until police have decided nothing new is asked without a person.

A member may dispute what it was asked, what it reported to, and its own customers; of anything else it learns nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import cast, or_, select, update
from sqlalchemy.dialects.postgresql import JSONB

from consumers.casebook import ids
from consumers.casebook.asking import disputed, doubted, requests
from consumers.casebook.inbound import Admitted, Bundle, refuse
from consumers.casebook.money import aliases
from consumers.casebook.objections import filing
from consumers.casebook.objections.appealrules import Who
from consumers.casebook.release import falling
from consumers.casebook.release.grounds import Cause
from consumers.casebook.rows import among, insert_rows
from consumers.casebook.tables import DisputeRow, EvidenceSeen, LeadRow, RequestRow
from consumers.casebook.turn import Turn
from schemas.base import seconds
from schemas.decisions import Decision, DisputeStatus, Finding, Ruling
from schemas.objections import Dispute
from schemas.reasons import Reason
from schemas.requests import FREEING, Request

_SAID = "You disputed this on the same grounds before."
_REJECTED = (
    "You disputed this on the same grounds before, and it was rejected; it is heard again once something new is asked "
    "against the suspect, or after {} days."
)


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom the suspicion is about, and in which case, if only one is disputed."""

    token: str
    lead_id: str | None = None
    request_id: UUID | None = None
    case_id: UUID | None = None


def apply(turn: Turn, bundles: Sequence[Bundle]) -> None:
    """Take the disputes of a batch of `answers`, in its order; refusals are added to the bundles."""
    for bundle, admitted, dispute in filing.new(turn, bundles, Dispute, DisputeRow):
        subject = _subject(turn, admitted.member, dispute)
        if subject is None:
            refuse(bundle, admitted, Reason.NOT_YOURS, "data: you were not asked this, or it is no customer of yours")
        else:
            _file(turn, admitted, dispute, subject)


def decide(turn: Turn, row: Any, ruling: Ruling, jws: str, who: Who) -> None:
    """What follows from an officer's ruling."""
    decision = _decision(turn, row, ruling.outcome, ruling.reason)
    decision = decision.model_copy(update={"unit": who[0], "officer": who[1], "ruling": jws})
    filing.tell(turn, decision, row["member"], _units(turn, row))
    filing.label(turn, decision, row["member"], *_found_of(turn, row))
    _touch(turn, row["token"], row["case_id"])
    if ruling.outcome is Finding.UPHELD:
        falling.free(turn, _resting_on(turn, row["token"], row["case_id"]), Cause.DISPUTE)
    else:
        waited = disputed.go_on(turn, row["token"], row["case_id"])
        requests.hand_over(turn, [Request.model_validate_json(body) for body in waited])


def _subject(turn: Turn, member: str, dispute: Dispute) -> Subject | None:
    if dispute.target is not None:
        holders = (turn.registry.holder_of(holder) for holder in dispute.target.holders)
        its_own = member in {one.member for one in holders if one}
        return Subject(turn.names.of(dispute.target.tokens[0])) if its_own else None
    if dispute.request_id is not None:
        asked = (RequestRow.request_id == dispute.request_id) & (RequestRow.member == member)
        row = turn.db.execute(select(RequestRow.target, RequestRow.lead_id).where(asked)).first()
        return row and Subject(row.target, row.lead_id, dispute.request_id)
    query = select(LeadRow.token, LeadRow.case_id).where(LeadRow.lead_id == dispute.lead_id)
    lead = turn.db.execute(query).first()
    if lead is None or lead.case_id is None or not _knows(turn, member, lead.case_id):
        return None
    return Subject(lead.token, dispute.lead_id, None, lead.case_id)


def _knows(turn: Turn, member: str, case_id: UUID) -> bool:
    """Whether it was asked something in the case, or reported to it."""
    asked = select(RequestRow.request_id).where(RequestRow.case_id == case_id, RequestRow.member == member)
    told = select(EvidenceSeen.event_id).where(EvidenceSeen.case_id == case_id, EvidenceSeen.member == member)
    return turn.db.scalar(select(asked.exists() | told.exists())) is True


def _file(turn: Turn, admitted: Admitted, dispute: Dispute, subject: Subject) -> None:
    refusal = _inadmissible(turn, admitted.member, dispute, subject)
    row = {
        "dispute_id": ids.objection_id("dispute", admitted.member, admitted.event.id), "member": admitted.member,
        "event_id": admitted.event.id, "digest": admitted.digest, "token": subject.token, "lead_id": subject.lead_id,
        "request_id": subject.request_id, "case_id": subject.case_id, "grounds": dispute.grounds.value,
        "statement": dispute.statement,
        "status": (DisputeStatus.INADMISSIBLE if refusal else DisputeStatus.OPEN).value,
        "filed_at": admitted.event.time, "due_at": turn.now + seconds(turn.profile.dispute.review_s.value),
        "reason": refusal,
    }  # fmt: skip
    insert_rows(turn.db, DisputeRow, [row])
    turn.trail.note(f"dispute {row['status']}", row["dispute_id"], dispute.model_dump_json().encode())
    if refusal:
        filing.tell(turn, _decision(turn, row, Finding.INADMISSIBLE, refusal), admitted.member)
    else:
        _touch(turn, subject.token, subject.case_id)


def _inadmissible(turn: Turn, member: str, dispute: Dispute, subject: Subject) -> str | None:
    """Why it is not heard: it was said before, and since then nothing was asked but what lets go."""
    row, names = DisputeRow, turn.names.all_of(subject.token)
    same = (row.member == member) & among(row.token, names) & (row.grounds == dispute.grounds.value)
    query = select(row.status, row.decided_at).where(same, row.status != DisputeStatus.INADMISSIBLE.value)
    before = turn.db.execute(query).all()
    if any(one.status != DisputeStatus.REJECTED for one in before):
        return _SAID
    again_s = turn.profile.dispute.again_s.value
    last = max((one.decided_at for one in before if one.decided_at), default=None)
    if last is None or last + seconds(again_s) <= turn.now:
        return None
    against = among(RequestRow.target, names) & RequestRow.action.not_in(FREEING)
    new = select(RequestRow.request_id).where(against, RequestRow.drafted_at > last)
    return None if turn.db.scalar(select(new.exists())) else _REJECTED.format(again_s // 86400)


def _decision(turn: Turn, row: Any, outcome: Finding, reason: str) -> Decision:
    return Decision(
        about="dispute",
        id=row["dispute_id"],
        event_id=row["event_id"],
        outcome=outcome,
        reason=reason,
        lead_id=row["lead_id"],
        request_id=row["request_id"],
        at=turn.now,
    )


def _resting_on(turn: Turn, token: str, case_id: UUID | None) -> list[UUID]:
    """What was asked about the suspect, or in the whole case."""
    if case_id is None:
        return doubted.about(turn, token)
    return list(turn.db.scalars(select(RequestRow.request_id).where(RequestRow.case_id == case_id)))


def _units(turn: Turn, row: Any) -> Sequence[str | None]:
    """The police units that asked for what rests on the suspicion, or for the request that is disputed."""
    names = aliases.names_of(turn, row["token"])
    led = select(LeadRow.case_id).where(among(LeadRow.token, names))
    rests = or_(
        among(RequestRow.target, names),
        RequestRow.case_id.in_(led),
        RequestRow.case_id == row["case_id"],
        RequestRow.request_id == row["request_id"],
    )
    unit = cast(RequestRow.body, JSONB)["authority"]["unit"].astext
    return list(turn.db.scalars(select(unit).distinct().where(rests)))


def _touch(turn: Turn, token: str, case_id: UUID | None) -> None:
    """Those who follow the leads see that something about these has changed."""
    named = among(LeadRow.token, aliases.names_of(turn, token))
    mine = named if case_id is None else named | (LeadRow.case_id == case_id)
    turn.db.execute(update(LeadRow).where(mine).values(level=LeadRow.level))


def asking_unit(turn: Turn, request_id: UUID | None) -> str | None:
    """The police unit that asked for what is disputed."""
    body = turn.db.scalar(select(RequestRow.body).where(RequestRow.request_id == request_id)) if request_id else None
    return Request.model_validate_json(body).authority.unit if body else None


def _found_of(turn: Turn, row: Any) -> tuple[str | None, UUID | None]:
    """The lead and case that the label is on: those that were named, else those of the suspect."""
    query = select(LeadRow.lead_id, LeadRow.case_id)
    of = row["lead_id"]
    mine = LeadRow.token == turn.names.of(row["token"]) if of is None else LeadRow.lead_id == of
    found = turn.db.execute(query.where(mine).order_by(LeadRow.lead_id)).first()
    return (of, row["case_id"]) if found is None else (found.lead_id, found.case_id)
