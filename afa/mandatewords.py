"""`afa mandate sign` and `afa mandate revoke`: a second officer's signature, and the word by which a mandate ends."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import typer

from afa.mandates import show_mandates
from afa.options import As, Data, Json, OfficerId, Yes, confirm
from afa.output import note
from afa.place import Run
from alliance.membership import load_officer
from consumers.casebook.authority.mandates import list_mandates, read_mandate, revoke_mandate, sign_mandate
from schemas.requests import Mandate

Filed = Annotated[UUID, typer.Argument(metavar="MANDATE", help="The mandate, as in `afa mandate list`.")]


def sign(
    mandate_id: Filed,
    unit: As,
    officer: OfficerId,
    yes: Yes = False,
    data: Data = None,
    json: Json = False,
) -> None:
    """Add a second officer's signature to a mandate that names the officer; what is signed is shown first.

    Example: afa mandate sign 019a… --as police-ty --officer li-wenjuan
    """
    run = Run(data)
    kid, key = load_officer(run.data, unit, officer)
    with run.database() as db:
        shown = read_mandate(db, mandate_id).mandate
    _tell(shown)
    confirm(f"Sign this as {officer} of {unit}?", yes)
    with run.database() as db:
        wanting = sign_mandate(db, mandate_id, shown, key, kid, run.registry(), run.profile, run.clock.now())
        view = read_mandate(db, mandate_id)
    show_mandates(run, [view], json)
    note(f"Signed by {officer} of {unit}; {f'it still wants {wanting}' if wanting else 'it is in force'}.")


def revoke(
    mandate_id: Filed,
    reason: Annotated[str, typer.Option(help="Why, in words; they are kept with the signature.")],
    unit: As,
    officer: OfficerId,
    data: Data = None,
    json: Json = False,
) -> None:
    """Let nothing more be asked under a mandate. What was asked stands, until it ends or is released.

    Any officer of the unit that gave it may revoke it, and signs that.

    Example: afa mandate revoke 019a… --reason "the campaign is over" --as police-ty --officer chen-guoqiang
    """
    run = Run(data)
    kid, key = load_officer(run.data, unit, officer)
    with run.database() as db:
        revoke_mandate(db, mandate_id, reason, key, kid, run.registry(), run.clock.now())
        (view,) = [one for one in list_mandates(db) if one.mandate.mandate_id == mandate_id]
    show_mandates(run, [view], json)
    note("Revoked; what waits for it from now on waits for an officer.")


def _tell(mandate: Mandate) -> None:
    """Each word of it, on stderr."""
    for name, said in mandate.model_dump(mode="json").items():
        note(f"{name.replace('_', ' '):<17}{', '.join(map(str, said)) if isinstance(said, list) else said}")
