"""What an answer to a `return` request, or an officer's word about one, means for its payments and its hold.

A payment is settled once: paid, or not made at all. Where a member has not said which it made, all of them are unclear,
which frees nothing to be paid again until an officer says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import exists, select, update

from consumers.casebook.holding import holds
from consumers.casebook.lifecycle import UNENDED, HoldEvent
from consumers.casebook.rows import among
from consumers.casebook.tables import HoldRow, ReturnClaim, ReturnNotice, ReturnPaymentRow
from consumers.casebook.turn import Turn
from schemas.answers import Answer
from schemas.base import Money
from schemas.requests import Request, RequestStatus
from schemas.returns import PaymentStatus


def settle(turn: Turn, request: Request, answer: Answer, status: RequestStatus) -> None:
    """Its payments, and the hold that they came from."""
    row = ReturnPaymentRow
    drafted = (row.request_id == request.request_id) & (row.status == PaymentStatus.DRAFTED.value)
    rows = turn.db.execute(select(row.payment_id, row.return_id, row.hold_id, row.minor).where(drafted)).all()
    if not rows:
        return
    paid, other = _result(request, answer, status)
    made = [each for each in rows if paid is None or each.payment_id in paid]
    if other is PaymentStatus.UNCLEAR:
        made = []
    _write(turn, (each.payment_id for each in rows if each not in made), other)
    _pay(turn, made)
    turn.db.execute(update(ReturnNotice).where(among(ReturnNotice.return_id, [rows[0].return_id])).values(look=True))


def clear(turn: Turn, made: Sequence[Any], not_made: Sequence[Any], word: int) -> None:
    """What was unclear of one hold's return, as the officer's statement of that number says. Whatever return names one
    of these reports has to look again: what a victim did not get here it may get there."""
    _write(turn, (each.payment_id for each in not_made), PaymentStatus.DROPPED, word)
    _pay(turn, made, word)
    reports = [each.event_id for each in (*made, *not_made)]
    named = exists().where(ReturnClaim.return_id == ReturnNotice.return_id, among(ReturnClaim.event_id, reports))
    turn.db.execute(update(ReturnNotice).where(ReturnNotice.closed_at.is_(None), named).values(look=True))


def drop(turn: Turn, request_ids: Iterable[UUID]) -> None:
    """Of requests that came to nothing."""
    row = ReturnPaymentRow
    drafted = among(row.request_id, request_ids) & (row.status == PaymentStatus.DRAFTED.value)
    _write(turn, turn.db.scalars(select(row.payment_id).where(drafted)).all(), PaymentStatus.DROPPED)


def _result(request: Request, answer: Answer, status: RequestStatus) -> tuple[set[UUID] | None, PaymentStatus]:
    """The payments that were made, None for all, and what the others are."""
    if status is RequestStatus.EXECUTED:
        asked: Money | None = request.amount
        if answer.amount in (None, asked) and not answer.paid:
            return None, PaymentStatus.DROPPED
        return set(), PaymentStatus.UNCLEAR
    if status is RequestStatus.PARTIAL:
        return set(answer.paid), PaymentStatus.DROPPED if answer.paid else PaymentStatus.UNCLEAR
    return set(), PaymentStatus.DROPPED


def _pay(turn: Turn, made: Sequence[Any], word: int | None = None) -> None:
    _write(turn, (each.payment_id for each in made), PaymentStatus.PAID, word)
    if made:
        _take(turn, made[0].hold_id, sum(each.minor for each in made))


def _take(turn: Turn, hold_id: UUID, minor: int) -> None:
    """Off the hold, which may have been reduced since. One that has ended or whose release was proposed meanwhile
    stays what it is."""
    hold = HoldRow.hold_id == hold_id
    left = max(0, turn.db.execute(select(HoldRow.minor).where(hold)).scalar_one() - minor)
    event = HoldEvent.RETURN_PART if left else HoldEvent.RETURN
    if not holds.move(turn, event, hold, {"minor": left}):
        turn.db.execute(update(HoldRow).where(hold, HoldRow.status.in_(UNENDED)).values(minor=left))


def _write(turn: Turn, payments: Iterable[Any], status: PaymentStatus, word: int | None = None) -> None:
    chosen = list(payments)
    if not chosen:
        return
    settled = update(ReturnPaymentRow).where(among(ReturnPaymentRow.payment_id, chosen))
    turn.db.execute(settled.values(status=status.value, settled_at=turn.now, settled_by=word))
    for payment_id in sorted(chosen):
        turn.trail.note(f"payment {status.value}", payment_id)
