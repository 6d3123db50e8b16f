"""The next hop where the money can't be traced: what was told contradicts itself, or no amount was ever named.

Pure. Each payee is asked for at most what it got, the payees together for no more than is missing, and the first named
first. Whoever decides is told that the amounts are only that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from consumers.casebook.asking.drafting import Act, stop
from consumers.casebook.asking.matching import match_of_outflow
from consumers.casebook.asking.routing import to_holder
from consumers.casebook.model import Case, Draft, Law
from consumers.casebook.money.outflows import ONWARD
from schemas.answers import Answer, Outflow
from schemas.base import MAX_MINOR, Money
from schemas.requests import Action, Request

_REASON = "not traced: at most what this account got, and no more than is missing"


def next_hop(request: Request, answer: Answer, case: Case, law: Law) -> list[Draft]:
    """Stops at the payees of what left the request's target, each under a mandate that covers onward transfers or
    for an officer."""
    if request.hop >= law.profile.hops.most.value:
        return []
    drafts = (
        _stop(request, outflow, amount, case, law) for outflow, amount in _shares(request, answer) if outflow.payee
    )
    return [draft for draft in drafts if draft is not None]


def _stop(request: Request, outflow: Outflow, amount: Money, case: Case, law: Law) -> Draft | None:
    payee = outflow.payee
    assert payee is not None
    case = replace(case, renewed=case.tells_anew(request, payee.tokens[0]))
    act = Act(
        Action.STOP,
        payee,
        to_holder(payee.holders, law.registry),
        amount=amount,
        match=match_of_outflow(request.target, outflow, law.profile),
        hop=request.hop + 1,
        attempt=case.releases + 1,
        reasons=(f"onward transfer, hop {request.hop + 1}", _REASON),
        parent=request.request_id,
    )
    return stop(case, act, law, request.authority.covered_by)


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
            sums[key] = min(sums.get(key, 0) + outflow.amount.minor, MAX_MINOR)
            if key not in greatest or outflow.amount.minor > greatest[key].amount.minor:
                greatest[key] = outflow
    # One stop an account: of two currencies the greater sum, as they would be one request.
    chosen: dict[str, tuple[Outflow, Money]] = {}
    for (token, currency), minor in sums.items():
        if token not in chosen or minor > chosen[token][1].minor:
            chosen[token] = (greatest[token, currency], Money(minor=min(minor, MAX_MINOR), currency=currency))
    return list(chosen.values())
