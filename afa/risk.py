"""`afa risk-check`: what a bank's clerk asks before a customer's money leaves, and what the alliance answers."""

from __future__ import annotations

from typing import Annotated

import typer

from afa.options import ActsAs, Data, Json, MemberFilePath
from afa.publishing import clerk
from alliance.errors import Retry
from producers.money import minor_from_major
from schemas.identifiers import IdentifierKind, PhoneRole
from schemas.risk import RiskAnswer

_PATIENCE_S = 5.0
_CURRENCY = "CNY"


def risk_check(  # noqa: PLR0913, PLR0917 — each argument is an option of the command line
    payer: Annotated[str, typer.Argument(metavar="PAYER", help="Your customer's account, in clear.")],
    payee: Annotated[
        str,
        typer.Argument(metavar="PAYEE", help="Whom the customer wants to pay: account, or KIND:VALUE as card:6222…"),
    ],
    amount: Annotated[str, typer.Option(metavar="AMOUNT", help="How much, in major units: 5000, or '286.97 USD'.")],
    member: ActsAs = None,
    member_file: MemberFilePath = None,
    phone: Annotated[
        list[str] | None, typer.Option(metavar="NUMBER", help="A phone registered with the customer; repeatable.")
    ] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Ask what the alliance knows before money moves, and what it advises: proceed, verify, delay or decline.

    Advice is no order: your own risk control decides (docs/risk-check.md).

    Example: afa risk-check 6217000000000780 6217000000018067 --amount 5000 --phone 13912345679 --as bank-icbc
    """
    who, whom, money = _identifier(payer), _identifier(payee), _money(amount)
    phones = [_phone(number) for number in phone or ()]
    with clerk(data, member, member_file) as client:
        answer = client.risk_check(who, whom, money, phones, timeout=_PATIENCE_S)
    if answer is None:
        raise Retry(f"No answer came within {_PATIENCE_S:.0f} s; decide by your own rules, and see `afa status`.")
    print(answer.model_dump_json() if json else _told(answer))


def _identifier(text: str) -> dict[str, str]:
    kind, colon, value = text.partition(":")
    if not colon:
        return {"kind": IdentifierKind.ACCOUNT.value, "value": text}
    if kind not in {known.value for known in IdentifierKind}:
        raise typer.BadParameter(f"{kind!r} is no kind of identifier; an account needs none", param_hint="PAYEE")
    return {"kind": kind, "value": value}


def _phone(number: str) -> dict[str, object]:
    return {"identifier": {"kind": IdentifierKind.NUMBER.value, "value": number}, "role": PhoneRole.REGISTERED.value}


def _money(text: str) -> dict[str, object]:
    major, _, currency = text.partition(" ")
    currency = currency or _CURRENCY
    try:
        return {"minor": minor_from_major(major, currency), "currency": currency}
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--amount") from error


def _told(answer: RiskAnswer) -> str:
    lines = [f"{answer.advice.value} (level {answer.level.value})", *(f"- {reason}" for reason in answer.reasons)]
    return "\n".join(lines if answer.reasons else [*lines, "- nothing is known against payer, payee or phones"])
