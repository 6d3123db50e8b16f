"""`afa case`: one case whole, for a person or as JSON, by the public schemas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated
from uuid import UUID

import typer
from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Connection

from afa import returned
from afa.listings import HOLD_COLUMNS
from afa.options import Data
from afa.output import Column, amount, amounts, section, when
from afa.place import Run
from alliance.errors import Refused
from consumers.casebook.authority import caseacts
from consumers.casebook.evidence.merging import merged_into
from consumers.casebook.views import caseviews, clockviews, returnviews
from schemas.base import Token
from schemas.cases import CaseView, ClaimView, ClockView, PathEndView
from schemas.decisions import CaseAct, MergeCase, TransferCase
from schemas.leads import Evidence, Lead
from schemas.requests import RequestView

app = typer.Typer(
    no_args_is_help=True, help="Everything about one suspect, or one victim at risk: shown, closed, transferred."
)
_TOKEN: TypeAdapter[str] = TypeAdapter(Token)


@app.command("show")
def show(
    named: Annotated[str, typer.Argument(metavar="CASE|LEAD|TOKEN", help="A case, its lead, or whom it is about.")],
    data: Data = None,
    json: Annotated[
        bool, typer.Option("--json", help="The case as one JSON object; each return and each clock is one more line.")
    ] = False,
) -> None:
    """Why there is a case, what was asked of whom by whose order, what is held until when, where money was lost, what
    goes back to its victims, and which clocks run.

    Example: afa case show "$(afa leads --json | jq -r 'select(.level == "very-high") | .lead_id' | head -n 1)"
    """
    find = _finder(named)
    run = Run(data)
    with run.database() as db:
        shown = caseviews.case(db, case_id := find(db))
        said = caseacts.last_word(db, case_id)
        both = [case_id, *merged_into(db, case_id)]
        going_back, runs = returnviews.returns(db, both), clockviews.clocks(db, both, run.clock.now())
    if shown is None:
        raise Refused(f"There is no case {named}; `afa requests --json` and `afa holds --json` name them.")
    if json:
        for line in (shown, *going_back, *runs):
            print(line.model_dump_json())
    else:
        tell(shown, said)
        for one in going_back:
            returned.tell(one)
        section("Clocks", runs, _CLOCKS)


def _finder(named: str) -> Callable[[Connection], UUID]:
    """What finds the case; it raises Refused if nothing is known by that name, or more than one case is."""
    if named.startswith("L-"):
        return lambda db: _one(named, [found] if (found := caseviews.case_of(db, named)) else [])
    if _is_token(named):
        return lambda db: _one(named, caseviews.cases_of(db, named))
    try:
        case_id = UUID(named)
    except ValueError:
        raise typer.BadParameter(
            "name a case by its id, a lead (L-…), or a token (e1:…, see `afa token`)", param_hint="CASE|LEAD|TOKEN"
        ) from None
    return lambda _: case_id


def _is_token(text: str) -> bool:
    try:
        return bool(_TOKEN.validate_python(text))
    except ValidationError:
        return False


def _one(named: str, found: list[UUID]) -> UUID:
    if not found:
        raise Refused(f"There is no case about {named}; see `afa leads`.")
    if len(found) > 1:
        raise Refused(f"{named} is in {len(found)} cases; name one of them: {', '.join(map(str, found))}.")
    return found[0]


def tell(case: CaseView, said: CaseAct | None = None) -> None:
    """The case for a person; `said` is the last word of an officer on it as a whole."""
    fell = f"; its grounds fell {case.releases} times" if case.releases else ""
    section(f"Case {case.case_id}: {case.role.value}, {case.status}, begun {when(case.opened_at)}{fell}", [], ())
    if said is not None and case.status != "open":
        to = f" to {said.unit}" if isinstance(said, TransferCase) else ""
        to = f" into {said.into}" if isinstance(said, MergeCase) else to
        section(f"It was {case.status}{to} at {when(said.at)}: {said.reason}", [], ())
    for lead in case.leads:
        section(_heading(lead), lead.evidence, _EVIDENCE)
    for hop in sorted({request.hop for request in case.requests}):
        asked = [request for request in case.requests if request.hop == hop]
        section(f"Hop {hop}" if hop else "Requests", asked, _REQUESTS)
    section("Holds", case.holds, HOLD_COLUMNS)
    section("Claims of victims", case.claims, _CLAIMS)
    section("Where money was lost", case.path_ends, _ENDS)


def _heading(lead: Lead) -> str:
    risk = f", {amounts(lead.amount_at_risk)} at risk" if lead.amount_at_risk else ""
    return f"Lead {lead.lead_id}: {lead.level.value}, score {lead.score:.2f}, {lead.stage.value}{risk}"


def _by(request: RequestView) -> str:
    """Who authorised it, or who must yet."""
    if request.missing:
        signed = f"signed by {', '.join(request.officers)}; " if request.officers else ""
        return f"{signed}wants {request.missing}"
    return ": ".join(part for part in (request.authority.value, ", ".join(request.officers)) if part)


def _state(request: RequestView) -> str:
    why = request.unroutable if request.to is None else request.reason
    return f"{request.status.value}: {why}" if why else request.status.value


_EVIDENCE = (
    Column[Evidence]("Seen", 14, lambda item: when(item.time)),
    Column[Evidence]("By", 16, lambda item: item.member),
    Column[Evidence]("Alert", 19, lambda item: item.kind),
    Column[Evidence]("Because", 14, lambda item: item.relation.value),
    Column[Evidence]("Weight", 6, lambda item: f"{item.weight:.2f}", "right"),
    Column[Evidence]("Joined by", 16, lambda item: item.via.kind.value if item.via else "–"),
)
_REQUESTS = (
    Column[RequestView]("Drafted", 14, lambda request: when(request.drafted_at)),
    Column[RequestView]("Action", 14, lambda request: request.action.value),
    Column[RequestView]("To", 12, lambda request: request.to or "nobody"),
    Column[RequestView]("Amount", 14, lambda request: amount(request.amount), "right"),
    Column[RequestView]("By", 19, _by),
    Column[RequestView]("State", 20, _state),
)
_CLAIMS = (
    Column[ClaimView]("Hold", 36, lambda claim: str(claim.hold_id)),
    Column[ClaimView]("Reported to", 20, lambda claim: claim.member),
    Column[ClaimView]("Amount", 18, lambda claim: amount(claim.amount), "right"),
)
_CLOCKS = (
    Column[ClockView]("Strikes", 14, lambda each: when(each.at)),
    Column[ClockView]("What", 15, lambda each: each.clock.value),
    Column[ClockView]("Who", 16, lambda each: each.unit or "–"),
    Column[ClockView]("About", 36, lambda each: str(each.about)),
)
_ENDS = (
    Column[PathEndView]("Hop", 3, lambda end: str(end.hop), "right"),
    Column[PathEndView]("Left", 14, lambda end: when(end.outflow.time)),
    Column[PathEndView]("As", 10, lambda end: end.outflow.type.value),
    Column[PathEndView]("Amount", 18, lambda end: amount(end.outflow.amount), "right"),
    Column[PathEndView]("Place", 40, lambda end: end.outflow.place or "–"),
)
