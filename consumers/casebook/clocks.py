"""Clocks are rows: what is past its time ends here, on every turn and first of all at the start.

Must never depend on having been awake at the moment itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from alliance.profiles.values import AtEnd
from consumers.casebook import escalations
from consumers.casebook.asking import calling, decide, requests
from consumers.casebook.evidence.cases import read_cases
from consumers.casebook.holding import holds
from consumers.casebook.lifecycle import UNSENT
from consumers.casebook.model import RANK, Draft
from consumers.casebook.money import hops
from consumers.casebook.objections import deadlines
from consumers.casebook.release import falling, releasing
from consumers.casebook.rows import among
from consumers.casebook.tables import HoldRow, ReportRow, RequestRow, Withdrawn
from consumers.casebook.turn import Turn
from schemas.requests import Action
from schemas.risk import Level

_VOID = "void: its time ran out before it was sent"
_SILENT = "its unit has not decided in time on the release that was proposed"


def expire(turn: Turn) -> None:
    """End holds and unsent requests whose time is over; ask for a stop once more where the law allows it."""
    _repeat(turn, holds.expire(turn))
    deadlines.strike(turn)
    # Before what is over is void: a call that waited a day for room is over as there is.
    calling.again(turn)
    query = select(RequestRow.request_id, RequestRow.case_id, RequestRow.action)
    due = turn.db.execute(query.where(RequestRow.status.in_(UNSENT), RequestRow.void_after <= turn.now)).all()
    void = requests.cancel(turn, [row.request_id for row in due], _VOID)
    releases = [row for row in due if row.request_id in void and row.action == Action.RELEASE.value]
    falling.let_go(turn, sorted({row.case_id for row in releases}))
    _undecided(turn)
    escalations.strike(turn)


def _undecided(turn: Turn) -> None:
    """Releases that were proposed and not decided in time: let go, or left to their own end, and told either way."""
    late = turn.db.execute(select(*HoldRow.__table__.c).where(HoldRow.decide_by <= turn.now)).all()
    if not late:
        return
    escalations.undecided(turn, late)
    turn.db.execute(update(HoldRow).where(HoldRow.decide_by <= turn.now).values(decide_by=None))
    if turn.profile.release.at_end.value is AtEnd.RELEASED:
        _release(turn, late)


def _release(turn: Turn, late: Sequence[Any]) -> None:
    query = select(RequestRow.body, RequestRow.member, RequestRow.mandate_id)
    rows = turn.db.execute(query.where(among(RequestRow.request_id, [hold.request_id for hold in late]))).all()
    stops = [(requests.message(row.body, row.member), row.mandate_id) for row in rows]
    cases, law = read_cases(turn, sorted({stop.case_id for stop, _ in stops})), turn.law()
    drafts = [
        releasing.at_once(cases[stop.case_id], stop, law, _SILENT, mandate_id)
        or releasing.by_request(cases[stop.case_id], stop, law, _SILENT)
        for stop, mandate_id in stops
    ]
    requests.put(turn, [draft for draft in drafts if draft is not None])


def _repeat(turn: Turn, request_ids: Sequence[UUID]) -> None:
    """A second stop, or suspension, where the suspicion is what it was and what covered the first still stands."""
    if not request_ids:
        return
    query = select(RequestRow).where(among(RequestRow.request_id, request_ids)).order_by(RequestRow.request_id)
    rows = turn.db.execute(query).mappings().all()
    cases = read_cases(turn, sorted({row["case_id"] for row in rows}))
    fallen, _ = falling.causes(turn, sorted(cases))
    annulled = _annulled(turn, {row["covered_by"] for row in rows if row["covered_by"]})
    law = turn.law(row["target"] for row in rows)
    drafts: list[Draft] = []
    for row in rows:
        case = cases[row["case_id"]]
        case = case.knows_of(each for each in drafts if cases[each.case_id].goes_on == case.goes_on)
        if row["request_id"] in fallen or RANK[case.level] < RANK[Level.HIGH] or row["covered_by"] in annulled:
            continue
        again = decide.suspend_again if row["action"] == Action.SUSPEND else hops.repeat
        draft = again(case, requests.message(row["body"], row["member"]), law, row["covered_by"])
        drafts += () if draft is None else (draft,)
    requests.put(turn, drafts)


def _annulled(turn: Turn, reports: set[UUID]) -> set[UUID]:
    """Those of the reports that no longer stand."""
    gone = (
        select(ReportRow.event_id)
        .outerjoin(
            Withdrawn,
            (Withdrawn.member == ReportRow.member) & (Withdrawn.event_id == ReportRow.event_id) & Withdrawn.by_police,
        )
        .where(among(ReportRow.event_id, reports), ReportRow.conflict | Withdrawn.member.is_not(None))
    )
    return set(turn.db.scalars(gone)) if reports else set()
