"""Which holds the law of the place lets go without anybody's signature: the hub and each member ask the same here.

Pure. A hold ordered on paper is never among them, and what its unit may still decide on is not before its time.
"""

from __future__ import annotations

from datetime import datetime

from alliance.profiles.model import ReleaseRule
from alliance.profiles.values import AtEnd, ReleaseWay
from schemas.base import seconds


def by_law(law: ReleaseRule, *, mandated: bool, since: datetime, now: datetime) -> bool:
    """Whether a stop or a suspension that began at `since`, under a mandate or by an officer's order, may be let go by
    the law alone: at once where the profile says so, or since its unit can have had its time to decide, and it ends as
    released."""
    way = law.mandate if mandated else law.order
    undecided = law.at_end.value is AtEnd.RELEASED and now >= since + seconds(law.decision_s.value)
    return way.value is ReleaseWay.AT_ONCE or undecided
