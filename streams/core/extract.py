"""From a validated event to what the correlation works on: which identifier stands in which role.

The table of roles in `docs/correlation.md` is the text that this is the code of. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

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
from schemas.envelope import Event, Payload
from schemas.identifiers import OWN_PHONES, Basis, Identifier, Phone
from schemas.registry import Sector
from schemas.risk import RiskCheck
from streams.core.alert import Alert, Class, Named, Onward, Retraction, Role, Transfer
from streams.core.keys import key_of, prefix_of

BASIS_RANK = {Basis.TYPED: 0, Basis.OBSERVED: 1, Basis.VERIFIED: 2}
CASH = frozenset({Channel.ATM, Channel.COUNTER, Channel.POS, Channel.FX, Channel.CRYPTO})
MAX_HOLDER = 100
"""Characters of a routing code; the contract leaves open how long the scheme's name is. A longer one routes nothing."""

Roles = Iterator[tuple[Role, Identifier | None]]


def alerts_of(event: Event, member: str, sector: Sector, digest: bytes) -> list[Alert]:
    """The alert's digest, once for each epoch under which it names identifiers; none for kinds that are no alerts."""
    found = _roles(event.data)
    if found is None:
        return []
    roles = [(role, identifier) for role, identifier in found if identifier is not None]
    alerts = []
    for epoch in _epochs(identifier for _, identifier in roles):
        cls, start, end, score, transfers, onward = _told_by(event, epoch)
        named = _named(roles, epoch)
        alerts.append(
            Alert(member, event.id.bytes, digest, sector.value, cls, start, end, score, named, transfers, onward)
        )
    return alerts


def retraction_of(event: Event, member: str, police: bool) -> Retraction | None:
    """The withdrawal that an event is, or None."""
    data = event.data
    if not isinstance(data, Withdrawal):
        return None
    whose = data.event_member if police and data.event_member else member
    keys = tuple(sorted({key_of(i.kind.value, token) for i in data.identifiers for token in i.tokens}))
    return Retraction(whose, data.event_id.bytes, police, keys, to_ms(event.time))


def _roles(data: Payload) -> Roles | None:
    if isinstance(data, SuspiciousAccount):
        return _account(data)
    if isinstance(data, SuspiciousNumber):
        return _number(data)
    if isinstance(data, SuspiciousHandle):
        return _handle(data)
    if isinstance(data, VictimReport):
        return _report(data)
    return _check(data) if isinstance(data, RiskCheck) else None


def _told_by(event: Event, epoch: str) -> tuple[Class, int, int, float, tuple[Transfer, ...], Onward]:
    """What the alert says beside its identifiers: class, start, end, score, transfers, onward."""
    data, moment = event.data, to_ms(event.time)
    if isinstance(data, SuspiciousAccount):
        cls = Class.PAYER if data.reporting_side is Side.PAYER else Class.PAYEE
        return cls, moment, moment, data.score, _transfer(data, moment, epoch), _onward(data)
    if isinstance(data, SuspiciousNumber):
        return Class.CALL, moment, moment + data.duration_s * 1000, data.risk, (), Onward.NONE
    if isinstance(data, SuspiciousHandle):
        start = min(moment, to_ms(data.first_seen)) if data.first_seen else moment
        end = max(moment, to_ms(data.last_seen)) if data.last_seen else moment
        return Class.CHAT, start, end, data.score, (), Onward.NONE
    if isinstance(data, VictimReport):
        start = min(moment, to_ms(data.incident_from))
        return Class.REPORT, start, moment, 1.0, tuple(_told(data, epoch)), Onward.NONE
    assert isinstance(data, RiskCheck)
    return Class.CHECK, moment, moment, 0.0, (_asked(data, moment, epoch),), Onward.NONE


def _named(roles: Iterable[tuple[Role, Identifier]], epoch: str) -> tuple[Named, ...]:
    """Each identifier once, in the first of the roles suspect, victim, conduit, asked that it has."""
    found: dict[str, Named] = {}
    for role, identifier in roles:
        key = _key(identifier, epoch)
        if key and (key not in found or role < found[key].role):
            as_of = to_ms(identifier.as_of) if identifier.as_of else 0
            basis, former = BASIS_RANK[identifier.basis], _former(identifier, epoch)
            holders = tuple([code for code in identifier.holders if len(code) <= MAX_HOLDER])
            found[key] = Named(key, role, identifier.kind.value, basis, as_of, holders, former)
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


def _transfer(data: SuspiciousAccount, moment: int, epoch: str) -> tuple[Transfer, ...]:
    """The transfer towards its payee; what left a payee's own customer goes to the counterparty."""
    inward = data.direction is Direction.IN
    payee = data.customer.account if inward else data.counterparty.account if data.counterparty else None
    return (
        Transfer(
            _key(payee, epoch),
            _key(data.serial, epoch),
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


def _told(data: VictimReport, epoch: str) -> Iterator[Transfer]:
    taken = to_ms(data.incident_from)
    for transfer in data.transfers:
        if transfer.payee is not None and transfer.amount is not None:
            time = to_ms(transfer.time) if transfer.time else taken
            payee, serial = _key(transfer.payee, epoch), _key(transfer.serial, epoch)
            yield Transfer(payee, serial, transfer.amount.minor, transfer.amount.currency, time, False)


def _asked(data: RiskCheck, moment: int, epoch: str) -> Transfer:
    """It may never happen: pending, and without a serial, which it has not got yet."""
    return Transfer(_key(data.payee, epoch), "", data.amount.minor, data.amount.currency, moment, True)


def _epochs(identifiers: Iterable[Identifier]) -> list[str]:
    """How tokens begin under each epoch that names something here; empty, for any, where all have one token."""
    two = next((identifier.tokens for identifier in identifiers if len(identifier.tokens) > 1), None)
    return [""] if two is None else list(dict.fromkeys(map(prefix_of, two)))


def _key(identifier: Identifier | None, epoch: str) -> str:
    """The state key under an epoch; empty where it is not known by one."""
    if identifier is not None:
        for token in identifier.tokens:
            if token.startswith(epoch):
                return key_of(identifier.kind.value, token)
    return ""


def _former(identifier: Identifier, epoch: str) -> str:
    """The state key under the older epoch, for the newer one. Who has them in the wrong order has said nothing."""
    if not epoch:
        return ""
    older, newer = identifier.tokens[0], identifier.tokens[-1]
    if not newer.startswith(epoch) or _age(older) >= _age(newer):
        return ""
    return key_of(identifier.kind.value, older)


def _age(token: str) -> tuple[int, str]:
    """Epochs are numbered: e9 comes before e10."""
    return len(prefix_of(token)), prefix_of(token)
