"""Short ways to write alerts by hand, for stories whose numbers are worked out in comments."""

from __future__ import annotations

import copy
from typing import Any

from schemas.identifiers import IdentifierKind as Kind
from streams.core.alert import Alert, Class, Named, Retraction, Role, Transfer
from streams.core.keys import kind_of
from tests.oracle import OracleLead, leads
from tests.strategies import BASE, HOUR, RULES, SECTORS, key, sealed

NOON = BASE + 12 * HOUR
PAYEE, SECOND_PAYEE, PURSE = key(Kind.ACCOUNT, 0), key(Kind.ACCOUNT, 1), key(Kind.ACCOUNT, 9)
PHONE, CALLER, HANDLE = key(Kind.NUMBER, 9), key(Kind.NUMBER, 0), key(Kind.HANDLE, 0)
DEVICE, SERIAL = key(Kind.DEVICE, 0), key(Kind.TRANSFER_SERIAL, 0)
OF_PAYEE, OF_CALLER, OF_PHONE = ("suspect", PAYEE), ("suspect", CALLER), ("victim", PHONE)


def alert(cls: Class, member: str, number: int, span: tuple[int, int], *named: Named, **more: Any) -> Alert:
    score = more.pop("score", 1.0)
    return sealed(Alert(member, bytes([number] * 16), b"", SECTORS[member], cls, *span, score, named, **more))


def suspect(name: str, basis: int = 1) -> Named:
    return Named(name, Role.SUSPECT, kind_of(name).value, basis, 0)


def victim(name: str) -> Named:
    return Named(name, Role.VICTIM, kind_of(name).value, 2, 0)


def paid(time: int, minor: int = 50_000_00, serial: str = "", currency: str = "CNY", pending: bool = False) -> Transfer:
    return Transfer(PAYEE, serial, minor, currency, time, pending)


def transfer(time: int, number: int = 1, phone: str = PHONE, member: str = "bank-a", **more: Any) -> Alert:
    """The payer's bank: 1.6 × 1.5 = 2.4, unless it scores lower."""
    more.setdefault("transfers", (paid(time),))
    return alert(Class.PAYER, member, number, (time, time), suspect(PAYEE), victim(phone), **more)


def call(start: int, end: int, number: int = 1, caller: str = CALLER, phone: str = PHONE, **more: Any) -> Alert:
    """1.8 × 1.5 = 2.7, unless it scores lower."""
    return alert(Class.CALL, "carrier-a", number, (start, end), suspect(caller), victim(phone), **more)


def report(start: int, end: int, *named: Named, member: str = "police-a", **more: Any) -> Alert:
    return alert(Class.REPORT, member, 9, (start, end), *named, **more)


def withdrawal(of: Alert, by_police: bool = False) -> Retraction:
    return Retraction(of.member, of.event, by_police, tuple(named.key for named in of.named), of.end)


def ruled(**changes: dict[str, float]) -> dict[str, Any]:
    rules = copy.deepcopy(RULES)
    for table, values in changes.items():
        rules[table] |= values
    return rules


PRIOR_0 = ruled(weights={"prior": 0.0})


def judged(*alerts: Alert, withdrawn: tuple[Retraction, ...] = (), rules: dict[str, Any] = RULES) -> Any:
    return leads(alerts, withdrawn, rules)


def weights(lead: OracleLead) -> dict[str, tuple[str, float]]:
    return {member: (relation, weight) for member, _, relation, weight in lead.evidence}
