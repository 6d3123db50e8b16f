"""What holders answered as the transfers of a trace, and the clean money that an account must have had before them.

Pure. Accounts go by their identifier's first token; must never tell one transfer under two names.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime

from consumers.casebook.evidence.names import Names
from consumers.casebook.money.trace import Transfer, once
from schemas.alerts import TransferStatus
from schemas.answers import Answer, Outflow, OutflowType
from schemas.identifiers import Identifier

ONWARD = frozenset({OutflowType.TRANSFER, OutflowType.WALLET})


def transfers_of(account: str, outflows: Iterable[Outflow]) -> list[Transfer]:
    """One for each outflow, in their order, so that what a trace moved with it is found by its serial.

    An outflow without a serial is named by all that is told of it, and by its number among those alike in the answer.
    """
    alike: Counter[str] = Counter()
    transfers = []
    for outflow in outflows:
        known = payee_of(outflow)
        payee = known.tokens[0] if known is not None else None
        if outflow.serial is not None:
            name = outflow.serial.tokens[0]
        else:
            told = f"{account} {outflow.type.value} {outflow.time.timestamp()} {outflow.amount.minor} {payee}"
            alike[told] += 1
            name = f"{told} {alike[told]}"
        transfers.append(Transfer(name, outflow.time, outflow.amount, account, payee))
    return transfers


def payee_of(outflow: Outflow) -> Identifier | None:
    """Where to ask on: the payee or, where its bank and the payer's have no identifier in common, the transfer by its
    serial, as between a bank and a payment firm. None where the path ends: cash, goods, foreign or crypto money."""
    payee, serial = outflow.payee, outflow.serial
    if outflow.type not in ONWARD:
        return None
    if payee is None:
        return serial if serial is not None and serial.holders else None
    if not payee.holders and serial is not None and serial.holders:
        return payee.model_copy(update={"holders": serial.holders})
    return payee


def by_first_names(answer: Answer, names: Names) -> Answer:
    """The answer with each payee as the casebook knows it, so that what is asked and counted there is of one."""
    if not names:
        return answer
    return answer.model_copy(update={"outflows": [_by_first_name(outflow, names) for outflow in answer.outflows]})


def _by_first_name(outflow: Outflow, names: Names) -> Outflow:
    payee = outflow.payee
    if payee is None or names.of(payee.tokens[0]) == payee.tokens[0]:
        return outflow
    return outflow.model_copy(update={"payee": payee.model_copy(update={"tokens": names.told(payee.tokens)})})


def clean_before(account: str, transfers: Iterable[Transfer], answer: Answer, told_at: datetime) -> int:
    """The balance before all transfers, in minor units: what the told one amounts to, and at least what the account
    needed to pay what it paid. Holders tell outflows alone, so a salary that came meanwhile counts as if it was there.
    """
    mine = [each for each in transfers if account in (each.payer, each.payee)]
    moves = sorted(_moves(account, once(mine).values()))
    level = lowest = 0
    for _, _, minor in moves:
        level += minor
        lowest = min(lowest, level)
    return max(-lowest, _told(moves, answer, told_at))


def _moves(account: str, transfers: Iterable[Transfer]) -> Iterator[tuple[datetime, bool, int]]:
    """When, whether money left, and how much the balance changed: at one moment it arrives before it leaves."""
    for each in transfers:
        if account in (each.payer, each.payee) and not each.within:
            leaves = each.payer == account
            yield each.at, leaves, -each.money.minor if leaves else each.money.minor


def _told(moves: Iterable[tuple[datetime, bool, int]], answer: Answer, told_at: datetime) -> int:
    """By the balance of the answer, which what is only pending has not left yet."""
    if answer.balance is None:
        return 0
    outflows = (each for each in answer.outflows if each.time <= told_at)
    pending = sum(each.amount.minor for each in outflows if each.status is TransferStatus.PENDING)
    return answer.balance.minor - sum(minor for at, _, minor in moves if at <= told_at) - pending
