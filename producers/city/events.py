"""Alerts in clear, as the members' own systems would write them: `docs/publishing.md` is their description."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from producers.city.acts import SHANGHAI, Payment
from producers.city.cast import ROUTE
from producers.reference.entries import AccountRef
from schemas.answers import OutflowType

Clear = dict[str, Any]
_CHANNEL = {OutflowType.TRANSFER: "mobile"}


def ident(kind: str, value: str, *holders: str, **more: Any) -> Clear:
    return {"kind": kind, "value": value, **({"holders": list(holders)} if holders else {}), **more}


def account(ref: AccountRef, **more: Any) -> Clear:
    return ident(ref.kind.value, ref.number, ref.route, **more)


def phone(number: str, role: str = "registered") -> Clear:
    return {"identifier": ident("number", number), "role": role}


def yuan(minor: int) -> Clear:
    return {"minor": minor, "currency": "CNY"}


def stamp(moment: datetime) -> str:
    return moment.astimezone(SHANGHAI).isoformat()


def from_payer(payment: Payment, customer: Clear, score: float, **more: Any) -> Clear:
    """What the payer's bank writes about its own customer's payment."""
    data = {
        **_transfer(payment, "out", "payer", score),
        "customer": {"account": account(payment.payer), **customer},
        **({"counterparty": {"account": account(payment.payee)}} if payment.payee else {}),
    }
    return _event(payment.at, data, more)


def from_payee(payment: Payment, customer: Clear, score: float, **more: Any) -> Clear:
    """What the payee's bank writes about the money that came to its own customer."""
    assert payment.payee is not None
    data = {
        **_transfer(payment, "in", "payee", score),
        "customer": {"account": account(payment.payee), **customer},
        "counterparty": {"account": account(payment.payer)},
    }
    return _event(payment.at, data, more)


def onward(payment: Payment, customer: Clear, score: float, **more: Any) -> Clear:
    """What a bank writes about its own suspect customer, who passes money on or takes it out."""
    data = {
        **_transfer(payment, "out", "payee", score),
        "customer": {"account": account(payment.payer), **customer},
        **({"counterparty": {"account": account(payment.payee)}} if payment.payee else {}),
    }
    return _event(payment.at, data, more)


def call(at: datetime, callee: str, carrier: str, risk: float, **more: Any) -> Clear:
    """What a carrier writes about a call; `more` are the caller's identifiers and the call's marks."""
    data = {
        "kind": "suspicious-number",
        "callee": ident("number", callee, ROUTE[carrier]),
        "risk": risk,
        **more,
    }
    return {"time": stamp(at), "data": data}


def handle(at: datetime, platform: str, name: str, signal: str, score: float, **more: Any) -> Clear:
    """What a platform writes about one of its users."""
    route = ROUTE[platform]
    short = route.partition(":")[2]
    data = {
        "kind": "suspicious-handle",
        "handle": ident("handle", f"{short}/{name}", route),
        "platform": short,
        "signal": signal,
        "score": score,
        **more,
    }
    return {"time": stamp(at), "data": data}


def told(payment: Payment, **more: Any) -> Clear:
    """A payment as its victim tells it: about when, and the payee as typed off a screen."""
    means = {
        "payer": account(payment.payer, basis="typed"),
        "amount": yuan(payment.amount),
        "time": stamp(payment.at),
        "time_approximate": True,
    }
    payee = {"payee": account(payment.payee, basis="typed"), "payee_name": payment.payee_name} if payment.payee else {}
    return {**means, **payee, **more}


def report(at: datetime, report_id: str, channel: str, transfers: Iterable[Clear], **more: Any) -> Clear:
    """What a victim told; `more` are the victim, its phones and accounts, the incident, the contacts."""
    data = {"kind": "victim-report", "report_id": report_id, "channel": channel, "transfers": list(transfers), **more}
    return {"time": stamp(at), "data": data}


def _transfer(payment: Payment, direction: str, side: str, score: float) -> Clear:
    return {
        "kind": "suspicious-account",
        "serial": ident("transfer-serial", payment.serial),
        "direction": direction,
        "amount": yuan(payment.amount),
        "channel": _CHANNEL.get(payment.means, payment.means.value),
        "status": "pending" if payment.pending else "posted",
        "reporting_side": side,
        "score": score,
        **({"place": payment.place} if payment.place else {}),
    }


def _event(at: datetime, data: Clear, more: Clear) -> Clear:
    return {"time": stamp(at), "data": {**data, **more}}
