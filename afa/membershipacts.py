"""`afa member suspend`, `revoke`, `restore`, `dismiss`, `rate`, `uninvite`: the registrar changes who may do what."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from afa.options import Centre, Data
from afa.output import note
from afa.place import Run
from afa.registrar import MEMBER, acting, desk
from alliance.embedded.datadir import write_private
from alliance.errors import Refused
from alliance.joining import standing
from alliance.joining.desk import Desk
from alliance.quotas import MOST


@contextmanager
def _centre_told(at: Desk) -> Iterator[None]:
    """Whoever else is the police centre now: that is no act of its own."""
    before = at.registry().police()
    yield
    now = at.registry().police()
    if now is None and before is not None:
        note("There is no police centre any more: members seal to nobody until a police unit is admitted or restored.")
    elif now is not None and before is not None and now.member != before.member:
        note(f"The police centre is now {now.member}, in the place of {before.member}: members seal to it alone.")


def suspend(member: Annotated[str, MEMBER], data: Data = None) -> None:
    """For a while nothing of a member counts, and the broker gives it nothing; it keeps its password for later.

    Example: afa member suspend bank-042
    """
    run = Run(data)
    standing.bar(desk(run), member)
    with acting(run) as at, _centre_told(at):
        standing.suspend(at, member)
    note(f"{member} is suspended: what it signs is refused, the broker takes nothing from it. Undo: afa member restore")


def revoke(member: Annotated[str, MEMBER], data: Data = None) -> None:
    """As `suspend`, and its password is taken: for a unit that leaves, or whose machine is in other hands.

    Example: afa member revoke bank-042
    """
    run = Run(data)
    standing.bar(desk(run), member)
    with acting(run) as at, _centre_told(at):
        standing.revoke(at, member)
    note(f"{member} is revoked: as suspended, and without a password. Undo: afa member restore {member}")


def restore(
    member: Annotated[str, MEMBER],
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="MEMBER.login unless given.")] = None,
    centre: Centre = False,
    data: Data = None,
) -> None:
    """Undo a suspension or a revocation. Was its keys' machine in other hands, invite it anew instead.

    Example: afa member restore bank-042
    """
    path, written = out or Path(f"{member}.login"), False

    def hand_over(answer: bytes) -> None:
        nonlocal written
        write_private(path, answer.decode("ascii") + "\n")
        written = True

    with acting(Run(data)) as at, _centre_told(at):
        standing.restore(at, member, hand_over, centre=centre)
    note(f"{member} is an active member again.")
    if written:
        note(f"It needs the new password in {path}, sealed so that it alone can read it: afa member accept {path.name}")


def dismiss(
    member: Annotated[str, MEMBER],
    officer: Annotated[str, typer.Argument(metavar="OFFICER", help="Who signs nothing for the unit any more.")],
    data: Data = None,
) -> None:
    """End an officer's key: for one who leaves the unit, or whose key is in other hands.

    Orders that were not carried out yet, and mandates that need the signature, count no more; holds go on. To let the
    officer sign with a new key later, remove the file with the old one, and name the officer to `afa member add` anew.

    Example: afa member dismiss police-ty chen-guoqiang
    """
    with acting(Run(data)) as at:
        standing.dismiss(at, member, officer)
    note(f"Nothing counts any more that {officer} of {member} has signed or signs.")


def rate(
    member: Annotated[str, MEMBER],
    alerts: Annotated[
        int | None,
        typer.Argument(metavar="ALERTS", min=1, max=MOST, help="Alerts a second, from now on."),
    ] = None,
    data: Data = None,
) -> None:
    """How many alerts a second are agreed with a member; the broker slows it beyond ten times that. Acts at once.

    Example: afa member rate bank-042 200
    """
    run = Run(data)
    if alerts is None:
        print(standing.rate(desk(run), member))
    else:
        with acting(run) as at:
            before = standing.agree(at, member, alerts)
        note(f"{alerts} alerts a second are agreed with {member}; before it were {before}.")


def uninvite(member: Annotated[str, MEMBER], data: Data = None) -> None:
    """Withdraw the invite of a unit that was not admitted yet.

    Example: afa member uninvite bank-042
    """
    with acting(Run(data)) as at:
        if not at.withdraw(member):
            raise Refused(f"{member} has no invite; see `afa member pending`.")
    note(f"The invite of {member} is withdrawn.")
