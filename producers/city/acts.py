"""What happens in the city, in order of time: money that moves, and alerts that members publish about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from producers.city.cast import MEMBER_OF
from producers.reference.entries import AccountRef
from schemas.answers import OutflowType

SHANGHAI = timezone(timedelta(hours=8))


@dataclass(frozen=True, slots=True)
class Payment:
    """Someone pays, if the payer's bank lets it. `payee` is absent for cash. `at_most` takes what is there."""

    at: datetime
    serial: str
    payer: AccountRef
    payee: AccountRef | None
    amount: int
    means: OutflowType = OutflowType.TRANSFER
    place: str = ""
    pending: bool = False
    at_most: bool = False
    payee_name: str = ""
    """As the payer wrote it."""

    @property
    def actor(self) -> str:
        return MEMBER_OF[self.payer.route]


@dataclass(frozen=True, slots=True)
class Settlement:
    """A pending payment goes out, if nothing keeps it."""

    at: datetime
    payment: Payment

    @property
    def actor(self) -> str:
        return self.payment.actor


@dataclass(frozen=True, slots=True)
class Notice:
    """A member publishes a clear event. With `about`, only if that payment was made, and with its true amount."""

    at: datetime
    actor: str
    event: dict[str, Any]
    about: Payment | None = None


Act = Payment | Settlement | Notice


@dataclass(frozen=True, slots=True)
class Opening:
    """What a member has on its books before the day begins; an entry of its stub."""

    member: str
    entry: Any


@dataclass(frozen=True, slots=True)
class Scam:
    """The truth about one scam. Mules had nothing before, so that all that is on their accounts is stolen."""

    name: str
    victim: str
    victims_accounts: tuple[AccountRef, ...]
    mules: tuple[AccountRef, ...]
    thefts: tuple[str, ...]
    """Serials of the payments by which money left the victim."""


@dataclass(slots=True)
class Story:
    """One day: what was there before, what happens, and what it really was."""

    day: int
    start: datetime
    end: datetime
    openings: list[Opening] = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)
    scams: list[Scam] = field(default_factory=list)
