"""Requests in the database: written as they are drafted, handed to dispatch, amended or cancelled before they are seen.

Must never decide what is asked; and never take back what dispatch has taken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import aliased

from alliance import metrics
from alliance.profiles import Profile
from consumers.casebook.asking import disputed, naming
from consumers.casebook.lifecycle import CASE, UNSENT, CaseEvent, CaseStatus
from consumers.casebook.model import Draft, Known
from consumers.casebook.rows import among, given, insert_rows, update_rows
from consumers.casebook.tables import Case as CaseRow
from consumers.casebook.tables import Outbox, RequestRow
from consumers.casebook.turn import Turn
from schemas.requests import ABOUT_HOLDS, Action, AuthorityClass, Request, RequestStatus

_ONE_WITH = aliased(CaseRow)
_GOES_ON = func.coalesce(CaseRow.merged_into, CaseRow.case_id)
_NOT_OPEN = (
    select(CaseRow.case_id, CaseRow.status, _ONE_WITH.case_id.label("into"), _ONE_WITH.status.label("goes_on"))
    .join(_ONE_WITH, _ONE_WITH.case_id == _GOES_ON)
    .where(given(CaseRow.case_id, "case_ids"), CaseRow.status != CaseStatus.OPEN.value)
)
_KNOWN = (
    select(
        CaseRow.case_id.label("of"),
        RequestRow.case_id,
        RequestRow.request_id,
        RequestRow.action,
        RequestRow.target,
        RequestRow.asked,
        RequestRow.attempt,
        RequestRow.status,
        RequestRow.member,
        RequestRow.hop,
        RequestRow.spent_at,
        RequestRow.drafted_at,
    )
    # Cases that were merged are one, whichever goes on.
    .join(_ONE_WITH, (_ONE_WITH.case_id == _GOES_ON) | (_ONE_WITH.merged_into == _GOES_ON))
    .join(RequestRow, RequestRow.case_id == _ONE_WITH.case_id)
    .where(given(CaseRow.case_id, "case_ids"))
)


def put(turn: Turn, drafts: Sequence[Draft]) -> None:
    """Write new drafts and amend old ones; what has a member and needs nobody's hand goes to dispatch."""
    drafts = _open_to(turn, disputed.held_back(turn, drafts))
    if turn.names:
        drafts = [_named(turn, draft) for draft in drafts]
    made = {draft.request_id: _row(draft, turn.profile) for draft in drafts}
    if not made:
        return
    amended = {draft.request_id for draft in drafts if draft.amends}
    new = [row for request_id, row in made.items() if request_id not in amended]
    # Whatever was asked already, and by whichever lead of the same victim, is left out by the constraints.
    inserted = insert_rows(turn.db, RequestRow, new, ignore=True, returning=["request_id"])
    update_rows(turn.db, RequestRow, "request_id", [made[request_id] for request_id in amended])
    written = amended | {row.request_id for row in inserted}
    rows = [row for request_id, row in made.items() if request_id in written]
    for row in rows:
        metrics.REQUESTS_DRAFTED.labels(row["action"]).inc()
        turn.trail.note(f"{row['status']} {row['action']}", row["request_id"], row["body"].encode())
    ready = [row for row in rows if row["status"] is RequestStatus.DRAFTED and row["member"]]
    stops = {row["request_id"] for row in ready if row["action"] is Action.STOP}
    naming.enclose(turn, [draft.request() for draft in drafts if draft.request_id in stops])
    _enqueue(turn, ready)


def _named(turn: Turn, draft: Draft) -> Draft:
    """The draft with the target's newest name, as its member may have no older key."""
    told = draft.target.model_copy(update={"tokens": turn.names.told(draft.target.tokens)})
    return replace(draft, target=told)


def _open_to(turn: Turn, drafts: Sequence[Draft]) -> list[Draft]:
    """Those that their case is open to, or the one that it was merged into: what another city has taken over asks for
    nothing new, but for what changes or ends a hold that is there. What new evidence asks for in a closed case opens it
    again."""
    asking = {draft.case_id for draft in drafts if draft.action not in ABOUT_HOLDS}
    if not asking:
        return list(drafts)
    left = {row.case_id: row for row in turn.db.execute(_NOT_OPEN, {"case_ids": list(asking)})}
    going = [draft for draft in drafts if draft.action in ABOUT_HOLDS or _is_open(left.get(draft.case_id), draft)]
    asked = {left[draft.case_id] for draft in going if draft.action not in ABOUT_HOLDS and draft.case_id in left}
    for case_id in sorted({row.into for row in asked if row.goes_on == CaseStatus.CLOSED}):
        move_case(turn, case_id, CaseEvent.REOPEN)
    return going


def _is_open(left: Any, draft: Draft) -> bool:
    """`left`: how its case is not open, if it is not."""
    if left is None or left.goes_on == CaseStatus.TRANSFERRED:
        return left is None
    # Where it was merged the other case asks what is new; what was asked here is followed to its end.
    return left.status != CaseStatus.MERGED or draft.parent is not None or draft.amends


