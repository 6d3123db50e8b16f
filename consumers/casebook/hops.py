"""Where the money went: what left an account opens the next hop's stops, until it is cash or the hops are used up.

Pure. Each payee is asked for at most what it got, the payees together for no more than is missing, and the first named
first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from uuid import UUID

from consumers.casebook.drafting import Act, stop
from consumers.casebook.matching import match_of_outflow
from consumers.casebook.model import Case, Draft, Law
from consumers.casebook.outflows import ONWARD
from consumers.casebook.routing import to_holder
from schemas.answers import Answer, Outflow
from schemas.base import Money
from schemas.requests import Action, Request


def next_hop(request: Request, answer: Answer, case: Case, law: Law) -> list[Draft]:
    """Stops at the payees of what left the request's target, each under a mandate that covers onward transfers or
    for an officer."""
    if request.hop >= law.profile.hops.most.value:
        return []
    drafts = (
        _stop(request, outflow, amount, case, law) for outflow, amount in _shares(request, answer) if outflow.payee
    )
    return [draft for draft in drafts if draft is not None]


def path_ends(answer: Answer) -> list[Outflow]:
    """Outflows that nobody can follow: cash, goods, foreign or crypto money, or a payee that is not known."""
    return [outflow for outflow in answer.outflows if outflow.type not in ONWARD or outflow.payee is None]


def _stop(request: Request, outflow: Outflow, amount: Money, case: Case, law: Law) -> Draft | None:
    payee = outflow.payee
    assert payee is not None
    case = replace(case, renewed=_tells_anew(request, payee.tokens[0], case))
    act = Act(
        Action.STOP,
        payee,
        to_holder(payee.holders, law.registry),
        amount=amount,
        match=match_of_outflow(request.target, outflow, law.profile),
        hop=request.hop + 1,
        attempt=case.releases + 1,
        reasons=(f"onward transfer, hop {request.hop + 1}",),
        parent=request.request_id,
    )
    return stop(case, act, law, request.authority.covered_by)


def _tells_anew(request: Request, payee: str, case: Case) -> bool:
    """Whether the request was made since the payee's stops were spent: what its answer tells was not known then."""
    spent = [k.spent_at for k in case.known if k.action is Action.STOP and k.target == payee and k.spent_at]
    return bool(spent) and max(spent) < request.issued_at


def _shares(request: Request, answer: Answer) -> Iterator[tuple[Outflow, Money]]:
    """Each payee once, with what to ask for there: the sum of what it got, bounded by what is still missing."""
    missing = _missing(request, answer)
    for outflow, total in _by_payee(answer.outflows):
        left = missing.get(total.currency) if missing is not None else None
        minor = total.minor if missing is None else min(total.minor, left or 0)
        if missing is not None:
            missing[total.currency] = (left or 0) - minor
        if minor > 0:
            yield outflow, Money(minor=minor, currency=total.currency)


def _missing(request: Request, answer: Answer) -> dict[str, int] | None:
    """By currency; None where the request named no amount, so that nothing bounds it but the outflows themselves."""
    if request.amount is None:
        return None
    held = answer.amount.minor if answer.amount and answer.amount.currency == request.amount.currency else 0
    return {request.amount.currency: max(0, request.amount.minor - held)}


def _by_payee(outflows: Iterable[Outflow]) -> list[tuple[Outflow, Money]]:
    """The greatest transfer to each payee, which is what its bank must find, with the sum of all."""
    sums: dict[tuple[str, str], int] = {}
    greatest: dict[tuple[str, str], Outflow] = {}
    for outflow in outflows:
        if outflow.type in ONWARD and outflow.payee is not None:
            key = (outflow.payee.tokens[0], outflow.amount.currency)
            sums[key] = sums.get(key, 0) + outflow.amount.minor
            if key not in greatest or outflow.amount.minor > greatest[key].amount.minor:
                greatest[key] = outflow
    # One stop an account: of two currencies the greater sum, as they would be one request.
    chosen: dict[str, tuple[Outflow, Money]] = {}
    for (token, currency), minor in sums.items():
        if token not in chosen or minor > chosen[token][1].minor:
            chosen[token] = (greatest[token, currency], Money(minor=minor, currency=currency))
    return list(chosen.values())


def repeat(case: Case, request: Request, law: Law, covered_by: UUID | None) -> Draft | None:
    """The stop once more, where the law allows one: after the first ran out."""
    once_more = request.model_copy(
        update={"attempt": request.attempt + 1, "reasons": ["repeated: the first stop has expired"]}
    )
    return again(case, once_more, law, covered_by, request.request_id)


def again(case: Case, request: Request, law: Law, covered_by: UUID | None, parent: UUID) -> Draft | None:
    """The same stop, drafted now; None where it would only wait as it does already."""
    act = Act(
        Action.STOP,
        request.target,
        to_holder(request.target.holders, law.registry),
        amount=request.amount,
        match=request.match,
        hop=request.hop,
        attempt=request.attempt,
        reasons=request.reasons,
        parent=parent,
    )
    return stop(case, act, law, covered_by)
