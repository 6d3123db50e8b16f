"""An account's money as lots: what is victims' claims and what is clean, and which of it a payment takes along.

Pure. Each minor unit is in one lot, and of one claim or clean; must never make or lose one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from alliance.errors import InvalidLedger
from alliance.profiles.values import TaintRule
from consumers.casebook.money.sharing import apportion

Claims = Mapping[str, int]
"""Claim id to minor units, above 0."""
_CLEAN = ""
"""In a lot, what is nobody's claim. It sorts first, so that of equal remainders the clean part leaves."""


@dataclass(slots=True)
class _Lot:
    """What is held can't leave, but keeps its place in the order for when it is let go."""

    free: Counter[str] = field(default_factory=Counter)
    held: Counter[str] = field(default_factory=Counter)


class Lots:
    """One account's money in one currency. `place` names an entry where an InvalidLedger must.

    The oldest lot pays, the newest, or all as one. What came in one payment is one lot, whose parts leave in
    proportion, as nothing tells them apart.
    """

    def __init__(self, rule: TaintRule, opening: int = 0) -> None:
        self._rule = rule
        self._lots = [_Lot(Counter({_CLEAN: opening}))]
        self.free = opening
        """What a debit can take: the balance less what is held."""

    def credit(self, minor: int, claims: Claims, place: str) -> None:
        """Money comes in with the claims that it carries; the rest of it is clean."""
        clean = minor - sum(claims.values())
        if clean < 0 or _CLEAN in claims or any(part <= 0 for part in claims.values()):
            raise InvalidLedger(place, "its claims are not parts of its amount; correct the claims")
        if self._rule is not TaintRule.PRO_RATA:
            self._lots.append(_Lot())
        self._lots[-1].free += Counter({**claims, _CLEAN: clean})
        self.free += minor

    def debit(self, minor: int, place: str) -> dict[str, int]:
        """Money goes out, and of each claim what goes with it. InvalidLedger where it is more than is free."""
        if minor > self.free:
            raise InvalidLedger(place, f"an overdraft, {minor} of {self.free} free; ask the holder for the ledger anew")
        self.free -= minor
        taken: Counter[str] = Counter()
        for lot in self._paying():
            taken += self._take(lot, minor - taken.total())
            if taken.total() == minor:
                break
        self._lots = [lot for lot in self._lots if lot.free or lot.held] or [_Lot()]
        del taken[_CLEAN]
        return dict(taken)

    def hold(self, claims: Collection[str]) -> None:
        """What of these claims is there now can't leave any more; what comes later can."""
        for lot in self._lots:
            kept = Counter({claim: minor for claim, minor in lot.free.items() if claim in claims})
            lot.free -= kept
            lot.held += kept
            self.free -= kept.total()

    def release(self, claims: Collection[str]) -> None:
        """What of these claims was held can leave again."""
        for lot in self._lots:
            let_go = Counter({claim: minor for claim, minor in lot.held.items() if claim in claims})
            lot.held -= let_go
            lot.free += let_go
            self.free += let_go.total()

    def held(self) -> dict[str, int]:
        """What of each claim is held."""
        return dict(sum((lot.held for lot in self._lots), Counter()))

    def there(self) -> dict[str, int]:
        """What of each claim is in the account, held or not."""
        total = sum((lot.held + lot.free for lot in self._lots), Counter[str]())
        del total[_CLEAN]
        return dict(total)

    def _paying(self) -> Iterator[_Lot]:
        return reversed(self._lots) if self._rule is TaintRule.LIFO else iter(self._lots)

    @staticmethod
    def _take(lot: _Lot, minor: int) -> Counter[str]:
        """At most `minor` of the lot, of each part its proportion."""
        parts = Counter(apportion(min(minor, lot.free.total()), dict(sorted(lot.free.items()))))
        lot.free -= parts
        return parts
