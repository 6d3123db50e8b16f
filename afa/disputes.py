"""`afa dispute`: a member says that a suspicion is wrong; nothing new is asked without a person until police decide."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import typer
from pydantic import TypeAdapter, ValidationError

from afa import objecting, output
from afa.listings import pages
from afa.objecting import Filer, Statement, Uphold, Why
from afa.options import ActsAs, As, Data, Follow, Json, MemberFilePath, OfficerId
from afa.output import Column, note, show
from afa.place import Run
from afa.publishing import tokenised
from alliance.errors import SetupError
from consumers.casebook.views import objectionviews
from schemas.decisions import DisputeStatus, DisputeView
from schemas.identifiers import Basis, Identifier, IdentifierKind
from schemas.objections import Dispute, DisputeGrounds
from schemas.requests import LeadId

app = typer.Typer(no_args_is_help=True, help="Disputes of a lead, of a request, or of one's own customer as a suspect.")
_LEAD: TypeAdapter[str] = TypeAdapter(LeadId)


@app.command("list")
def list_all(
    status: Annotated[DisputeStatus | None, typer.Option(help="Only those of this status.")] = None,
    data: Data = None,
    json: Json = False,
    follow: Follow = False,
) -> None:
    """Disputes, and what was found. The leads that are disputed now: `afa leads --disputed`.

    Example: afa dispute list --status open
    """
    chosen = (
        [one for one in page if status is None or one.status is status]
        for page in pages(data, objectionviews.disputes, follow)
    )
    output.follow(chosen, _COLUMNS, as_json=json, empty="There is no dispute yet.", on=follow)


@app.command("file")
def file(  # noqa: PLR0913, PLR0917 — each argument is an option of the command line
    grounds: Annotated[DisputeGrounds, typer.Option(help="On which grounds.")],
    statement: Statement,
    member: ActsAs = None,
    member_file: MemberFilePath = None,
    lead: Annotated[str | None, typer.Option(metavar="ID", help="A lead that this member was asked about.")] = None,
    request: Annotated[UUID | None, typer.Option(metavar="ID", help="A request that this member got.")] = None,
    target: Annotated[
        str | None, typer.Option(metavar="KIND:VALUE", help="An own customer, in clear: account:6217…, number:139….")
    ] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Dispute a lead, a request or a customer as a suspect. What is held stays held until police decide.

    Example: afa dispute file --target account:6217… --grounds vouched-for --statement "A grocery." --as bank-icbc
    """
    if [lead, request, target].count(None) != 2:
        raise typer.BadParameter("name one of --lead, --request and --target")
    lead_id, customer = _lead(lead), _split(target) if target else None
    filer = Filer.of(data, member, member_file)
    named = _target(filer, *customer) if customer else None
    said = Dispute(lead_id=lead_id, request_id=request, target=named, grounds=grounds, statement=statement)
    taken = objecting.file(filer, said)
    if filer.run is None:
        objecting.show_passed_on("dispute", taken, as_json=json)
        return
    shown = _show(data, taken, json)
    note(shown.reason or "Filed; until it is decided nothing new is asked without an officer.")


@app.command("decide")
def decide(
    dispute_id: Annotated[UUID, typer.Argument(metavar="DISPUTE_ID", help="As `afa dispute list` shows it.")],
    uphold: Uphold,
    reason: Why,
    unit: As,
    officer: OfficerId,
    data: Data = None,
    json: Json = False,
) -> None:
    """Decide a dispute. If it is upheld, what rests on the suspicion is let go; if not, what waited goes on.

    Example: afa dispute decide 7d1a… --reject --reason "Two victims paid to it." --as police-ty --officer li-wenjuan
    """
    objecting.decide(data, "dispute", dispute_id, uphold, reason, unit, officer)
    _show(data, dispute_id, json)
    note("Decided; the finding is kept, and the member is told.")


def _lead(text: str | None) -> str | None:
    try:
        return text and _LEAD.validate_python(text)
    except ValidationError as error:
        raise typer.BadParameter("that is no lead's id; it begins with L-", param_hint="--lead") from error


def _split(text: str) -> tuple[IdentifierKind, str]:
    kind, _, value = text.partition(":")
    if kind not in set(IdentifierKind) or not value:
        raise typer.BadParameter("say what it is: account:6217…", param_hint="--target")
    return IdentifierKind(kind), value


def _target(filer: Filer, kind: IdentifierKind, value: str) -> Identifier:
    record = filer.registry().member(filer.member)
    if record is None or not record.routes:
        raise SetupError(f"{filer.member} answers for no routing code, so that nobody is known to be its customer.")
    tokens = tokenised(filer.keys, kind.value, value)
    return Identifier(kind=kind, tokens=tokens, holders=record.routes[:4], basis=Basis.VERIFIED)


def _show(data: Data, dispute_id: UUID, json: bool) -> DisputeView:
    with Run(data).database() as db:
        shown = objectionviews.dispute(db, dispute_id)
    show([[shown]], _COLUMNS, as_json=json, empty="")
    return shown


_COLUMNS = (
    Column[DisputeView]("Dispute", 36, lambda one: str(one.dispute_id)),
    Column[DisputeView]("By", 13, lambda one: one.member),
    Column[DisputeView]("Of", 25, lambda one: one.lead_id or one.token),
    Column[DisputeView]("Grounds", 11, lambda one: one.grounds.value),
    Column[DisputeView]("Status", 10, lambda one: one.status.value),
)
