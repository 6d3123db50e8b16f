"""What the pure parts of the casebook speak of: the case as it stands, reports, mandates, and a draft of a request.

Plain values; must never know a database or a broker.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from uuid import UUID

from alliance.profiles import Profile
from alliance.registry import Registry
from consumers.casebook import ids
from schemas.alerts import ReportedTransfer
from schemas.base import Money
from schemas.identifiers import Identifier, IdentifierKind
from schemas.requests import Action, Authority, Disclosure, Mandate, Match, Request, RequestStatus
from schemas.risk import Level

RANK = {Level.NONE: 0, Level.MEDIUM: 1, Level.HIGH: 2, Level.VERY_HIGH: 3}
BEGINS_HOLD = frozenset({Action.STOP, Action.SUSPEND})
"""What a hold begins with, once it is carried out: of money on an account, or of a line, which holds no money."""
LINES = frozenset({IdentifierKind.NUMBER, IdentifierKind.SIM})
"""What a carrier suspends."""


@dataclass(frozen=True, slots=True)
class Known:
    """A request of the case, as far as decisions need it."""

    request_id: UUID
    action: Action
    target: str
    asked: str
    attempt: int
    status: RequestStatus
    unroutable: bool = False
    hop: int = 0
    spent_at: datetime | None = None
    drafted_at: datetime | None = None
    elsewhere: bool = False
    """It was asked in another case, which is one with this."""

    @property
    def spent(self) -> bool:
        """Void, or let go as its grounds fell: new evidence alone permits another attempt."""
        return self.status is RequestStatus.CANCELLED or self.spent_at is not None


@dataclass(frozen=True, slots=True)
class Case:
    """`releases` counts how often all that the case rested on had fallen; `renewed`: it rests on something new;
    `suspended`: its suspect's line is; `goes_on`: the case itself, or the one that it was merged into."""

    case_id: UUID
    lead_id: str | None
    level: Level
    releases: int = 0
    known: Sequence[Known] = ()
    renewed: bool = False
    suspended: bool = False
    goes_on: UUID | None = None

    def knows_of(self, drafts: Iterable[Draft]) -> Case:
        """The case as it is once these were drafted, in it or in one that is one with it."""
        made = [replace(each.known(), elsewhere=each.case_id != self.case_id) for each in drafts]
        return replace(self, known=[*self.known, *made]) if made else self

    def is_spent(self, request_id: UUID) -> bool:
        """Whether the request is void, or was let go."""
        return any(known.spent for known in self.known if known.request_id == request_id)

    def tells_anew(self, request: Request, target: str) -> bool:
        """Whether the request was made since the target's stops were spent: what its answer tells is new."""
        mine = (known for known in self.known if known.action is Action.STOP and known.target == target)
        spent = [known.spent_at for known in mine if known.spent_at]
        return bool(spent) and max(spent) < request.issued_at


@dataclass(frozen=True, slots=True)
class Paid:
    """A payment as a victim tells it. `number` is its place in the report; `payer` the account that it came from, by
    one name in all reports."""

    number: int
    transfer: ReportedTransfer
    payer: str | None = None

    @property
    def minor(self) -> int:
        return self.transfer.amount.minor if self.transfer.amount else 0


@dataclass(frozen=True, slots=True)
class Reported:
    """An accepted victim report that names an account, number or handle; with what was paid to it, where it is a
    payee, the greatest payment first."""

    member: str
    event_id: UUID
    taken_at: datetime
    payments: Sequence[Paid] = ()

    @property
    def greatest(self) -> ReportedTransfer | None:
        """The payment by which a holder is asked to find the account."""
        return self.payments[0].transfer if self.payments else None

    def and_also(self, payments: Iterable[Paid]) -> Reported:
        """With what it says was paid to another name of the same; each payment is one, by whichever it was told."""
        known = {paid.number: paid for paid in (*self.payments, *payments)}
        ordered = sorted(known.values(), key=lambda paid: (-paid.minor, paid.number))
        return replace(self, payments=tuple(ordered))


@dataclass(frozen=True, slots=True)
class InForce:
    """A mandate whose signatures were verified, with those signatures."""

    mandate: Mandate
    signatures: Sequence[str]


@dataclass(slots=True)
class Usage:
    """How much was ordered under each mandate: in the last day, and now on one account."""

    day: dict[UUID, int] = field(default_factory=dict)
    account: dict[tuple[UUID, str], int] = field(default_factory=dict)

    def add(self, mandate: UUID, account: str, minor: int) -> None:
        self.day[mandate] = self.day.get(mandate, 0) + minor
        self.account[mandate, account] = self.account.get((mandate, account), 0) + minor


@dataclass(frozen=True, slots=True)
class Law:
    """What decides beside the case itself. `usage` is counted on as stops are drafted under a mandate."""

    profile: Profile
    registry: Registry
    now: datetime
    mandates: Sequence[InForce] = ()
    usage: Usage = field(default_factory=Usage)
    spared: frozenset[str] = frozenset()
    """Tokens of what is allow-listed."""


@dataclass(frozen=True)
class Draft:
    """A request to be. `amends` an existing one that nobody has seen; the ids of both are the same."""

    case_id: UUID
    lead_id: str | None
    asked: str
    to: str | None
    unroutable: str | None
    action: Action
    target: Identifier
    authority: Authority
    status: RequestStatus
    void_after: datetime
    issued_at: datetime
    amount: Money | None = None
    match: Match | None = None
    duration_s: int | None = None
    hop: int = 0
    attempt: int = 1
    hold_id: UUID | None = None
    reasons: Sequence[str] = ()
    level: Level = Level.NONE
    mandate_id: UUID | None = None
    parent: UUID | None = None
    amends: bool = False
    disclosure: Disclosure | None = None
    missing: str | None = None
    """Whose signature it waits for, in words."""

    @cached_property
    def request_id(self) -> UUID:
        return ids.request_id(self.case_id, self.target.tokens[0], self.action, self.attempt, self.asked)

    def known(self) -> Known:
        """As the case knows it from now on."""
        target = self.target.tokens[0]
        return Known(
            self.request_id, self.action, target, self.asked, self.attempt, self.status, self.to is None, self.hop,
            drafted_at=self.issued_at,
        )  # fmt: skip

    def request(self) -> Request:
        """The message. Where no member is known yet it bears a name that no topic has."""
        hold = self.hold_id
        if hold is None and self.action in (*BEGINS_HOLD, Action.DELAY):
            hold = ids.hold_id(self.request_id)
        return Request(
            request_id=self.request_id,
            case_id=self.case_id,
            lead_id=self.lead_id,
            to=self.to or NOBODY,
            action=self.action,
            authority=self.authority,
            target=self.target,
            amount=self.amount,
            match=self.match,
            duration_s=self.duration_s,
            hop=self.hop,
            attempt=self.attempt,
            void_after=self.void_after,
            hold_id=hold,
            disclosure=self.disclosure,
            reasons=list(self.reasons),
            issued_at=self.issued_at,
        )


NOBODY = "nobody"
