"""A member's numbers: what it is asked and how fast it answers, what its alerts were good for, what it held too much.

A member is shown its own, police are shown every member's.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from schemas.base import MemberId, Message, Money, Probability, Timestamp
from schemas.outcomes import Became
from schemas.requests import RequestStatus

Count = Annotated[int, Field(ge=0)]
Seconds = Annotated[float, Field(ge=0)]


class AnswerTimes(Message):
    """Seconds from a request's sending until the hub had an answer, over the requests that have one."""

    answered: Annotated[int, Field(ge=1)]
    median_s: Seconds
    p95_s: Seconds
    """The nearest rank."""


class AlertScore(Message):
    """The member's alerts that were ever part of a lead at Medium or above, each once, by what they led to."""

    published: Count | None = None
    """All of its alerts that were let in; null where nobody counted."""
    useful: Count
    useful_share: Probability | None = None
    """`useful` of `published`."""
    became: dict[Became, Count]


class OverHolds(Message):
    """Stops that held more than was asked, as the member carried them out."""

    stops: Count
    """Whole accounts, and amounts beyond the one asked for."""
    whole_accounts: Count
    """Of these; the law of a place may want them so."""
    beyond: list[Money]
    """What was held beyond what was asked, by currency, as far as the member told the amount."""


class Releases(Message):
    """What the member was asked to let go."""

    asked: Count
    late: Count
    """Done after the profile's answer time for a release, or not done though that is over."""


class Scorecard(Message):
    """One member's numbers: requests sent, and alerts published, at `since` or later; of all time where it is null."""

    member: MemberId
    since: Timestamp | None = None
    at: Timestamp
    requests: dict[RequestStatus, Count]
    """What it was sent, by what became of it so far."""
    first_answer: AnswerTimes | None = None
    final_answer: AnswerTimes | None = None
    late: Count
    """Final answers after the profile's time for them, and those that are overdue."""
    alerts: AlertScore
    over_holds: OverHolds
    releases: Releases
