"""`afa refer`: orders whose holder is out of the city. An officer takes one over, and enters what the holder said.

What is entered is signed by the officer and travels as a member's answer does: nothing clear but to police and holders.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import orjson
import typer
from sqlalchemy import Connection, Engine

from afa import drafts
from afa.judging import await_judgement
from afa.listings import REQUEST_COLUMNS
from afa.options import As, Data, Json, OfficerId, Yes, confirm
from afa.output import note, show
from afa.place import Run, database
from alliance.errors import Refused, SetupError
from alliance.ids import IdSource
from alliance.membership import load_keys, load_officer
from consumers.casebook.asking import referring
from consumers.casebook.authority.orders import file_order, read_referable, refusal_of
from consumers.casebook.views import listings, returnviews
from producers.clear import protect
from producers.money import minor_from_major
from schemas.answers import AnswerStatus
from schemas.envelope import Event
from schemas.requests import Action, RequestView, Scope

app = typer.Typer(
    no_args_is_help=True,
    help="Orders whose holder is out of the city, and what is to become of holds there: take one over, ask the holder, "
    "enter what it said.",
)
RequestId = Annotated[UUID, typer.Argument(metavar="REQUEST_ID", help="The request, as in `afa refer list`.")]


@app.command("list")
def list_all(data: Data = None, json: Json = False) -> None:
    """What waits to be taken over, and what was taken over (referred) and has no answer yet; the oldest first.

    Example: afa refer list --json | jq -r 'select(.status == "referred") | .request_id'
    """
    with Run(data).database() as db:
        show([listings.referrals(db)], REQUEST_COLUMNS, as_json=json, empty="No order waits for a holder out of town.")


@app.command("take")
def take(
    request_id: RequestId, unit: As, officer: OfficerId, yes: Yes = False, data: Data = None, json: Json = False
) -> None:
    """Take an order over for your own unit, which asks its holder out of the city; what is signed is shown first.

    Example: afa refer take 019a… --as police-ty --officer chen-guoqiang
    """
    run = Run(data)
    kid, key = load_officer(run.data, unit, officer)
    with database(run.database_url) as engine:
        with engine.connect() as db:
            draft = read_referable(db, request_id, unit)
            drafts.tell(draft, _known(db, request_id), returnviews.paid_by(db, draft))
        confirm(f"Take this over as {officer} of {unit}?", yes)
        with engine.begin() as db:
            jws = file_order(db, draft, key, kid, run.clock.now())
        refusal = await_judgement(engine, lambda db: _said(refusal_of(db, request_id, jws)), "order")
        if refusal:
            raise Refused(f"The casebook refuses the order: {refusal}")
        view = _view(engine, request_id)
    show([[view]], REQUEST_COLUMNS, as_json=json, empty="")
    if view.missing:
        note(f"Signed by {officer} of {unit}; it still wants {view.missing}.")
    else:
        note(f"{unit} has it. Ask the holder; enter its answer with `afa refer answer {request_id} STATUS …`.")


@app.command("answer")
def answer(  # noqa: PLR0913, PLR0917 — each argument is an option of the command line
    request_id: RequestId,
    status: Annotated[AnswerStatus, typer.Argument(metavar="STATUS", help="executed, partial, refused, not-found, "
                                                   "already-gone or failed.")],
    unit: As,
    officer: OfficerId,
    amount: Annotated[str | None, typer.Option(help="What is held, in the order's currency; if executed, all.")] = None,
    scope: Annotated[Scope, typer.Option(help="Whether the amount is held, or the whole account.")] = Scope.AMOUNT,
    outflows: Annotated[Path | None, typer.Option(metavar="FILE", exists=True, dir_okay=False,
                                                  help="Where the money went: JSON Lines, in clear.")] = None,
    at: Annotated[str | None, typer.Option(metavar="TIME", help="When the holder did it, with an offset; now, "
                                           "unless given.")] = None,
    paid: Annotated[list[UUID] | None, typer.Option(metavar="ID", help="Of a return made in part: a payment that "
                                                    "was made, as in `afa return list --json`.")] = None,
    reason: Annotated[str | None, typer.Option(help="In words; needed if it refused or failed.")] = None,
    yes: Yes = False,
    data: Data = None,
    json: Json = False,
) -> None:  # fmt: skip
    """Enter what the holder of an order said that your unit took over; the money is traced on from there.

    A line of --outflows is one payment that left the account, in minor units (fen), all of it on one line, such as

    {"type": "transfer", "amount": {"minor": 480000, "currency": "CNY"}, "time": "2026-11-20T09:14:00+08:00",
    "payee": {"kind": "account", "value": "6217000000018067", "holders": ["cnaps:102161000012"]}}

    Other types are atm, counter, pos, wallet, fx and crypto; "place" may say where.

    Example: afa refer answer 019a… already-gone --as police-ty --officer chen-guoqiang --outflows gone.jsonl
    """
    if status is AnswerStatus.ACKNOWLEDGED:
        raise typer.BadParameter("enter the holder's final answer; nothing less changes it", param_hint="STATUS")
    if reason is None and status in (AnswerStatus.REFUSED, AnswerStatus.FAILED):
        raise typer.BadParameter(f"say in words why it is {status.value}", param_hint="--reason")
    run = Run(data)
    kid, key = load_officer(run.data, unit, officer)
    with database(run.database_url) as engine:
        asked = _view(engine, request_id)
        said: dict[str, Any] = {"kind": "answer", "request_id": str(request_id), "status": status.value}
        said |= {"reason": reason, "outflows": _lines(outflows) if outflows else []}
        said |= {**_held(asked, status, amount), "paid": _paid(asked, status, paid or ())}
        if status in (AnswerStatus.EXECUTED, AnswerStatus.PARTIAL):
            said["scope"] = scope.value
        event = _event(run, unit, {"time": at or run.clock.now(), "data": said})
        confirm(f"Enter {status.value} for {request_id}, signed as {officer} of {unit}?", yes)
        with engine.begin() as db:
            referring.file_answer(db, event, key, kid, run.clock.now())
        refusal = await_judgement(engine, lambda db: _said(referring.judgement(db, event.id)), "answer")
        if refusal:
            raise Refused(f"The casebook refuses the answer: {refusal}")
        view = _view(engine, request_id)
    show([[view]], REQUEST_COLUMNS, as_json=json, empty="")
    note(f"Entered, signed by {officer} of {unit}; see `afa case show {view.case_id}` for what follows.")


def _view(engine: Engine, request_id: UUID) -> RequestView:
    with engine.connect() as db:
        found = _known(db, request_id)
    return found


def _known(db: Connection, request_id: UUID) -> RequestView:
    found = listings.request(db, request_id)
    if found is None:
        raise Refused(f"There is no request {request_id}; see `afa refer list`.")
    return found


def _held(asked: RequestView, status: AnswerStatus, amount: str | None) -> dict[str, Any]:
    """What is held; an executed order that names no amount holds all that it asks for."""
    if amount is None:
        if status is AnswerStatus.PARTIAL and asked.action is not Action.RETURN:
            raise typer.BadParameter("say how much of it is held", param_hint="--amount")
        return {}
    if asked.amount is None:
        raise typer.BadParameter("the order names no currency to hold an amount in", param_hint="--amount")
    try:
        minor = minor_from_major(amount, asked.amount.currency)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--amount") from error
    return {"amount": {"minor": minor, "currency": asked.amount.currency}}


def _paid(asked: RequestView, status: AnswerStatus, paid: Sequence[UUID]) -> list[str]:
    """The payments that a return made; one that was executed made all."""
    in_part = asked.action is Action.RETURN and status is AnswerStatus.PARTIAL
    if in_part != bool(paid):
        raise typer.BadParameter("name the payments of a return made in part, and of nothing else", param_hint="--paid")
    return [str(payment) for payment in paid]


def _lines(file: Path) -> list[Any]:
    lines = file.read_bytes().splitlines()
    try:
        return [orjson.loads(line) for line in lines if line.strip()]
    except orjson.JSONDecodeError as error:
        raise typer.BadParameter(f"{file} is not JSON Lines: {error}", param_hint="--outflows") from error


def _event(run: Run, unit: str, clear: dict[str, Any]) -> Event:
    keys = load_keys(run.data, unit).tokens
    if keys is None:
        raise SetupError(f"The keys of {unit} can make no tokens; use a member's.")
    return protect(clear, unit, keys, run.registry(), IdSource(run.clock.now_ms, os.urandom), run.clock.now()).event


def _said(judged: tuple[bool, str | None]) -> str | None:
    """Why it was refused, "" if it was not; None while it waits to be judged."""
    done, refusal = judged
    return (refusal or "") if done else None
