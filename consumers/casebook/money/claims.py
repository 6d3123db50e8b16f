"""Each victim's share of what is held, by its report: what of its claim is there, shared by the profile's rule.

Must never give out more than is held. What is held beyond the claims is nobody's until somebody claims it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import permutations
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, tuple_

from alliance.profiles import Profile
from consumers.casebook.lifecycle import UNENDED
from consumers.casebook.money.flow import Flow
from consumers.casebook.money.known import Stop, Told, key_of
from consumers.casebook.money.payments import claimed, payments
from consumers.casebook.money.sharing import share
from consumers.casebook.rows import among, inserting, parameters
from consumers.casebook.tables import Claim
from consumers.casebook.turn import Turn

Shares = dict[tuple[UUID, str], int]
"""By hold and claim, in minor units, above 0."""


def write(turn: Turn, told: Sequence[tuple[Told, Flow | None]]) -> None:
    """The shares as they are by all that was told so far; of what has ended they stay as they were."""
    rows: list[dict[str, Any]] = []
    held: list[UUID] = []
    for case, flow in told:
        held += [stop.held.hold_id for _, stop in _holding(case) if stop.held]
        rows += _rows(case, shares(case, flow, turn.profile))
    key = (Claim.hold_id, Claim.member, Claim.event_id)
    known = turn.db.execute(select(*key).where(among(Claim.hold_id, held))) if held else ()
    stale = {tuple(row) for row in known} - {(row["hold_id"], row["member"], row["event_id"]) for row in rows}
    if stale:
        turn.db.execute(delete(Claim).where(tuple_(*key).in_(sorted(stale))))
    if rows:
        statement = inserting(Claim, list(rows[0]))
        statement = statement.on_conflict_do_update(
            index_elements=["hold_id", "member", "event_id"], set_={"minor": statement.excluded.minor}
        )
        turn.db.execute(statement, parameters(Claim, rows))


def shares(told: Told, flow: Flow | None, profile: Profile) -> Shares:
    """Pure. The first hold on an account takes of each claim what the next then leaves."""
    found: Shares = {}
    taken: dict[str, Counter[str]] = {}
    for account, stop in _holding(told):
        assert stop.held is not None
        held = stop.held.money.minor - sum(stop.held.returned.values())
        currency = stop.held.money.currency
        mine = there(account, told, flow, profile, currency)
        before = taken.setdefault(account, returned(account, told, mine, profile, currency))
        open_claims = {claim: minor - before[claim] for claim, minor in mine.items() if minor > before[claim]}
        for claim, minor in share(held, open_claims, profile.claims.share.value).items():
            before[claim] += minor
            if minor:
                found[stop.held.hold_id, claim] = minor
    return found


def _holding(told: Told) -> Iterator[tuple[str, Stop]]:
    for stop in told.stops:
        if stop.held is not None and stop.held.status in UNENDED:
            yield told.account(stop), stop


def returned(account: str, told: Told, here: Mapping[str, int], profile: Profile, currency: str) -> Counter[str]:
    """What of each claim went back to its victim from any hold on the account, where so much of each is `here`.

    What a report got beyond its claim, as it was annulled or another is known to have told of the payment first, its
    victim has got by whichever report tells of that payment now.
    """
    mine = (stop.held for stop in told.stops if stop.held is not None and told.account(stop) == account)
    back = sum((Counter(held.returned) for held in mine), Counter[str]())
    beyond = back - Counter(here)
    if not beyond:
        return back
    for claim, other in _together(told, profile, currency):
        moved = min(beyond[claim], max(0, here.get(other, 0) - back[other]))
        beyond[claim] -= moved
        back.update({claim: -moved, other: moved})
    return back


def there(account: str, told: Told, flow: Flow | None, profile: Profile, currency: str) -> dict[str, int]:
    """What of each report's claim is at the account, the earliest report first; where the money can't be traced, what
    was paid to the account itself."""
    if flow is None:
        found: Counter[str] = Counter()
        for each in claimed(told.reports.get(account, ()), profile, currency):
            found[key_of(each.report)] += each.money.minor
        return found
    traced = flow.traced.there.get(account, {}) if flow.currency == currency else {}
    ordered = sorted((each for of in told.reports.values() for each in of), key=lambda each: each.taken_at)
    return {claim: traced[claim] for claim in dict.fromkeys(map(key_of, ordered)) if claim in traced}


def _together(told: Told, profile: Profile, currency: str) -> Iterator[tuple[str, str]]:
    """Two claims whose reports tell of one payment, both ways round; also of what was annulled since."""
    for reports in told.ever.values():
        for payment in payments(reports, profile, currency):
            yield from permutations(dict.fromkeys(key_of(each.report) for each in payment), 2)


def _rows(told: Told, found: Shares) -> list[dict[str, Any]]:
    reports = {key_of(each): each for of in told.reports.values() for each in of}
    return [
        {"hold_id": hold_id, "member": reports[claim].member, "event_id": reports[claim].event_id, "minor": minor}
        for (hold_id, claim), minor in found.items()
    ]