def move_case(turn: Turn, case_id: UUID, event: CaseEvent) -> None:
    """Let the event happen to a case that it can happen to."""
    after = {status.value: moves[event].value for status, moves in CASE.items() if event in moves}
    for before, status in after.items():
        mine = (CaseRow.case_id == case_id) & (CaseRow.status == before)
        turn.db.execute(update(CaseRow).where(mine).values(status=status))
    turn.trail.note(f"case {event.value}", case_id)


def hand_over(turn: Turn, requests: Sequence[Request]) -> None:
    """To dispatch, in this order."""
    naming.enclose(turn, requests)
    _enqueue(
        turn,
        [{"request_id": one.request_id, "member": one.to, "body": one.model_dump_json()} for one in requests],
    )


def _enqueue(turn: Turn, rows: Sequence[Mapping[str, Any]]) -> None:
    sent = [
        {
            "member": row["member"],
            "key": row["request_id"],
            "value": row["body"],
            "request_id": row["request_id"],
        }
        for row in rows
    ]
    insert_rows(turn.db, Outbox, sent)


def cancel(turn: Turn, request_ids: Sequence[UUID], reason: str) -> set[UUID]:
    """Cancel those that nobody can have seen; which they were."""
    if not request_ids:
        return set()
    # With what was to go before them.
    keys = among(Outbox.key, [str(request_id) for request_id in request_ids])
    turn.db.execute(delete(Outbox).where(keys, Outbox.claimed.is_(False)))
    # What is left in the outbox is with dispatch; what is not there was never given to it, or is sent.
    with_dispatch = set(turn.db.scalars(select(Outbox.request_id).where(among(Outbox.request_id, request_ids))))
    query = select(RequestRow.request_id).where(
        among(RequestRow.request_id, request_ids), RequestRow.status.in_(UNSENT)
    )
    cancelled = set(turn.db.scalars(query.order_by(RequestRow.request_id).with_for_update())) - with_dispatch
    rows = [
        {"request_id": request_id, "status": RequestStatus.CANCELLED.value, "reason": reason, "spent_at": turn.now}
        for request_id in sorted(cancelled)
    ]
    update_rows(turn.db, RequestRow, "request_id", rows)
    for request_id in sorted(cancelled):
        turn.trail.note("cancelled", request_id, reason.encode())
    return cancelled


def known_of(turn: Turn, cases: Sequence[UUID]) -> dict[UUID, list[Known]]:
    """What was asked so far, by case, and in the cases that are one with it."""
    found: dict[UUID, list[Known]] = {}
    for row in turn.db.execute(_KNOWN, {"case_ids": list(cases)}) if cases else ():
        known = Known(
            row.request_id, Action(row.action), row.target, row.asked, row.attempt, RequestStatus(row.status),
            row.member is None, row.hop, row.spent_at, row.drafted_at, row.case_id != row.of,
        )  # fmt: skip
        found.setdefault(row.of, []).append(known)
    return found


def message(body: str, member: str | None) -> Request:
    """The message of a row."""
    request = Request.model_validate_json(body)
    return request if member is None else request.model_copy(update={"to": member})


def proof_of(request: Request) -> str | None:
    """The signatures under which it may go out."""
    authority = request.authority
    signatures = authority.mandate if authority.authority is AuthorityClass.MANDATE else authority.orders
    return " ".join(signatures) or None


def _row(draft: Draft, profile: Profile) -> dict[str, Any]:
    request = draft.request()
    authority = request.authority
    return {
        "request_id": request.request_id,
        "case_id": draft.case_id,
        "lead_id": draft.lead_id,
        "parent": draft.parent,
        "asked": draft.asked,
        "member": draft.to,
        "unroutable": draft.unroutable,
        "action": draft.action,
        "target": draft.target.tokens[0],
        "authority": authority.authority.value,
        "proof": proof_of(request),
        "missing": draft.missing,
        "mandate_id": draft.mandate_id,
        "covered_by": authority.covered_by,
        "level": draft.level.value,
        "status": draft.status,
        "minor": draft.amount.minor if draft.amount else None,
        "currency": draft.amount.currency if draft.amount else None,
        "hop": draft.hop,
        "attempt": draft.attempt,
        "void_after": draft.void_after,
        "drafted_at": draft.issued_at,
        "body": request.model_dump_json(),
        **_deadlines(draft, profile),
    }


def _deadlines(draft: Draft, profile: Profile) -> dict[str, int | None]:
    """Within which time from its sending it must be answered; what only informs asks for no answer."""
    if draft.authority.authority is AuthorityClass.ADVISORY:
        return {"acknowledge_s": None, "final_s": None, "latest_s": None}
    times, release = profile.answer.to(draft.action), profile.release
    if draft.action is Action.RELEASE:
        due, latest = release.due_s.value, release.latest_s.value
        return {"acknowledge_s": times.acknowledge_s.value, "final_s": due, "latest_s": latest}
    return {"acknowledge_s": times.acknowledge_s.value, "final_s": times.final_s.value, "latest_s": None}
