"""`afa return`: what is frozen goes back to its victims, after a notice and what is objected. Each step is signed here;
the casebook decides what comes of it, and drafts the payments for `afa order`.
"""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import typer
from sqlalchemy import Engine

from afa.judging import await_judgement
from afa.options import As, Data, Json, OfficerId
from afa.output import note, show, when
from afa.place import Run, database
from afa.returned import COLUMNS
from alliance.errors import Refused
from alliance.membership import load_keys, load_officer
from consumers.casebook.returning.statements import Judged, file_statement, judgement
from consumers.casebook.views import returnviews
from schemas.returns import (
    AnnounceReturn,
    DecideObjection,
    ObjectToReturn,
    ReturnView,
    SettlePayments,
    Word,
)

app = typer.Typer(no_args_is_help=True, help="Return frozen money to its victims; objections against that.")
Why = Annotated[str, typer.Option("--reason", help="Why, in up to 500 characters.")]
ReturnId = Annotated[UUID, typer.Argument(metavar="RETURN", help="The return, as in `afa return list`.")]


@app.command("list")
def list_all(data: Data = None, json: Json = False) -> None:
    """Every return: claims, objections, payments, and why the rest stays.

    Example: afa return list --json | jq '.objections[] | select(.upheld == null)'
    """
    with Run(data).database() as db:
        show([returnviews.returns(db)], COLUMNS, as_json=json, empty="No return was announced yet.")


@app.command("announce")
def announce(
    hold: Annotated[UUID, typer.Argument(metavar="HOLD", help="A frozen hold, as in `afa holds`.")],
    reason: Why,
    unit: As,
    officer: OfficerId,
    data: Data = None,
    json: Json = False,
) -> None:
    """Give notice that what a hold keeps is returned, as an officer of the unit that ordered it.

    What can be traced to its victim is drafted for signing at once, the rest when the notice is over; sign each draft
    with `afa order`. How long notice and objections run is the profile's.

    Example: afa return announce 019a… --reason "case 2026-117" --as police-ty --officer chen-guoqiang
    """
    run = Run(data)
    with database(run.database_url) as engine:
        with engine.connect() as db:
            number = returnviews.next_number(db, hold)
        said = AnnounceReturn(hold_id=hold, number=number, reason=reason, at=run.clock.now())
        shown = _filed(engine, run, said, unit, officer, json)
    note(f"Announced; objections until {when(shown.objections_until)}, notice until {when(shown.until)} alliance time.")


@app.command("object")
def object_to(
    return_id: ReturnId,
    reason: Why,
    unit: As,
    report: Annotated[
        UUID | None, typer.Option(metavar="ID", help="The report whose claim it is against; the whole, if not said.")
    ] = None,
    officer: Annotated[
        str | None, typer.Option(metavar="ID", help="The officer who objects; the account's own bank needs none.")
    ] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Object, as the bank for the holder of its account, or as an officer. Meanwhile what is objected to is not paid.

    Example: afa return object 9f2f… --reason "It is her wage." --as bank-icbc
    """
    run = Run(data)
    with database(run.database_url) as engine:
        said = ObjectToReturn(return_id=return_id, event_id=report, reason=reason, at=run.clock.now())
        shown = _filed(engine, run, said, unit, officer, json)
    note(f"Filed as objection {shown.objections[-1].objection}; {shown.unit} decides with `afa return decide`.")


@app.command("decide")
def decide(
    objection: Annotated[int, typer.Argument(min=1, metavar="OBJECTION", help="Its number in `afa return list`.")],
    uphold: Annotated[bool, typer.Option("--uphold/--reject", help="What is upheld is not paid.")],
    reason: Why,
    unit: As,
    officer: OfficerId,
    data: Data = None,
    json: Json = False,
) -> None:
    """Decide an objection, as an officer of the unit that ordered the hold.

    Example: afa return decide 7 --reject --reason "The wage came later." --as police-ty --officer li-wenjuan
    """
    run = Run(data)
    with database(run.database_url) as engine:
        said = DecideObjection(objection=objection, upheld=uphold, reason=reason, at=run.clock.now())
        _filed(engine, run, said, unit, officer, json)
    note("Decided.")


@app.command("settle")
def settle(  # noqa: PLR0913, PLR0917 — what is signed
    return_id: ReturnId,
    reference: Annotated[
        str, typer.Option("--reference", help="The paper that shows it, such as a statement's number.")
    ],
    unit: As,
    officer: OfficerId,
    made: Annotated[list[UUID] | None, typer.Option("--made", metavar="ID", help="A payment that was made.")] = None,
    not_made: Annotated[
        list[UUID] | None, typer.Option("--not-made", metavar="ID", help="One that was not, and is owed again.")
    ] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Enter which unclear payments were made, as an officer of the unit that ordered the hold. It can't be taken back.

    A payment is unclear where its member has not said whether it made it; `afa case show` lists them. Each option may
    be given several times. What was not made is drafted anew, and signed with `afa order` as the first time.

    Example: afa return settle 9f2f… --made 5a11… --reference "statement 2027-0219" --as police-ty --officer li-wenjuan
    """
    run = Run(data)
    with database(run.database_url) as engine:
        said = SettlePayments(
            return_id=return_id, made=made or [], not_made=not_made or [], reference=reference, at=run.clock.now()
        )
        _filed(engine, run, said, unit, officer, json)
    note("Settled.")


def enter(engine: Engine, run: Run, said: Word, unit: str, officer: str | None) -> Judged:
    """Sign, file and wait. Raises Refused with the casebook's reason."""
    if officer is None:
        keys = load_keys(run.data, unit)
        kid, key = keys.kid, keys.signing
    else:
        kid, key = load_officer(run.data, unit, officer)
    with engine.begin() as db:
        number = file_statement(db, said, key, kid, run.clock.now())
    judged = await_judgement(engine, lambda db: judgement(db, number), "statement")
    if judged.refusal:
        raise Refused(f"The casebook refuses: {judged.refusal}")
    return judged


def _filed(engine: Engine, run: Run, said: Word, unit: str, officer: str | None, as_json: bool) -> ReturnView:
    judged = enter(engine, run, said, unit, officer)
    assert judged.return_id is not None
    with engine.connect() as db:
        shown = returnviews.one(db, judged.return_id)
    show([[shown]], COLUMNS, as_json=as_json, empty="")
    return shown
