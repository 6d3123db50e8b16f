"""What of a case's money still stands once some of its grounds have fallen: by the trace, account by account.

Pure. Compares with what had come by all that ever was reported, so that what is merely unknown takes nothing away.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from alliance.errors import InvalidLedger
from alliance.profiles import Profile
from consumers.casebook.model import Reported
from consumers.casebook.money.flow import Flow, Grounds, flow
from consumers.casebook.money.known import Told


@dataclass(frozen=True, slots=True)
class Standing:
    """The money as if nothing had fallen, and what of it still is somebody's claim."""

    grounds: Grounds
    before: Flow
    after: Flow

    def feeds(self, account: str) -> bool | None:
        """Whether something of what came there still stands; None where nothing that came there was ever traced."""
        return self.after.arrived(account) > 0 if self.before.arrived(account) else None

    def has_lost(self, account: str) -> bool:
        """Whether less of what is there is somebody's claim now."""
        return self.after.there(account) < self.before.there(account)


def standing(told: Told, profile: Profile, cut: Iterable[str]) -> Standing | None:
    """`cut`: accounts that are let go by themselves. None where the money can't be traced, or a report that stands
    names no amount of a payment and so bounds nothing."""
    grounds = Grounds(frozenset(cut))
    try:
        before = flow(replace(told, reports=told.ever), profile)
        after = flow(told, profile, grounds)
        if before is None or after is None:
            return None
        alone = {
            account
            for account in {told.account(stop) for stop in told.stops} - {*told.entries(), *grounds.cut}
            if told.reports.get(account) and before.arrived(account) and not after.arrived(account)
        }
        if any(_is_unbounded(told.reports.get(entry, ())) for entry in {*told.entries(), *alone} - grounds.cut):
            return None
        if alone:
            grounds = replace(grounds, alone=frozenset(alone))
            after = flow(told, profile, grounds)
    except InvalidLedger:
        return None
    return None if after is None else Standing(grounds, before, after)


def _is_unbounded(reports: Sequence[Reported]) -> bool:
    return any(not each.payments or any(paid.transfer.amount is None for paid in each.payments) for each in reports)
