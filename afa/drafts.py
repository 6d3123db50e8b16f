"""What an officer is shown before signing: each word of the order, and whose signatures it wants."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from rich.console import Console
from rich.text import Text

from afa.output import WIDTH, amount, when
from schemas.base import Money
from schemas.identifiers import Identifier
from schemas.requests import Request, RequestView

_LABEL = 12
Payment = tuple[Money, UUID, Identifier | None]


def tell(request: Request, view: RequestView, listed: Sequence[Payment] = ()) -> None:
    """On stderr: it is read by a person, whatever a script does with the result."""
    console = Console(stderr=True, width=WIDTH, highlight=False, soft_wrap=True)
    for label, said in [*_order(request), *_payments(listed), ("", ""), *_beside(request, view)]:
        console.print(Text(f"{label:<{_LABEL}}{said}"))


def _order(request: Request) -> list[tuple[str, str]]:
    """What is signed: all that `Request.order_text` has."""
    match, document = request.match, request.authority.document_hash
    told = [
        ("Order", f"{request.action.value}, attempt {request.attempt}, hop {request.hop}"),
        ("Request", f"{request.request_id} of the case {request.case_id}"),
        ("To", request.to),
        ("Target", _named(request.target)),
        ("Amount", amount(request.amount) if request.amount else "without a bound"),
    ]
    if match is not None:
        told.append(("Payment", f"{amount(match.amount)} at {when(match.time)}, within {match.tolerance_s} s"))
        told += [(label, _named(one)) for label, one in (("Payer", match.payer), ("Serial", match.serial)) if one]
    if request.duration_s is not None:
        told.append(("Lasts", f"{request.duration_s // 3600} h from its execution"))
    if request.hold_id is not None:
        told.append(("Hold", str(request.hold_id)))
    if document:
        told.append(("Paper", f"SHA-256 {document}"))
    return [*told, ("Void after", _exactly(request.void_after))]


def _payments(listed: Sequence[Payment]) -> list[tuple[str, str]]:
    """Of a return: the list whose digest is the paper."""
    return [
        ("Pays", f"{amount(money)} to {_named(payer) if payer else 'the victim'}, report {report}")
        for money, report, payer in listed
    ]


def _beside(request: Request, view: RequestView) -> list[tuple[str, str]]:
    """What the officer should know, and does not sign."""
    return [
        ("Because", "; ".join(request.reasons) or "–"),
        ("Signed by", ", ".join(view.officers) or "nobody yet"),
        ("Wants", view.missing or "nobody's signature"),
    ]


def _named(identifier: Identifier) -> str:
    held = f", held at {', '.join(identifier.holders)}" if identifier.holders else ""
    return f"{identifier.kind.value} {', '.join(identifier.tokens)}{held}"


def _exactly(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
