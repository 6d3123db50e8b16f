"""Of an account's ledger: how much of each victim's claim is still there, and how much went out with each debit.

Pure; integers in the minor unit of the ledger's one currency. For each claim, what came in is what is still there plus
what went out; must never make, lose or count twice a minor unit.

Under `fifo` and `lifo` the result is exact wherever a payment in is one victim's or clean alone. Where parts leave in
proportion (`pro-rata`, or one payment of several claims) a debit rounds each claim by less than one minor unit, and the
next goes on from what was rounded: after n debits a claim is less than n minor units from the exact fraction; and less
than 1/f where nothing is held and each debit takes at least the fraction f of the balance, as it shrinks the errors
before it too. One minor unit over all debits can't be promised so: that needs fractions that grow with each debit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from alliance.errors import InvalidLedger
from alliance.profiles.values import TaintRule
from consumers.casebook.money.lots import Claims, Lots
from schemas.base import Money


@dataclass(frozen=True, slots=True)
class Credit:
    """Money that came in; without claims it is clean, a salary."""

    money: Money
    claims: Claims = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Debit:
    money: Money


@dataclass(frozen=True, slots=True)
class Hold:
    """What of these claims is there is held from here on: later debits take other money alone."""

    claims: frozenset[str]


@dataclass(frozen=True, slots=True)
class Release:
    """What of these claims was held can leave again."""

    claims: frozenset[str]


@dataclass(frozen=True, slots=True)
class Ledger:
    """`opening` is the clean balance before the first tainted payment; the entries are in the order of the books."""

    opening: Money
    entries: Sequence[Credit | Debit | Hold | Release]


@dataclass(frozen=True, slots=True)
class Taint:
    """By claim: what is in the account, how much of that is held, and what went out with each debit, in their order."""

    there: Claims
    held: Claims
    out: tuple[Claims, ...]
    balance: int

    @property
    def holdable(self) -> int:
        """The most that a hold may cover under a profile that holds amounts only, what is held already included: the
        tainted amount, never more than the balance."""
        return sum(self.there.values())

    @property
    def free(self) -> int:
        """What stays the holder's own beside such a hold; a salary adds to this alone, before the hold and after."""
        return self.balance - self.holdable


def follow(ledger: Ledger, rule: TaintRule) -> Taint:
    """The claims after the last entry. InvalidLedger names the entry, the first being 1: an overdraft (a debit of more
    than is there and not held), another currency, or claims of more than the credit that brings them."""
    currency = ledger.opening.currency
    lots = Lots(rule, ledger.opening.minor)
    out: list[Claims] = []
    for number, entry in enumerate(ledger.entries, 1):
        place = f"entry {number}"
        match entry:
            case Credit(money, claims):
                lots.credit(amount_in(currency, money, place), claims, place)
            case Debit(money):
                out.append(lots.debit(amount_in(currency, money, place), place))
            case Hold(claims):
                lots.hold(claims)
            case Release(claims):
                lots.release(claims)
    held = lots.held()
    return Taint(lots.there(), held, tuple(out), lots.free + sum(held.values()))


def amount_in(currency: str, money: Money, place: str) -> int:
    """Its minor units. InvalidLedger where it is of another currency, which is another ledger."""
    if money.currency != currency:
        raise InvalidLedger(place, f"it is in {money.currency}, the ledger in {currency}; ask for it in one currency")
    return money.minor
