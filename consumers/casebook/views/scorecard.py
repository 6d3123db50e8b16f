"""A member's numbers, counted from what it was sent and what its alerts became.

Pure. Must never mix two members' rows: each member sees its own card alone.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from statistics import median

from schemas.base import MAX_MINOR, Money
from schemas.outcomes import Became
from schemas.requests import Action, RequestStatus
from schemas.scorecard import AlertScore, AnswerTimes, OverHolds, Releases, Scorecard


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that was sent; `late`: a clock ran out over its final answer. Of a stop that was carried out: whether
    on the whole account, and how much was held, if that was told in the currency that was asked for."""

    action: Action
    status: RequestStatus
    sent_at: datetime
    first_at: datetime | None = None
    final_at: datetime | None = None
    asked: Money | None = None
    whole: bool = False
    held_minor: int | None = None
    late: bool = False


@dataclass(frozen=True, slots=True)
class Rows:
    """All there is of one member. `published`: how many alerts were let in, None where nobody counted."""

    asked: Sequence[Asked] = ()
    became: Mapping[Became, int] = field(default_factory=dict)
    published: int | None = None


def scorecard(member: str, rows: Rows, now: datetime, since: datetime | None = None) -> Scorecard:
    """The card of one member; `rows` are of that time already."""
    late = [one for one in rows.asked if one.late]
    releases = [one for one in rows.asked if one.action is Action.RELEASE]
    return Scorecard(
        member=member,
        since=since,
        at=now,
        requests=Counter(one.status for one in rows.asked),
        first_answer=_times((one.sent_at, one.first_at) for one in rows.asked),
        final_answer=_times((one.sent_at, one.final_at) for one in rows.asked),
        late=len(late),
        alerts=_alerts(rows),
        over_holds=_over_holds(rows.asked),
        releases=Releases(asked=len(releases), late=sum(one.action is Action.RELEASE for one in late)),
    )


def _times(spans: Iterable[tuple[datetime, datetime | None]]) -> AnswerTimes | None:
    # A member may answer before dispatch has noted that the broker has the request.
    took = sorted(max(0.0, (until - since).total_seconds()) for since, until in spans if until)
    if not took:
        return None
    return AnswerTimes(answered=len(took), median_s=median(took), p95_s=took[math.ceil(0.95 * len(took)) - 1])


def _alerts(rows: Rows) -> AlertScore:
    useful = sum(rows.became.values())
    # What was counted since a later moment than the alerts is no whole that they could be a share of.
    whole = rows.published if rows.published and rows.published >= useful else None
    share = None if whole is None else useful / whole
    return AlertScore(published=rows.published, useful=useful, useful_share=share, became=dict(rows.became))


def _over_holds(asked: Sequence[Asked]) -> OverHolds:
    beyond: Counter[str] = Counter()
    over = [one for one in asked if one.whole or _excess(one)]
    for one in over:
        if one.asked and _excess(one):
            beyond[one.asked.currency] += _excess(one)
    return OverHolds(
        stops=len(over),
        whole_accounts=sum(one.whole for one in over),
        beyond=[Money(minor=min(minor, MAX_MINOR), currency=currency) for currency, minor in sorted(beyond.items())],
    )


def _excess(one: Asked) -> int:
    """Minor units beyond what was asked."""
    return max(0, one.held_minor - one.asked.minor) if one.asked and one.held_minor is not None else 0
