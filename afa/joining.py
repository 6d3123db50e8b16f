"""`afa member join`, `rotate-key`, `accept`: what a unit does on its own machine, with nothing of the hub's disk."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from afa.options import MemberFilePath
from afa.output import note
from alliance.clock import wall_now
from alliance.errors import Refused
from alliance.joining import memberfile, newcomer, wire
from alliance.joining.memberfile import MemberFile
from alliance.kafka import KafkaLogin

_WAIT_S = 3_600.0
_Wait = Annotated[float, typer.Option("--wait", metavar="SECONDS", min=0, help="How long to wait for the registrar.")]
_Required = Annotated[
    Path, typer.Option("--member-file", metavar="FILE", help="The file that `afa member join` wrote.")
]


def join(
    invite: Annotated[Path, typer.Argument(metavar="INVITE", help="As the registrar gave it.", exists=True)],
    member_file: MemberFilePath = None,
    wait: _Wait = _WAIT_S,
) -> None:
    """Join the alliance: keys are made here, and one file comes to hold all that is needed to publish.

    Example: afa member join bank-042.invite
    """
    read = newcomer.read_invite(invite.read_bytes())
    path = member_file or Path(f"{read.member}.member")
    held = newcomer.ask(read, path, wall_now())
    note(f"The keys of {held.member} were made here, in {path}, and never leave it. Their fingerprint is")
    _wait_for(held, newcomer.invite_login(read), wait)
    note(f"{held.member} has joined. Publish: afa publish alerts.jsonl --member-file {path}")


def rotate_key(member_file: _Required, wait: _Wait = _WAIT_S) -> None:
    """Put new keys, made here, in the place of the present ones; what those have signed goes on to count.

    Example: afa member rotate-key --member-file bank-042.member
    """
    held = newcomer.ask_for_change(memberfile.load(member_file))
    note(f"New keys of {held.member} were made. The present ones are used until the registrar approves. Fingerprint:")
    welcomed = _wait_for(held, held.login(), wait)
    note(f"{held.member} signs with the key {welcomed.keys.key_id} from now on.")


def accept(
    answer: Annotated[Path, typer.Argument(metavar="FILE", help="As the registrar gave it.", exists=True)],
    member_file: _Required,
) -> None:
    """Take a new password from the registrar, after a revocation was undone. The file tells nobody else anything.

    Example: afa member accept bank-042.login --member-file bank-042.member
    """
    held = memberfile.load(member_file)
    text = answer.read_text(encoding="ascii", errors="replace").strip()
    taken = newcomer.taken(replace(held, next=None), text)
    if taken is None:
        raise Refused(f"{answer} is not the registrar's answer to the keys of {held.member} in {member_file}.")
    # New keys that wait for the registrar wait on.
    replace(taken, next=held.next).save()
    note(f"{held.member} can publish again.")


def _wait_for(held: MemberFile, login: KafkaLogin, seconds: float) -> MemberFile:
    note(f"\n    {wire.fingerprint((held.next or held.keys).public)}\n")
    note(f"The registrar compares it with you, and approves: afa member approve {held.member}. Waiting …")
    return newcomer.wait(held, login, seconds)
