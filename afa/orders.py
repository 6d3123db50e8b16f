"""`afa order`: an officer signs a drafted request with the officer's own key, or sees what waits for a signature.

What is signed is what was drafted, word for word; whether the signature holds is the casebook's to say.
"""

from __future__ import annotations

import time
from typing import Annotated
from uuid import UUID

import typer
from sqlalchemy import Engine

from afa.listings import REQUEST_COLUMNS
from afa.options import Data, Json
from afa.output import note, show
from afa.place import Run, database
from alliance.errors import Refused, Retry
from alliance.membership import load_officer
from consumers.casebook import views
from consumers.casebook.orders import refusal_of, sign_draft

_JUDGED_S = 15.0
_GLANCE_S = 0.1


def order(
    request_id: Annotated[
        UUID | None, typer.Argument(metavar="REQUEST_ID", help="The request to sign; without it all that wait.")
    ] = None,
    unit: Annotated[str | None, typer.Option("--as", metavar="MEMBER", help="The police unit that orders.")] = None,
    officer: Annotated[str | None, typer.Option(metavar="ID", help="The officer who signs.")] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Sign a drafted request, which then goes out as a police order; without an id: what waits, most urgent first.

    Example: afa order 019a… --as police-ty --officer chen-guoqiang
    """
    if request_id is None:
        with Run(data).database() as db:
            show([views.desk(db)], REQUEST_COLUMNS, as_json=json, empty="Nothing waits for a signature.")
        return
    if unit is None or officer is None:
        raise typer.BadParameter("a signature needs --as and --officer", param_hint="REQUEST_ID")
    run = Run(data)
    kid, key = load_officer(run.data, unit, officer)
    with database(run.database_url) as engine:
        with engine.begin() as db:
            jws = sign_draft(db, request_id, key, kid, run.clock.now())
        _await_judgement(engine, request_id, jws)
        with engine.connect() as db:
            signed = views.request(db, request_id)
    show([[signed] if signed else []], REQUEST_COLUMNS, as_json=json, empty="")
    note(f"Signed by {officer} of {unit}; the order goes out.")


def _await_judgement(engine: Engine, request_id: UUID, jws: str) -> None:
    """Raise Refused with what the casebook found wrong, Retry if it does not look."""
    deadline = time.monotonic() + _JUDGED_S
    while True:
        with engine.connect() as db:
            judged, refusal = refusal_of(db, request_id, jws)
        if refusal:
            raise Refused(f"The casebook refuses the order: {refusal}")
        if judged:
            return
        if time.monotonic() > deadline:
            raise Retry(f"The order is filed, but not judged after {_JUDGED_S:.0f} s; see `afa status`.")
        time.sleep(_GLANCE_S)
