"""Victims' money over many accounts: each transfer carries its part of each claim to the next, until it is cash.

Pure. Of each claim, what all accounts have and what has ended is what the victim paid, always: a minor unit is in one
place, so cycles, merges and splits can't count it twice; must never process a transfer twice.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from heapq import heappop, heappush

from alliance.errors import InvalidLedger
from alliance.profiles.values import TaintRule
from consumers.casebook.money.lots import Claims, Lots
from consumers.casebook.money.taint import Hold, Release, amount_in
from schemas.base import Money


@dataclass(frozen=True, slots=True)
class Transfer:
    """A payment between accounts, known by its clearing serial, or a name that is the same whoever tells of it.

    `payer` None: from outside, a salary, or a victim's payment with its claims. `payee` None: cash, POS, FX, crypto.
    """

    serial: str
    at: datetime
    money: Money
    payer: str | None
    payee: str | None
    claims: Claims = field(default_factory=dict)

    @property
    def within(self) -> bool:
        """Inside one account, as from its card to its deposit: it moves nothing."""
        return self.payer is not None and self.payer == self.payee


@dataclass(frozen=True, slots=True)
class Measure:
    """A hold that was executed, or let go, on one account."""

    at: datetime
    account: str
    change: Hold | Release


@dataclass(frozen=True, slots=True)
class Trace:
    """`there` by account, `moved` and `ended` by serial; what has moved is what the next hop's request may ask for."""

    there: Mapping[str, Claims]
    moved: Mapping[str, Claims]
    """With each transfer, whether to an account or to an end."""
    ended: Mapping[str, Claims]
    """With the transfers that have no payee alone."""


def trace(
    openings: Mapping[str, Money],
    transfers: Iterable[Transfer],
    rule: TaintRule,
    currency: str,
    measures: Iterable[Measure] = (),
) -> Trace:
    """Follow every claim in the order of time. `openings`: clean balances before the first transfer, 0 where unknown.

    The result does not depend on the order in which transfers were told. At one moment money arrives before it leaves,
    and a hold comes after the transfers, as what has left has left. InvalidLedger names the transfer: an overdraft,
    another currency, one serial with two contents, or claims from a payer inside the trace.
    """
    lots: dict[str, Lots] = defaultdict(lambda: Lots(rule))
    for account, money in openings.items():
        lots[account] = Lots(rule, amount_in(currency, money, f"opening of {account}"))
    known = once(transfers)
    moved: dict[str, Claims] = {serial: {} for serial in known}
    for transfers_now, measures_now in _moments((each for each in known.values() if not each.within), measures):
        for measure in (each for each in measures_now if isinstance(each.change, Release)):
            lots[measure.account].release(measure.change.claims)
        for transfer in in_turn(transfers_now, lots):
            moved[transfer.serial] = _carry(transfer, lots, currency)
        for measure in (each for each in measures_now if isinstance(each.change, Hold)):
            lots[measure.account].hold(measure.change.claims)
    there = {account: claims for account, each in lots.items() if (claims := each.there())}
    return Trace(there, moved, {serial: moved[serial] for serial, each in known.items() if each.payee is None})


def once(transfers: Iterable[Transfer]) -> dict[str, Transfer]:
    """By serial. Payer's and payee's holder may book the same one at different times; the earlier counts."""
    known: dict[str, Transfer] = {}
    for told in transfers:
        first = known.setdefault(told.serial, told)
        if replace(told, at=first.at) != first:
            raise InvalidLedger(f"transfer {told.serial}", "it was told twice, differently; ask both holders again")
        if told.payer is not None and told.claims:
            raise InvalidLedger(f"transfer {told.serial}", "its payer's ledger says which claims it carries; name none")
        known[told.serial] = min(first, told, key=lambda each: each.at)
    return known


def _moments(
    transfers: Iterable[Transfer], measures: Iterable[Measure]
) -> Iterable[tuple[list[Transfer], list[Measure]]]:
    """What happened at each time, in the order of time."""
    moments: dict[datetime, tuple[list[Transfer], list[Measure]]] = defaultdict(lambda: ([], []))
    for transfer in sorted(transfers, key=lambda each: each.serial):
        moments[transfer.at][0].append(transfer)
    for measure in measures:
        moments[measure.at][1].append(measure)
    return [moments[at] for at in sorted(moments)]


def in_turn(now: Sequence[Transfer], lots: Mapping[str, Lots]) -> Iterator[Transfer]:
    """Transfers of one moment, each the first of those whose payer gets nothing more; in a ring the first that its
    payer can pay already. Holders may tell of thousands: each is looked at once, but in a ring."""
    fed = Counter(each.payee for each in now)
    paying: dict[str | None, list[int]] = defaultdict(list)
    for place, each in enumerate(now):
        paying[each.payer].append(place)
    waiting = dict(enumerate(now))
    ready = [place for place, each in waiting.items() if each.payer is None or not fed[each.payer]]
    while waiting:
        place = heappop(ready) if ready else _payable(waiting, lots)
        transfer = waiting.pop(place)
        yield transfer
        fed[transfer.payee] -= 1
        if transfer.payee is not None and not fed[transfer.payee]:
            for following in paying[transfer.payee]:
                if following in waiting:
                    heappush(ready, following)


def _payable(waiting: Mapping[int, Transfer], lots: Mapping[str, Lots]) -> int:
    able = (place for place, each in waiting.items() if each.payer and lots[each.payer].free >= each.money.minor)
    return next(able, next(iter(waiting)))


def _carry(transfer: Transfer, lots: Mapping[str, Lots], currency: str) -> Claims:
    place = f"transfer {transfer.serial}"
    minor = amount_in(currency, transfer.money, place)
    claims = transfer.claims if transfer.payer is None else lots[transfer.payer].debit(minor, place)
    if transfer.payee is not None:
        lots[transfer.payee].credit(minor, claims, place)
    return claims
