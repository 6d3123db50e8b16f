"""`afa member invite`, `pending`, `approve`: the registrar lets in a unit whose keys are made on its own machine."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from afa.options import Centre, Data, Json, Rate
from afa.output import Column, note, show
from afa.place import Run
from alliance.embedded.datadir import write_private
from alliance.errors import Refused
from alliance.joining import wire
from alliance.joining.desk import Desk
from alliance.joining.succession import OVERLAP
from alliance.membership import MemberSpec
from alliance.registrar import alone
from alliance.tls import is_loopback
from schemas.joining import Broker, KeyRequest, Pending
from schemas.registry import Alliance, Member, Sector

MEMBER = typer.Argument(metavar="MEMBER", help="A short name: small letters, digits, hyphens.")
_COLUMNS = (
    Column[Pending]("Member", 20, lambda p: p.member),
    Column[Pending]("Waits for", 22, lambda p: p.waits_for),
    Column[Pending]("Fingerprint of its keys", 39, lambda p: p.fingerprint or "–"),
    Column[Pending]("Refused beside it", 16, lambda p: "\n".join(p.refused) or "–"),
)


def invite(  # noqa: PLR0913, PLR0917 — each argument is an option of the command line
    member: Annotated[str, MEMBER],
    sector: Annotated[Sector, typer.Option(help="Decides which kinds of alert it may send.")],
    alliance: Annotated[Alliance, typer.Option(help="Which of the seven alliances it belongs to.")],
    name: Annotated[str | None, typer.Option(help="The unit's full name; its short one unless given.")] = None,
    route: Annotated[
        list[str], typer.Option("--route", "--routes", help="A routing code it answers for; repeat for more.")
    ] = [],  # noqa: B006
    call_back: Annotated[str | None, typer.Option(help="The number at which its orders can be confirmed.")] = None,
    rate: Rate = None,
    centre: Centre = False,
    hours: Annotated[int, typer.Option("--hours", min=1, max=720, help="How long the invite can be used.")] = 72,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="MEMBER.invite unless given.")] = None,
    broker: Annotated[
        str | None, typer.Option("--broker", metavar="HOST:PORT", help="Where the unit reaches Kafka, if elsewhere.")
    ] = None,
    ca: Annotated[
        Path | None, typer.Option("--ca", metavar="PEM", help="Kafka has TLS, by this authority.", exists=True)
    ] = None,
    data: Data = None,
) -> None:
    """Let a unit join with keys of its own: writes an invite, good once, to be given to the unit alone.

    Example: afa member invite bank-042 --sector bank --alliance police-bank --route cnaps:102161000042
    """
    run = Run(data)
    spec = MemberSpec(member, name or member, sector, alliance, tuple(route), (), call_back, rate, centre)
    with acting(run) as at:
        made = at.invite(spec, broker_at(run, broker, ca), timedelta(hours=hours))
    path = out or Path(f"{member}.invite")
    write_private(path, made.model_dump_json(indent=2) + "\n")
    note(f"The invite of {member} is in {path}; it can be used once, until {made.expires:%Y-%m-%d %H:%M} UTC.")
    note(f"Give it to {member} alone, who runs: afa member join {path.name}")
    note("Then compare the fingerprint by telephone: afa member pending, afa member approve " + member)


def broker_at(run: Run, address: str | None, ca: Path | None) -> Broker:
    """Where the unit reaches Kafka: with TLS, unless that is on this machine."""
    bootstrap = address or run.reached_at
    plain = ca is None and all(is_loopback(one.rpartition(":")[0]) for one in bootstrap.split(","))
    return Broker(
        bootstrap=bootstrap,
        security_protocol=run.admin.security_protocol if plain else "SASL_SSL",
        ca=ca.read_text(encoding="utf-8") if ca else run.admin.ca,
    )


def pending(data: Data = None, json: Json = False) -> None:
    """Who was invited, who has asked with which keys, and which members ask for new ones.

    Example: afa member pending
    """
    with acting(Run(data)) as at:
        found = _pending(at)
    show([found], _COLUMNS, as_json=json, empty="Nobody is invited, and nobody asks for new keys.")


def approve(
    member: Annotated[str, MEMBER],
    fingerprint: Annotated[
        str | None, typer.Option("--fingerprint", help="As the unit reads it out; without it you are asked.")
    ] = None,
    overlap_days: Annotated[
        int, typer.Option("--overlap-days", min=0, max=90, help="How long a member's former key still signs.")
    ] = OVERLAP.days,
    data: Data = None,
) -> None:
    """Admit the keys that a unit has asked with, once its fingerprint is the one that the unit reads out.

    Example: afa member approve bank-042
    """
    run = Run(data)
    request = desk(run).asked(member)
    # Nothing else waits while two people talk by telephone.
    _compare(request, fingerprint)
    with acting(run) as at:
        if at.asked(member) != request:
            raise Refused(f"{member} has asked with other keys meanwhile; compare those.")
        record = at.approve(request, timedelta(days=overlap_days))
    note(f"{member} is a member ({record.sector.value}, {record.alliance.value}) with the key {request.key_id}.")


def desk(run: Run) -> Desk:
    """For what only looks."""
    return Desk(run.data, run.registrar(), run.clock)


@contextmanager
def acting(run: Run) -> Iterator[Desk]:
    """For what changes something, one command at a time."""
    at = desk(run)
    with alone(run.data):
        yield at


def _pending(at: Desk) -> list[Pending]:
    found = [
        Pending(
            member=filed.spec.member,
            waits_for="approval" if judged.request else "its first use",
            fingerprint=judged.fingerprint,
            asked_at=judged.at,
            expires=filed.invite.expires,
            refused=judged.refused,
        )
        for filed, judged in at.filed()
        if not judged.answered or judged.refused
    ]
    return [*found, *(_change(request) for member in _active(at) for request in at.changes(member.member))]


def _change(request: KeyRequest) -> Pending:
    return Pending(member=request.member, waits_for="approval of new keys", fingerprint=wire.fingerprint(request))


def _active(at: Desk) -> list[Member]:
    return sorted(at.registry(), key=lambda member: member.member)


def _compare(request: KeyRequest, said: str | None) -> None:
    shown = wire.fingerprint(request)
    note(f"The keys of {request.member} have the fingerprint\n\n    {shown}\n")
    if said is not None:
        if said.replace("-", "").replace(" ", "").lower() != shown.replace("-", ""):
            raise Refused(f"That is not the fingerprint of these keys; {request.member} is not admitted.")
    elif not sys.stdin.isatty():
        raise Refused("Nobody is here to compare it; give what the unit read out by --fingerprint.")
    else:
        typer.confirm(
            f"Has {request.member} read out the same to you, over a line that you know?", abort=True, err=True
        )
