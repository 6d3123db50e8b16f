"""`afa hold keep`: an officer declines a proposed release, by the own key. What is signed is shown before."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import typer
from sqlalchemy import Engine

from afa.judging import await_judgement
from afa.listings import HOLD_COLUMNS
from afa.options import Data, Json, Yes, confirm
from afa.output import note, show, when
from afa.place import Run, database
from alliance.errors import Refused
from alliance.membership import load_officer
from consumers.casebook.holding import keeping
from consumers.casebook.holding.keeping import Proposal
from consumers.casebook.views import listings


def keep(
    hold: Annotated[UUID, typer.Argument(metavar="HOLD", help="A hold whose release is proposed; see `afa holds`.")],
    reason: Annotated[str | None, typer.Option(help="Why it is kept; the word is kept with the signature.")] = None,
    unit: Annotated[str | None, typer.Option("--as", metavar="MEMBER", help="The unit that ordered the hold.")] = None,
    officer: Annotated[str | None, typer.Option(metavar="ID", help="The officer who signs.")] = None,
    yes: Yes = False,
    data: Data = None,
    json: Json = False,
) -> None:
    """Decline a proposed release: the hold goes on to its end as it was. To let go, use `afa hold release`.

    Why the release is proposed, and by when the unit must decide, is shown first. Without --reason, --as and --officer
    it is only shown.

    Example: afa hold keep 019a… --reason "it is another victim's too" --as police-ty --officer chen-guoqiang
    """
    given = [one for one in (reason, unit, officer) if one is not None]
    if given and len(given) < 3:
        raise typer.BadParameter("to keep it takes --reason, --as and --officer", param_hint="HOLD")
    run = Run(data)
    with database(run.database_url) as engine:
        shown = _tell(engine, hold)
        if reason is not None and unit is not None and officer is not None:
            confirm(f"Keep it, signed as {officer} of {unit}?", yes)
            _keep(engine, run, hold, shown, reason, (unit, officer))
        with engine.connect() as db:
            view = listings.hold(db, hold)
    assert view is not None
    show([[view]], HOLD_COLUMNS, as_json=json, empty="")
    if given:
        note(f"Kept, signed by {officer} of {unit}: it goes on until {when(view.until)}.")
    else:
        note(f"Keep it with --reason, --as and --officer; let go with `afa hold release {hold} --reason …`.")


def _tell(engine: Engine, hold_id: UUID) -> Proposal:
    with engine.connect() as db:
        found = keeping.read_proposal(db, hold_id)
    by = f"by {when(found.decide_by)}" if found.decide_by else "and has not in time"
    note(f"Its release is proposed because {found.cause}; {found.unit or 'nobody'} must decide {by}.")
    note(f"Kept, it goes on until {when(found.until)}.")
    return found


def _keep(engine: Engine, run: Run, hold_id: UUID, shown: Proposal, reason: str, signer: tuple[str, str]) -> None:
    kid, key = load_officer(run.data, *signer)
    with engine.begin() as db:
        number = keeping.file_keep(db, hold_id, shown, reason, key, kid, run.clock.now())
    judged = await_judgement(engine, lambda db: keeping.judgement(db, number), "decision")
    if judged.refusal:
        raise Refused(f"The casebook refuses the decision: {judged.refusal}")
