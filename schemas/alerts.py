"""What members publish: suspicious accounts, numbers and handles, victim reports, aliases and withdrawals.

The models say what each kind carries; what a field means for correlation (suspect, victim, conduit) is decided
in `streams`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from schemas.base import Code, MemberId, Message, Money, Probability, Text, Timestamp
from schemas.identifiers import Identifier, Phone
from schemas.names import SealedName

Count = Annotated[int, Field(ge=0, le=10**9)]
Decimal = Annotated[str, StringConstraints(pattern=r"^\d{1,30}(\.\d{1,18})?$")]
Identifiers = Annotated[list[Identifier], Field(max_length=16)]
Phones = Annotated[list[Phone], Field(max_length=8)]


class Side(StrEnum):
    """In which role the reporting bank's own customer stands."""

    PAYER = "payer"
    PAYEE = "payee"


class Direction(StrEnum):
    """Which way the money went, seen from the reporter's customer."""

    OUT = "out"
    IN = "in"


class Channel(StrEnum):
    MOBILE = "mobile"
    ONLINE = "online"
    COUNTER = "counter"
    ATM = "atm"
    POS = "pos"
    WALLET = "wallet"
    FX = "fx"
    CRYPTO = "crypto"
    CARD = "card"
    COURIER = "courier"
    OTHER = "other"


class TransferStatus(StrEnum):
    PENDING = "pending"
    POSTED = "posted"


class Customer(Message):
    """The reporter's own customer in a transfer."""

    account: Identifier
    phones: Phones = []
    person: Identifier | None = None


class Counterparty(Message):
    """The other side of a transfer, as far as the reporter knows it. Its name travels sealed."""

    account: Identifier
    person: Identifier | None = None


class SuspiciousAccount(Message):
    """A bank or payment firm reports one transfer. The event's time is the transfer's."""

    kind: Literal["suspicious-account"] = "suspicious-account"
    serial: Identifier | None = None
    direction: Direction
    amount: Money
    balance_after: Money | None = None
    channel: Channel = Channel.OTHER
    status: TransferStatus
    reporting_side: Side
    customer: Customer
    counterparty: Counterparty | None = None
    """Absent for cash."""
    terminal: Identifier | None = None
    merchant: Identifier | None = None
    device: Identifier | None = None
    ip: Identifier | None = None
    place: Text | None = None
    feature_code: Code | None = None
    reasons: Annotated[list[Text], Field(max_length=16)] = []
    score: Probability
    account_opened_at: Timestamp | None = None


class CallDirection(StrEnum):
    TO_CALLEE = "to-callee"
    FROM_CALLEE = "from-callee"


class SuspiciousNumber(Message):
    """A carrier reports a suspicious number, mostly by one call. The event's time is the call's start."""

    kind: Literal["suspicious-number"] = "suspicious-number"
    presented: Identifier | None = None
    presented_possible: bool = True
    """False where the presented number is not a possible number; it is then shown only."""
    number: Identifier | None = None
    sim: Identifier | None = None
    trunk: Identifier | None = None
    device: Identifier | None = None
    callee: Identifier | None = None
    direction: CallDirection = CallDirection.TO_CALLEE
    duration_s: Count = 0
    ongoing: bool = False
    origin_network: Code | None = None
    spoofed: bool = False
    international: bool = False
    goip: bool = False
    calls_per_hour: Count | None = None
    distinct_callees: Count | None = None
    answer_rate: Probability | None = None
    sim_age_days: Count | None = None
    sim_swapped: bool = False
    forwarding: bool = False
    imsi_changes: Count | None = None
    coarse_cell: Code | None = None
    sms_template: Code | None = None
    sms_code: Code | None = None
    status: Code | None = None
    risk: Probability


class HandleSignal(StrEnum):
    AD = "ad"
    CHAT = "chat"
    LISTING = "listing"
    LOGIN = "login"
    APP = "app"
    DELIVERY = "delivery"
    RIDE = "ride"


class SuspiciousHandle(Message):
    """A platform reports a user, page, app or order. The event's time is that of the last signal."""

    kind: Literal["suspicious-handle"] = "suspicious-handle"
    handle: Identifier | None = None
    platform: Code
    signal: HandleSignal
    url: Identifier | None = None
    app: Identifier | None = None
    contact_phone: Identifier | None = None
    payment_account: Identifier | None = None
    device: Identifier | None = None
    ip: Identifier | None = None
    target_phone: Identifier | None = None
    waybill: Identifier | None = None
    pickup_place: Text | None = None
    first_seen: Timestamp | None = None
    last_seen: Timestamp | None = None
    action_taken: Code | None = None
    score: Probability


class Means(StrEnum):
    TRANSFER = "transfer"
    CASH_COURIER = "cash-courier"
    GOLD = "gold"
    CARD = "card"
    CRYPTO = "crypto"


class ReportedTransfer(Message):
    """A payment as a victim tells it; times may be approximate, the payee partial."""

    payer: Identifier | None = None
    payee: Identifier | None = None
    payee_name: SealedName | None = None
    """The payee's name as the payer knows it, sealed to the payee's holder with the event's id as associated data."""
    payee_partial: Annotated[str, StringConstraints(pattern=r"^[0-9*]{2,34}$")] | None = None
    """What of the payee's number the victim knows, unknown digits as `*`; for people, never joined."""
    amount: Money | None = None
    crypto_amount: Decimal | None = None
    time: Timestamp | None = None
    time_approximate: bool = False
    serial: Identifier | None = None
    means: Means = Means.TRANSFER


class ReportChannel(StrEnum):
    HOTLINE = "hotline"
    STATION = "station"
    BANK = "bank"
    ONLINE = "online"


class ScamType(StrEnum):
    IMPERSONATED_POLICE = "impersonated-police"
    FAKE_INVESTMENT = "fake-investment"
    REFUND = "refund"
    LOAN = "loan"
    ROMANCE = "romance"
    BRUSHING = "brushing"
    OTHER = "other"


class VictimReport(Message):
    """A victim's report, taken by police or a bank. The event's time is when it was taken; accepted however late."""

    kind: Literal["victim-report"] = "victim-report"
    report_id: Code
    channel: ReportChannel
    reporter: Identifier | None = None
    """Not always the victim."""
    victim: Identifier | None = None
    victim_phones: Phones = []
    victim_accounts: Identifiers = []
    incident_from: Timestamp
    incident_to: Timestamp | None = None
    transfers: Annotated[list[ReportedTransfer], Field(max_length=64)] = []
    contacts: Identifiers = []
    """The scammers' numbers, handles, urls and apps."""
    scam_type: ScamType = ScamType.OTHER
    still_in_contact: bool = False


class Alias(Message):
    """The holder ties two of its own identifiers: card and account, wallet and bank card."""

    kind: Literal["alias"] = "alias"
    identifiers: Annotated[list[Identifier], Field(min_length=2, max_length=4)]


class Withdrawal(Message):
    """An earlier event of the same member no longer stands. It repeats that event's tokens, so that it is
    routed without state."""

    kind: Literal["withdrawal"] = "withdrawal"
    event_id: UUID
    event_member: MemberId | None = None
    """Set only by police, who alone may withdraw another member's victim report."""
    superseded_by: UUID | None = None
    identifiers: Annotated[list[Identifier], Field(max_length=256)] = []
    reason: Text


Alert = SuspiciousAccount | SuspiciousNumber | SuspiciousHandle | VictimReport
