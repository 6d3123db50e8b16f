"""From a validated event to what the correlation works on: which identifier stands in which role.

The table of roles in `docs/correlation.md` is the text that this is the code of. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator

from schemas.alerts import (
    Channel,
    Direction,
    Side,
    SuspiciousAccount,
    SuspiciousHandle,
    SuspiciousNumber,
    TransferStatus,
    VictimReport,
    Withdrawal,
)
from schemas.base import to_ms
from schemas.envelope import Event
from schemas.identifiers import Basis, Identifier, Phone, PhoneRole
from schemas.registry import Sector
from schemas.risk import RiskCheck
from streams.core.alert import Alert, Class, Named, Onward, Retraction, Role, Transfer
from streams.core.keys import key_of

BASIS_RANK = {Basis.TYPED: 0, Basis.OBSERVED: 1, Basis.VERIFIED: 2}
CASH = frozenset({Channel.ATM, Channel.COUNTER, Channel.POS, Channel.FX, Channel.CRYPTO})
OWN_PHONES = frozenset({PhoneRole.REGISTERED, PhoneRole.FAMILY})

Roles = Iterator[tuple[Role, Identifier | None]]


def alert_of(event: Event, member: str, sector: Sector, digest: bytes) -> Alert | None:
    """The alert's digest, or None for kinds that are no alerts."""
    data = event.data
    moment = to_ms(event.time)
    if isinstance(data, SuspiciousAccount):
        cls = Class.PAYER if data.reporting_side is Side.PAYER else Class.PAYEE
        parts = (cls, moment, moment, data.score, _named(_account(data)), _transfer(data, moment), _onward(data))
    elif isinstance(data, SuspiciousNumber):
        end = moment + data.duration_s * 1000
        parts = (Class.CALL, moment, end, data.risk, _named(_number(data)), (), Onward.NONE)
    elif isinstance(data, SuspiciousHandle):
        start = min(moment, to_ms(data.first_seen)) if data.first_seen else moment
        end = max(moment, to_ms(data.last_seen)) if data.last_seen else moment
        parts = (Class.CHAT, start, end, data.score, _named(_handle(data)), (), Onward.NONE)
    elif isinstance(data, VictimReport):
        start = min(moment, to_ms(data.incident_from))
        parts = (Class.REPORT, start, moment, 1.0, _named(_report(data)), tuple(_told(data)), Onward.NONE)
    elif isinstance(data, RiskCheck):
        parts = (Class.CHECK, moment, moment, 0.0, _named(_check(data)), (_asked(data, moment),), Onward.NONE)
    else:
        return None
    cls, start, end, score, named, transfers, onward = parts
    return Alert(member, event.id.bytes, digest, sector.value, cls, start, end, score, named, transfers, onward)


def retraction_of(event: Event, member: str, police: bool) -> Retraction | None:
    """The withdrawal that an event is, or None."""
    data = event.data
    if not isinstance(data, Withdrawal):
        return None
    whose = data.event_member if police and data.event_member else member
    keys = tuple(sorted({_key(i) for i in data.identifiers}))
    return Retraction(whose, data.event_id.bytes, police, keys, to_ms(event.time))


def _named(roles: Roles) -> tuple[Named, ...]:
    """Each identifier once, in the first of the roles suspect, victim, conduit, asked that it has."""
    found: dict[str, Named] = {}
    for role, identifier in roles:
        if identifier is None:
            continue
        key = _key(identifier)
        if key not in found or role < found[key].role:
            as_of = to_ms(identifier.as_of) if identifier.as_of else 0
            basis = BASIS_RANK[identifier.basis]
            found[key] = Named(key, role, identifier.kind.value, basis, as_of, tuple(identifier.holders))
    return tuple(found.values())


def _account(data: SuspiciousAccount) -> Roles:
    own, other = data.customer, data.counterparty
    if data.reporting_side is Side.PAYER:
        if other is not None:
            yield Role.SUSPECT, other.account
            yield Role.SUSPECT, other.person
        own_role = Role.VICTIM
    else:
        own_role = Role.SUSPECT
    yield own_role, own.account
    yield own_role, own.person
    yield from _phones(own_role, own.phones)
    for conduit in (data.device, data.ip, data.terminal):
        yield Role.CONDUIT, conduit


def _number(data: SuspiciousNumber) -> Roles:
    for suspect in (data.number, data.sim, data.device, data.trunk):
        yield Role.SUSPECT, suspect
    if not data.spoofed and data.presented_possible:
        yield Role.SUSPECT, data.presented
    yield Role.VICTIM, data.callee


def _handle(data: SuspiciousHandle) -> Roles:
    for suspect in (data.handle, data.url, data.app, data.contact_phone, data.payment_account):
        yield Role.SUSPECT, suspect
    yield Role.VICTIM, data.target_phone
    yield Role.CONDUIT, data.device
    yield Role.CONDUIT, data.ip


def _report(data: VictimReport) -> Roles:
    for transfer in data.transfers:
        yield Role.SUSPECT, transfer.payee
        yield Role.VICTIM, transfer.payer
    for contact in data.contacts:
        yield Role.SUSPECT, contact
    yield Role.VICTIM, data.victim
    yield from _phones(Role.VICTIM, data.victim_phones)
    for account in data.victim_accounts:
        yield Role.VICTIM, account


def _check(data: RiskCheck) -> Roles:
    yield Role.VICTIM, data.payer
    yield from _phones(Role.VICTIM, data.phones)
    yield Role.ASKED, data.payee


def _phones(role: Role, phones: list[Phone]) -> Roles:
    for phone in phones:
        if phone.joinable and phone.role in OWN_PHONES:
            yield role, phone.identifier


def _transfer(data: SuspiciousAccount, moment: int) -> tuple[Transfer, ...]:
    """The transfer towards its payee; what left a payee's own customer goes to the counterparty."""
    inward = data.direction is Direction.IN
    payee = data.customer.account if inward else data.counterparty.account if data.counterparty else None
    return (
        Transfer(
            _key(payee) if payee else "",
            _key(data.serial) if data.serial else "",
            data.amount.minor,
            data.amount.currency,
            moment,
            data.status is TransferStatus.PENDING,
        ),
    )


def _onward(data: SuspiciousAccount) -> Onward:
    if data.reporting_side is Side.PAYER or data.direction is Direction.IN:
        return Onward.NONE
    return Onward.CASH_OUT if data.channel in CASH else Onward.TRANSFER


def _told(data: VictimReport) -> Iterator[Transfer]:
    taken = to_ms(data.incident_from)
    for transfer in data.transfers:
        if transfer.payee is not None and transfer.amount is not None:
            time = to_ms(transfer.time) if transfer.time else taken
            serial = _key(transfer.serial) if transfer.serial else ""
            yield Transfer(_key(transfer.payee), serial, transfer.amount.minor, transfer.amount.currency, time, False)


def _asked(data: RiskCheck, moment: int) -> Transfer:
    """It may never happen: pending, and without a serial, which it has not got yet."""
    return Transfer(_key(data.payee), "", data.amount.minor, data.amount.currency, moment, True)


def _key(identifier: Identifier) -> str:
    """The state key under the older epoch, from which leads come until the cut-over."""
    return key_of(identifier.kind.value, identifier.tokens[0])
