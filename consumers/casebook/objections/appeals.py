"""Appeals of holders: taken from their banks or from police, given a deadline, decided.

A member learns nothing of a hold that is not its own. A decision that comes late counts all the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.sql import ColumnElement

from consumers.casebook import ids
from consumers.casebook.inbound import Admitted, Bundle, refuse
from consumers.casebook.objections import filing
from consumers.casebook.objections.appealrules import Who, check_reviewer, inadmissible
from consumers.casebook.release import falling
from consumers.casebook.release.grounds import Cause
from consumers.casebook.rows import insert_rows
from consumers.casebook.tables import AppealRow, HoldRow, RequestRow
from consumers.casebook.tables import Case as CaseRow
from consumers.casebook.turn import Turn
from schemas.base import seconds
from schemas.decisions import AppealStatus, Decision, Finding, Ruling
from schemas.notices import holds_of, notice_of
from schemas.objections import Appeal
from schemas.reasons import Reason
from schemas.requests import NEEDS_POLICE, Request


def apply(turn: Turn, bundles: Sequence[Bundle]) -> None:
    """Take the appeals of a batch of `answers`, in its order; refusals are added to the bundles."""
    for bundle, admitted, appeal in filing.new(turn, bundles, Appeal, AppealRow):
        if (hold := _hold(turn, bundle, admitted, appeal)) is not None:
            _file(turn, admitted, appeal, hold)


def check(turn: Turn, row: Any, who: Who) -> None:
    """Raises Refused for an officer who had a hand in the hold."""
    check_reviewer(who, (request.authority for request in _ordering(turn, _held(turn, row).request_id)))


def decide(turn: Turn, row: Any, ruling: Ruling, jws: str, who: Who) -> None:
    """What follows from an officer's ruling."""
    hold = _held(turn, row)
    decision = _decision(turn, row, hold, ruling.outcome, ruling.reason)
    decision = decision.model_copy(update={"unit": who[0], "officer": who[1], "ruling": jws})
    filing.tell(turn, decision, row["member"], [hold.member, hold.unit])
    lead = turn.db.scalar(select(CaseRow.lead_id).where(CaseRow.case_id == hold.case_id))
    filing.label(turn, decision, row["member"], lead, hold.case_id)
    if ruling.outcome is Finding.UPHELD:
        falling.free(turn, [hold.request_id], Cause.APPEAL)


def _held(turn: Turn, row: Any) -> Any:
    return turn.db.execute(select(*HoldRow.__table__.c).where(HoldRow.hold_id == row["hold_id"])).one()


def _hold(turn: Turn, bundle: Bundle, admitted: Admitted, appeal: Appeal) -> Any:
    """The hold that it is about; None, with the refusal, if the sender may not appeal against any such."""
    found = turn.db.execute(select(*HoldRow.__table__.c).where(_named(appeal)).limit(2)).all()
    mine = [hold for hold in found if admitted.police or hold.member == admitted.member]
    if len(mine) == 1:
        return mine[0]
    place = "notice" if appeal.hold_id is None else "hold_id"
    if mine:
        detail = f"data.{place}: more than one hold has this number, name it by `hold_id`"
    else:
        detail = f"data.{place}: no hold of yours is known by it"
    refuse(bundle, admitted, Reason.INVALID_FIELD if mine or admitted.police else Reason.NOT_YOURS, detail)
    return None


def _named(appeal: Appeal) -> ColumnElement[bool]:
    if appeal.notice is not None:
        return HoldRow.hold_id.between(*holds_of(appeal.notice))
    return HoldRow.hold_id == appeal.hold_id


def _file(turn: Turn, admitted: Admitted, appeal: Appeal, hold: Any) -> None:
    same = (AppealRow.hold_id == hold.hold_id) & (AppealRow.grounds == appeal.grounds.value)
    heard = select(AppealRow.appeal_id).where(same, AppealRow.status != AppealStatus.INADMISSIBLE.value)
    known = turn.db.scalar(heard) is not None
    refusal = inadmissible(hold, admitted.event.time, heard=known, profile=turn.profile)
    row = {
        "appeal_id": ids.objection_id("appeal", admitted.member, admitted.event.id), "member": admitted.member,
        "event_id": admitted.event.id, "digest": admitted.digest, "hold_id": hold.hold_id,
        "grounds": appeal.grounds.value, "statement": appeal.statement,
        "status": (AppealStatus.INADMISSIBLE if refusal else AppealStatus.FILED).value,
        "filed_at": admitted.event.time, "due_at": turn.now + seconds(turn.profile.appeal.review_s.value),
        "reason": refusal,
    }  # fmt: skip
    insert_rows(turn.db, AppealRow, [row])
    turn.trail.note(f"appeal {row['status']}", row["appeal_id"], appeal.model_dump_json().encode())
    if refusal:
        filing.tell(turn, _decision(turn, row, hold, Finding.INADMISSIBLE, refusal), admitted.member)


def _decision(turn: Turn, row: Any, hold: Any, outcome: Finding, reason: str) -> Decision:
    return Decision(
        about="appeal",
        id=row["appeal_id"],
        event_id=row["event_id"],
        outcome=outcome,
        reason=reason,
        hold_id=hold.hold_id,
        notice=notice_of(hold.hold_id),
        at=turn.now,
    )


def _ordering(turn: Turn, stop: UUID) -> list[Request]:
    """What the hold, and whatever prolonged or changed it, was ordered by."""
    acts = (RequestRow.request_id == stop) | (RequestRow.parent == stop)
    query = select(RequestRow.body).where(acts, RequestRow.action.in_(NEEDS_POLICE))
    return [Request.model_validate_json(body) for body in turn.db.scalars(query)]
