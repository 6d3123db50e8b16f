"""`afa hold`: what an officer wants done about a hold. It is filed and drafted here, and signed with `afa order`."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from sqlalchemy import Engine

from afa import drafts, keeping
from afa.judging import await_judgement
from afa.listings import HOLD_COLUMNS, REQUEST_COLUMNS
from afa.options import As, Data, Json, OfficerId
from afa.output import note, show
from afa.place import Run, database
from afa.returns import enter
from alliance.errors import Refused
from consumers.casebook.authority.orders import read_draft, read_referable
from consumers.casebook.holding.holdacts import file_act, judgement
from consumers.casebook.holding.holdrules import HoldAct
from consumers.casebook.views import listings
from producers.money import minor_from_major
from schemas.base import Money
from schemas.requests import Action, HoldView
from schemas.returns import DeductHold

app = typer.Typer(
    no_args_is_help=True,
    help="Extend, reduce, freeze, renew or release a hold, or keep one whose release is proposed; of a suspended line, "
    "release or keep it. What is filed waits for the officers of the unit that ordered it.",
)
app.command("keep")(keeping.keep)
HoldId = Annotated[UUID, typer.Argument(metavar="HOLD", help="The hold, as in `afa holds`.")]
Why = Annotated[str, typer.Option("--reason", help="Why, in words for the member that holds.")]
Amount = Annotated[
    str | None,
    typer.Option("--amount", help="What stays held, in the hold's currency; if not said, what is traced to victims."),
]
Days = Annotated[
    int | None, typer.Option("--days", min=1, help="How long from its execution; as the profile says, unless given.")
]
Paper = Annotated[
    Path, typer.Option("--paper", exists=True, dir_okay=False, help="The document; its SHA-256 goes into the order.")
]
_DAY_S = 86_400


@app.command("list")
def list_all(data: Data = None, json: Json = False) -> None:
    """Every hold with its end, as `afa holds` has them.

    Example: afa hold list --json | jq 'select(.status == "release-proposed")'
    """
    with Run(data).database() as db:
        show([listings.holds(db).items], HOLD_COLUMNS, as_json=json, empty="There is no hold yet.")


@app.command("extend")
def extend(hold: HoldId, reason: Why, data: Data = None, json: Json = False) -> None:
    """Repeat a stop while it lasts: its time counts anew from when the member does it.

    How often an account may be stopped in a case, the profile says; an extension is one of those times, as is a second
    stop that went out by itself when the first had run out.

    Example: afa hold extend 019a… --reason "the paper for the freeze is on its way"
    """
    _file(data, hold, Action.EXTEND, reason, as_json=json)


@app.command("reduce")
def reduce(
    hold: HoldId,
    reason: Why,
    amount: Annotated[str, typer.Option("--amount", help="What stays held, in the hold's currency.")],
    data: Data = None,
    json: Json = False,
) -> None:
    """Let go of what the case does not need; the end of the hold stays.

    Example: afa hold reduce 019a… --reason "the rest is salary" --amount 300
    """
    _file(data, hold, Action.REDUCE, reason, amount=amount, as_json=json)


@app.command("freeze")
def freeze(
    hold: HoldId, reason: Why, paper: Paper, amount: Amount = None, days: Days = None, data: Data = None,
    json: Json = False,
) -> None:  # fmt: skip
    """Turn a stop into a freeze, with paper.

    Example: afa hold freeze 019a… --reason "case 2026-117" --paper decision.pdf --amount 50000
    """
    _file(data, hold, Action.FREEZE, reason, amount=amount, days=days, paper=paper, as_json=json)


@app.command("renew")
def renew(hold: HoldId, reason: Why, paper: Paper, days: Days = None, data: Data = None, json: Json = False) -> None:
    """Let a freeze last anew from its renewal, with paper.

    Example: afa hold renew 019a… --reason "the case goes on" --paper decision.pdf --days 180
    """
    _file(data, hold, Action.RENEW, reason, days=days, paper=paper, as_json=json)


@app.command("release")
def release(hold: HoldId, reason: Why, data: Data = None, json: Json = False) -> None:
    """Lift a hold, whatever its end: of money on an account, or of a line that police had suspended.

    Example: afa hold release 019a… --reason "the shopkeeper sold goods"
    """
    _file(data, hold, Action.RELEASE, reason, as_json=json)


@app.command("deducted")
def deducted(
    hold: HoldId,
    reason: Annotated[str, typer.Option("--reason", help="Which court decided what.")],
    paper: Annotated[Path, typer.Option("--paper", exists=True, dir_okay=False, help="The judgement.")],
    unit: As,
    officer: OfficerId,
    data: Data = None,
    json: Json = False,
) -> None:
    """Enter that a court has taken what is held, as an officer of the hold's unit. The hold ends by that.

    Example: afa hold deducted 019a… --reason "(2026) 117" --paper judgement.pdf --as police-ty --officer li-wenjuan
    """
    run = Run(data)
    with database(run.database_url) as engine:
        digest = hashlib.sha256(paper.read_bytes()).hexdigest()
        said = DeductHold(hold_id=hold, paper=digest, reason=reason, at=run.clock.now())
        enter(engine, run, said, unit, officer)
        shown = _hold(engine, hold)
    show([[shown]], HOLD_COLUMNS, as_json=json, empty="")
    note("Entered; the hold has ended.")


def _file(  # noqa: PLR0913 — what the commands have in common
    data: Path | None, hold_id: UUID, action: Action, reason: str, *, amount: str | None = None,
    days: int | None = None, paper: Path | None = None, as_json: bool,
) -> None:  # fmt: skip
    run = Run(data)
    with database(run.database_url) as engine:
        held = _hold(engine, hold_id)
        lasts = _duration_s(run, days) if paper else None
        digest = hashlib.sha256(paper.read_bytes()).hexdigest() if paper else None
        act = HoldAct(hold_id, action, reason, _money(amount, held.amount.currency), lasts, digest)
        with engine.begin() as db:
            number = file_act(db, act, run.clock.now())
        judged = await_judgement(engine, lambda db: judgement(db, number), "act")
        if judged.request_id is None:
            raise Refused(f"The casebook drafts nothing: {judged.refusal}")
        with engine.connect() as db:
            view = listings.request(db, judged.request_id)
            assert view is not None
            unit = view.unit or "MEMBER"
            request = read_draft(db, view.request_id) if view.to else read_referable(db, view.request_id, unit)
    drafts.tell(request, view)
    show([[view]], REQUEST_COLUMNS, as_json=as_json, empty="")
    sign = f"{view.request_id} --as {unit} --officer ID"
    if view.to is None:
        note(f"Drafted; the holder is out of the city, so your unit takes it over: `afa refer take {sign}`.")
    else:
        note(f"Drafted; it wants {view.missing}: `afa order {sign}`.")


def _hold(engine: Engine, hold_id: UUID) -> HoldView:
    with engine.connect() as db:
        held = listings.hold(db, hold_id)
    if held is None:
        raise Refused(f"There is no hold {hold_id}; see `afa holds`.")
    return held


def _money(text: str | None, currency: str) -> Money | None:
    if text is None:
        return None
    try:
        return Money(minor=minor_from_major(text, currency), currency=currency)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--amount") from error


def _duration_s(run: Run, days: int | None) -> int:
    """As long as the law lets a freeze last, unless less is asked for."""
    profile = run.profile
    if profile.freeze is None:
        raise Refused(f"Under the profile {profile.name} nothing can be frozen.")
    longest = profile.freeze.duration_s.value
    if days is not None and days * _DAY_S > longest:
        raise typer.BadParameter(
            f"a freeze lasts {longest // _DAY_S} days at most under the profile {profile.name}", param_hint="--days"
        )
    return longest if days is None else days * _DAY_S
