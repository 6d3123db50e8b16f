"""`afa member`: who belongs to the alliance, and admitting a new unit."""

from __future__ import annotations

from typing import Annotated

import typer

from afa.options import Centre, Data, Json, Rate
from afa.output import Column, note, show
from afa.place import Run
from afa.registrar import acting
from alliance.membership import MemberSpec, OfficerSpec, enrol, member_dir, token_keys
from schemas.registry import Alliance, Member, Sector

app = typer.Typer(no_args_is_help=True, help="The alliance's members: list them, or admit one.")

_COLUMNS = (
    Column[Member]("Member", 20, lambda m: m.member),
    Column[Member]("Name", 26, lambda m: m.name),
    Column[Member]("Sector", 10, lambda m: m.sector.value),
    Column[Member]("Status", 10, lambda m: m.status.value),
    Column[Member]("Routes", 29, lambda m: ", ".join(m.routes) or "–"),
)


@app.command("list")
def list_members(data: Data = None, json: Json = False) -> None:
    """Who is a member, with which keys and routes.

    Example: afa member list --json
    """
    members = sorted(Run(data).registry(), key=lambda m: m.member)
    show([members], _COLUMNS, as_json=json, empty="No member has been admitted yet; admit one by `afa member add`.")


@app.command("add")
def add(  # noqa: PLR0913, PLR0917 — each argument is an option of the command line
    member: Annotated[str, typer.Argument(metavar="MEMBER", help="A short name: small letters, digits, hyphens.")],
    name: Annotated[str, typer.Option(help="The unit's full name.")],
    sector: Annotated[Sector, typer.Option(help="Decides which kinds of alert it may send.")],
    alliance: Annotated[Alliance, typer.Option(help="Which of the seven alliances it belongs to.")],
    route: Annotated[list[str], typer.Option(help="A routing code it answers for; repeat for more.")] = [],  # noqa: B006
    officer: Annotated[
        list[str], typer.Option(metavar="ID:RANK", help="An officer who may sign orders (police); repeat for more.")
    ] = [],  # noqa: B006
    call_back: Annotated[str | None, typer.Option(help="The number at which its orders can be confirmed.")] = None,
    rate: Rate = None,
    centre: Centre = False,
    data: Data = None,
    json: Json = False,
) -> None:
    """Admit a unit whose keys are made and kept on this run, as the simulated city's are. A real unit joins by
    `invite`, with keys of its own. Again for the same unit changes what differs.

    Example: afa member add bank-x --name "Bank X" --sector bank --alliance police-bank --route cnaps:105161000015
    """
    spec = MemberSpec(
        member, name, sector, alliance, tuple(route), tuple(map(_officer, officer)), call_back, rate, centre
    )
    run = Run(data)
    with acting(run) as at:
        record = enrol(at.data, at.login, spec, token_keys(at.data), at.clock)
    show([[record]], _COLUMNS, as_json=json, empty="")
    note(f"The keys of {member} are in {member_dir(run.data, member)}; nobody else may read them.")


def _officer(text: str) -> OfficerSpec:
    officer, _, rank = text.partition(":")
    if not officer or not rank:
        raise typer.BadParameter(f"{text!r} is no ID:RANK, such as zhao:captain", param_hint="--officer")
    return OfficerSpec(officer, rank)
