"""`afa epoch`: the registrar rotates the key that tokens are made with, and a member takes the new one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from afa import allow
from afa.options import Data, Json
from afa.output import Column, note, show, when
from afa.place import Run
from afa.registrar import acting, desk
from alliance.errors import Refused
from alliance.joining import memberfile, rotation, taking
from schemas.epochs import EpochView
from streams.rules import load_rules

app = typer.Typer(no_args_is_help=True, help="Token epochs: rotate the key under which the alliance makes tokens.")


@app.command("list")
def list_all(data: Data = None, json: Json = False) -> None:
    """The epochs, since when, and which members have taken the key.

    Example: afa epoch list
    """
    _show(rotation.views(desk(Run(data))), json)


@app.command("rotate")
def rotate(data: Data = None, json: Json = False) -> None:
    """Make the next epoch's key and send it, sealed, to each active member, who then makes tokens under both.

    Example: afa epoch rotate
    """
    with acting(Run(data)) as at:
        given = rotation.rotate(at)
    told = given.told
    _show(rotation.views(at), json)
    _warn(given.unsent)
    note(f"Members take the key of {told.epochs[-1].epoch} by: afa epoch take --member-file FILE")
    note(f"Leads come under {told.leading} until: afa epoch cut-over")


@app.command("send")
def send(data: Data = None) -> None:
    """Send the present keys once more to the members that have not said that they have just these.

    Example: afa epoch send
    """
    with acting(Run(data)) as at:
        sent, unsent = rotation.send(at)
    sent = [member for member in sent if member not in unsent]
    _warn(unsent)
    note(f"Sent once more to {', '.join(sent)}." if sent or unsent else "Every active member has the present keys.")


@app.command("cut-over")
def cut_over(
    early: Annotated[
        bool, typer.Option("--early", help="Before the overlap is over: what only the older key names is forgotten.")
    ] = False,
    data: Data = None,
    json: Json = False,
) -> None:
    """End the overlap: leads come under the newer epoch, the older key names nothing any more, here and at each member.

    Example: afa epoch cut-over
    """
    run = Run(data)
    with acting(run) as at:
        lacking = allow.lacking(run, rotation.views(at)[-1].epoch)
        if lacking and not early:
            raise Refused(
                f"{len(lacking)} allow-list entries have no token of the newer epoch and would end; run `afa allow "
                "renew`, or remove them."
            )
        given = rotation.cut_over(at, timedelta(milliseconds=load_rules().memory_ms()), early=early)
    _show(rotation.views(at), json)
    _warn(given.unsent)


@app.command("take")
def take(
    member_file: Annotated[
        Path, typer.Option("--member-file", metavar="FILE", help="The file that `afa member join` wrote.")
    ],
) -> None:
    """On a member's own machine: take the token keys that the registrar has sent, and tell it so.

    Example: afa epoch take --member-file bank-042.member
    """
    took = taking.take(memberfile.load(member_file))
    for refused in took.refused:
        note(refused)
    assert took.held.keys.tokens is not None
    note(f"{took.held.member} makes tokens under {' and '.join(took.held.keys.tokens.epochs)}.")


def _warn(unsent: Mapping[str, str]) -> None:
    for member, why in unsent.items():
        note(f"{member} was sent no keys: {why}; then run: afa epoch send")


def _show(views: Sequence[EpochView], json: bool) -> None:
    show([views], _COLUMNS, as_json=json, empty="There is no epoch.")


_COLUMNS = (
    Column[EpochView]("Epoch", 8, lambda v: v.epoch),
    Column[EpochView]("Since", 22, lambda v: when(v.since)),
    Column[EpochView]("Leads", 6, lambda v: "yes" if v.leads else "no"),
    Column[EpochView]("Taken by", 30, lambda v: f"{len(v.taken)} members"),
    Column[EpochView]("Not taken by", 30, lambda v: ", ".join(v.missing) or "–"),
)
