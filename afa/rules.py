"""`afa member rules`, `set-rules`, `registrar`: who may send what and who may be sent what, and by whose key it is
believed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from afa.options import Data, Json, MemberFilePath, data_dir
from afa.output import note
from afa.place import Run
from afa.registrar import acting
from alliance.embedded.datadir import DataDir
from alliance.joining import memberfile
from alliance.membership import read_registry
from alliance.registrar import registrar_keys
from alliance.rulebook import changes, keeping, written
from schemas.rulebook import Rulebook


def rules(data: Data = None, member_file: MemberFilePath = None, json: Json = False) -> None:
    """Who may send which kind of event and who may be sent what, by sector and alliance, as a file to be edited.

    A unit that joined sees the same with --member-file.

    Example: afa member rules > rules.toml
    """
    book = _joined(member_file) if member_file else Run(data).registry().rulebook
    print(book.model_dump_json() if json else written(book), end="\n" if json else "")


def set_rules(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="As `afa member rules` wrote it, and edited.", exists=True)
    ],
    data: Data = None,
) -> None:
    """Put a file in the place of these rules, signed by the registrar; every process goes by it as it reads it.

    What contradicts itself, or would bar anybody from answering, objecting or being let go, is refused.

    Example: afa member set-rules rules.toml
    """
    run = Run(data)
    with acting(run) as at:
        told = changes(at.registry().rulebook, keeping.change(at.data, at.login, file))
    for sentence in told:
        note(f"- {sentence}")
    note("The rules are signed; they are in force as each process reads them." if told else "Nothing changes by this.")


def registrar(data: Data = None) -> None:
    """The registrar's public key, made if there is none yet: what the hub's processes are told as AFA_REGISTRAR.

    Example: afa member registrar
    """
    print(registrar_keys(DataDir(data_dir(data))).public.signing)


def _joined(member_file: Path) -> Rulebook:
    held = memberfile.load(member_file)
    return read_registry(held.login(), held.trusted).rulebook
