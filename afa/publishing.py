"""`afa publish`, `afa withdraw`, `afa token`: what a member's clerk does by hand, with the member's own client."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated
from uuid import UUID

import orjson
import typer

from afa.options import ActsAs, Data, Json, MemberFilePath, data_dir, in_clear
from afa.output import note
from afa.place import Run
from alliance.embedded.datadir import DataDir
from alliance.errors import InvalidAlert, Refused, SetupError
from alliance.joining import memberfile
from alliance.joining.memberfile import MemberFile
from alliance.kafka import probe
from alliance.keys.store import MemberKeys
from alliance.membership import load_keys, member_dir, proven_registry, read_registry
from producers.client import MemberClient
from producers.importer import import_file
from producers.mapping import for_file
from producers.mapping import load as load_mapping
from schemas.canonical import CanonicalError, canonical
from schemas.topics import MEMBERS

_FLUSH_S = 60.0


def publish(  # noqa: PLR0913, PLR0917 — each argument is an option of the command line
    file: Annotated[Path, typer.Argument(metavar="FILE", help="JSON Lines or CSV.", exists=True, dir_okay=False)],
    member: ActsAs = None,
    member_file: MemberFilePath = None,
    mapping: Annotated[
        Path | None, typer.Option("--map", metavar="TOML", help="How columns become fields; known layouts need none.")
    ] = None,
    kind: Annotated[str | None, typer.Option(help="The kind of the lines that name none.")] = None,
    rebase: Annotated[bool, typer.Option("--rebase", help="Move a historical file so that its end is now.")] = False,
    ids: Annotated[
        Path | None, typer.Option(help="Where to write each row's event id, by its line, as `afa withdraw` takes it.")
    ] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Publish a file of alerts in clear (docs/publishing.md). Each row counts once, however often it is published.

    Example: afa publish alerts.csv --as bank-icbc --map bank-transfers.toml --rebase
    """
    rules = load_mapping(mapping) if mapping else for_file(file)
    with clerk(data, member, member_file) as client:
        result = import_file(client, file, rules, kind=kind, rebase=rebase, progress=sys.stderr.isatty(), ids_path=ids)
        client.flush(_FLUSH_S)
    if json:
        counts = {"accepted": result.accepted, "duplicates": result.duplicates, "bad": result.bad}
        print(orjson.dumps(counts).decode())
    note(f"{file}: {result.accepted:,} published, {result.duplicates:,} published before, {result.bad:,} bad.")
    if result.first_bad:
        line, reason = result.first_bad
        note(f"Line {line}: {reason}")
        note(f"The bad rows are in {result.bad_rows}, each with the reason.")
        raise typer.Exit(1)


def withdraw(
    event_id: Annotated[UUID, typer.Argument(metavar="EVENT_ID", help="An event that this member published.")],
    reason: Annotated[str, typer.Option(help="Why it no longer stands.")],
    member: ActsAs = None,
    member_file: MemberFilePath = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """An alert published earlier no longer stands: what rests on it falls.

    Example: afa withdraw 019a… --as bank-icbc --reason "customer confirmed the payment"
    """
    with clerk(data, member, member_file) as client:
        withdrawal = client.withdraw(event_id, reason)
        client.flush(_FLUSH_S)
    if json:
        print(orjson.dumps({"event_id": str(event_id), "withdrawal": str(withdrawal)}).decode())
    note(f"{event_id} is withdrawn (by {withdrawal}).")


def token(
    kind: Annotated[str, typer.Argument(metavar="KIND", help="The identifier's kind: account, number, handle, …")],
    value: Annotated[
        str | None,
        typer.Argument(
            metavar="VALUE", help="In clear, in any usual spelling; asked for, or read from stdin, if not given."
        ),
    ] = None,
    member: ActsAs = None,
    member_file: MemberFilePath = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """The tokens by which the alliance knows a value; works while nothing runs, too.

    Example: afa token number "139 1234 5679" --as bank-icbc
    """
    tokens = tokenised(_keys(data, member, member_file), kind, in_clear(kind) if value is None else value)
    print(orjson.dumps({"kind": kind, "tokens": tokens}).decode() if json else "\n".join(tokens))


def tokenised(keys: MemberKeys, kind: str, value: str) -> list[str]:
    """The tokens that the member's keys make of a clear value. Raises InvalidAlert for what can be no identifier."""
    try:
        form = canonical(kind, value)
    except CanonicalError as error:
        raise InvalidAlert("value", f"{error.reason}: {error}") from error
    if keys.tokens is None:
        raise SetupError(f"The keys of {keys.member} can make no tokens; use a member's.")
    for warning in form.warnings:
        note(f"Note: {warning}")
    return keys.tokens.tokens(form.namespace, form.value)


@contextmanager
def clerk(data: Path | None, member: str | None, member_file: Path | None = None) -> Iterator[MemberClient]:
    """The member's client on its own spool, which one process at a time may hold."""
    check_who(member, member_file)
    if member_file is not None:
        with _joined(memberfile.load(member_file)) as client:
            yield client
        return
    assert member is not None
    run = Run(data)
    keys, login = run.member(member)
    spool = member_dir(run.data, member) / "clerk.db"
    with MemberClient(keys, login, proven_registry(login, run.trusted), spool, run.clock) as client:
        yield client


def _keys(data: Path | None, member: str | None, member_file: Path | None) -> MemberKeys:
    check_who(member, member_file)
    if member_file is not None:
        return memberfile.load(member_file).keys
    assert member is not None
    return load_keys(DataDir(data_dir(data)), member)


def check_who(member: str | None, member_file: Path | None) -> None:
    """Raises SetupError unless exactly one of the two is said."""
    if (member is None) == (member_file is None):
        raise SetupError("Say who does it: --member-file FILE for a unit that joined, or --as MEMBER on this run.")


def _joined(held: MemberFile) -> MemberClient:
    login = held.login()
    try:
        probe(login, reads=[MEMBERS.name])
    except Refused as error:
        raise Refused(
            f"The broker lets {held.member} do nothing: it is suspended, or its password was replaced. "
            "Ask the registrar; nothing of what you have is lost."
        ) from error
    return MemberClient(held.keys, login, read_registry(login, held.trusted), held.spool, held.clock())
