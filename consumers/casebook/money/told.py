"""All that is known of some cases' money, read from the database: stops, answers that counted, holds, reports."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import and_, select

from consumers.casebook.asking import requests
from consumers.casebook.evidence import reports
from consumers.casebook.model import Reported
from consumers.casebook.money import aliases
from consumers.casebook.money.accounts import Accounts
from consumers.casebook.money.known import Held, Said, Stop, Told, claim_key, key_of
from consumers.casebook.money.outflows import by_first_names, payee_of
from consumers.casebook.rows import given
from consumers.casebook.tables import AnswerRow, HoldRow, RequestRow, ReturnPaymentRow
from consumers.casebook.turn import Turn
from schemas.answers import Answer, AnswerStatus
from schemas.base import Money
from schemas.identifiers import Identifier
from schemas.requests import Action, HoldStatus, RequestStatus, Scope
from schemas.returns import PaymentStatus

Named = Mapping[str, Sequence[Reported]]
_STOP = RequestRow.action == Action.STOP.value
_STOPS = (
    select(
        RequestRow.request_id,
        RequestRow.case_id,
        RequestRow.status,
        RequestRow.member,
        RequestRow.reason,
        RequestRow.body,
    )
    .where(given(RequestRow.case_id, "case_ids"), _STOP)
    .order_by(RequestRow.hop, RequestRow.attempt, RequestRow.request_id)
)
_SAID = (
    select(AnswerRow.request_id, AnswerRow.body, AnswerRow.done_at)
    .join(RequestRow, and_(RequestRow.request_id == AnswerRow.request_id, _STOP))
    .where(given(RequestRow.case_id, "case_ids"), AnswerRow.effect)
    .where(AnswerRow.status != AnswerStatus.ACKNOWLEDGED.value)
    .order_by(AnswerRow.done_at, AnswerRow.event_id)
)
_HELD = select(*HoldRow.__table__.c).where(given(HoldRow.case_id, "case_ids"))
_RETURNED = select(
    ReturnPaymentRow.hold_id, ReturnPaymentRow.member, ReturnPaymentRow.event_id, ReturnPaymentRow.minor
).where(given(ReturnPaymentRow.hold_id, "hold_ids"), ReturnPaymentRow.status == PaymentStatus.PAID.value)


def read(turn: Turn, case_ids: Sequence[UUID]) -> dict[UUID, Told]:
    """By case."""
    stops = _stops(turn, case_ids)
    accounts = aliases.accounts(turn, _identifiers(each for of in stops.values() for each in of))
    targets = [each.request.target.tokens for of in stops.values() for each in of]
    tokens = {token for named in targets for each in named for token in accounts.all_of(each)}
    standing, ever = reports.naming_ever(turn, tokens)
    return {
        case_id: Told(of, _by_account(of, accounts, standing), _by_account(of, accounts, ever), accounts)
        for case_id, of in stops.items()
    }


def _stops(turn: Turn, case_ids: Sequence[UUID]) -> dict[UUID, list[Stop]]:
    said, held = _said(turn, case_ids), _held(turn, case_ids)
    found: dict[UUID, list[Stop]] = {case_id: [] for case_id in case_ids}
    for each in turn.db.execute(_STOPS, {"case_ids": list(case_ids)}):
        request = requests.message(each.body, each.member)
        answers, hold = said.get(each.request_id, ()), held.get(each.request_id)
        status, routed = RequestStatus(each.status), each.member is not None
        found[each.case_id].append(Stop(request, status, routed, each.reason, answers, hold))
    return found


def _said(turn: Turn, case_ids: Sequence[UUID]) -> dict[UUID, list[Said]]:
    """The answers that changed something, by request."""
    found: dict[UUID, list[Said]] = {}
    for each in turn.db.execute(_SAID, {"case_ids": list(case_ids)}):
        answer = by_first_names(Answer.model_validate_json(each.body), turn.names)
        found.setdefault(each.request_id, []).append(Said(answer, each.done_at))
    return found


def _held(turn: Turn, case_ids: Sequence[UUID]) -> dict[UUID, Held]:
    rows = turn.db.execute(_HELD, {"case_ids": list(case_ids)}).all()
    returned = _returned(turn, [each.hold_id for each in rows]) if rows else {}
    return {each.request_id: _hold(each, returned.get(each.hold_id, {})) for each in rows}


def _hold(row: Any, returned: Mapping[str, int]) -> Held:
    money = Money(minor=row.minor + sum(returned.values()), currency=row.currency)
    return Held(row.hold_id, HoldStatus(row.status), Scope(row.scope), money, row.since, row.until, returned)


def _returned(turn: Turn, hold_ids: Sequence[UUID]) -> dict[UUID, Counter[str]]:
    found: dict[UUID, Counter[str]] = {}
    for each in turn.db.execute(_RETURNED, {"hold_ids": list(hold_ids)}):
        found.setdefault(each.hold_id, Counter())[claim_key(each.member, each.event_id)] += each.minor
    return found


def _identifiers(stops: Iterator[Stop]) -> Iterator[Identifier]:
    for stop in stops:
        yield stop.request.target
        for said in stop.said:
            yield from (payee for outflow in said.answer.outflows if (payee := payee_of(outflow)) is not None)


def _by_account(stops: Sequence[Stop], accounts: Accounts, named: Named) -> dict[str, list[Reported]]:
    """Of a report that names an account by two of its identifiers, what it says was paid to either."""
    asked = {accounts.of(each.request.target.tokens[0]) for each in stops}
    found: dict[str, list[Reported]] = {}
    for account in asked:
        whole: dict[str, Reported] = {}
        for report in (each for token in sorted(accounts.all_of(account)) for each in named.get(token, ())):
            known = whole.get(key_of(report))
            whole[key_of(report)] = report if known is None else known.and_also(report.payments)
        found[account] = sorted(whole.values(), key=lambda each: (each.taken_at, key_of(each)))
    return found
