"""The options that many commands share, each worded once."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from alliance.quotas import AGREED, MOST
from alliance.settings import Settings

Data = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", help="The data folder; AFA_DATA_DIR, or else ./data, unless given."),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line on stdout, by the public schema.")]
Follow = Annotated[bool, typer.Option("--follow", "-f", help="Go on with what changes, until Ctrl-C.")]
As = Annotated[
    str,
    typer.Option("--as", metavar="MEMBER", help="The unit that acts: such as bank-icbc, or the officer's."),
]
ActsAs = Annotated[
    str | None, typer.Option("--as", metavar="MEMBER", help="The member unit that acts, if its keys are on this run.")
]
MemberFilePath = Annotated[
    Path | None,
    typer.Option("--member-file", metavar="FILE", help="The file that a member holds, wherever the hub is."),
]
Rate = Annotated[
    int | None,
    typer.Option(
        min=1,
        max=MOST,
        help=f"Alerts a second that are agreed ({AGREED} at first); the broker slows beyond ten times that.",
    ),
]
Centre = Annotated[
    bool,
    typer.Option(
        "--centre", help="The police centre from now on, if its name is first: another's vault opens nothing new."
    ),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Sign without asking once more.")]
OfficerId = Annotated[str, typer.Option("--officer", metavar="ID", help="The police officer who signs.")]


def confirm(question: str, yes: bool) -> None:
    """Whoever is asked on a terminal has read what stands above; a script is not asked."""
    if not yes and sys.stdin.isatty():
        typer.confirm(question, abort=True, err=True)


def in_clear(kind: str) -> str:
    """An identifier, from a prompt or from stdin: in an argument every process of the machine could read it."""
    asked: str = typer.prompt(f"The {kind} in clear", err=True) if sys.stdin.isatty() else sys.stdin.readline()
    return asked


def data_dir(given: Path | None) -> Path:
    return given or Settings().data_dir
