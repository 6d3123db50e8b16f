"""`afa case close`, `afa case merge` and `afa case transfer`: an officer's signed word on a case as a whole."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import typer

from afa.cases import tell
from afa.judging import await_judgement
from afa.options import As, Data, OfficerId, Yes, confirm
from afa.output import note
from afa.place import Run, database
from alliance.errors import Refused
from alliance.membership import load_officer
from consumers.casebook.authority import caseacts
from consumers.casebook.views import caseviews
from schemas.decisions import CaseAct, CloseCase, MergeCase, TransferCase

CaseId = Annotated[UUID, typer.Argument(metavar="CASE", help="The case, as in `afa case show`.")]
Why = Annotated[str, typer.Option(help="Why, in words; they are kept with the signature.")]
Json = Annotated[bool, typer.Option("--json", help="The case as one JSON object on stdout, by the public schema.")]


def close(
    case: CaseId, reason: Why, unit: As, officer: OfficerId, yes: Yes = False, data: Data = None, json: Json = False
) -> None:
    """Close a case of which nothing is in force and nothing is left to do.

    A case with a hold that has not ended, or with a request that may yet be carried out, is not closed; what waits
    unsigned in it is cancelled. An officer of the unit that ordered its holds signs. Is there new evidence later,
    the case is opened again by what that asks for.

    Example: afa case close 019a… --reason "the victims have their money back" --as police-ty --officer chen-guoqiang
    """
    run = Run(data)
    act = CloseCase(case_id=case, reason=reason, at=run.clock.now())
    _act(run, act, (unit, officer), yes=yes, json=json)


def transfer(  # noqa: PLR0913, PLR0917 — each argument is an option of the command line
    case: CaseId,
    to: Annotated[str, typer.Option(metavar="UNIT", help="Who takes it over, in words: a unit out of the alliance.")],
    reason: Why,
    unit: As,
    officer: OfficerId,
    yes: Yes = False,
    data: Data = None,
    json: Json = False,
) -> None:
    """Hand a case over to police out of the alliance: nothing new is asked in it here, for good.

    What waits unsigned in it is cancelled. Its holds go on to their ends, and their unit may still change or lift
    them. Within the alliance no transfer is needed: officers of any police unit sign what waits (`afa order`).

    Example: afa case transfer 019a… --to 大同市反诈中心 --reason "caught there" --as police-ty --officer chen-guoqiang
    """
    run = Run(data)
    if run.registry().member(to) is not None:
        raise Refused(f"{to} is of this alliance: its officers sign what waits in the case, and need no transfer.")
    act = TransferCase(case_id=case, unit=to, reason=reason, at=run.clock.now())
    _act(run, act, (unit, officer), yes=yes, json=json)


def merge(  # noqa: PLR0913, PLR0917 — each argument is an option of the command line
    case: CaseId,
    into: Annotated[UUID, typer.Option(metavar="CASE", help="The case that goes on.")],
    reason: Why,
    unit: As,
    officer: OfficerId,
    yes: Yes = False,
    data: Data = None,
    json: Json = False,
) -> None:
    """Make two cases that speak of the same one: the other goes on with the leads of both.

    What was asked and is held in the first stays as it is, shown in the other; the stops of an account count together.
    An officer of the unit that has both cases signs. It can't be undone.

    Example: afa case merge 019a… --into 019b… --reason "one man's accounts" --as police-ty --officer chen-guoqiang
    """
    run = Run(data)
    act = MergeCase(case_id=case, into=into, reason=reason, at=run.clock.now())
    _act(run, act, (unit, officer), yes=yes, json=json)


def _act(run: Run, act: CaseAct, signer: tuple[str, str], *, yes: bool, json: bool) -> None:
    unit, officer = signer
    kid, key = load_officer(run.data, unit, officer)
    what = act.kind.partition("-")[0].capitalize()
    confirm(f"{what} the case {act.case_id} as {officer} of {unit}?", yes)
    with database(run.database_url) as engine:
        with engine.begin() as db:
            number = caseacts.file_case_act(db, act, key, kid, run.clock.now())
        judged = await_judgement(engine, lambda db: caseacts.judgement(db, number), "decision")
        if judged.refusal:
            raise Refused(f"The casebook refuses the decision: {judged.refusal}")
        with engine.connect() as db:
            shown = caseviews.case(db, act.case_id)
    assert shown is not None
    if json:
        print(shown.model_dump_json())
    else:
        tell(shown)
    note(f"The case is {shown.status}, signed by {officer} of {unit}.")
