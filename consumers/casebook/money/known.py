"""What is known of one case's money: its stops with what their holders answered, the reports, what is held.

Plain values; must never know a database or a broker.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from consumers.casebook.model import Reported
from consumers.casebook.money.accounts import Accounts
from schemas.answers import Answer, AnswerStatus, Comparison
from schemas.base import Money
from schemas.requests import AuthorityClass, HoldStatus, Request, RequestStatus, Scope


@dataclass(frozen=True, slots=True)
class Said:
    """An answer that counted, and when the member did it."""

    answer: Answer
    at: datetime


@dataclass(frozen=True, slots=True)
class Held:
    """The hold that a stop led to. `money`: with what was returned from it since, by the claim, in minor units."""

    hold_id: UUID
    status: HoldStatus
    scope: Scope
    money: Money
    since: datetime
    until: datetime
    returned: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stop:
    """A stop of the case; `reason` is what a person is shown beside it."""

    request: Request
    status: RequestStatus
    routed: bool = True
    reason: str | None = None
    said: Sequence[Said] = ()
    held: Held | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """`reports` by the account that they name, in the order in which they were taken; `ever`: with those that were
    annulled since."""

    stops: Sequence[Stop]
    reports: Mapping[str, Sequence[Reported]]
    ever: Mapping[str, Sequence[Reported]]
    accounts: Accounts

    def account(self, stop: Stop) -> str:
        return self.accounts.of(stop.request.target.tokens[0])

    def entries(self) -> list[str]:
        """The accounts that the case began with, to which the victims paid."""
        return sorted({self.account(stop) for stop in self.stops if stop.request.hop == 0})


def key_of(report: Reported) -> str:
    """The name of its claim."""
    return claim_key(report.member, report.event_id)


def claim_key(member: str, event_id: UUID) -> str:
    """The same, of a report by its ids."""
    return f"{member}/{event_id}"


def left_to_a_person(request: Request, answer: Answer) -> bool:
    """Whether the holder of an account could not compare all that must match, so that no mandate stops there."""
    mandated = request.authority.authority is AuthorityClass.MANDATE
    return mandated and answer.status is AnswerStatus.REFUSED and answer.comparison is Comparison.NOT_COMPARABLE
