"""Of cases whose grounds were shaken: which requests other support keeps standing, by the trace of the money.

Reads what holders and victims told; must never let anything fall of which no money was traced.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from uuid import UUID

from consumers.casebook.money import told
from consumers.casebook.money.known import Told
from consumers.casebook.money.standing import Standing, standing
from consumers.casebook.release.grounds import Asked, Cause, by_itself
from consumers.casebook.turn import Turn

Remaining = dict[UUID, tuple[Told, Standing]]
"""By case; without those of which the money can't be traced."""


def shaken(asked: Mapping[UUID, Sequence[Asked]], fell: Mapping[UUID, Cause], annulled: AbstractSet[str]) -> set[UUID]:
    """The cases of which something fell, or a report named an account that was annulled."""
    return {
        case_id
        for case_id, of in asked.items()
        if any(one.request_id in fell or (one.reported and one.target in annulled) for one in of)
    }


def read(turn: Turn, asked: Mapping[UUID, Sequence[Asked]], fell: Mapping[UUID, Cause]) -> Remaining:
    """`fell`: by what each request followed from alone."""
    found: Remaining = {}
    for case_id, of in told.read(turn, sorted(asked)).items():
        stands = standing(of, turn.profile, _cut(of, asked[case_id], fell, turn.spared))
        if stands is not None:
            found[case_id] = of, stands
    return found


def fed(of: Told, stands: Standing, fell: Mapping[UUID, Cause]) -> dict[UUID, Cause | None]:
    """Of each stop whose money was traced why nothing of it stands any more, or None where some does."""
    why = next((cause for cause in Cause if cause in fell.values()), Cause.ANNULLED)
    feeds = {stop.request.request_id: stands.feeds(of.account(stop)) for stop in of.stops}
    return {request_id: None if feed else why for request_id, feed in feeds.items() if feed is not None}


def _lost(of: Told, stands: Standing) -> set[str]:
    """The accounts at which less is somebody's claim now; without those that are let go by themselves."""
    return {account for stop in of.stops if stands.has_lost(account := of.account(stop))} - stands.grounds.cut


def beyond(turn: Turn, of: Told, stands: Standing | None) -> set[str]:
    """The accounts at which more may be held than the law lets: any, where it holds amounts alone, else those that have
    lost grounds."""
    if turn.profile.amount_only.value:
        return {of.account(stop) for stop in of.stops}
    return _lost(of, stands) if stands else set()


def _cut(of: Told, asked: Sequence[Asked], fell: Mapping[UUID, Cause], allowed: AbstractSet[str]) -> set[str]:
    """The accounts whose last stop fell by itself: allow-listed, won on appeal, or what the case began with. Without
    its alerts a case has nothing to begin with, however often it came back to its first account."""
    known = {one.request_id: one for one in asked}
    last = {of.account(stop): stop.request.request_id for stop in of.stops}
    return {
        account
        for stop in of.stops
        if (why := fell.get(key := stop.request.request_id)) and by_itself(known[key], known, allowed)
        if last[account := of.account(stop)] == key or why is Cause.WITHDRAWN
    }
