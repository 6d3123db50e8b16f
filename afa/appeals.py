"""`afa appeal`: a holder's appeal, passed on by its bank or entered by police, and an officer's decision on it."""

from __future__ import annotations

import re
from typing import Annotated
from uuid import UUID

import typer
from pydantic import TypeAdapter, ValidationError

from afa import objecting, output
from afa.listings import pages
from afa.objecting import Filer, Statement, Uphold, Why
from afa.options import ActsAs, As, Data, Follow, Json, MemberFilePath, OfficerId
from afa.output import Column, note, show, when
from afa.place import Run
from consumers.casebook.views import objectionviews
from schemas.decisions import AppealStatus, AppealView
from schemas.notices import Notice
from schemas.objections import Appeal, AppealGrounds

app = typer.Typer(no_args_is_help=True, help="Appeals of account holders against a hold.")
_NOTICE: TypeAdapter[str] = TypeAdapter(Notice)


@app.command("list")
def list_all(
    status: Annotated[AppealStatus | None, typer.Option(help="Only those of this status.")] = None,
    data: Data = None,
    json: Json = False,
    follow: Follow = False,
) -> None:
    """Appeals, by when each must be decided and what became of it.

    Example: afa appeal list --status overdue
    """
    chosen = (
        [one for one in page if status is None or one.status is status]
        for page in pages(data, objectionviews.appeals, follow)
    )
    output.follow(chosen, _COLUMNS, as_json=json, empty="There is no appeal yet.", on=follow)


@app.command("file")
def file(  # noqa: PLR0913, PLR0917 — each argument is an option of the command line
    grounds: Annotated[AppealGrounds, typer.Option(help="On which grounds; lost ones are not heard again.")],
    statement: Statement,
    member: ActsAs = None,
    member_file: MemberFilePath = None,
    hold_id: Annotated[
        UUID | None, typer.Argument(metavar="HOLD_ID", help="As `afa holds` shows it; or give --notice.")
    ] = None,
    notice: Annotated[
        str | None, typer.Option(metavar="NUMBER", help="The number of the notice that the holder was given.")
    ] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Pass on a holder's appeal: a bank against a hold at itself, police against any, by the notice's number.

    Example: afa appeal file --notice 0043-8267-7930 --grounds own-funds --statement "It is her wage." --as police-ty
    """
    if (hold_id is None) == (notice is None):
        raise typer.BadParameter("name the hold by its id or by --notice", param_hint="HOLD_ID")
    said = Appeal(hold_id=hold_id, notice=_notice(notice), grounds=grounds, statement=statement)
    filer = Filer.of(data, member, member_file)
    taken = objecting.file(filer, said)
    if filer.run is None:
        objecting.show_passed_on("appeal", taken, as_json=json)
        return
    shown = _show(data, taken, json)
    note(shown.reason or f"Filed; it is to be decided by {when(shown.due_at)} alliance time.")


@app.command("decide")
def decide(
    appeal_id: Annotated[UUID, typer.Argument(metavar="APPEAL_ID", help="As `afa appeal list` shows it.")],
    uphold: Uphold,
    reason: Why,
    unit: As,
    officer: OfficerId,
    data: Data = None,
    json: Json = False,
) -> None:
    """Decide an appeal, as an officer who did not authorise the hold. If it is upheld, all that rests on it is let go.

    Example: afa appeal decide 9f2f… --uphold --reason "The invoice fits." --as police-ty --officer li-wenjuan
    """
    objecting.decide(data, "appeal", appeal_id, uphold, reason, unit, officer)
    _show(data, appeal_id, json)
    note("Decided; all parties are told.")


def _notice(text: str | None) -> str | None:
    if text is None:
        return None
    try:
        return _NOTICE.validate_python(re.sub(r"[\s-]", "", text))
    except ValidationError as error:
        raise typer.BadParameter("that is no notice's number: 12 digits, of which one or more is wrong") from error


def _show(data: Data, appeal_id: UUID, json: bool) -> AppealView:
    with Run(data).database() as db:
        shown = objectionviews.appeal(db, appeal_id)
    show([[shown]], _COLUMNS, as_json=json, empty="")
    return shown


def _status(one: AppealView) -> str:
    decided = one.status in (AppealStatus.UPHELD, AppealStatus.REJECTED)
    return f"{one.status.value}, late" if decided and one.late else one.status.value


_COLUMNS = (
    Column[AppealView]("Appeal", 36, lambda one: str(one.appeal_id)),
    Column[AppealView]("Notice", 12, lambda one: one.notice),
    Column[AppealView]("Filed by", 16, lambda one: one.member),
    Column[AppealView]("Due", 14, lambda one: when(one.due_at)),
    Column[AppealView]("Status", 14, _status),
)
