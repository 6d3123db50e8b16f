"""Returns as an officer is shown them: each as one line, or whole, claim by claim and payment by payment."""

from __future__ import annotations

from collections.abc import Sequence

from afa.output import Column, amount, amounts, section, when
from schemas.base import Money
from schemas.returns import ClaimShown, ObjectionShown, PaymentShown, PaymentStatus, ReturnView


def tell(shown: ReturnView) -> None:
    """One return whole. What is unclear is named by its payment, as `afa return settle` takes it."""
    said = f"number {shown.number}, announced {when(shown.announced_at)} by {shown.officer} of {shown.unit}"
    section(f"Return {shown.return_id} of hold {shown.hold_id}: {said}", [], ())
    until = f"Objections until {when(shown.objections_until)}, notice until {when(shown.until)}; {_state(shown)}"
    section(until, shown.claims, _CLAIMS)
    section("Objections", shown.objections, _OBJECTIONS)
    section("Payments", shown.payments, _PAYMENTS)


def _objections(shown: ReturnView) -> str:
    undecided = [str(one.objection) for one in shown.objections if one.upheld is None]
    return f"undecided: {', '.join(undecided)}" if undecided else f"{len(shown.objections)} decided"


def _sum(payments: Sequence[PaymentShown], status: PaymentStatus) -> str:
    made = [payment.amount for payment in payments if payment.status is status]
    return amounts([Money(minor=sum(one.minor for one in made), currency=made[0].currency)]) if made else "–"


def _state(shown: ReturnView) -> str:
    stays = "; ".join(f"{amount(stay.amount)} {stay.reason.value}" for stay in shown.stays)
    if shown.closed_for:
        return f"closed: {shown.closed_for}" + (f"; {stays}" if stays else "")
    return stays or "all is drafted"


def _finding(objection: ObjectionShown) -> str:
    if objection.upheld is None:
        return "undecided"
    return f"{'upheld' if objection.upheld else 'rejected'} by {objection.decided_by}"


def _claim(claim: ClaimShown) -> str:
    return "no longer" if claim.annulled else "by the ledgers" if claim.traced else "in proportion"


COLUMNS = (
    Column[ReturnView]("Return", 36, lambda one: str(one.return_id)),
    Column[ReturnView]("Notice until", 14, lambda one: when(one.until)),
    Column[ReturnView]("Paid", 12, lambda one: _sum(one.payments, PaymentStatus.PAID), "right"),
    Column[ReturnView]("Objections", 12, _objections),
    Column[ReturnView]("Stays", 18, _state),
)
_CLAIMS = (
    Column[ClaimShown]("Claim by the report", 36, lambda claim: str(claim.event_id)),
    Column[ClaimShown]("Reported to", 20, lambda claim: claim.member),
    Column[ClaimShown]("Amount", 18, lambda claim: amount(claim.amount), "right"),
    Column[ClaimShown]("Paid", 14, _claim),
)
_OBJECTIONS = (
    Column[ObjectionShown]("Objection", 9, lambda one: str(one.objection), "right"),
    Column[ObjectionShown]("Against the report", 36, lambda one: str(one.event_id or "the whole")),
    Column[ObjectionShown]("By", 20, lambda one: one.by),
    Column[ObjectionShown]("Decided", 30, _finding),
)
_PAYMENTS = (
    Column[PaymentShown]("Payment", 36, lambda one: str(one.payment_id)),
    Column[PaymentShown]("Report", 36, lambda one: str(one.event_id)),
    Column[PaymentShown]("Amount", 16, lambda one: amount(one.amount), "right"),
    Column[PaymentShown]("Is", 8, lambda one: one.status.value),
)
